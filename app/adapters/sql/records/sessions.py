"""Sessions: who is logged in. Only a hash of each token is stored."""

import secrets
from datetime import datetime, timedelta

from sqlalchemy import delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from app.adapters.sql.records.store import Store, build, sha256
from app.adapters.sql.tables import agents, sessions
from app.domain.ids import AgentId
from app.domain.records import Agent


IDLE = timedelta(hours=12)
"""How long a token is good; rotation gives a new one."""

LONGEST = timedelta(days=7)
"""How long after the log-in the password is asked for again, in any case."""

OVERLAP = timedelta(seconds=60)
"""How long a rotated token still counts: requests under way carry it."""


class Sessions(Store):
    """The log-ins of agents."""

    async def start(self, agent_id: AgentId, now: datetime) -> str:
        """Log an agent in and return the token for the cookie.

        Raises:
            LookupError: the agent is no more.
        """
        token = new_token()
        row = insert(sessions).values(
            token_hash=sha256(token),
            agent_id=agent_id,
            started_at=now,
            expires_at=now + IDLE,
        )
        try:
            async with self._writing() as connection:
                # The one place where every log-in passes: lapsed sessions go here.
                await connection.execute(delete(sessions).where(_expires <= now))
                await connection.execute(row)
        except IntegrityError as error:
            raise LookupError("no such agent") from error
        return token

    async def read(self, token: str, now: datetime) -> Agent | None:
        """Return whose session this is, or None if it lapsed or never was."""
        query = (
            select(agents)
            .join(sessions, sessions.c.agent_id == agents.c.id)
            .where(
                sessions.c.token_hash == sha256(token),
                _expires > now,
                agents.c.disabled_at.is_(None),
            )
        )
        async with self._reading() as connection:
            row = (await connection.execute(query)).mappings().one_or_none()
        return build(Agent, row) if row else None

    async def rotate(self, token: str, now: datetime) -> str:
        """Return a new token in place of one; one that is no good stays as it is.

        The old one stays good for `OVERLAP`, so that no request under way fails.
        """
        async with self._writing() as connection:
            query = select(sessions).where(
                sessions.c.token_hash == sha256(token), _expires > now
            )
            row = (await connection.execute(query)).mappings().one_or_none()
            if row is None:
                return token
            fresh = new_token()
            await connection.execute(
                update(sessions)
                .where(sessions.c.token_hash == sha256(token))
                .values(expires_at=min(row["expires_at"], now + OVERLAP))
            )
            await connection.execute(
                insert(sessions).values(
                    token_hash=sha256(fresh),
                    agent_id=row["agent_id"],
                    started_at=row["started_at"],
                    expires_at=min(now + IDLE, row["started_at"] + LONGEST),
                )
            )
        return fresh

    async def end(self, token: str) -> None:
        """Log out."""
        async with self._writing() as connection:
            await connection.execute(
                delete(sessions).where(sessions.c.token_hash == sha256(token))
            )

    async def end_all(self, agent_id: AgentId) -> None:
        """Log an agent out everywhere."""
        async with self._writing() as connection:
            await connection.execute(
                delete(sessions).where(sessions.c.agent_id == agent_id)
            )


_expires = sessions.c.expires_at


def new_token() -> str:
    """Return 256 random bits as text."""
    return secrets.token_urlsafe(32)
