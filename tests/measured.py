"""What tests measured, for the end of the run."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


FILE = Path(__file__).parent / "artifacts" / "measured.txt"


def forget() -> None:
    """Begin a run: what an earlier one measured says nothing of this one."""
    FILE.unlink(missing_ok=True)


def note(what: str) -> None:
    """Add a line."""
    FILE.parent.mkdir(exist_ok=True)
    with FILE.open("a") as notes:
        notes.write(f"{what}\n")


def noted() -> str:
    """All lines so far."""
    return FILE.read_text() if FILE.exists() else ""


@contextmanager
def timed(what: str) -> Iterator[None]:
    """Note how long something took."""
    begun = time.monotonic()
    yield
    note(f"{what}: {time.monotonic() - begun:.1f} s")
