"""Passwords."""

import asyncio
import re
import time

from argon2 import PasswordHasher

from app.web import passwords


async def test_password_matches_its_own_hash_only() -> None:
    """The right password is accepted, another is not."""
    stored = await passwords.hash_password("correct horse")
    assert stored.startswith("$argon2id$")
    assert await passwords.verify_password(stored, "correct horse")
    assert not await passwords.verify_password(stored, "correct horsf")


async def test_same_password_hashes_apart() -> None:
    """Two accounts with one password do not look alike."""
    one, other = await asyncio.gather(
        passwords.hash_password("twice"), passwords.hash_password("twice")
    )
    assert one != other


async def test_unknown_name_takes_as_long() -> None:
    """How long the answer takes does not tell whether an account exists."""
    stored = await passwords.hash_password("correct horse")
    await passwords.verify_password(None, "warm up")

    async def fastest(known: str | None) -> float:
        return min([await _time(known) for _ in range(5)])

    async def _time(known: str | None) -> float:
        began = time.perf_counter()
        assert not await passwords.verify_password(known, "wrong")
        return time.perf_counter() - began

    ratio = await fastest(None) / await fastest(stored)
    assert 0.5 < ratio < 2


async def test_garbage_hash_is_no_match() -> None:
    """A damaged record locks out, it does not crash or let in."""
    assert not await passwords.verify_password("garbage", "anything")


async def test_hashing_leaves_the_loop_free() -> None:
    """While a password is hashed other connections are served."""
    hashing = asyncio.create_task(passwords.hash_password("slow"))
    turns = 0
    while not hashing.done():
        await asyncio.sleep(0)
        turns += 1
    assert turns > 10


def test_weak_hash_is_outdated() -> None:
    """A hash with weaker parameters is to be made anew at the next log-in."""
    weak = PasswordHasher(time_cost=1, memory_cost=64, parallelism=1).hash("old")
    assert passwords.is_outdated(weak)
    assert not passwords.is_outdated(passwords.hash_now("new"))


def test_generated_password_can_be_typed() -> None:
    """Four groups of letters and digits that are not mistaken for each other."""
    generated = passwords.generate_password()
    assert re.fullmatch(r"([a-hjkmnp-z2-9]{4}-){3}[a-hjkmnp-z2-9]{4}", generated)
    assert len(generated) >= passwords.LEAST_LENGTH
    assert generated != passwords.generate_password()
