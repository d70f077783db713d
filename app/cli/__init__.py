"""The command line: serving, and looking after the records without a browser."""

import asyncio
import sys

import click
from alembic.util import CommandError
from sqlalchemy.exc import SQLAlchemyError

from app import __version__
from app.adapters.sql.migrations import NewerSchemaError, migrate
from app.cli import (
    agents,
    apikeys,
    check,
    customers,
    doctor,
    plan,
    relays,
    render,
    rooms,
)
from app.cli.shared import brief, load_settings, refuse_other_tables


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="deskside")
def main() -> None:
    """Deskside: one-to-one video support.

    Settings come from DESKSIDE_* variables; docs/settings.md lists them.
    """


@main.command()
@click.option(
    "--workers",
    type=click.IntRange(1, 64),
    help="Processes to run instead of DESKSIDE_WORKERS; more than one needs Redis.",
)
@click.option("--fd", type=int, hidden=True, help="An open socket: for workers.")
def serve(workers: int | None, fd: int | None) -> None:
    """Run the service until Ctrl-C or SIGTERM, then drain."""
    # Here, because the other commands need none of it.
    from app import server

    settings = load_settings({"DESKSIDE_WORKERS": str(workers)} if workers else {})
    if fd is not None:
        sys.exit(server.work(settings, fd))
    asyncio.run(refuse_other_tables(settings))
    try:
        sys.exit(server.run(settings))
    except server.ServerError as error:
        raise click.ClickException(str(error)) from None


@main.command("migrate")
def migrate_command() -> None:
    """Bring the database to the newest schema; safe to repeat."""
    settings = load_settings()
    try:
        newest = asyncio.run(migrate(settings.database_url))
    except NewerSchemaError as error:
        raise click.ClickException(str(error)) from None
    except (SQLAlchemyError, OSError, CommandError) as error:
        raise click.ClickException(f"The database: {brief(error)}") from error
    click.echo(f"Migrated to {newest}." if newest else "The database is up to date.")


for command in (
    agents.agent,
    apikeys.apikey,
    customers.customer,
    relays.relay,
    rooms.room,
    check.check,
    doctor.doctor,
    plan.plan,
    render.render,
):
    main.add_command(command)
