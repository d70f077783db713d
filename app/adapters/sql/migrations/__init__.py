"""Migrations: how a database gets its tables, whatever it has now."""

from alembic import command
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import AsyncEngine

from app.adapters.sql.engine import IMMEDIATE, connect
from app.adapters.sql.migrations import schema
from app.adapters.sql.migrations.alembic_config import config_for


_LOCK = 0x6465736B  # "desk": several nodes may start at once, one migrates


class NewerSchemaError(Exception):
    """A newer release has changed the database so that this one cannot run on it."""


async def migrate(url: str) -> str | None:
    """Bring the database at a SQLAlchemy URL to the newest schema; give its name.

    One transaction: it happens whole or not at all. Safe to run from several
    processes at once, and when there is nothing to do: None. A schema of a newer
    release is left as it is. Raises NewerSchemaError where this one cannot run on it.
    """
    engine = connect(url, patient=True).execution_options(**{IMMEDIATE: True})
    try:
        async with engine.begin() as connection:
            if connection.dialect.name == "postgresql":
                lock = text("SELECT pg_advisory_xact_lock(:key)")
                await connection.execute(lock, {"key": _LOCK})
            return await connection.run_sync(_upgrade)
    finally:
        await engine.dispose()


async def obstacle(engine: AsyncEngine) -> str:
    """Return why this code cannot run on a database, and what to do; else nothing."""
    async with engine.connect() as connection:
        return await connection.run_sync(schema.obstacle)


async def is_current(engine: AsyncEngine) -> bool:
    """Return whether this code can run on a database as it is."""
    return not await obstacle(engine)


def newest() -> str | None:
    """Return the name of the newest migration."""
    return schema.newest()


def _upgrade(connection: Connection) -> str | None:
    revision = schema.revision_of(connection)
    if revision == schema.newest():
        return None
    if not schema.is_known(revision):
        if wrong := schema.obstacle(connection):
            raise NewerSchemaError(wrong)
        return None
    command.upgrade(config_for(connection), "head")
    schema.keep_needed(connection)
    return schema.newest()
