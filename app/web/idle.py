"""A socket on which nothing is said: whether proxies keep it open is what it tells."""

import asyncio
from contextlib import suppress
from datetime import UTC, datetime

from quart import abort, websocket

from app.adapters.sql.records import Records


SUBPROTOCOL = "deskside.idle"
SECONDS = 150.0
MOST_AT_ONCE = 4


class Idle:
    """Holds sockets for `deskside doctor`, a few at a time and for holders of a key.

    They go the same way as signaling, which itself cannot be silent for so long.
    """

    def __init__(self, records: Records) -> None:
        self.records = records
        self.held = 0

    async def hold(self) -> None:
        """Stay silent until something is said, say it back, and close."""
        await self._check_key()
        if self.held >= MOST_AT_ONCE:
            abort(503)
        self.held += 1
        try:
            await websocket.accept(subprotocol=SUBPROTOCOL)
            with suppress(TimeoutError):
                async with asyncio.timeout(SECONDS):
                    await websocket.send(await websocket.receive())
            await websocket.close(1000, "")
        finally:
            self.held -= 1

    async def _check_key(self) -> None:
        header = websocket.headers.get("Authorization", "")
        key = header.removeprefix("Bearer ").strip()
        if not await self.records.api_keys.identify(key, datetime.now(UTC)):
            abort(401)
