"""A recorded call of two Chromiums: what each side says, and when."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any


PATH = Path(__file__).parent / "recorded_call.json"

Frame = dict[str, Any]


@dataclass(frozen=True)
class Said:
    """One message: who said it, and how many seconds after the customer's join."""

    role: str
    at: float
    frame: Frame


def load(path: Path = PATH) -> tuple[Said, ...]:
    """Read the recording, in the order of time."""
    said = json.loads(path.read_text(encoding="utf-8"))["said"]
    return tuple(Said(each["role"], each["at"], each["frame"]) for each in said)


def candidates(said: tuple[Said, ...]) -> list[Frame]:
    """The messages with candidates; there is at least one in every call."""
    return [each.frame for each in said if each.frame["type"] == "candidates"]
