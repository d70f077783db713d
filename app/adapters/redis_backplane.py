"""The backplane of many nodes: one Redis.

Keys, all under ``deskside:``

- ``room:ID`` hash ``v`` version, ``s`` state
- ``alarms`` sorted set, room by the time of its alarm
- ``facts`` stream, field ``f``; an entry is deleted once it is written
- ``pen`` the node that writes facts at the moment: one, so that they keep their order
- ``inbox:NODE`` stream, fields ``n`` number, ``c`` connection, ``b`` body
- ``inbox:NODE:n`` the number of the last letter, so that a reader sees a gap
- ``news`` stream, field ``r`` room
- ``leases`` sorted set, node by the time its lease ends
- ``duty:NAME`` the node that has a duty which only one must do
- ``pin:NAME`` something small that every node reads
- ``held:NODE`` set of rooms that may have a socket there
"""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import ExponentialBackoff
from redis.exceptions import ConnectionError as Unreachable, RedisError

from app.domain.ids import Address, ConnectionId, NodeId, RoomId
from app.ports import (
    BackplaneError,
    Commit,
    Delivery,
    Gap,
    Letter,
    News,
    Receipt,
    Stored,
)


PREFIX = "deskside:"
MAX_INBOX = 10_000
MAX_NEWS = 1_000
INBOX_SECONDS = 3600
PEN_SECONDS = 15
"""Seconds after which another node may write facts, if this one is slow."""

# Letters are numbered by their inbox; an inbox nobody renews goes away by itself.
_DELIVER = """
local function deliver(node, connection, body)
  local inbox = ARGV[1] .. 'inbox:' .. node
  local number = redis.call('INCR', inbox .. ':n')
  redis.call('XADD', inbox, 'MAXLEN', '~', ARGV[2], '*',
             'n', number, 'c', connection, 'b', body)
  redis.call('EXPIRE', inbox, ARGV[3])
  redis.call('EXPIRE', inbox .. ':n', ARGV[3])
end
"""

_CLAIM = """
local holder = redis.call('GET', ARGV[1])
if holder and holder ~= ARGV[2] then return 0 end
redis.call('SET', ARGV[1], ARGV[2], 'EX', ARGV[3])
return 1
"""

_POST = _DELIVER + "deliver(ARGV[4], ARGV[5], ARGV[6])"

# ARGV from 4: room, version, state, alarm, keep, then four counted lists.
_COMMIT = (
    _DELIVER
    + """
local prefix, room = ARGV[1], ARGV[4]
local key = prefix .. 'room:' .. room
if (redis.call('HGET', key, 'v') or '0') ~= ARGV[5] then return 0 end
redis.call('HSET', key, 'v', ARGV[5] + 1, 's', ARGV[6])
if ARGV[7] == '' then
  redis.call('ZREM', prefix .. 'alarms', room)
else
  redis.call('ZADD', prefix .. 'alarms', ARGV[7], room)
end
if ARGV[8] ~= '' then redis.call('EXPIRE', key, ARGV[8]) end
local at = 9
local function each(width, action)
  local count = tonumber(ARGV[at])
  at = at + 1
  for _ = 1, count do
    action(at)
    at = at + width
  end
end
each(3, function(i) deliver(ARGV[i], ARGV[i + 1], ARGV[i + 2]) end)
each(1, function(i) redis.call('XADD', prefix .. 'facts', '*', 'f', ARGV[i]) end)
each(1, function(i) redis.call('SADD', prefix .. 'held:' .. ARGV[i], room) end)
each(1, function(i) redis.call('SREM', prefix .. 'held:' .. ARGV[i], room) end)
return 1
"""
)


