"""Carries facts from the backplane to the history: late at worst, never lost."""

import asyncio
import logging

from app.live.duties import whole
from app.live.metrics import Metrics
from app.live.transact import read_fact
from app.ports import Backplane, History


BATCH = 500
PAUSE = 0.25
"""Seconds between looks: what comes meanwhile is written together, which costs less."""

TROUBLE = 1.0
"""Seconds to wait when the database or the backplane is away."""

logger = logging.getLogger(__name__)


class Ledger:
    """Writes facts down and tells everybody which records changed."""

    def __init__(
        self, backplane: Backplane, history: History, metrics: Metrics
    ) -> None:
        self._backplane = backplane
        self._history = history
        self._metrics = metrics

    async def run(self) -> None:
        """Write for ever; whatever goes wrong, the facts wait where they are."""
        while True:
            try:
                written = await whole(self.write_some())
                pause = PAUSE if written < BATCH else 0.0
            except Exception as error:  # noqa: BLE001 - any database, any trouble
                logger.warning("facts not written yet: %s", type(error).__name__)
                pause = TROUBLE
            await asyncio.sleep(pause)

    async def write_some(self) -> int:
        """Write one batch; acknowledged only after the write, so never lost."""
        receipts = await self._backplane.facts(BATCH)
        if receipts:
            facts = [read_fact(receipt.fact) for receipt in receipts]
            changed = await self._history.write(facts)
            await self._backplane.acknowledge(receipts)
            await self._backplane.announce(sorted(changed))
        self._metrics.unwritten.set(await self._backplane.unwritten())
        return len(receipts)
