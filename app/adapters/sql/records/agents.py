"""Agents: who may log in."""

from typing import Any

from sqlalchemy import ColumnElement, insert, select, update
from sqlalchemy.exc import IntegrityError

from app.adapters.sql.records.store import Store, build, new_id, utc_now
from app.adapters.sql.tables import agents, sessions
from app.domain.ids import AgentId
from app.domain.records import Agent, AgentRole, Taken


class Agents(Store):
    """The people with an account."""

    async def add(
        self, email: str, name: str, role: AgentRole, password_hash: str
    ) -> Agent:
        """Store an agent; case does not count in an e-mail address.

        Raises:
            Taken: ``email`` has an account already.
        """
        agent = Agent(
            id=AgentId(new_id()),
            email=tidy(email),
            name=name,
            role=role,
            locale=None,
            created_at=utc_now(),
            disabled_at=None,
        )
        values = {column: getattr(agent, column) for column in Agent.__slots__}
        query = insert(agents).values(**values, password_hash=password_hash)
        try:
            async with self._writing() as connection:
                await connection.execute(query)
        except IntegrityError as error:
            raise Taken("email") from error
        return agent

    async def read(self, agent_id: AgentId) -> Agent | None:
        """Return an agent, disabled or not."""
        found = await self._one(agents.c.id == agent_id)
        return found and found[0]

    async def find(self, email: str) -> tuple[Agent, str] | None:
        """Return the agent with an address, disabled or not, and the password hash."""
        return await self._one(agents.c.email == tidy(email))

    async def list(self) -> tuple[Agent, ...]:
        """Return all agents, disabled ones too, by name."""
        query = select(agents).order_by(agents.c.name, agents.c.id)
        async with self._reading() as connection:
            rows = (await connection.execute(query)).mappings().all()
        return tuple(build(Agent, row) for row in rows)

    async def disable(self, agent_id: AgentId) -> None:
        """Lock an agent out: sessions end, API keys do nothing. Records stay."""
        query = (
            update(agents)
            .where(agents.c.id == agent_id, agents.c.disabled_at.is_(None))
            .values(disabled_at=utc_now())
        )
        async with self._writing() as connection:
            await connection.execute(query)
            await connection.execute(
                sessions.delete().where(sessions.c.agent_id == agent_id)
            )

    async def enable(self, agent_id: AgentId) -> None:
        """Let an agent in again."""
        await self._set(agent_id, disabled_at=None)

    async def set_password(self, agent_id: AgentId, password_hash: str) -> None:
        """Store a new password hash. Sessions go on: end them where that is meant."""
        await self._set(agent_id, password_hash=password_hash)

    async def set_locale(self, agent_id: AgentId, locale: str | None) -> None:
        """Store the language an agent wants, or None for the browser's."""
        await self._set(agent_id, locale=locale)

    async def _set(self, agent_id: AgentId, **values: Any) -> None:
        query = update(agents).where(agents.c.id == agent_id).values(**values)
        async with self._writing() as connection:
            await connection.execute(query)

    async def _one(self, condition: ColumnElement[bool]) -> tuple[Agent, str] | None:
        async with self._reading() as connection:
            result = await connection.execute(select(agents).where(condition))
            row = result.mappings().one_or_none()
        return (build(Agent, row), row["password_hash"]) if row else None


def tidy(email: str) -> str:
    """Return an address as it is stored and compared."""
    return email.strip().lower()
