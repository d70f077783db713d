"""Attempts at secrets, in memory and in Redis."""

import asyncio
from collections.abc import AsyncIterator

import pytest
import redis.asyncio as redis

from app.web.limits import (
    Attempt,
    Attempts,
    Limit,
    login_attempt,
    network,
    passcode_attempt,
)
from tests.services import Redis


THREE = Limit("test", 3, 60)


@pytest.fixture(params=["memory", "redis"])
async def attempts(request: pytest.FixtureRequest) -> AsyncIterator[Attempts]:
    """Attempts over each kind of store."""
    url = request.getfixturevalue("redis_url") if request.param == "redis" else None
    made = Attempts(url)
    yield made
    await made.close()


async def test_attempts_end_with_a_pause(attempts: Attempts) -> None:
    """So many attempts pass; the next is told how many seconds to wait."""
    attempt = (Attempt(THREE, "room"),)
    assert [await attempts.take(attempt) for _ in range(3)] == [0, 0, 0]
    assert 50 < await attempts.take(attempt) <= 60


async def test_attempts_count_each_subject_alone(attempts: Attempts) -> None:
    """One room's guesser does not lock another room."""
    for _ in range(4):
        await attempts.take((Attempt(THREE, "one"),))
    assert await attempts.take((Attempt(THREE, "other"),)) == 0


async def test_refused_attempt_does_not_lengthen_the_pause(attempts: Attempts) -> None:
    """Trying on while paused costs nothing more."""
    attempt = (Attempt(THREE, "room"),)
    for _ in range(3):
        await attempts.take(attempt)
    first = await attempts.take(attempt)
    for _ in range(20):
        await attempts.take(attempt)
    assert await attempts.take(attempt) <= first


async def test_success_forgives(attempts: Attempts) -> None:
    """Who got it right begins anew."""
    attempt = (Attempt(THREE, "room"),)
    for _ in range(3):
        await attempts.take(attempt)
    await attempts.forgive(attempt)
    assert await attempts.take(attempt) == 0


async def test_attempts_at_the_same_moment_stay_within_the_limit(
    attempts: Attempts,
) -> None:
    """Fifty guesses sent at once are no way around it."""
    attempt = (Attempt(THREE, "room"),)
    waits = await asyncio.gather(*(attempts.take(attempt) for _ in range(50)))
    assert waits.count(0) == 3


async def test_guesser_elsewhere_is_paused_by_the_second_limit(
    attempts: Attempts,
) -> None:
    """Many addresses together are held to the limit of the room."""
    allowed = 0
    for number in range(60):
        attempt = passcode_attempt("room", f"192.0.2.{number}")
        allowed += await attempts.take(attempt) == 0
    assert allowed == 40


async def test_guesser_who_is_paused_locks_nobody_else_out(attempts: Attempts) -> None:
    """Tries on and on from one address are no tries of all addresses."""
    for _ in range(100):
        await attempts.take(passcode_attempt("room", "192.0.2.1"))
    assert await attempts.take(passcode_attempt("room", "192.0.2.2")) == 0


async def test_one_address_cannot_try_every_account(attempts: Attempts) -> None:
    """One password on many accounts is guessing, too."""
    allowed = 0
    for number in range(120):
        attempt = login_attempt(f"agent{number}@example.org", "192.0.2.1")
        allowed += await attempts.take(attempt) == 0
    assert allowed == 100


async def test_nodes_count_together(redis_url: str) -> None:
    """An attempt on one node counts on the other."""
    one, other = Attempts(redis_url), Attempts(redis_url)
    attempt = login_attempt("A@example.org ", "192.0.2.1")
    for node in (one, other) * 3:
        assert await node.take(attempt) == 0
    assert await one.take(login_attempt("a@example.org", "192.0.2.1")) > 0
    await one.close()
    await other.close()


async def test_redis_keeps_no_names(redis_url: str) -> None:
    """Neither e-mail nor address can be read in Redis."""
    attempts = Attempts(redis_url)
    await attempts.take(login_attempt("someone@example.org", "192.0.2.1"))
    async with redis.Redis.from_url(redis_url) as client:
        keys = str(await client.keys("*"))
    assert keys
    assert "someone" not in keys
    assert "192.0" not in keys
    await attempts.close()


async def test_each_node_counts_alone_while_redis_is_away(own_redis: Redis) -> None:
    """Without Redis guessing stays limited, and logging in stays possible."""
    attempts = Attempts(own_redis.url)
    attempt = (Attempt(THREE, "room"),)
    await attempts.take(attempt)
    await asyncio.to_thread(own_redis.kill)
    waits = [await attempts.take(attempt) for _ in range(4)]
    assert waits[:3] == [0, 0, 0]
    assert waits[3] > 0
    await attempts.forgive(attempt)
    assert await attempts.take(attempt) == 0
    await attempts.close()


@pytest.mark.parametrize(
    ("address", "held"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        (None, "unknown"),
        ("<local>", "unknown"),
    ],
)
def test_network_is_what_one_guesser_has(address: str | None, held: str) -> None:
    """An IPv6 host may use any address of its /64."""
    assert network(address) == held
