"""Agents made up for load tests, and all that they leave behind."""

import secrets
from collections.abc import Collection, Sequence

from sqlalchemy import Delete, delete, func, insert, select

from app.adapters.sql.records.store import Store, build, new_id, sha256, utc_now
from app.adapters.sql.tables import (
    agents,
    call_events,
    call_notes,
    calls,
    rooms,
    visitors,
)
from app.domain.ids import AgentId
from app.domain.records import LOAD_AGENT_DOMAIN, Agent, AgentRole, RoomState


class LoadAgents(Store):
    """Each belongs to a key, which its address tells."""

    async def add(
        self, key_id: str, count: int, password_hash: str
    ) -> tuple[Agent, ...]:
        """Store so many agents, all with one password."""
        made = tuple(_made_up(key_id, number) for number in range(count))
        rows = [
            {column: getattr(agent, column) for column in Agent.__slots__}
            | {"password_hash": password_hash}
            for agent in made
        ]
        async with self._writing() as connection:
            await connection.execute(insert(agents), rows)
        return made

    async def count(self, key_id: str) -> int:
        """Return how many agents of a key there are."""
        query = select(func.count()).select_from(agents)
        query = query.where(agents.c.email.endswith(_domain(key_id)))
        async with self._reading() as connection:
            return int((await connection.execute(query)).scalar_one())

    async def some(self, key_id: str, most: int) -> tuple[Agent, ...]:
        """Return some agents of a key."""
        query = select(agents).where(agents.c.email.endswith(_domain(key_id)))
        async with self._reading() as connection:
            rows = (await connection.execute(query.limit(most))).mappings().all()
        return tuple(build(Agent, row) for row in rows)

    async def remove(self, gone: Sequence[AgentId]) -> None:
        """Remove agents whose rooms have ended, with rooms, calls and history.

        Who has a room that goes on is passed over.
        """
        async with self._writing() as connection:
            query = select(rooms.c.agent_id).where(
                rooms.c.agent_id.in_(gone), rooms.c.state != RoomState.ENDED
            )
            busy = set((await connection.execute(query)).scalars())
            leaving = [agent for agent in gone if agent not in busy]
            for statement in _removal(leaving):
                await connection.execute(statement)


def _removal(leaving: Collection[AgentId]) -> list[Delete]:
    theirs = select(rooms.c.id).where(rooms.c.agent_id.in_(leaving))
    of_rooms = (call_notes, call_events, calls, visitors)
    return [
        *(delete(table).where(table.c.room_id.in_(theirs)) for table in of_rooms),
        delete(rooms).where(rooms.c.agent_id.in_(leaving)),
        delete(agents).where(agents.c.id.in_(leaving)),
    ]


def _made_up(key_id: str, number: int) -> Agent:
    return Agent(
        id=AgentId(new_id()),
        email=f"{secrets.token_hex(8)}{_domain(key_id)}",
        name=f"Load test {number + 1}",
        role=AgentRole.AGENT,
        locale=None,
        created_at=utc_now(),
        disabled_at=None,
    )


def _domain(key_id: str) -> str:
    return f"@{sha256(key_id).hex()[:24]}{LOAD_AGENT_DOMAIN}"
