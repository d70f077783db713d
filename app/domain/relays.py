"""Relays: what is known of each, and which of them a call is given.

A relay is a row that administrators keep (`Relay`). What probing has shown of it
(`Health`) and what it holds (`load`) change by the second, and belong to the live
state. `choose` makes an order of both; everything here is pure.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum, StrEnum
from hashlib import sha256
from math import inf, log
from typing import Literal, get_args

from msgspec import Struct

from app.domain.ice import IceServer, Relays, ice_servers
from app.domain.ids import ParticipantId, RelayId, RoomId
from app.domain.relay_urls import WEB_PORT, RelayUrl


MOST_GIVEN = 2
"""Relays of one call: browsers slow down with more (Chromium warns at five URLs)."""

MOST_MEASURED = 4
"""Relays that a customer's page measures its round trip to."""

DOWN_AFTER, UP_AFTER = 3, 2
"""Probes in a row after which a relay counts as down, and as up again."""

FORGOTTEN = 60.0
"""Seconds after which what a probe has shown says nothing any more."""

NEAR = 30.0
"""Milliseconds of round trip that make no difference to people who talk."""

FULL = 0.9
"""The share of its capacity from which a relay is given to others last."""

STEP = 0.1
"""Loads that differ by less (allocations for each weight) count as equal."""


Word = Literal["good", "limping", "full", "draining", "down"]
WORDS: tuple[Word, ...] = get_args(Word)
"""A word for each `Standing`."""


class RelayState(StrEnum):
    """What an administrator wants: new calls, or no more of them."""

    LIVE = "live"
    DRAINING = "draining"


@dataclass(frozen=True, slots=True)
class NewRelay:
    """A relay to be stored.

    ``weight`` is its share of the calls beside others, ``capacity`` the allocations
    it may hold (0: nobody has said), and ``region`` any word; relays of one region
    are as far from a customer as each other.
    """

    name: str
    urls: tuple[str, ...]
    region: str = ""
    weight: int = 100
    capacity: int = 0


@dataclass(frozen=True, slots=True)
class Relay:
    """A relay as it is stored; ``declared`` by the settings, or made by somebody."""

    id: RelayId
    name: str
    region: str
    urls: tuple[str, ...]
    weight: int
    capacity: int
    state: RelayState
    declared: bool
    created_at: datetime

    @property
    def read_urls(self) -> tuple[RelayUrl, ...]:
        """Its URLs in their parts."""
        return tuple(RelayUrl.of(url) for url in self.urls)

    @property
    def host(self) -> str:
        """The name or address that its URLs begin with."""
        return self.read_urls[0].host if self.urls else ""


class Probe(Struct, frozen=True):
    """What one look at a relay has shown.

    ``round_trip`` is in milliseconds; ``troubles`` says what is wrong with which URL,
    and a relay works as long as one that relays does.
    """

    works: bool
    round_trip: float | None = None
    troubles: dict[str, str] = {}


class Health(Struct, frozen=True, kw_only=True):
    """What probing has shown of a relay up to now; times in seconds since the epoch.

    ``streak`` counts the last probes that speak against ``up``; ``failures`` all that
    failed in a row.
    """

    up: bool = True
    since: float = 0.0
    checked_at: float = 0.0
    streak: int = 0
    failures: int = 0
    last: Probe = Probe(works=True)


def probed(before: Health | None, probe: Probe, now: float) -> Health:
    """Return the health after one more probe: one alone decides nothing."""
    before = before or Health(since=now)
    failures = 0 if probe.works else before.failures + 1
    streak = before.streak + 1 if probe.works != before.up else 0
    turned = streak >= (DOWN_AFTER if before.up else UP_AFTER)
    return Health(
        up=probe.works if turned else before.up,
        since=now if turned else before.since,
        checked_at=now,
        streak=0 if turned else streak,
        failures=failures,
        last=probe,
    )


class Standing(IntEnum):
    """How good a relay is to be given, the best first."""

    GOOD = 0
    LIMPING = 1
    FULL = 2
    DRAINING = 3
    DOWN = 4

    @property
    def word(self) -> Word:
        """Return its name for programs."""
        return WORDS[self]


