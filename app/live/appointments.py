"""When which socket must be looked at: the others cost nothing meanwhile."""

from collections import defaultdict
from math import ceil

from app.domain.ids import ConnectionId


class Appointments:
    """Sockets by the second in which time may mean something to them.

    A socket that heard something meanwhile makes another appointment when it is
    called, so that a frame needs to change nothing here.
    """

    def __init__(self) -> None:
        self._by_second: dict[int, list[ConnectionId]] = defaultdict(list)

    def make(self, who: ConnectionId, when: float) -> None:
        """Call this socket once this moment (epoch seconds) has come."""
        self._by_second[ceil(when)].append(who)

    def due(self, now: float) -> list[ConnectionId]:
        """Return, once, whose moment has come."""
        seconds = sorted(second for second in self._by_second if second <= now)
        return [who for second in seconds for who in self._by_second.pop(second)]
