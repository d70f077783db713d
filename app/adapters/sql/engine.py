"""Connections to the database: SQLite and PostgreSQL made alike."""

import os
import sqlite3
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import ConnectionPoolEntry


IMMEDIATE = "sqlite_immediate"
"""Execution option: begin by taking SQLite's write lock (see `_begin`)."""

CONNECT_SECONDS = 5
STATEMENT_SECONDS = 15
BUSY_SECONDS = 10
SWITCH_SECONDS = 0.05
POOL_SIZE = 10
POOL_SPARE = 5


def connect(url: str, *, patient: bool = False) -> AsyncEngine:
    """Return an engine for a SQLAlchemy URL; nothing is connected yet.

    ``patient`` statements may take as long as they need: for migrations.
    """
    parsed = make_url(url)
    # Parameters are phone numbers, passcodes and hashes: never in an error text.
    if parsed.get_backend_name() == "sqlite":
        return _sqlite(parsed)
    return create_async_engine(
        parsed,
        hide_parameters=True,
        pool_pre_ping=True,
        pool_size=POOL_SIZE,
        max_overflow=POOL_SPARE,
        pool_timeout=CONNECT_SECONDS,
        pool_recycle=1800,
        connect_args={
            "timeout": CONNECT_SECONDS,
            "command_timeout": None if patient else STATEMENT_SECONDS,
            "server_settings": {"application_name": "deskside"},
        },
    )


def _sqlite(url: URL) -> AsyncEngine:
    if url.database and url.database != ":memory:":
        _make_private(Path(url.database))
    engine = create_async_engine(
        url, hide_parameters=True, connect_args={"timeout": BUSY_SECONDS}
    )
    event.listen(engine.sync_engine, "connect", _prepare)
    event.listen(engine.sync_engine, "begin", _begin)
    return engine


def _make_private(file: Path) -> None:
    """Make the file for this user's eyes only: it holds customers' phone numbers."""
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    # Where this fails SQLite does, too, and says so better.
    with suppress(OSError):
        os.close(os.open(file, os.O_CREAT, 0o600))


def _prepare(connection: Any, _entry: ConnectionPoolEntry) -> None:
    # Python's driver begins transactions late and not for DDL; `_begin` does it.
    connection.isolation_level = None
    cursor = connection.cursor()
    _write_ahead(cursor)
    cursor.execute("PRAGMA foreign_keys = ON")
    cursor.close()


def _write_ahead(cursor: Any) -> None:
    # Of two connections that switch a new file at once one fails, without the
    # timeout's wait; the switch itself lasts for good.
    patience = float(BUSY_SECONDS)
    while True:
        try:
            cursor.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError:
            if patience <= 0:
                raise
            time.sleep(SWITCH_SECONDS)
            patience -= SWITCH_SECONDS
        else:
            return


def _begin(connection: Connection) -> None:
    # A transaction that begins by reading and writes later fails at once when
    # another has written in between, whatever the timeout. One that takes the write
    # lock first waits for its turn.
    immediate = connection.get_execution_options().get(IMMEDIATE, False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if immediate else "BEGIN")
