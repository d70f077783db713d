"""Two releases on one database: the older one still runs, or says why it cannot."""

import ast
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import delete

from app.adapters.sql.engine import connect
from app.adapters.sql.migrations import NewerSchemaError, migrate, newest, obstacle
from app.adapters.sql.migrations.schema import steps
from app.adapters.sql.tables import schema_state
from tests.services import ROOT


EXPAND = """
import sqlalchemy as sa
from alembic import op

revision = "9001"
down_revision = "{newest}"
needs = None


def upgrade():
    op.add_column("agents", sa.Column("nickname", sa.String(40)))
"""

CONTRACT = """
from alembic import op

revision = "9002"
down_revision = "9001"
needs = "9001"


def upgrade():
    op.drop_column("rooms", "description")
"""

NARROWING = {
    "alter_column",
    "drop_column",
    "drop_constraint",
    "drop_table",
    "rename_table",
    "create_check_constraint",
    "create_foreign_key",
    "create_unique_constraint",
}
"""What code of the release before may stumble over."""


class NextRelease:
    """The code of a release to come: this one, and migrations that it does not know."""

    def __init__(self, folder: Path, *migrations: str) -> None:
        self.folder = folder
        shutil.copytree(
            ROOT / "app", folder / "app", ignore=shutil.ignore_patterns("static")
        )
        versions = folder / "app" / "adapters" / "sql" / "migrations" / "versions"
        for number, text in enumerate(migrations, 9001):
            content = text.format(newest=newest())
            (versions / f"r{number}_of_next_release.py").write_text(content)

    def migrate(self, url: str) -> str:
        """Migrate a database as this release does; gives what it says."""
        own = {"DESKSIDE_SECRET": "s" * 40, "DESKSIDE_DATABASE_URL": url}
        done = subprocess.run(
            [sys.executable, "-P", "-m", "app", "migrate"],
            cwd=self.folder,
            env={**os.environ, **own, "PYTHONPATH": str(self.folder)},
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout


async def say_obstacle(url: str) -> str:
    """What keeps this code from running on a database."""
    engine = connect(url)
    try:
        return await obstacle(engine)
    finally:
        await engine.dispose()


async def test_release_runs_on_an_expanded_schema(
    database_url: str, tmp_path: Path
) -> None:
    """What the next release only adds, this one need not know."""
    await migrate(database_url)
    assert "9001" in NextRelease(tmp_path, EXPAND).migrate(database_url)
    assert await say_obstacle(database_url) == ""
    assert await migrate(database_url) is None, "its schema is left as it is"


async def test_release_refuses_a_contracted_schema(
    database_url: str, tmp_path: Path
) -> None:
    """What the next release takes away this one would miss: it says so, and stops."""
    await migrate(database_url)
    assert "9002" in NextRelease(tmp_path, EXPAND, CONTRACT).migrate(database_url)
    assert "does not know 9001" in await say_obstacle(database_url)
    with pytest.raises(NewerSchemaError, match="Install that release again"):
        await migrate(database_url)


async def test_foreign_schema_is_refused(database_url: str, tmp_path: Path) -> None:
    """A database that does not say what it needs is not guessed at."""
    await migrate(database_url)
    NextRelease(tmp_path, EXPAND).migrate(database_url)
    engine = connect(database_url)
    async with engine.begin() as connection:
        await connection.execute(delete(schema_state))
    await engine.dispose()
    assert "newer release (9001)" in await say_obstacle(database_url)


# The rule that keeps going back possible.


def narrowing(source: str) -> Iterator[str]:
    """The operations of a migration that old code may stumble over, on its way up."""
    tree = ast.parse(source)
    for function in tree.body:
        if isinstance(function, ast.FunctionDef) and function.name != "downgrade":
            for node in ast.walk(function):
                if isinstance(node, ast.Attribute) and node.attr in NARROWING:
                    yield node.attr


def test_every_migration_says_who_can_run_on_it() -> None:
    """`needs` is None or a step before; whoever narrows the schema must name one."""
    known = {step.revision for step in steps()}
    for step in steps():
        assert step.module.needs is None or step.module.needs in known
        if step.module.needs is None:
            source = Path(step.path).read_text(encoding="utf-8")
            assert list(narrowing(source)) == [], f"{step.path} must say what it needs"


def test_narrowing_is_seen() -> None:
    """The rule above would find a migration that drops something."""
    assert list(narrowing(CONTRACT)) == ["drop_column"]
    assert list(narrowing(EXPAND)) == []
