"""The relays that one browser is given, and when it must have others."""

from collections.abc import Callable, Mapping

from app.domain.facts import Role
from app.domain.ice import IceServer
from app.domain.ids import ParticipantId, RelayId, RoomId
from app.domain.relays import Fleet, Standing, stun_url
from app.protocol.messages import Measured


class Given:
    """What a socket's browser has; ``fleet`` tells what there is at this moment.

    ``keep`` is the relay that the room remembers, so that both sides use the same.
    """

    def __init__(self, fleet: Callable[[], Fleet]) -> None:
        self.keep: RelayId | None = None
        self.round_trips: Mapping[RelayId, float] = {}
        self.relays: tuple[RelayId, ...] = ()
        self._fleet = fleet
        self._urls = 0

    @property
    def ttl(self) -> int:
        """Seconds for which credentials are good."""
        return self._fleet().ttl

    def first(self, room: RoomId, now: float) -> RelayId | None:
        """Return the relay that comes first now, if there is any."""
        chosen = self._fleet().choose(room, now, self.round_trips, self.keep)
        return chosen[0].relay.id if chosen else None

    def servers(
        self, room: RoomId, role: Role, now: float, *, move: bool = False
    ) -> tuple[IceServer, ...]:
        """Choose, remember what was chosen, and return it with fresh credentials.

        What it is to ``move`` to must not rank lower than what it has.
        """
        fleet, who = self._fleet(), ParticipantId(f"{room}-{role}")
        chosen = fleet.choose(room, now, self.round_trips, self.keep)
        self.relays = tuple(one.relay.id for one in chosen)
        servers = fleet.servers(chosen, who, now, self._urls if move else 0)
        self._urls = sum(len(one.urls) for one in servers if one.username)
        return servers

    def to_measure(self, now: float) -> tuple[Measured, ...]:
        """Return the relays whose round trip is worth knowing before the call."""
        asked = self._fleet().measured(now)
        return tuple(Measured(one.relay.id, stun_url(one.relay)) for one in asked)

    def is_lost(self, room: RoomId, now: float) -> bool:
        """Whether one that was given is no more, and there are others to be had."""
        fleet = self._fleet()
        found = [fleet.named(relay) for relay in self.relays]
        lost = [one is None or one.standing(now) >= Standing.DRAINING for one in found]
        chosen = fleet.choose(room, now, self.round_trips, self.keep)
        others = {one.relay.id for one in chosen} - set(self.relays)
        return any(lost) and bool(others or not all(lost))
