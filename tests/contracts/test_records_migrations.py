"""Migrations make the tables that the code expects, on both databases."""

import asyncio

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, inspect

from app.adapters.sql.engine import connect
from app.adapters.sql.migrations import is_current, migrate, newest
from app.adapters.sql.migrations.alembic_config import config_for
from app.adapters.sql.records import Records
from app.adapters.sql.tables import belongs, metadata


def differences(connection: Connection) -> list[object]:
    """What Alembic would change to come from the database to the tables."""
    options = {
        "compare_type": True,
        "compare_server_default": True,
        "include_object": belongs(connection.dialect.name),
    }
    context = MigrationContext.configure(connection, opts=options)
    return list(compare_metadata(context, metadata))


async def test_migrations_and_tables_agree(records: Records) -> None:
    """A migrated database has the tables as they are declared, no more, no less."""
    async with records.engine.connect() as connection:
        assert await connection.run_sync(differences) == []


async def test_migrations_name_the_checks(records: Records) -> None:
    """The words of roles and states are checked by the database, too."""
    async with records.engine.connect() as connection:
        checks = await connection.run_sync(
            lambda c: {
                check["name"]
                for table in ("agents", "rooms")
                for check in inspect(c).get_check_constraints(table)
            }
        )
    assert checks == {"ck_agents_role", "ck_rooms_state"}


async def test_migrations_run_twice_change_nothing(database_url: str) -> None:
    """Migrating a current database does nothing, and it says it is current."""
    engine = connect(database_url)
    assert not await is_current(engine)
    assert await migrate(database_url) == newest()
    assert await migrate(database_url) is None
    assert await is_current(engine)
    await engine.dispose()


async def test_migrations_go_back_and_forth(records: Records) -> None:
    """Every migration can be undone, down to nothing, and done again."""
    async with records.engine.begin() as connection:
        await connection.run_sync(lambda c: command.downgrade(config_for(c), "base"))
        await connection.run_sync(lambda c: command.upgrade(config_for(c), "head"))
    async with records.engine.connect() as connection:
        assert await connection.run_sync(differences) == []


async def test_migrations_from_several_processes_take_turns(database_url: str) -> None:
    """Nodes that start at once may all migrate: one does it, the others wait."""
    await asyncio.gather(*(migrate(database_url) for _ in range(4)))
    engine = connect(database_url)
    assert await is_current(engine)
    await engine.dispose()
