"""What a check has found: a state, plain words, the fix, and numbers."""

from enum import StrEnum

from msgspec import Struct


class State(StrEnum):
    """How it stands with one check."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"
    SKIPPED = "skipped"


class Finding(Struct, frozen=True):
    """What a check has seen; ``fix`` says what to do about it."""

    state: State
    seen: str
    fix: str = ""
    numbers: dict[str, float] = {}


class Result(Struct, frozen=True):
    """A finding with the name of its check and the seconds it took."""

    name: str
    state: State
    seen: str
    fix: str
    numbers: dict[str, float]
    seconds: float


class Amiss(Exception):
    """Ends a check, from however deep: this is wrong, and this is the fix."""

    def __init__(self, seen: str, fix: str) -> None:
        super().__init__(seen)
        self.seen, self.fix = seen, fix


class NotApplicable(Exception):
    """Ends a check, from however deep: for this reason it cannot tell anything."""


def ok(seen: str, **numbers: float) -> Finding:
    """All is well."""
    return Finding(State.OK, seen, numbers=numbers)


def warn(seen: str, fix: str, **numbers: float) -> Finding:
    """It works, and should be better."""
    return Finding(State.WARN, seen, fix, numbers)


def fail(seen: str, fix: str, **numbers: float) -> Finding:
    """It does not work."""
    return Finding(State.FAIL, seen, fix, numbers)
