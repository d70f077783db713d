"""`deskside room`: rooms, for whoever has no browser at hand."""

import secrets
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import click
from prometheus_client import CollectorRegistry

from app.adapters.redis_backplane import RedisBackplane
from app.adapters.sql.records import Records
from app.cli.shared import day, find_agent, table, with_records
from app.domain.commands import Terms
from app.domain.facts import Role
from app.domain.ids import NodeId, RoomId
from app.domain.records import RoomState
from app.domain.relays import Fleet
from app.live.hub import Hub
from app.live.metrics import Metrics
from app.live.transact import Transactor
from app.protocol.tickets import Tickets
from app.settings import Settings
from app.web import forms
from app.web.rooms import Rooms, offer_passcode


@click.group()
def room() -> None:
    """Rooms, for whoever has no browser at hand."""


@room.command("create")
@click.argument("title")
@click.option("--agent", "email", required=True, help="E-mail of the agent it is for.")
@click.option("--passcode", help="Six random digits otherwise.")
@click.option(
    "--description", default="", help="The customer reads it before the call."
)
@with_records
async def create_room(
    settings: Settings,
    records: Records,
    title: str,
    email: str,
    passcode: str | None,
    description: str,
) -> None:
    """Make a room and print the customer's link and the passcode.

    It expires like any other; without Redis the running service learns of it
    within a minute, or when the first person joins.
    """
    owner = await find_agent(records, email)
    fields = {"title": title, "description": description}
    form = forms.room(fields | {"passcode": passcode or offer_passcode()})
    if isinstance(form, dict):
        wrong = "\n".join(f"{name}: {text}" for name, text in form.items())
        raise click.ClickException(wrong)
    async with live_rooms(settings, records) as rooms:
        made = await rooms.create(owner.id, form)
    table(
        ("ID", made.id),
        ("Customer link", f"{settings.public_url}/j/{made.link}"),
        ("Passcode", made.passcode),
        ("Expires (UTC)", day(made.expires_at)),
    )


@room.command("list")
@click.option("--agent", "email", help="Only those of this agent.")
@click.option(
    "--state",
    "states",
    multiple=True,
    type=click.Choice([state.value for state in RoomState]),
    help="Only those in this state; may be given several times.",
)
@with_records
async def list_rooms(
    _settings: Settings, records: Records, email: str | None, states: tuple[str, ...]
) -> None:
    """List rooms, the newest first."""
    owner = (await find_agent(records, email)).id if email else None
    emails = {a.id: a.email for a in await records.agents.list()}
    rows: list[tuple[object, ...]] = [("ID", "STATE", "AGENT", "MADE (UTC)", "TITLE")]
    chosen = [RoomState(state) for state in states]
    cursor: str | None = None
    while True:
        page = await records.rooms.list(owner, chosen, cursor, 200)
        rows += (
            (r.id, r.state, emails[r.agent_id], day(r.created_at), r.title)
            for r in page.items
        )
        cursor = page.next_cursor
        if cursor is None:
            break
    table(*rows)


@room.command("end")
@click.argument("room_id", metavar="ID")
@with_records
async def end_room(settings: Settings, records: Records, room_id: str) -> None:
    """End a room for both parties. Needs Redis.

    Without Redis live rooms are in the memory of the running service and out of
    reach: end them in the console, or with POST /api/v1/rooms/ID/end.
    """
    found = await records.rooms.read(RoomId(room_id))
    if found is None:
        raise click.ClickException(f"There is no room {room_id}.")
    if found.state is RoomState.ENDED:
        click.echo("It has ended already.")
        return
    if not settings.redis_url:
        raise click.ClickException(
            "Without Redis only the running service can end a room: end it in the "
            f"console, or with POST {settings.public_url}/api/v1/rooms/{room_id}/end"
        )
    async with live_rooms(settings, records) as rooms:
        await rooms.end(found.id)
    click.echo("It has ended. The history follows when the service has written it.")


class OutOfReach:
    """The live rooms of a service without Redis: it makes them live by itself."""

    async def open_room(self, room: RoomId, terms: Terms) -> None:
        """Leave it to the service, which looks for new rooms every minute."""

    async def end_room(self, room: RoomId, by: Role = Role.AGENT) -> None:
        """Do nothing: `end` has refused before."""


@asynccontextmanager
async def live_rooms(settings: Settings, records: Records) -> AsyncIterator[Rooms]:
    """Make rooms as the service does, with its live state where that is shared."""
    terms = {
        "lifetime_hours": settings.room_lifetime_hours,
        "no_show_minutes": settings.no_show_minutes,
        "max_call_minutes": settings.max_call_minutes,
        "grace_seconds": settings.grace_seconds,
    }
    if not settings.redis_url:
        yield Rooms(records, OutOfReach(), **terms)
        return
    node = NodeId(f"cli.{secrets.token_hex(6)}")
    backplane = RedisBackplane(settings.redis_url, node)
    metrics = Metrics(CollectorRegistry())
    transactor = Transactor(backplane, time.time, metrics)
    tickets = Tickets(settings.secret)
    hub = Hub(backplane, transactor, tickets, Fleet, time.time, metrics)
    try:
        yield Rooms(records, hub, **terms)
    finally:
        await backplane.close()
