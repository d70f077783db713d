"""What the commands share: settings, records, and how they print."""

import asyncio
import os
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from datetime import datetime
from functools import wraps
from pathlib import Path
from typing import Any, TypeVar

import click
from sqlalchemy.exc import SQLAlchemyError

from app.adapters.sql.migrations import obstacle
from app.adapters.sql.records import Records
from app.domain.records import Agent
from app.ports import BackplaneError
from app.settings import Settings, SettingsError
from app.web import forms


T = TypeVar("T")

LOCAL_SECRET = Path("var/secret")
"""What `make run` has made; commands beside it use it, too."""


def load_settings(more: dict[str, str] | None = None) -> Settings:
    """Read the settings, or end with every problem there is."""
    environ = {**os.environ, **(more or {})}
    given = {"DESKSIDE_SECRET", "DESKSIDE_SECRET_FILE"} & environ.keys()
    if not given and LOCAL_SECRET.is_file():
        environ["DESKSIDE_SECRET_FILE"] = str(LOCAL_SECRET)
    try:
        return Settings.load(environ)
    except SettingsError as error:
        problems = [f"  {problem}" for problem in error.problems]
        raise click.ClickException("\n".join(["Settings:", *problems])) from None


def with_records(
    command: Callable[..., Coroutine[Any, Any, T]],
) -> Callable[..., T]:
    """Run a command in an event loop, with settings and open records before the rest.

    What the database refuses ends the command with one line.
    """

    @wraps(command)
    def run(*arguments: Any, **options: Any) -> T:
        settings = load_settings()

        async def inside() -> T:
            async with opened(settings) as records:
                return await command(settings, records, *arguments, **options)

        try:
            return asyncio.run(inside())
        except (SQLAlchemyError, OSError) as error:
            raise click.ClickException(f"The database: {brief(error)}") from error
        except BackplaneError as error:
            raise click.ClickException(f"Redis: {brief(error)}") from error

    return run


@asynccontextmanager
async def opened(settings: Settings) -> AsyncIterator[Records]:
    """Open the records, or end where this code cannot run on their schema."""
    records = Records.open(settings.database_url)
    try:
        if wrong := await obstacle(records.engine):
            raise click.ClickException(wrong)
        yield records
    finally:
        await records.close()


async def refuse_other_tables(settings: Settings) -> None:
    """End where the schema does not fit; a database that is away may come yet."""
    try:
        async with opened(settings):
            pass
    except (SQLAlchemyError, OSError) as error:
        click.echo(f"Warning: the database is away: {brief(error)}", err=True)


def brief(error: BaseException) -> str:
    """Return the first line of what went wrong."""
    cause = getattr(error, "orig", None) or error
    lines = str(cause).strip().splitlines()
    return lines[0] if lines else type(cause).__name__


def checked(name: str, read: forms.Reader, text: str) -> str:
    """Return an argument as a form would take it, or end."""
    try:
        return read(text)
    except ValueError as wrong:
        raise click.ClickException(f"{name}: {wrong}") from None


def table(*rows: tuple[object, ...]) -> None:
    """Print rows in columns."""
    lines = [[str(cell) for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    for line in lines:
        cells = (cell.ljust(width) for cell, width in zip(line, widths, strict=True))
        click.echo("  ".join(cells).rstrip())


def day(at: datetime | None) -> str:
    """Return a time in UTC, to the minute."""
    return f"{at:%Y-%m-%d %H:%M}" if at else "-"


async def find_agent(records: Records, email: str) -> Agent:
    """Return the agent with an e-mail address, or end."""
    found = await records.agents.find(email)
    if found is None:
        raise click.ClickException(f"There is no agent {email}.")
    return found[0]
