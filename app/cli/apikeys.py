"""`deskside apikey`: keys for programs."""

import sys
from datetime import UTC, datetime

import click

from app.adapters.sql.records import Records
from app.adapters.sql.records.api_keys import scope_of
from app.cli.shared import checked, day, find_agent, table, with_records
from app.domain.records import KeyScope
from app.settings import Settings
from app.web import forms


@click.group()
def apikey() -> None:
    """Keys for programs; each acts as its agent."""


@apikey.command("add")
@click.argument("email")
@click.option("--name", default="API key", show_default=True, help="What it is for.")
@click.option(
    "--scope",
    type=click.Choice([scope.value for scope in KeyScope]),
    default=KeyScope.API.value,
    show_default=True,
    help="The REST API, or load tests and nothing else (DESKSIDE_LOAD_TESTS).",
)
@with_records
async def add_key(
    _settings: Settings, records: Records, email: str, name: str, scope: str
) -> None:
    """Make a key that acts as the agent EMAIL and print it: it is shown once only."""
    owner = await find_agent(records, email)
    name = checked("Name", forms.required(forms.line, forms.NAME), name)
    _key, plain = await records.api_keys.add(name, owner.id, KeyScope(scope))
    click.echo("Keep it safe: it is not stored and will not be shown again.", err=True)
    click.echo(plain)


@apikey.command("list")
@with_records
async def list_keys(_settings: Settings, records: Records) -> None:
    """List all keys, the newest first."""
    emails = {a.id: a.email for a in await records.agents.list()}
    rows = (
        (
            key.id,
            f"{key.prefix}…",
            emails[key.agent_id],
            key.name,
            day(key.last_used_at),
            "revoked" if key.revoked_at else "active",
        )
        for key in await records.api_keys.list()
    )
    table(("ID", "KEY", "AGENT", "NAME", "LAST USED (UTC)", "STATE"), *rows)


@apikey.command("revoke")
@click.argument("key_id", metavar="ID")
@with_records
async def revoke_key(_settings: Settings, records: Records, key_id: str) -> None:
    """End a key; ID as `apikey list` shows it."""
    if not await records.api_keys.revoke(key_id):
        raise click.ClickException(f"There is no active key {key_id}.")
    click.echo("The key is no good any more.")


@apikey.command("check")
@with_records
async def check_key(_settings: Settings, records: Records) -> None:
    """Say whose key standard input holds; exit code 1 if it is no good."""
    plain = sys.stdin.readline().strip()
    found = await records.api_keys.identify(plain, datetime.now(UTC), scope_of(plain))
    if found is None:
        raise click.ClickException("This key is not known, revoked, or of nobody.")
    key, owner = found
    click.echo(f"{key.prefix}… is {key.name}, of {owner.email}.")
