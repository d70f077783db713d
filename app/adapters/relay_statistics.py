"""What the relay (coturn) says of itself in Redis, by its `redis-statsdb`.

All below is `turn/realm/REALM/user/USER/allocation/ID/`:

- ``status`` is a key and a channel: ``new lifetime=600, type=UDP, local=ADDRESS:PORT,
  remote=…``, again with ``refreshed`` each time the client extends it; in the end the
  key is deleted and ``deleted`` published. Of a relay that crashed the keys stay, so
  one counts only until its lifetime is over, and is then removed.
- ``traffic`` and ``traffic/peer`` are channels only: packets and bytes since the
  message before, on the client's and on the peers' side, every 2,048 packets and at the
  end. Their sum is exact; ``total_traffic`` repeats it at the end, so it is not read.
"""

import re
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any

from msgspec import Struct
from redis.asyncio import Redis
from redis.exceptions import NoPermissionError, RedisError

from app.ports import Allocation, StatisticsError, Traffic


KEYS = "turn/*/status"
CHANNELS = "turn/*"
MAX_KEYS = 50_000
MAX_MESSAGES = 10_000
LATE = 30.0
"""Seconds by which a refresh may be late."""

_CHANNEL = re.compile(r"/allocation/\d+/(status|traffic(?:/peer)?)$")
_RELAY = re.compile(r"/user/\d+:([\w-]+)\.(?!probe/)")
"""User names begin with the relay they were made for (app.domain.relays.Fleet); what
only probes it is nobody's call."""

_LIFETIME = re.compile(r"\blifetime=(\d+)")
_TYPE = re.compile(r"\btype=(\w+)")
_PORT = re.compile(r"\blocal=\S*:(\d+)(?:,|$)")
_BYTES = re.compile(r"\brcvb=(\d+), sentp=\d+, sentb=(\d+)")


class _Known(Struct, frozen=True):
    """An allocation as it was last heard of, and until when it counts."""

    what: Allocation
    until: float


class RedisRelayStatistics:
    """Listens to one Redis; see app.ports.RelayStatistics."""

    def __init__(self, url: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        # Any: redis-py types every answer as a union over both protocol versions.
        self._redis: Any = Redis.from_url(
            url,
            protocol=2,
            decode_responses=True,
            max_connections=4,
            socket_connect_timeout=2,
            socket_timeout=3,
            health_check_interval=15,
        )
        self._channels: Any = None
        self._known: dict[str, _Known] = {}

    async def traffic(self, seconds: float) -> Sequence[Traffic]:
        """Listen so long; the first time only from now on."""
        until = time.monotonic() + seconds
        passed: list[Traffic] = []
        async with _reaching():
            if self._channels is None:
                self._channels = self._redis.pubsub(ignore_subscribe_messages=True)
                await self._channels.psubscribe(CHANNELS)
            for _ in range(MAX_MESSAGES):
                left = max(0.0, until - time.monotonic())
                message = await self._channels.get_message(timeout=left)
                if message:
                    passed += self._understand(message["channel"], message["data"])
                elif not left:
                    break
        return passed

    async def allocations(self) -> Sequence[Allocation]:
        """Return what the relays hold now."""
        async with _reaching():
            found = await self._keys()
            self._known = {k: v for k, v in self._known.items() if k in found}
            await self._learn(sorted(found - self._known.keys()))
            await self._remove_the_dead()
        return [known.what for known in self._known.values()]

    async def pause(self) -> None:
        """Listen no more, and forget what was heard."""
        channels, self._channels = self._channels, None
        self._known.clear()
        if channels is not None:
            with suppress(RedisError, OSError):
                await channels.aclose()

    async def close(self) -> None:
        """Let go."""
        await self.pause()
        with suppress(RedisError, OSError):
            await self._redis.aclose()

    def _understand(self, channel: str, text: str) -> list[Traffic]:
        named = _CHANNEL.search(channel)
        if not named:
            return []
        if named[1] == "status":
            self._note(channel, text, idle=0)
            return []
        counted = _BYTES.search(text)
        side = "peer" if named[1].endswith("peer") else "client"
        return [Traffic(side, int(counted[1]), int(counted[2]))] if counted else []

    async def _keys(self) -> set[str]:
        found: set[str] = set()
        async for key in self._redis.scan_iter(KEYS, count=1_000):
            found.add(key)
            if len(found) >= MAX_KEYS:
                break
        return found

    async def _learn(self, keys: Sequence[str]) -> None:
        """Read allocations that began before we listened.

        Redis knows how long ago a key was written, until it is read: so that is asked
        first, and each key is read once.
        """
        async with self._redis.pipeline(transaction=False) as pipe:
            for key in keys:
                pipe.object("IDLETIME", key)
                pipe.get(key)
            answers = await pipe.execute()
        for key, idle, text in zip(keys, answers[::2], answers[1::2], strict=True):
            self._note(key, text or "deleted", idle or 0)

    def _note(self, key: str, text: str, idle: float) -> None:
        lifetime = _LIFETIME.search(text)
        if lifetime is None:
            self._known.pop(key, None)
            return
        until = self._clock() - idle + int(lifetime[1]) + LATE
        self._known[key] = _Known(_allocation(key, text), until)

    async def _remove_the_dead(self) -> None:
        now = self._clock()
        dead = [key for key, known in self._known.items() if known.until < now]
        for key in dead:
            del self._known[key]
        # Where we may only read, they stay in Redis and are learned again, in vain.
        with suppress(NoPermissionError):
            if dead:
                await self._redis.unlink(*dead)


def _allocation(key: str, status: str) -> Allocation:
    kind, port, relay = (
        _TYPE.search(status),
        _PORT.search(status),
        _RELAY.search(key),
    )
    return Allocation(
        kind[1].lower() if kind else "unknown",
        int(port[1]) if port else 0,
        relay[1] if relay else "",
    )


@asynccontextmanager
async def _reaching() -> AsyncIterator[None]:
    try:
        yield
    except (RedisError, OSError) as error:
        raise StatisticsError(type(error).__name__) from error