@dataclass(frozen=True, slots=True)
class Known:
    """A relay, and what is known of it now; ``load`` counts its allocations."""

    relay: Relay
    health: Health | None = None
    load: int | None = None

    def standing(self, now: float) -> Standing:
        """Return how good it is; where nobody has looked, it is taken for good."""
        health = self.health
        if health and now - health.checked_at > FORGOTTEN:
            health = None
        if health and not health.up:
            return Standing.DOWN
        if self.relay.state is RelayState.DRAINING:
            return Standing.DRAINING
        if self.share >= FULL:
            return Standing.FULL
        limps = health is not None and bool(health.last.troubles)
        return Standing.LIMPING if limps else Standing.GOOD

    @property
    def share(self) -> float:
        """The part of its capacity that is in use; 0 where nobody knows."""
        return (self.load or 0) / self.relay.capacity if self.relay.capacity else 0.0


class Fleet(Struct, frozen=True, kw_only=True):
    """Every relay there is, with what is known now, and how browsers are let in.

    The secret is the deployment's one (`DESKSIDE_TURN_SECRET`), never a row's: so
    neither the records nor their backups hold any, pages cannot show one, and it is
    exchanged in one place. ``stun_urls`` belong to no relay; ``ttl`` is in seconds.
    """

    known: tuple[Known, ...] = ()
    stun_urls: tuple[str, ...] = ()
    secret: str = ""
    ttl: int = 600

    def servers(
        self,
        chosen: Sequence[Known],
        participant: ParticipantId,
        now: float,
        least: int = 0,
    ) -> tuple[IceServer, ...]:
        """Return what a browser is given: the first relay whole, the next as a spare.

        With ``least`` the last URL is repeated until there are so many: Chromium ranks
        a relay by how many URLs come after its own, and leaves one that works only
        for one of no lower rank (libwebrtc, pc/ice_server_parsing.cc).

        The user name begins with the relay's id, so that what coturn tells of an
        allocation tells whose it is, however the browser came there.
        """
        given = list(self.stun_urls)
        turns: list[IceServer] = []
        for place, known in enumerate(chosen):
            urls = known.relay.read_urls if place == 0 else _spare(known.relay)
            given += [url.text for url in urls if not url.relays]
            turn_urls = tuple(url.text for url in urls if url.relays)
            least -= len(turn_urls)
            if place == len(chosen) - 1:
                turn_urls += turn_urls[-1:] * least
            one = Relays(turn_urls=turn_urls, turn_secret=self.secret, ttl=self.ttl)
            who = ParticipantId(f"{known.relay.id}.{participant}")
            turns += ice_servers(one, who, now)
        stun = (IceServer(tuple(given)),) if given else ()
        return (*stun, *turns)

    def choose(
        self,
        room: RoomId,
        now: float,
        round_trips: Mapping[RelayId, float] | None = None,
        keep: RelayId | None = None,
    ) -> tuple[Known, ...]:
        """Return the relays for a call; see `choose`."""
        return choose(self.known, room, now, round_trips, keep)

    def named(self, relay_id: RelayId) -> Known | None:
        """Return the relay with an id, if there is one."""
        return next((one for one in self.known if one.relay.id == relay_id), None)

    def measured(self, now: float) -> tuple[Known, ...]:
        """Return the relays that a page may measure: of each region one, then more.

        With less than two there is nothing to choose.
        """
        asked = [
            known
            for known in self.known
            if known.standing(now) < Standing.DRAINING and stun_url(known.relay)
        ]
        seen: set[str] = set()
        again: list[Known] = []
        first: list[Known] = []
        for known in sorted(asked, key=lambda one: (one.share, one.relay.id)):
            new = known.relay.region not in seen
            seen.add(known.relay.region)
            (first if new else again).append(known)
        chosen = tuple((first + again)[:MOST_MEASURED])
        return chosen if len(chosen) > 1 else ()


