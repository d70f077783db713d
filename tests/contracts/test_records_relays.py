"""Relays as rows, alike on both databases."""

import asyncio

import pytest

from app.adapters.sql.records import Records
from app.domain.ids import RelayId
from app.domain.records import Taken
from app.domain.relay_urls import Doors
from app.domain.relays import NewRelay, RelayState


JAKARTA = NewRelay("jakarta-1", Doors("a.example").urls, "jakarta", 200, 4000)
NAMED = (NewRelay("b.example", ("turn:b.example", "turn:b.example?transport=tcp")),)


async def test_relay_reads_as_it_was_added(records: Records) -> None:
    """What was added comes back the same, live."""
    added = await records.relays.add(JAKARTA)
    assert await records.relays.list() == (added,)
    assert await records.relays.read(added.id) == added
    assert (added.name, added.urls, added.region) == (
        JAKARTA.name,
        JAKARTA.urls,
        JAKARTA.region,
    )
    assert (added.state, added.declared) == (RelayState.LIVE, False)


async def test_relay_name_is_its_own(records: Records) -> None:
    """No two have one name, neither from the start nor later."""
    await records.relays.add(JAKARTA)
    with pytest.raises(Taken):
        await records.relays.add(JAKARTA)
    other = await records.relays.add(NAMED[0])
    with pytest.raises(Taken):
        await records.relays.change(other.id, JAKARTA)


async def test_relay_changes_and_goes(records: Records) -> None:
    """Everything but its id can change; what is not there cannot."""
    added = await records.relays.add(JAKARTA)
    assert await records.relays.change(added.id, NAMED[0])
    assert await records.relays.set_state(added.id, RelayState.DRAINING)
    (changed,) = await records.relays.list()
    assert (changed.name, changed.urls) == (NAMED[0].name, NAMED[0].urls)
    assert changed.state is RelayState.DRAINING
    assert await records.relays.remove(added.id)
    nobody = RelayId("nobody")
    assert not await records.relays.remove(added.id)
    assert not await records.relays.change(nobody, JAKARTA)
    assert not await records.relays.set_state(nobody, RelayState.LIVE)


async def test_settings_declare_relays_once(records: Records) -> None:
    """However often they are declared, and whatever was said of them since."""
    await records.relays.declare(NAMED)
    (relay,) = await records.relays.list()
    assert (relay.name, relay.declared) == ("b.example", True)
    await records.relays.set_state(relay.id, RelayState.DRAINING)
    await records.relays.declare(NAMED)
    (again,) = await records.relays.list()
    assert (again.id, again.state) == (relay.id, RelayState.DRAINING)


async def test_declared_relay_follows_the_settings(records: Records) -> None:
    """New URLs are taken over; a host that is no longer named goes."""
    await records.relays.declare(NAMED)
    await records.relays.declare([NewRelay("b.example", ("turn:b.example:99",))])
    (relay,) = await records.relays.list()
    assert relay.urls == ("turn:b.example:99",)
    await records.relays.declare([])
    assert await records.relays.list() == ()


async def test_relay_that_somebody_made_is_not_declared(records: Records) -> None:
    """The settings may name its host as well; it stays as it was made."""
    added = await records.relays.add(JAKARTA)
    await records.relays.declare([NewRelay("a.example", ("turn:a.example",))])
    assert await records.relays.list() == (added,)
    await records.relays.declare([])
    assert await records.relays.list() == (added,)


async def test_relay_that_somebody_makes_replaces_the_declared(
    records: Records,
) -> None:
    """A host is one relay, even under the same name."""
    await records.relays.declare(NAMED)
    added = await records.relays.add(NAMED[0])
    assert await records.relays.list() == (added,)
    assert not added.declared


async def test_nodes_declare_at_the_same_time(records: Records) -> None:
    """Those that start together make one row."""
    await asyncio.gather(*(records.relays.declare(NAMED) for _ in range(4)))
    assert len(await records.relays.list()) == 1
