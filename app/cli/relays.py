"""`deskside relay`: the relays that calls are given."""

import time

import click

from app.adapters.redis_backplane import RedisBackplane
from app.adapters.sql.records import Records
from app.adapters.sql.records.relays import Relays
from app.cli.shared import table, with_records
from app.domain.ids import NodeId
from app.domain.records import Taken
from app.domain.relay_urls import Doors
from app.domain.relays import Fleet, Known, NewRelay, Relay, RelayState
from app.live.fleet import FleetWatch
from app.settings import Settings
from app.web import relay_form


@click.group()
def relay() -> None:
    """The relays that calls are given. Nodes see a change within seconds."""


@relay.command("add")
@click.argument("name")
@click.option("--host", help="As browsers reach it: a name or an address.")
@click.option("--udp", help="Ports for UDP, separated by commas. Default: 3478")
@click.option("--tcp", help="Ports for TCP. Default: 3478")
@click.option("--tls", help="Ports for TLS. Default: 443,5349")
@click.option("--region", help="Any word; relays of one are as far from a customer.")
@click.option("--weight", help="Its share of the calls beside others. Default: 100")
@click.option("--capacity", help="Allocations it may hold: coturn's total-quota.")
@with_records
async def add_relay(
    _settings: Settings, records: Records, name: str, **options: str | None
) -> None:
    """Add the relay NAME, or change it where it is there; harmless twice.

    Its static-auth-secret must be DESKSIDE_TURN_SECRET. What is not given stays.
    """
    known = await _named(records.relays, name)
    before = relay_form.filled(known) if known else relay_form.empty()
    given = {key: value for key, value in options.items() if value is not None}
    new = relay_form.read(before | given | {"name": name})
    if isinstance(new, dict):
        wrong = "\n".join(f"{field}: {text}" for field, text in new.items())
        raise click.ClickException(wrong)
    click.echo(await _put(records.relays, known, new))


@relay.command("list")
@with_records
async def list_relays(settings: Settings, records: Records) -> None:
    """List all relays; with Redis also how it stands with each."""
    known = await _known(settings, records)
    now = time.time()
    rows = (
        (
            one.relay.name,
            one.relay.host,
            _ports(Doors.of(one.relay.urls)),
            one.relay.region or "-",
            one.relay.weight,
            one.relay.state,
            one.standing(now).word if one.health else "-",
            "-" if one.load is None else one.load,
        )
        for one in known
    )
    head = "NAME", "HOST", "PORTS", "REGION", "WEIGHT", "STATE", "HEALTH", "LOAD"
    table(head, *rows)


@relay.command("drain")
@click.argument("name")
@with_records
async def drain_relay(_settings: Settings, records: Records, name: str) -> None:
    """Give a relay to no more calls; those that use it move to others."""
    await _turn(records.relays, name, RelayState.DRAINING)
    click.echo(f"{name} is drained: `relay list` shows the load that is left.")


@relay.command("live")
@click.argument("name")
@with_records
async def use_relay(_settings: Settings, records: Records, name: str) -> None:
    """Give a drained relay to new calls again."""
    await _turn(records.relays, name, RelayState.LIVE)
    click.echo(f"{name} takes new calls again.")


@relay.command("remove")
@click.argument("name")
@with_records
async def remove_relay(_settings: Settings, records: Records, name: str) -> None:
    """Forget a relay; calls that use it move to others."""
    found = await _find(records.relays, name)
    if found.declared:
        text = "DESKSIDE_TURN_URLS names it: take it out of there, and restart."
        raise click.ClickException(text)
    await records.relays.remove(found.id)
    click.echo(f"{name} is removed.")


async def _put(relays: Relays, known: Relay | None, new: NewRelay) -> str:
    try:
        if known is None:
            await relays.add(new)
            return f"Added {new.name}."
    except Taken:  # Somebody else was as quick.
        raise click.ClickException(f"There is a relay {new.name} already.") from None
    if known.declared and known.urls != new.urls:
        text = "DESKSIDE_TURN_URLS names its host and ports: change them there."
        raise click.ClickException(text)
    same = all(getattr(known, field) == getattr(new, field) for field in new.__slots__)
    if same:
        return f"{new.name} is as it was."
    await relays.change(known.id, new)
    return f"Changed {new.name}."


async def _turn(relays: Relays, name: str, state: RelayState) -> None:
    await relays.set_state((await _find(relays, name)).id, state)


async def _find(relays: Relays, name: str) -> Relay:
    found = await _named(relays, name)
    if found is None:
        raise click.ClickException(f"There is no relay {name}.")
    return found


async def _named(relays: Relays, name: str) -> Relay | None:
    return next((one for one in await relays.list() if one.name == name), None)


async def _known(settings: Settings, records: Records) -> tuple[Known, ...]:
    """Return the rows with what the nodes have found out, where they tell it."""
    if not settings.redis_url:
        return tuple(Known(row) for row in await records.relays.list())
    backplane = RedisBackplane(settings.redis_url, NodeId("cli"))
    try:
        watch = FleetWatch(backplane, _Rows(records.relays), Fleet(), ())
        await watch.look()
    finally:
        await backplane.close()
    return watch.current.known


class _Rows:
    """The rows as they are: who only looks declares nothing."""

    def __init__(self, relays: Relays) -> None:
        self.list = relays.list

    async def declare(self, _named: object) -> None:
        """Leave them."""


def _ports(doors: Doors) -> str:
    ways = {"udp": doors.udp, "tcp": doors.tcp, "tls": doors.tls}
    parts = (
        f"{way} {','.join(map(str, ports))}" for way, ports in ways.items() if ports
    )
    return " ".join(parts)