def choose(
    relays: Sequence[Known],
    room: RoomId,
    now: float,
    round_trips: Mapping[RelayId, float] | None = None,
    keep: RelayId | None = None,
) -> tuple[Known, ...]:
    """Return at most two relays for a call, the better first.

    What counts, in this order: how good each is, whether it is near the customer
    (``round_trips``, in milliseconds; one that was not measured is as far as its
    region, or far), that it is the one the room has (``keep``), how many allocations
    it holds for its weight, and the room's name, which spreads calls by weight and
    leads both sides to the same relay without a word.

    A relay that drains or is down is given only where there is no other: if all seem
    down, more likely it is us who cannot reach them.
    """
    if len(relays) < 2:
        return tuple(relays)
    standings = {one.relay.id: one.standing(now) for one in relays}
    if keep and standings.get(keep) is Standing.LIMPING:
        standings[keep] = Standing.GOOD  # Not for that is a call moved.
    far = _far(relays, standings, round_trips or {})

    def order(one: Known) -> tuple[float, ...]:
        relay, failures = one.relay, one.health.failures if one.health else 0
        standing = standings[relay.id]
        return (
            standing,
            failures if standing is Standing.DOWN else 0,
            relay.id in far,
            relay.id != keep,
            (one.load or 0) / relay.weight // STEP,
            -_score(relay, room),
        )

    ordered = sorted(relays, key=order)
    best = min(standings.values(), default=Standing.GOOD)
    fit = [
        one for one in ordered if standings[one.relay.id] <= max(best, Standing.FULL)
    ]
    return tuple(fit[:MOST_GIVEN])


def stun_url(relay: Relay) -> str:
    """Return the URL that tells a round trip at the least cost, if there is one."""
    return next((url.text for url in relay.read_urls if url.way == "stun"), "")


def declared(stun_urls: Sequence[str], turn_urls: Sequence[str]) -> Iterator[NewRelay]:
    """Yield the relays that settings name: each host is one."""
    hosts: dict[str, list[str]] = {}
    for url in turn_urls:
        hosts.setdefault(RelayUrl.of(url).host, []).append(url)
    for host, urls in hosts.items():
        stun = [url for url in stun_urls if RelayUrl.of(url).host == host]
        yield NewRelay(name=host[:60], urls=(*stun, *urls))


def _spare(relay: Relay) -> tuple[RelayUrl, ...]:
    """Return what a second relay is good for if the first fails: UDP, and TLS.

    Each URL costs the relay an allocation in every call.
    """
    ways = {"udp": 0, "tls": 1, "tcp": 2}
    turns = [url for url in relay.read_urls if url.relays]
    turns.sort(key=lambda url: (ways[url.way], url.port != WEB_PORT))
    udp = [url for url in turns if url.way == "udp"][:1]
    return (*udp, *[url for url in turns if url.way != "udp"][:1])


def _far(
    relays: Sequence[Known],
    standings: Mapping[RelayId, Standing],
    round_trips: Mapping[RelayId, float],
) -> set[RelayId]:
    """Return the relays that another as good is clearly nearer than."""
    regions: dict[str, float] = {}
    for one in relays:
        measured = round_trips.get(one.relay.id, inf)
        region = one.relay.region
        regions[region] = min(regions.get(region, inf), measured)

    def away(one: Known) -> float:
        measured = round_trips.get(one.relay.id)
        if measured is None and one.relay.region:
            return regions[one.relay.region]
        return inf if measured is None else measured

    best = min(standings.values(), default=Standing.GOOD)
    nearest = min(
        (away(one) for one in relays if standings[one.relay.id] == best), default=inf
    )
    return {one.relay.id for one in relays if away(one) > nearest + NEAR}


def _score(relay: Relay, room: RoomId) -> float:
    """Return a number that is the highest for a relay in proportion to its weight.

    Weighted rendezvous hashing (Schindelhauer and Schomaker 2005, the logarithmic
    method): the same on every node, and a relay that comes or goes moves only its own.
    """
    digest = sha256(f"{relay.id}.{room}".encode()).digest()
    part = (int.from_bytes(digest[:6]) + 1) / (2**48 + 1)
    return -relay.weight / log(part)
