"""Has one node at a time look whether the relays work, and pins what it saw for all.

How many probes decide is in `app.domain.relays.probed`. Only the node that looks shows
the gauges, so that sums over all nodes are right.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Iterator

import msgspec
from prometheus_client import CollectorRegistry
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from app.domain.ids import RelayId
from app.domain.relays import Fleet, Health, Known, Probe, Relay, probed
from app.live.fleet import HEALTH, PINNED
from app.ports import Backplane, BackplaneError, Clock


ROUND, HURRY = 5.0, 1.0
"""Seconds from one look to the next; the second while a relay seems to turn."""

HOLD = 20
"""Seconds for which a node keeps the duty without renewing it."""

AT_ONCE = 8
"""Relays probed at the same time."""

logger = logging.getLogger(__name__)

_healths = msgspec.json.Decoder(dict[RelayId, Health])

Look = Callable[[Relay, str], Awaitable[Probe]]
"""Tries a relay with the secret; it raises nothing."""


class RelayProbes(Collector):
    """This node's part in looking after the relays."""

    def __init__(
        self,
        backplane: Backplane,
        fleet: Callable[[], Fleet],
        look: Look,
        clock: Clock,
        registry: CollectorRegistry,
    ) -> None:
        self._backplane = backplane
        self._fleet = fleet
        self._look = look
        self._clock = clock
        self._mine = False
        registry.register(self)

    async def run(self) -> None:
        """Look for ever; a failure is the next round's chance."""
        while True:
            began = time.monotonic()
            try:
                turning = await self.look()
            except BackplaneError as error:
                # Nobody could read what we see; whoever has the duty is as far away.
                logger.warning("relays not probed: %s", error)
                turning, self._mine = False, False
            took = time.monotonic() - began
            await asyncio.sleep(max(0.1, (HURRY if turning else ROUND) - took))

    async def look(self) -> bool:
        """Make a round, if it is for this node to do; whether a relay seems to turn."""
        fleet = self._fleet()
        self._mine = await self._backplane.claim("relay-probes", HOLD)
        if not self._mine or not fleet.known:
            return False
        found = await self._backplane.pinned(HEALTH)
        before = _healths.decode(found) if found else {}
        room = asyncio.Semaphore(AT_ONCE)

        async def one(relay: Relay) -> Health:
            async with room:
                probe = await self._look(relay, fleet.secret)
            return self._judge(relay, before.get(relay.id), probe)

        relays = [known.relay for known in fleet.known]
        seen = await asyncio.gather(*map(one, relays))
        now = {relay.id: health for relay, health in zip(relays, seen, strict=True)}
        await self._backplane.pin(HEALTH, msgspec.json.encode(now), PINNED)
        return any(health.streak for health in seen)

    def _judge(self, relay: Relay, before: Health | None, probe: Probe) -> Health:
        health = probed(before, probe, self._clock())
        if health.up != (before is None or before.up):
            # One line at each turn, for whoever looks for the hour of it.
            logger.warning(
                "relay is %s",
                "up" if health.up else "down",
                extra={"relay": relay.name, "troubles": probe.troubles},
            )
        return health

    # For Prometheus.

    def describe(self) -> Iterator[Metric]:
        """Name what `collect` may yield, so that nobody else takes the names."""
        yield from _gauges(())

    def collect(self) -> Iterator[Metric]:
        """Yield the gauges, where this node is the one to show them."""
        if self._mine:
            yield from _gauges(self._fleet().known)


def _gauges(known: tuple[Known, ...]) -> Iterator[Metric]:
    up = GaugeMetricFamily(
        "deskside_relay_up", "Whether the relay works, as probes show", labels=["relay"]
    )
    ways = GaugeMetricFamily(
        "deskside_relay_way_up",
        "Whether one way to the relay works",
        labels=["relay", "way", "port"],
    )
    trip = GaugeMetricFamily(
        "deskside_relay_round_trip_seconds",
        "Round trip from the service to the relay",
        labels=["relay"],
    )
    load = GaugeMetricFamily(
        "deskside_relay_load", "Allocations of calls at the relay", labels=["relay"]
    )
    for one in known:
        name, health = one.relay.name, one.health
        if health is not None:
            up.add_metric([name], health.up)
            for url in one.relay.read_urls:
                works = url.text not in health.last.troubles
                ways.add_metric([name, url.way, str(url.port)], works)
            if health.last.round_trip is not None:
                trip.add_metric([name], health.last.round_trip / 1000)
        if one.load is not None:
            load.add_metric([name], one.load)
    yield from (up, ways, trip, load)
