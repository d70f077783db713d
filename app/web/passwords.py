"""Passwords: argon2id, off the event loop, as slow for names that nobody has."""

import asyncio
import functools
import secrets
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError


T = TypeVar("T")

LEAST_LENGTH = 10
MOST_LENGTH = 200

# RFC 9106, section 4, second recommendation: 64 MiB, 3 passes, 4 lanes.
_hasher = PasswordHasher()

# Two at a time, so that a burst of logins cannot take all memory and processors.
_threads = ThreadPoolExecutor(max_workers=2, thread_name_prefix="argon2")


def hash_now(password: str) -> str:
    """Hash in this thread (0.05 s), for commands that have no event loop."""
    return _hasher.hash(password)


async def hash_password(password: str) -> str:
    """Hash for storing."""
    return await _in_thread(hash_now, password)


async def verify_password(stored: str | None, password: str) -> bool:
    """Whether the password is the one of the stored hash.

    For an unknown name pass None: it takes as long and is False.
    """
    return await _in_thread(_verify, stored, password)


def is_outdated(stored: str) -> bool:
    """Whether the hash was made with weaker parameters than today's."""
    return _hasher.check_needs_rehash(stored)


def generate_password() -> str:
    """A random password of 80 bits that can be typed: groups of letters and digits."""
    alphabet = "abcdefghjkmnpqrstuvwxyz23456789"  # Without i, l, o, 0 and 1.
    groups = ("".join(secrets.choice(alphabet) for _ in range(4)) for _ in range(4))
    return "-".join(groups)


def _verify(stored: str | None, password: str) -> bool:
    try:
        matches = _hasher.verify(stored or _nobodys_hash(), password[: MOST_LENGTH + 1])
    except (VerificationError, InvalidHashError):
        return False
    return matches and stored is not None


@functools.cache
def _nobodys_hash() -> str:
    return _hasher.hash(secrets.token_hex())


async def _in_thread(function: Callable[..., T], *arguments: object) -> T:
    loop = asyncio.get_running_loop()
    return await loop.run_in_executor(_threads, function, *arguments)
