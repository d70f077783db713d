"""Whether this code can run on a database's schema, also on one newer than itself.

While a release replaces another, both run on one database, and the release before must
still run if one goes back to it. `versions/__init__.py` has the rule that migrations
follow for that. What it comes to is kept in the database: `schema_state.needs` names
the newest migration that code must know to run there.
"""

from functools import cache

from alembic.migration import MigrationContext
from alembic.script import Script, ScriptDirectory
from sqlalchemy import Connection, delete, insert, select
from sqlalchemy.exc import DatabaseError

from app.adapters.sql.migrations.alembic_config import config_for
from app.adapters.sql.tables import schema_state


OLD = "The database has not the newest schema. First run: deskside migrate"

NEWER = (
    "The database was changed by a newer release ({revision}), and this one cannot run "
    "on it: it does not know {needs}. Install that release again, or restore the "
    "backup made before it."
)


def obstacle(connection: Connection) -> str:
    """What stands in the way of running here, and what to do; empty if nothing."""
    revision = revision_of(connection)
    if is_known(revision):
        return "" if revision == newest() else OLD
    needs = needed(connection) or revision
    return "" if is_known(needs) else NEWER.format(revision=revision, needs=needs)


def revision_of(connection: Connection) -> str | None:
    """The last migration that a database has seen; None for an empty database."""
    return MigrationContext.configure(connection).get_current_revision()


def is_known(revision: str | None) -> bool:
    """Whether this code knows a migration; an empty database is known, too."""
    return revision is None or revision in {step.revision for step in steps()}


def newest() -> str | None:
    """The newest migration that this code knows."""
    return steps()[-1].revision


@cache
def steps() -> tuple[Script, ...]:
    """All migrations that this code knows, the newest last."""
    scripts = ScriptDirectory.from_config(config_for())
    return tuple(reversed(list(scripts.walk_revisions())))


def needed(connection: Connection) -> str:
    """The newest migration that code must know to run here; empty if nobody says."""
    try:
        return connection.scalar(select(schema_state.c.needs)) or ""
    except DatabaseError:
        return ""


def keep_needed(connection: Connection) -> None:
    """Write down what code must know, for releases that know less than this one."""
    stated = [step.module.needs for step in steps() if step.module.needs]
    connection.execute(delete(schema_state))
    connection.execute(insert(schema_state).values(needs=stated[-1]))
