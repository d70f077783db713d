"""A call of some minutes as its pages told it, put into the records of a node."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

from app.adapters.sql.records import Records
from app.domain.facts import Fact, FactKind, Role
from app.domain.ids import FactId, RoomId
from app.domain.records import NewRoom
from tests.services import Node


MINUTES = 6
WAY = {"path": "direct", "protocol": "udp"}
RELAYED = {"path": "relay", "protocol": "tls"}


def tell_a_call(node: Node) -> RoomId:
    """Write a call with a change of network in its middle; returns its room."""
    # A thread of its own: Playwright has an event loop in this one.
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(lambda: asyncio.run(_tell(node))).result()


async def _tell(node: Node) -> RoomId:
    records = Records.open(str(node.settings["database_url"]))
    try:
        (agent, *_) = await records.agents.list()
        expires = datetime.now(UTC) + timedelta(hours=1)
        new = NewRoom("Printer on the third floor", "4711", agent.id, expires)
        room = await records.rooms.add(new)
        await records.write(facts(room.id))
        return room.id
    finally:
        await records.close()


def facts(room: RoomId) -> list[Fact]:
    """All that happened in that call."""
    start = datetime.now(UTC).timestamp() - 60 * MINUTES
    numbers = count(1)

    def fact(
        kind: FactKind, second: float, role: Role | None = None, **data: Any
    ) -> Fact:
        id_ = FactId(f"{room}.life.{next(numbers)}")
        return Fact(
            id=id_, room=room, at=start + second, kind=kind, role=role, data=data
        )

    middle = 30 * MINUTES
    told = [
        fact(FactKind.OPENED, -120),
        fact(FactKind.JOINED, -40, Role.AGENT, name="Ayu", participant="a"),
        fact(FactKind.ENTERED, -30, Role.AGENT),
        fact(FactKind.JOINED, -20, Role.CUSTOMER, name="Budi", participant="b"),
        fact(FactKind.ENTERED, 0, Role.CUSTOMER),
        fact(FactKind.STARTED, 0),
        fact(FactKind.CONNECTED, 1, Role.AGENT, after=0.4, **WAY),
        fact(FactKind.TROUBLE, middle, Role.CUSTOMER, cause="udp_blocked"),
        fact(FactKind.LOST, middle + 1, Role.CUSTOMER),
        fact(FactKind.RESUMED, middle + 3, Role.CUSTOMER),
    ]
    for role in Role:
        back = {"gap": 3.2, "step": "relay", **RELAYED}
        told.append(fact(FactKind.RECOVERED, middle + 4, role, **back))
    told += [
        fact(FactKind.QUALITY, at, role, **_quality(at, role, at > middle))
        for role in Role
        for at in range(10, 60 * MINUTES, 10)
        if not middle < at <= middle + 30
    ]
    told.append(fact(FactKind.TROUBLE, middle + 60, Role.CUSTOMER, cause=""))
    end = 60 * MINUTES - 2
    told.append(fact(FactKind.ENDED, end, reason="ended_by_agent"))
    return told


def _quality(at: float, role: Role, relayed: bool) -> dict[str, Any]:
    sway = (at % 70) / 70 + (0.3 if role is Role.CUSTOMER else 0)
    return {
        "rtt": 30 + 20 * sway + (90 if relayed else 0),
        "jitter": 3 + sway,
        "loss": 2.5 * sway if relayed else 0.2 * sway,
        "mos": 4.4 - 0.1 * sway - (0.3 * sway if relayed else 0),
        "in_kbps": 1400 - 200 * sway - (600 if relayed else 0),
        "out_kbps": 1300 - 150 * sway,
        "width": 1280,
        "height": 720,
        "fps": 30,
        "freezes": 1 if relayed and sway > 1 else 0,
        "concealed": sway,
        "level": "good",
        **(RELAYED if relayed else WAY),
    }
