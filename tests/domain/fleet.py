"""Relays for tests: live and sound, but for what is said."""

from datetime import UTC, datetime
from typing import Any

from app.domain.ids import RelayId
from app.domain.relay_urls import Doors
from app.domain.relays import Health, Known, Relay, RelayState


def relay(name: str = "a", **row: Any) -> Relay:
    """A relay at NAME.example with every way in."""
    given: dict[str, Any] = {
        "id": RelayId(name),
        "name": name,
        "region": "",
        "urls": Doors(f"{name}.example").urls,
        "weight": 100,
        "capacity": 0,
        "state": RelayState.LIVE,
        "declared": False,
        "created_at": datetime(2026, 1, 1, tzinfo=UTC),
    }
    return Relay(**given | row)


def known(name: str, health: Health | None = None, load: int = 0, **row: Any) -> Known:
    """A relay with what is known of it."""
    return Known(relay(name, **row), health, load)
