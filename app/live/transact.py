"""Load, decide, commit if nothing changed meanwhile, else again."""

from functools import cache

import msgspec

from app.domain.commands import Command
from app.domain.facts import Fact, FactKind
from app.domain.ids import Address
from app.domain.notices import Notice
from app.domain.room import Outcome, Room, deadline, decide, holders
from app.live.metrics import Metrics
from app.ports import Backplane, BackplaneError, Clock, Commit, Stored


ATTEMPTS = 100
"""Far above what two people and a clock can do to one room at once."""

KEEP_ENDED = 86_400.0
"""Seconds an ended room is remembered: longer than any ticket or page lives."""

_encoder = msgspec.json.Encoder()
_rooms = msgspec.json.Decoder(Room)
_notices: msgspec.json.Decoder[Notice] = msgspec.json.Decoder(Notice)
_facts = msgspec.json.Decoder(Fact)


def read_room(stored: Stored | None) -> Room | None:
    """Return the room that was stored."""
    return _rooms.decode(stored.state) if stored else None


def read_notice(body: bytes) -> Notice:
    """Return the notice in a letter."""
    return _notices.decode(body)


def read_fact(fact: bytes) -> Fact:
    """Return the fact in a receipt."""
    return _facts.decode(fact)


def write_notice(notice: Notice) -> bytes:
    """Return a letter's body."""
    return _encoder.encode(notice)


class Transactor:
    """Runs commands on rooms, whichever node else does so too."""

    def __init__(self, backplane: Backplane, clock: Clock, metrics: Metrics) -> None:
        self._backplane = backplane
        self._clock = clock
        self._metrics = metrics
        # Finding a counter by its label takes longer than counting.
        self._commits = cache(metrics.commits.labels)
        self._facts = cache(metrics.facts.labels)

    async def transact(self, command: Command) -> Outcome:
        """Apply a command to its room.

        Raises:
            Refusal: the rules say no.
            NoRoom: there is no such room, and this command makes none.
            BackplaneError: nothing is known; the command may be sent again.
        """
        for _ in range(ATTEMPTS):
            stored = await self._backplane.load(command.room)
            before = read_room(stored)
            outcome = decide(before, command, self._clock())
            if outcome.room == before:
                return outcome
            commit = _commit(stored.version if stored else 0, before, outcome)
            if await self._backplane.commit(commit):
                self._count(command, outcome)
                return outcome
            self._metrics.conflicts.inc()
        raise BackplaneError(f"{command.room}: no commit in {ATTEMPTS} attempts")

    def _count(self, command: Command, outcome: Outcome) -> None:
        self._commits(type(command).__name__).inc()
        for fact in outcome.facts:
            self._facts(fact.kind.value).inc()
            if fact.kind is FactKind.ENDED:
                self._metrics.ends.labels(str(fact.data["reason"])).inc()


def _commit(version: int, before: Room | None, outcome: Outcome) -> Commit:
    room = outcome.room
    return Commit(
        room=room.id,
        version=version,
        state=_encoder.encode(room),
        alarm=deadline(room),
        keep=KEEP_ENDED if room.ended else None,
        letters=tuple(_letter(*letter) for letter in outcome.letters),
        facts=tuple(_encoder.encode(fact) for fact in outcome.facts),
        holds=holders(room) - holders(before),
        released=holders(before) - holders(room),
    )


def _letter(to: Address, notice: Notice) -> tuple[Address, bytes]:
    return to, write_notice(notice)
