"""What every node knows of the relays: rows, what probes have shown, what they hold.

The rows are in the records. Health and load are found out by one node at a time
(`relay_probes`, `relay_watch`) and pinned where all nodes read them. Each makes the
same `Fleet` of it, so that both sides of a call are given the same relays wherever
their sockets are.
"""

import logging
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

import msgspec
from msgspec.structs import replace

from app.domain.ids import RelayId
from app.domain.relays import Fleet, Health, Known, NewRelay, Relay, RelayState
from app.live.duties import every
from app.ports import Backplane, BackplaneError, RelayDirectory


EVERY = 2.0
"""Seconds between looks; so long may a node hand out a relay that drains."""

HEALTH, LOADS = "relay-health", "relay-loads"
"""What is pinned: `dict[RelayId, Health]`, and allocations as `dict[RelayId, int]`."""

PINNED = 120
"""Seconds for which it counts when nobody finds out more."""

logger = logging.getLogger(__name__)

_health = msgspec.json.Decoder(dict[RelayId, Health])
_loads = msgspec.json.Decoder(dict[RelayId, int])


class FleetWatch:
    """Keeps `current` up to date, and tells listeners when something has changed.

    ``base`` holds what is not known of relays but of the deployment; ``named`` are the
    relays of the settings, whose rows are made when the records can first be reached.
    """

    def __init__(
        self,
        backplane: Backplane,
        directory: RelayDirectory,
        base: Fleet,
        named: Sequence[NewRelay],
    ) -> None:
        self._backplane = backplane
        self._directory = directory
        self._base = base
        self._named = named
        self._declared = False
        self._rows: tuple[Relay, ...] = tuple(map(_unwritten, named))
        self._listeners: list[Callable[[], None]] = []
        self.current = self._fleet({}, None)

    def listen(self, listener: Callable[[], None]) -> None:
        """Have a function called, promptly and in the event loop, after a change."""
        self._listeners.append(listener)

    async def run(self) -> None:
        """Look again and again."""
        await every(EVERY, self.look)

    async def look(self) -> None:
        """Read what there is now; what cannot be read stays as it was known."""
        await self._read_rows()
        before = self.current
        try:
            self.current = self._fleet(await self._read_health(), await self._loads())
        except BackplaneError:
            self.current = replace(before, known=self._again(before))
        if self.current != before:
            for listener in self._listeners:
                listener()

    async def _read_rows(self) -> None:
        try:
            if not self._declared:
                await self._directory.declare(self._named)
                self._declared = True
            self._rows = await self._directory.list()
        except Exception as error:  # noqa: BLE001 - any database, any trouble
            logger.warning("relays not read: %s", type(error).__name__)

    async def _read_health(self) -> dict[RelayId, Health]:
        found = await self._backplane.pinned(HEALTH)
        return _health.decode(found) if found else {}

    async def _loads(self) -> dict[RelayId, int] | None:
        found = await self._backplane.pinned(LOADS)
        return _loads.decode(found) if found else None

    def _fleet(
        self, health: dict[RelayId, Health], loads: dict[RelayId, int] | None
    ) -> Fleet:
        known = tuple(
            Known(
                row,
                health.get(row.id),
                None if loads is None else loads.get(row.id, 0),
            )
            for row in self._rows
        )
        theirs = {url for row in self._rows for url in row.urls}
        stun = tuple(url for url in self._base.stun_urls if url not in theirs)
        return replace(self._base, known=known, stun_urls=stun)

    def _again(self, before: Fleet) -> tuple[Known, ...]:
        """Return the rows with what was last known of each."""
        last = {one.relay.id: one for one in before.known}
        return tuple(
            Known(row, last[row.id].health, last[row.id].load)
            if row.id in last
            else Known(row)
            for row in self._rows
        )


def _unwritten(new: NewRelay) -> Relay:
    """Return what serves until the rows can be read."""
    return Relay(
        id=RelayId(new.name.replace(".", "-")),  # It begins user names, up to a dot.
        name=new.name,
        region=new.region,
        urls=new.urls,
        weight=new.weight,
        capacity=new.capacity,
        state=RelayState.LIVE,
        declared=True,
        created_at=datetime.now(UTC),
    )
