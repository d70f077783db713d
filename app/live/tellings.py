"""What pages tell of their media: collected, and remembered once a second together."""

import asyncio
import logging
from collections import deque

import msgspec

from app.domain.facts import Fact
from app.ports import Backplane, BackplaneError


PAUSE = 1.0
"""Seconds in which what was told is collected; a node that dies loses as much."""

MAX_WAITING = 10_000
"""Facts kept while the backplane is away; then the oldest go."""

MOST_UNWRITTEN = 20_000
"""Facts that may wait for the database, some 8 MB; beyond, these here are let go, so
that the backplane keeps its room for what calls need."""

logger = logging.getLogger(__name__)
_encoder = msgspec.json.Encoder()


class Tellings:
    """Facts that need no decision, so neither a commit each nor anybody's patience."""

    def __init__(self, backplane: Backplane) -> None:
        self._backplane = backplane
        self._waiting: deque[bytes] = deque(maxlen=MAX_WAITING)

    def add(self, fact: Fact) -> None:
        """Take a fact; never waits, so that no signal waits behind it."""
        self._waiting.append(_encoder.encode(fact))

    async def run(self) -> None:
        """Hand over for ever what has come."""
        while True:
            await asyncio.sleep(PAUSE)
            await self.flush()

    async def flush(self) -> None:
        """Hand over what has come; it stays here if the backplane is away."""
        facts = list(self._waiting)
        if not facts:
            return
        try:
            if await self._backplane.unwritten() < MOST_UNWRITTEN:
                await self._backplane.remember(facts)
            else:
                logger.warning("not kept, the database is away: %d facts", len(facts))
        except BackplaneError as error:
            # Some may be there already: a fact that comes twice is written once.
            logger.warning("what pages tell waits: %s", error)
            return
        # More may have come meanwhile, and pushed old ones out.
        known = set(facts)
        while self._waiting and self._waiting[0] in known:
            self._waiting.popleft()
