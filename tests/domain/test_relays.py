"""Which relays a call is given, and when one counts as down."""

from collections import Counter
from typing import Any

import pytest

from app.domain.ids import ParticipantId, RelayId, RoomId
from app.domain.relay_urls import Doors, RelayUrl
from app.domain.relays import (
    DOWN_AFTER,
    FORGOTTEN,
    UP_AFTER,
    Fleet,
    Health,
    Known,
    Probe,
    RelayState,
    Standing,
    choose,
    declared,
    probed,
)
from tests.domain.fleet import known


NOW = 1000.0
ROOM = RoomId("room")
WORKS, FAILS = Probe(works=True, round_trip=5.0), Probe(works=False)


def names(chosen: tuple[Known, ...]) -> list[str]:
    return [one.relay.name for one in chosen]


def down(failures: int = 3) -> Health:
    return Health(up=False, checked_at=NOW, failures=failures, last=FAILS)


def limping() -> Health:
    return Health(checked_at=NOW, last=Probe(works=True, troubles={"turns:": "shut"}))


def rooms(count: int) -> list[RoomId]:
    return [RoomId(f"room-{number}") for number in range(count)]


def first(relays: list[Known], room: RoomId = ROOM, **more: Any) -> str:
    return choose(relays, room, NOW, **more)[0].relay.name


# Health.


def test_relay_is_down_after_several_failures_in_a_row() -> None:
    """One alone, or some with a success between them, change nothing."""
    health = None
    for probe in [FAILS, FAILS, WORKS, *[FAILS] * (DOWN_AFTER - 1)]:
        health = probed(health, probe, NOW)
        assert health.up
    health = probed(health, FAILS, NOW + 7)
    assert (health.up, health.since) == (False, NOW + 7)


def test_relay_is_up_again_after_several_successes() -> None:
    """A relay that comes and goes stays down."""
    health = down()
    for probe in [WORKS, FAILS, *[WORKS] * (UP_AFTER - 1)]:
        health = probed(health, probe, NOW)
        assert not health.up
    assert probed(health, WORKS, NOW).up


def test_old_health_says_nothing() -> None:
    """Where nobody probes any more, a relay is taken for good."""
    assert known("a", down()).standing(NOW) is Standing.DOWN
    assert known("a", down()).standing(NOW + FORGOTTEN + 1) is Standing.GOOD


# The choice.


def test_choice_of_none_is_none() -> None:
    """A deployment without relays hands out none."""
    assert choose([], ROOM, NOW) == ()


def test_choice_is_two_at_most() -> None:
    """However many there are."""
    assert len(choose([known(name) for name in "abcd"], ROOM, NOW)) == 2


def test_choice_is_the_same_everywhere() -> None:
    """The order in which relays are known does not matter."""
    relays = [known(name) for name in "abcd"]
    for room in rooms(20):
        assert choose(relays, room, NOW) == choose(relays[::-1], room, NOW)


def test_choice_follows_weights() -> None:
    """A relay of three times the weight has three times the calls."""
    relays = [known("a", weight=300), known("b", weight=100)]
    share = Counter(first(relays, room) for room in rooms(2000))
    assert 0.7 < share["a"] / 2000 < 0.8


def test_relay_that_goes_moves_only_its_own_calls() -> None:
    """Every other room keeps the relay it had."""
    relays = [known(name) for name in "abc"]
    for room in rooms(50):
        before = first(relays, room)
        if before != "c":
            assert first(relays[:2], room) == before


def test_choice_prefers_the_less_loaded_for_its_weight() -> None:
    """A relay of twice the weight is as loaded with twice the allocations."""
    assert first([known("a", load=40), known("b", load=10)]) == "b"
    heavy = known("a", load=40, weight=400)
    assert first([heavy, known("b", load=30)]) == "a"


@pytest.mark.parametrize("room", rooms(10))
def test_full_relay_is_the_spare(room: RoomId) -> None:
    """Nearly at its capacity it is given second."""
    relays = [known("a", load=95, capacity=100), known("b", load=300)]
    assert names(choose(relays, room, NOW)) == ["b", "a"]


@pytest.mark.parametrize("room", rooms(10))
def test_relay_that_drains_or_is_down_is_not_given(room: RoomId) -> None:
    """Not even as a spare, as long as another works."""
    relays = [known("a", state=RelayState.DRAINING), known("b", down()), known("c")]
    assert names(choose(relays, room, NOW)) == ["c"]


@pytest.mark.parametrize("room", rooms(10))
def test_limping_relay_is_the_spare(room: RoomId) -> None:
    """One of its ways does not work; it is given where nothing is better."""
    relays = [known("a", limping()), known("b")]
    assert names(choose(relays, room, NOW)) == ["b", "a"]


def test_least_bad_is_given_where_all_are_down() -> None:
    """Never nothing: more likely it is us who cannot reach them."""
    relays = [known("a", down(9)), known("b", down(3)), known("c", down(5))]
    assert names(choose(relays, ROOM, NOW)) == ["b", "c"]


