"""Migrations: how a database gets its tables, whatever it has now."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import AsyncEngine

from app.adapters.sql.engine import IMMEDIATE, connect


_LOCK = 0x6465736B  # "desk": several nodes may start at once, one migrates


async def migrate(url: str) -> None:
    """Bring the database at a SQLAlchemy URL to the newest schema.

    One transaction: it happens whole or not at all. Safe to run from several
    processes at once, and when there is nothing to do.
    """
    engine = connect(url, patient=True).execution_options(**{IMMEDIATE: True})
    try:
        async with engine.begin() as connection:
            if connection.dialect.name == "postgresql":
                lock = text("SELECT pg_advisory_xact_lock(:key)")
                await connection.execute(lock, {"key": _LOCK})
            await connection.run_sync(_upgrade)
    finally:
        await engine.dispose()


async def is_current(engine: AsyncEngine) -> bool:
    """Return whether the database has the schema that this code expects."""
    async with engine.connect() as connection:
        return await connection.run_sync(_revision) == newest()


def newest() -> str | None:
    """Return the name of the newest migration."""
    return ScriptDirectory.from_config(config_for()).get_current_head()


def config_for(connection: Connection | None = None) -> Config:
    """Return what Alembic's commands need to work on a connection."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config


def _upgrade(connection: Connection) -> None:
    command.upgrade(config_for(connection), "head")


def _revision(connection: Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()
