"""Connections: SQLite's switches, and PostgreSQL going away and coming back."""

import asyncio
import base64
import json
import time
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from app.adapters.sql.engine import connect
from app.adapters.sql.migrations import migrate
from app.adapters.sql.records import Records
from app.domain.ids import AgentId, RoomId
from app.domain.records import AgentRole, CallFilter
from tests.services import Postgres


async def test_sqlite_is_durable_checked_and_patient(tmp_path: Path) -> None:
    """Readers do not block the writer, references are checked, commits are synced."""
    engine = connect(f"sqlite+aiosqlite:///{tmp_path}/new/folder/d.db")
    found = {}
    async with engine.connect() as connection:
        for name in ("journal_mode", "foreign_keys", "synchronous", "busy_timeout"):
            found[name] = await connection.scalar(text(f"PRAGMA {name}"))
    await engine.dispose()
    assert found == {
        "journal_mode": "wal",
        "foreign_keys": 1,
        "synchronous": 2,
        "busy_timeout": 10_000,
    }
    assert (tmp_path / "new" / "folder").stat().st_mode & 0o777 == 0o700


def modes(folder: Path) -> set[int]:
    """Who may do what with the files of a folder."""
    return {file.stat().st_mode & 0o777 for file in folder.iterdir()}


async def test_sqlite_files_are_private(tmp_path: Path) -> None:
    """In a folder that others may enter they still cannot read the records."""
    await migrate(f"sqlite+aiosqlite:///{tmp_path}/d.db")
    engine = connect(f"sqlite+aiosqlite:///{tmp_path}/d.db")
    async with engine.connect() as connection:
        await connection.execute(text("SELECT 1"))
        assert modes(tmp_path) == {0o600}
    await engine.dispose()


@pytest.mark.parametrize("made_up", ["a\0b", "\ud800", "\U0010ffff", "x" * 60_000])
async def test_made_up_text_finds_nothing(records: Records, made_up: str) -> None:
    """Whatever a stranger puts into an address or a search is only not found."""
    assert await records.rooms.find(made_up) is None
    assert await records.rooms.read(RoomId(made_up)) is None
    assert await records.agents.find(made_up) is None
    assert await records.customers.search(made_up) == ()
    assert (await records.customers.list(made_up)).items == ()
    which = CallFilter(agent_id=AgentId(made_up), q=made_up, reason=made_up)
    assert (await records.calls.list(which)).items == ()
    cursor = (
        base64.urlsafe_b64encode(json.dumps([made_up, made_up]).encode())
        .decode()
        .rstrip("=")
    )
    assert (await records.customers.list(cursor=cursor)).items == ()


async def test_errors_do_not_tell_parameters(tmp_path: Path) -> None:
    """What is stored of people never gets into an error text, and so not into logs."""
    records = Records.open(f"sqlite+aiosqlite:///{tmp_path}/d.db")
    with pytest.raises(SQLAlchemyError) as raised:
        await records.customers.add("Budi", "+6281234567890")
    await records.close()
    assert "+62812" not in str(raised.value)


async def test_postgres_may_go_and_come_back(own_postgres: Postgres) -> None:
    """While it is away every request fails soon; when it is back all is as before."""
    url = own_postgres.create_database()
    await migrate(url)
    records = Records.open(url)
    await records.agents.add("ayu@x.id", "Ayu", AgentRole.AGENT, "hash")
    own_postgres.kill()
    began = time.monotonic()
    with pytest.raises((SQLAlchemyError, OSError)):
        await records.agents.list()
    assert time.monotonic() - began < 6
    await asyncio.to_thread(own_postgres.start)
    assert len(await records.agents.list()) == 1
    await records.ping()
    await records.close()