def test_draining_relay_is_better_than_one_that_is_down() -> None:
    """It still works."""
    relays = [known("a", state=RelayState.DRAINING), known("b", down())]
    assert names(choose(relays, ROOM, NOW)) == ["a"]


@pytest.mark.parametrize("room", rooms(10))
def test_near_relay_is_first(room: RoomId) -> None:
    """What the customer has measured counts more than load."""
    relays = [known("a", load=50), known("b"), known("c")]
    measured = {RelayId("a"): 20.0, RelayId("b"): 180.0}
    assert names(choose(relays, room, NOW, measured))[0] == "a"


def test_small_differences_of_distance_do_not_count() -> None:
    """Nobody hears a few milliseconds: load decides among the near."""
    relays = [known("a", load=50), known("b")]
    assert first(relays, round_trips={RelayId("a"): 20.0, RelayId("b"): 45.0}) == "b"


@pytest.mark.parametrize("room", rooms(10))
def test_relays_of_a_region_are_as_far(room: RoomId) -> None:
    """What was measured to one of them holds for the others."""
    relays = [
        known("a", region="jakarta", load=50),
        known("b", region="jakarta"),
        known("c", region="london"),
    ]
    measured = {RelayId("a"): 20.0, RelayId("c"): 200.0}
    assert first(relays, room, round_trips=measured) == "b"


@pytest.mark.parametrize("room", rooms(10))
def test_room_keeps_its_relay(room: RoomId) -> None:
    """While it is no worse than others; not for load, nor for one shut port."""
    relays = [known("a", limping(), load=50), known("b"), known("c")]
    assert first(relays, room, keep=RelayId("a")) == "a"
    relays = [known("a", down()), known("b"), known("c")]
    assert first(relays, room, keep=RelayId("a")) != "a"


def test_measured_are_few_and_of_every_region() -> None:
    """A page measures to four at most; with one relay there is nothing to choose."""
    relays = [known(name, region="jakarta") for name in "abcde"]
    relays += [known("f", region="london"), known("g", down())]
    asked = Fleet(known=tuple(relays)).measured(NOW)
    assert len(asked) == 4
    assert {one.relay.region for one in asked} == {"jakarta", "london"}
    assert Fleet(known=(known("a"),)).measured(NOW) == ()


# What browsers are given.


def test_servers_are_the_first_relay_and_a_spare() -> None:
    """The first with all its ways, the next by UDP and by TLS on the web's port."""
    fleet = Fleet(secret="secret", stun_urls=("stun:other",))
    chosen = (known("a"), known("b"))
    stun, one, spare = fleet.servers(chosen, ParticipantId("room-agent"), NOW)
    assert stun.urls == ("stun:other", "stun:a.example:3478")
    assert one.urls == Doors("a.example").urls[1:]
    assert spare.urls == (
        "turn:b.example:3478?transport=udp",
        "turns:b.example:443?transport=tcp",
    )
    assert (one.username, spare.username) == (
        "1600:a.room-agent",
        "1600:b.room-agent",
    )


def test_servers_are_as_many_as_is_said() -> None:
    """So that a browser ranks the new first relay no lower than the one before."""
    fleet, who = Fleet(secret="secret"), ParticipantId("room-agent")
    urls = Doors("a.example").urls[1:]
    _stun, one = fleet.servers((known("a"),), who, NOW, len(urls) + 2)
    assert one.urls == (*urls, urls[-1], urls[-1])
    _stun, one = fleet.servers((known("a"),), who, NOW, 1)
    assert one.urls == urls


def test_servers_without_relays_are_stun_alone() -> None:
    """Nothing at all where there is not even STUN."""
    who = ParticipantId("room-agent")
    assert Fleet().servers((), who, NOW) == ()
    (stun,) = Fleet(stun_urls=("stun:other",)).servers((), who, NOW)
    assert stun.urls == ("stun:other",)


def test_settings_declare_a_relay_for_each_host() -> None:
    """With the STUN that belongs to it; each URL as it was written."""
    stun = ("stun:a:3478", "stun:elsewhere")
    turn = ("turn:a:3478?transport=udp", "turns:a:443?transport=tcp", "turn:b")
    one, other = declared(stun, turn)
    assert (one.name, one.urls) == ("a", (stun[0], *turn[:2]))
    assert (other.name, other.urls) == ("b", ("turn:b",))


@pytest.mark.parametrize("host", ["turn.example.org", "192.0.2.1", "2001:db8::1"])
def test_doors_are_read_from_what_they_write(host: str) -> None:
    """Host and ports come back from the URLs."""
    doors = Doors(host, udp=(3478,), tcp=(), tls=(443, 5349))
    assert Doors.of(doors.urls) == doors
    assert {RelayUrl.of(url).host for url in doors.urls} == {host}
