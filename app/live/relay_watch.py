"""Has one node at a time read what the relays say, and shows it among its metrics.

Every node could listen, and a sum over the nodes would then count each byte once for
every one of them. So the nodes agree on one: only it counts bytes (in counters that
stay as they are when another takes over) and only it shows the gauges. Sums over all
nodes are therefore right. What passes while a node that died still holds the duty, up
to HOLD seconds, is not counted.
"""

import asyncio
import logging
from collections import Counter as Tally
from collections.abc import Iterator, Sequence
from contextlib import suppress

import msgspec
from prometheus_client import CollectorRegistry, Counter
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from app.live.fleet import LOADS, PINNED
from app.ports import (
    Allocation,
    Backplane,
    BackplaneError,
    RelayStatistics,
    StatisticsError,
    Traffic,
)


ROUND = 5.0
"""Seconds between looks."""

HOLD = 20
"""Seconds for which a node keeps the duty without renewing it."""

logger = logging.getLogger(__name__)


class RelayWatch(Collector):
    """This node's part in watching the relays; `quota` is 0 where there is none."""

    def __init__(
        self,
        backplane: Backplane,
        statistics: RelayStatistics,
        quota: int,
        registry: CollectorRegistry,
        seconds: float = ROUND,
    ) -> None:
        self._seconds = seconds
        self._backplane = backplane
        self._statistics = statistics
        self._quota = quota
        self._reading: bool | None = None
        """Whether the statistics can be read; None while another node reads them."""
        self._held: Sequence[Allocation] = ()
        self._bytes = Counter(
            "deskside_relay_bytes",
            "Bytes the relays received and sent, as a client or a peer sees them",
            ["side", "direction"],
            registry=registry,
        )
        self._count([Traffic("client", 0, 0), Traffic("peer", 0, 0)])
        registry.register(self)

    async def run(self) -> None:
        """Watch for ever; reading may be broken off at any moment."""
        try:
            while True:
                await self.watch()
        finally:
            await self._statistics.close()

    async def watch(self) -> None:
        """Listen for a while, if it is for this node to do."""
        try:
            mine = await self._backplane.claim("relay-statistics", HOLD)
        except BackplaneError:
            mine = False  # Nobody can tell; whoever holds it is as far away.
        if mine:
            await self._read()
        else:
            await self._rest()

    async def _read(self) -> None:
        try:
            self._held = await self._statistics.allocations()
            self._reading = True
            await self._pin_loads()
            self._count(await self._statistics.traffic(self._seconds))
        except StatisticsError as error:
            logger.warning("relay statistics not read: %s", error)
            self._reading, self._held = False, ()
            await self._pause()

    async def _pin_loads(self) -> None:
        """Show every node how many allocations each relay holds."""
        loads = Tally(each.relay for each in self._held)
        with suppress(BackplaneError):  # Then nobody knows, and weights decide.
            await self._backplane.pin(LOADS, msgspec.json.encode(loads), PINNED)

    async def _rest(self) -> None:
        self._reading, self._held = None, ()
        await self._pause()

    async def _pause(self) -> None:
        await self._statistics.pause()
        await asyncio.sleep(self._seconds)

    def _count(self, passed: Sequence[Traffic]) -> None:
        for traffic in passed:
            self._bytes.labels(traffic.side, "received").inc(traffic.received)
            self._bytes.labels(traffic.side, "sent").inc(traffic.sent)

    # For Prometheus.

    def describe(self) -> Iterator[Metric]:
        """Name what `collect` may yield, so that nobody else takes the names."""
        yield from self._gauges(up=True)

    def collect(self) -> Iterator[Metric]:
        """Yield the gauges, where this node is the one to show them."""
        if self._reading is not None:
            yield from self._gauges(up=self._reading)

    def _gauges(self, *, up: bool) -> Iterator[Metric]:
        yield GaugeMetricFamily(
            "deskside_relay_statistics_up",
            "Whether the relays' statistics can be read",
            value=up,
        )
        yield GaugeMetricFamily(
            "deskside_relay_quota",
            "Allocations the relays may hold together, 0 for no bound",
            value=self._quota,
        )
        if up:
            yield from self._of_allocations()

    def _of_allocations(self) -> Iterator[Metric]:
        count = len(self._held)
        yield GaugeMetricFamily(
            "deskside_relay_allocations", "Allocations the relays hold", value=count
        )
        yield GaugeMetricFamily(
            "deskside_relay_quota_share",
            "Allocations held, as a share of those allowed",
            value=count / self._quota if self._quota else 0.0,
        )
        ways = GaugeMetricFamily(
            "deskside_relay_allocations_by_way",
            "Allocations by how and at which port the relay was reached",
            labels=["transport", "port"],
        )
        for (transport, port), number in sorted(_ways(self._held).items()):
            ways.add_metric([transport, str(port)], number)
        yield ways


def _ways(held: Sequence[Allocation]) -> Tally[tuple[str, int]]:
    return Tally((each.transport, each.port) for each in held)