class RedisBackplane:
    """One node's share of a Redis; see app.ports.Backplane."""

    def __init__(self, url: str, node: NodeId) -> None:
        self.node = node
        # Whoever waits here is a person: callers that can wait longer try again.
        retry = Retry(ExponentialBackoff(cap=0.5, base=0.05), 1)
        pool = BlockingConnectionPool.from_url(
            url,
            protocol=2,
            max_connections=32,
            timeout=5,
            socket_connect_timeout=2,
            socket_timeout=3,
            health_check_interval=15,
            retry=retry,
            retry_on_error=[Unreachable],
        )
        # Any: redis-py types every answer as a union over both protocol versions.
        self._redis: Any = Redis.from_pool(pool)
        self._commit = self._redis.register_script(_COMMIT)
        self._post = self._redis.register_script(_POST)
        self._claim = self._redis.register_script(_CLAIM)
        self._bounds: list[Any] = [PREFIX, MAX_INBOX, INBOX_SECONDS]
        self._inbox = f"{PREFIX}inbox:{node}"
        self._read = {self._inbox: "0", f"{PREFIX}news": ""}
        self._number = 0

    async def load(self, room: RoomId) -> Stored | None:
        """Return what was last committed."""
        async with _reaching():
            version, state = await self._redis.hmget(f"{PREFIX}room:{room}", "v", "s")
        return Stored(int(version), state) if version else None

    async def commit(self, commit: Commit) -> bool:
        """Store, deliver and remember in one script, so whole or not at all.

        A reply that was lost on the way is settled by the version: the caller's
        next attempt finds it raised.
        """
        letters = [(to.node, to.connection, body) for to, body in commit.letters]
        args: list[Any] = [
            *self._bounds,
            commit.room,
            commit.version,
            commit.state,
            "" if commit.alarm is None else commit.alarm,
            "" if commit.keep is None else int(commit.keep),
            len(letters),
            *(part for letter in letters for part in letter),
            *_counted(commit.facts),
            *_counted(commit.holds),
            *_counted(commit.released),
        ]
        async with _reaching():
            return bool(await self._commit(args=args))

    async def post(self, to: Address, body: bytes) -> None:
        """Deliver a letter without a commit."""
        async with _reaching():
            await self._post(args=[*self._bounds, to.node, to.connection, body])

    async def receive(self, seconds: float) -> Sequence[Delivery]:
        """Return what came for this node, waiting up to so long."""
        async with _reaching():
            await self._begin()
            streams = await self._redis.xread(
                self._read, count=500, block=int(seconds * 1000)
            )
        deliveries: list[Delivery] = []
        for name, entries in streams or []:
            key = name.decode()
            for entry, fields in entries:
                self._read[key] = entry
                deliveries.extend(self._understand(key, fields))
        return deliveries

    async def _begin(self) -> None:
        """Start reading the news where they are now: the past is in the records."""
        if self._read[f"{PREFIX}news"]:
            return
        last = await self._redis.xrevrange(f"{PREFIX}news", count=1)
        self._read[f"{PREFIX}news"] = last[0][0] if last else "0"

    def _understand(self, key: str, fields: dict[bytes, bytes]) -> list[Delivery]:
        if key != self._inbox:
            return [News(RoomId(fields[b"r"].decode()))]
        letter = Letter(ConnectionId(fields[b"c"].decode()), fields[b"b"])
        number = int(fields[b"n"])
        missed = number != self._number + 1
        self._number = number
        return [Gap(), letter] if missed else [letter]

    async def announce(self, rooms: Sequence[RoomId]) -> None:
        """Tell every node that records changed."""
        async with _reaching(), self._redis.pipeline(transaction=False) as pipe:
            for room in rooms:
                pipe.xadd(f"{PREFIX}news", {"r": room}, maxlen=MAX_NEWS)
            await pipe.execute()

    async def due(self, now: float, limit: int) -> Sequence[RoomId]:
        """Return rooms whose alarm has passed, the longest overdue first."""
        async with _reaching():
            found = await self._redis.zrangebyscore(
                f"{PREFIX}alarms", "-inf", now, start=0, num=limit
            )
        return [RoomId(room.decode()) for room in found]

    async def dismiss(self, room: RoomId) -> None:
        """Forget the alarm of a room that no longer exists."""
        async with _reaching():
            await self._redis.zrem(f"{PREFIX}alarms", room)

    async def remember(self, facts: Sequence[bytes]) -> None:
        """Remember facts that no decision brings; they wait beside the others."""
        async with _reaching(), self._redis.pipeline(transaction=False) as pipe:
            for fact in facts:
                pipe.xadd(f"{PREFIX}facts", {"f": fact})
            await pipe.execute()

    async def facts(self, limit: int) -> Sequence[Receipt]:
        """Return facts to write, the oldest first; one node at a time is given any."""
        async with _reaching():
            if not await self._claim(args=[f"{PREFIX}pen", self.node, PEN_SECONDS]):
                return []
            entries = await self._redis.xrange(f"{PREFIX}facts", count=limit)
        return [Receipt(name.decode(), fields[b"f"]) for name, fields in entries]

    async def acknowledge(self, receipts: Sequence[Receipt]) -> None:
        """Forget facts that are written."""
        if not receipts:
            return
        names = [receipt.id for receipt in receipts]
        async with _reaching():
            await self._redis.xdel(f"{PREFIX}facts", *names)

    async def unwritten(self) -> int:
        """Return how many facts wait to be written."""
        async with _reaching():
            return int(await self._redis.xlen(f"{PREFIX}facts"))

    async def renew(self, now: float, seconds: float) -> bool:
        """Extend this node's lease; False where it had lapsed before."""
        async with _reaching(), self._redis.pipeline(transaction=True) as pipe:
            pipe.zscore(f"{PREFIX}leases", self.node)
            pipe.zadd(f"{PREFIX}leases", {self.node: now + seconds})
            pipe.expire(self._inbox, INBOX_SECONDS)
            pipe.expire(f"{self._inbox}:n", INBOX_SECONDS)
            until, *_ = await pipe.execute()
        return until is not None and float(until) >= now

    async def lapsed(self, now: float) -> Sequence[NodeId]:
        """Return nodes whose lease has lapsed."""
        async with _reaching():
            found = await self._redis.zrangebyscore(
                f"{PREFIX}leases", "-inf", f"({now}"
            )
        return [NodeId(node.decode()) for node in found]

    async def held_by(self, node: NodeId) -> Sequence[RoomId]:
        """Return rooms that may have a socket on that node."""
        async with _reaching():
            found = await self._redis.smembers(f"{PREFIX}held:{node}")
        return [RoomId(room.decode()) for room in found]

    async def bury(self, node: NodeId) -> None:
        """Forget a lapsed node."""
        async with _reaching(), self._redis.pipeline(transaction=True) as pipe:
            pipe.zrem(f"{PREFIX}leases", node)
            pipe.delete(
                f"{PREFIX}held:{node}",
                f"{PREFIX}inbox:{node}",
                f"{PREFIX}inbox:{node}:n",
            )
            await pipe.execute()

    async def claim(self, duty: str, seconds: int) -> bool:
        """Be the one node that does a duty, for so long."""
        key = f"{PREFIX}duty:{duty}"
        async with _reaching():
            return bool(await self._claim(args=[key, self.node, seconds]))

    async def pin(self, name: str, value: bytes, seconds: int) -> None:
        """Show something small to every node, for so long."""
        async with _reaching():
            await self._redis.set(f"{PREFIX}pin:{name}", value, ex=seconds)

    async def pinned(self, name: str) -> bytes | None:
        """Return what was pinned there last, while it counts."""
        async with _reaching():
            found: bytes | None = await self._redis.get(f"{PREFIX}pin:{name}")
        return found

    async def ping(self) -> None:
        """Raise BackplaneError unless Redis answers."""
        async with _reaching():
            await self._redis.ping()

    async def close(self) -> None:
        """Let go; the lease ends now, so that others give up what is left here."""
        try:
            await self._redis.zadd(f"{PREFIX}leases", {self.node: 0}, xx=True)
        except RedisError:
            pass  # It will lapse by itself.
        finally:
            await self._redis.aclose()


def _counted(items: Sequence[Any] | frozenset[NodeId]) -> list[Any]:
    return [len(items), *items]


@asynccontextmanager
async def _reaching() -> AsyncIterator[None]:
    try:
        yield
    except (RedisError, OSError) as error:
        raise BackplaneError(str(error)) from error
