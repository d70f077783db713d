"""Checks of a device and its network: reports sent to support, and witnesses."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


CODE_LETTERS = "23456789ABCDEFGHJKMNPQRSTVWXYZ"
"""What codes are made of: nothing that sounds or looks like another."""

CODE_LENGTH = 6


@dataclass(frozen=True, slots=True)
class CheckReport:
    """What a check page found, as it was sent to support.

    ``code`` is read out on the phone; it opens the report for people who are logged
    in, so it need not be secret. ``network`` is where it came from, as a /24 or a /48.
    ``body`` is the report as JSON.
    """

    code: str
    at: datetime
    network: str
    verdict: str
    device: str
    body: str


class Side(StrEnum):
    """Who of the two made the link, and who opened it."""

    FIRST = "first"
    SECOND = "second"

    @property
    def other(self) -> "Side":
        """Return the one across."""
        return Side.SECOND if self is Side.FIRST else Side.FIRST


@dataclass(frozen=True, slots=True)
class CheckLetter:
    """What one side of a pair has left for the other; numbers rise within the pair."""

    number: int
    body: str


def read_code(text: str) -> str:
    """Return a code as stored: whatever stands between its signs does not count."""
    return "".join(sign for sign in text.upper() if sign in CODE_LETTERS)


def shown_code(code: str) -> str:
    """Return a code as one reads it out: in halves."""
    half = CODE_LENGTH // 2
    return f"{code[:half]}-{code[half:]}"
