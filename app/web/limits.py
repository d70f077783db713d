"""Attempts at secrets, counted over a moving window, on all nodes together."""

import hashlib
import ipaddress
import logging
import time
from dataclasses import dataclass

from limits import RateLimitItem, RateLimitItemPerSecond
from limits.aio.storage import MemoryStorage, RedisStorage
from limits.aio.strategies import MovingWindowRateLimiter
from limits.errors import StorageError
from redis.asyncio import ConnectionPool


log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Limit:
    """So many attempts in so many seconds, of one kind."""

    kind: str
    times: int
    seconds: int

    def item(self) -> RateLimitItem:
        return RateLimitItemPerSecond(self.times, self.seconds, namespace=self.kind)


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt at the secret of a subject, to be held against a limit."""

    limit: Limit
    subject: str

    def key(self) -> str:
        # A digest: neither addresses nor e-mails are to be read in Redis.
        return hashlib.blake2b(self.subject.encode(), digest_size=16).hexdigest()


# The first pauses whoever guesses; the second whoever guesses from many addresses;
# the third whoever tries one password on many accounts.
LOGIN_HERE = Limit("login-here", 6, 5 * 60)
LOGIN_ANYWHERE = Limit("login", 60, 60 * 60)
LOGIN_ADDRESS = Limit("login-address", 100, 5 * 60)
PASSCODE_HERE = Limit("passcode-here", 6, 5 * 60)
PASSCODE_ANYWHERE = Limit("passcode", 40, 60 * 60)

# The check page gives and keeps things for anybody: per address, and for all together.
CHECK_HERE = Limit("check-here", 30, 10 * 60)
CHECK_ANYWHERE = Limit("check", 1000, 10 * 60)
REPORT_HERE = Limit("report-here", 10, 60 * 60)
REPORT_ANYWHERE = Limit("report", 300, 60 * 60)
PAIR_HERE = Limit("pair-here", 30, 60 * 60)
PAIR_ANYWHERE = Limit("pair", 600, 60 * 60)


def login_attempt(email: str, address: str | None) -> tuple[Attempt, ...]:
    """An attempt to log in, per account and address, per account, and per address."""
    email, here = email.strip().lower(), network(address)
    return (
        Attempt(LOGIN_HERE, f"{email} {here}"),
        Attempt(LOGIN_ADDRESS, here),
        Attempt(LOGIN_ANYWHERE, email),
    )


def passcode_attempt(room: str, address: str | None) -> tuple[Attempt, ...]:
    """An attempt at a room's passcode, per room and address and per room."""
    here = network(address)
    return Attempt(PASSCODE_HERE, f"{room} {here}"), Attempt(PASSCODE_ANYWHERE, room)


def check_attempt(address: str | None) -> tuple[Attempt, ...]:
    """Asking for a relay without an account."""
    return _anybody(address, CHECK_HERE, CHECK_ANYWHERE)


def report_attempt(address: str | None) -> tuple[Attempt, ...]:
    """Sending a report of a check."""
    return _anybody(address, REPORT_HERE, REPORT_ANYWHERE)


def pair_attempt(address: str | None) -> tuple[Attempt, ...]:
    """Making or opening a link with which two check each other."""
    return _anybody(address, PAIR_HERE, PAIR_ANYWHERE)


def _anybody(address: str | None, here: Limit, anywhere: Limit) -> tuple[Attempt, ...]:
    return Attempt(here, network(address)), Attempt(anywhere, "all")


def network(address: str | None) -> str:
    """What one guesser holds: an IPv4 address, or an IPv6 /64."""
    try:
        ip = ipaddress.ip_address(address or "")
    except ValueError:
        return "unknown"
    if ip.version == 4:
        return str(ip)
    return str(ipaddress.ip_network((ip, 64), strict=False))


class Attempts:
    """Counts attempts. First `take`, then verify the secret, then `forgive` a success.

    Taking before verifying keeps guesses sent at the same moment within the limit.
    Without Redis, or while it is away, each node counts for itself.
    """

    def __init__(self, redis_url: str | None = None) -> None:
        self._here = MovingWindowRateLimiter(MemoryStorage())
        self._pool: ConnectionPool | None = None
        self._shared = self._here
        if redis_url:
            self._pool = ConnectionPool.from_url(redis_url, socket_timeout=2)
            storage = RedisStorage(
                "async+redis://",
                wrap_exceptions=True,
                implementation="redispy",
                key_prefix="deskside:limit",
                connection_pool=self._pool,  # type: ignore[arg-type]  # as documented
            )
            self._shared = MovingWindowRateLimiter(storage)

    async def take(self, attempts: tuple[Attempt, ...]) -> int:
        """Count an attempt; gives the seconds to wait, 0 where it may go on now.

        What one limit refuses does not count for the next: one guesser must not
        lock the subject for everybody.
        """
        for attempt in attempts:
            if seconds := await self._take(attempt):
                return seconds
        return 0

    async def forgive(self, attempts: tuple[Attempt, ...]) -> None:
        """Forget the counted attempts of these subjects."""
        for attempt in attempts:
            await self._here.clear(attempt.limit.item(), attempt.key())
            try:
                await self._shared.clear(attempt.limit.item(), attempt.key())
            except StorageError:
                log.warning("attempts not forgiven: Redis is away")

    async def close(self) -> None:
        """Close the connections to Redis."""
        if self._pool:
            await self._pool.aclose()

    async def _take(self, attempt: Attempt) -> int:
        try:
            return await _hit(self._shared, attempt)
        except StorageError:
            log.warning("attempts are counted by this node alone: Redis is away")
            return await _hit(self._here, attempt)


async def _hit(limiter: MovingWindowRateLimiter, attempt: Attempt) -> int:
    item, key = attempt.limit.item(), attempt.key()
    if await limiter.hit(item, key):
        return 0
    window = await limiter.get_window_stats(item, key)
    return max(1, round(window.reset_time - time.time()))
