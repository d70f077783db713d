"""`deskside agent`: the people with an account."""

from typing import Any

import click

from app.adapters.sql.records import Records
from app.cli.rooms import live_rooms
from app.cli.shared import checked, find_agent, table, with_records
from app.domain.records import AgentRole, Taken
from app.settings import Settings
from app.web import forms
from app.web.passwords import LEAST_LENGTH, MOST_LENGTH, hash_now


@click.group()
def agent() -> None:
    """The people with an account."""


password_file = click.option(
    "--password-file",
    type=click.File(encoding="utf-8"),
    help="File whose first line is the password; - for standard input. "
    "Without it, it is asked for.",
)


@agent.command("add")
@click.argument("email")
@click.option("--name", help="Shown to customers; the e-mail's first part otherwise.")
@click.option("--admin", is_flag=True, help="May manage agents and see every room.")
@password_file
@with_records
async def add_agent(
    _settings: Settings,
    records: Records,
    email: str,
    name: str | None,
    admin: bool,
    password_file: Any,
) -> None:
    """Add an agent who logs in with EMAIL."""
    email = checked("E-mail", forms.required(forms.email, forms.EMAIL), email)
    shown = name or email.partition("@")[0]
    shown = checked("Name", forms.required(forms.line, forms.NAME), shown)
    role = AgentRole.ADMIN if admin else AgentRole.AGENT
    password_hash = hash_now(_password(password_file))
    try:
        added = await records.agents.add(email, shown, role, password_hash)
    except Taken:
        raise click.ClickException(f"{email} has an account already.") from None
    click.echo(f"Added {added.email} ({added.role}).")


@agent.command("list")
@with_records
async def list_agents(_settings: Settings, records: Records) -> None:
    """List all agents."""
    agents = await records.agents.list()
    rows = (
        (a.email, a.name, a.role, "disabled" if a.disabled_at else "active")
        for a in agents
    )
    table(("E-MAIL", "NAME", "ROLE", "STATE"), *rows)


@agent.command("disable")
@click.argument("email")
@with_records
async def disable_agent(settings: Settings, records: Records, email: str) -> None:
    """Lock an agent out at once: sessions, API keys and rooms, too.

    Without Redis rooms are out of reach here: a call that is going on goes on.
    """
    found = await find_agent(records, email)
    await records.agents.disable(found.id)
    async with live_rooms(settings, records) as rooms:
        await rooms.end_all(found.id)
    click.echo(f"{found.email} cannot log in any more.")


@agent.command("enable")
@click.argument("email")
@with_records
async def enable_agent(_settings: Settings, records: Records, email: str) -> None:
    """Let a disabled agent in again."""
    found = await find_agent(records, email)
    await records.agents.enable(found.id)
    click.echo(f"{found.email} can log in again.")


@agent.command("password")
@click.argument("email")
@password_file
@with_records
async def set_password(
    _settings: Settings, records: Records, email: str, password_file: Any
) -> None:
    """Give an agent a new password and end all their sessions."""
    found = await find_agent(records, email)
    await records.agents.set_password(found.id, hash_now(_password(password_file)))
    await records.sessions.end_all(found.id)
    click.echo(f"{found.email} has a new password and must log in again.")


def _password(file: Any) -> str:
    if file is not None:
        password = file.readline().rstrip("\r\n")
    else:
        password = click.prompt("Password", hide_input=True, confirmation_prompt=True)
    if not LEAST_LENGTH <= len(password) <= MOST_LENGTH:
        raise click.ClickException(
            f"A password has {LEAST_LENGTH} to {MOST_LENGTH} characters."
        )
    return str(password)
