"""API keys: programs that act as an agent. Only a hash of each key is stored."""

import secrets
from datetime import datetime, timedelta

from sqlalchemy import insert, or_, select, update

from app.adapters.sql.records.store import (
    Store,
    build,
    new_id,
    part,
    sha256,
    utc_now,
)
from app.adapters.sql.tables import agents, api_keys
from app.domain.ids import AgentId
from app.domain.records import Agent, ApiKey, KeyScope


PREFIXES = {KeyScope.API: "dsk_", KeyScope.LOADTEST: "dsl_"}
"""How keys begin: whoever finds one, or scans for secrets, knows what it opens."""

SHOWN = 10
TOUCH = timedelta(minutes=1)
"""How exactly the last use is known; writing at every request would be a waste."""


class ApiKeys(Store):
    """The keys to the REST API."""

    async def add(
        self, name: str, agent_id: AgentId, scope: KeyScope = KeyScope.API
    ) -> tuple[ApiKey, str]:
        """Store a key and return it with its plain text, which is not kept."""
        plain = PREFIXES[scope] + secrets.token_urlsafe(32)
        key = ApiKey(
            id=new_id(),
            name=name,
            agent_id=agent_id,
            prefix=plain[:SHOWN],
            created_at=utc_now(),
            last_used_at=None,
            revoked_at=None,
        )
        values = {column: getattr(key, column) for column in ApiKey.__slots__}
        async with self._writing() as connection:
            await connection.execute(
                insert(api_keys).values(**values, key_hash=_stored(plain, scope))
            )
        return key, plain

    async def find(self, plain: str, now: datetime) -> Agent | None:
        """Return the agent a key acts as, and remember that it was used."""
        found = await self.identify(plain, now)
        return found and found[1]

    async def identify(
        self, plain: str, now: datetime, scope: KeyScope = KeyScope.API
    ) -> tuple[ApiKey, Agent] | None:
        """Return a key that is good and its agent, and remember that it was used.

        A key of another scope is not found.
        """
        query = select(api_keys, agents).join_from(api_keys, agents)
        query = query.where(
            api_keys.c.key_hash == _stored(plain, scope),
            api_keys.c.revoked_at.is_(None),
            agents.c.disabled_at.is_(None),
        )
        async with self._reading() as connection:
            row = (await connection.execute(query)).mappings().one_or_none()
        if row is None:
            return None
        key = build(ApiKey, part(row, api_keys))
        await self._touch(key, now)
        return key, build(Agent, part(row, agents))

    async def list(self) -> tuple[ApiKey, ...]:
        """Return all keys, revoked ones too, the newest first."""
        query = select(api_keys).order_by(api_keys.c.created_at.desc(), api_keys.c.id)
        async with self._reading() as connection:
            rows = (await connection.execute(query)).mappings().all()
        return tuple(build(ApiKey, row) for row in rows)

    async def revoke(self, key_id: str) -> bool:
        """End a key; return whether there was such a key in use."""
        query = (
            update(api_keys)
            .where(api_keys.c.id == key_id, api_keys.c.revoked_at.is_(None))
            .values(revoked_at=utc_now())
        )
        async with self._writing() as connection:
            return (await connection.execute(query)).rowcount > 0

    async def _touch(self, key: ApiKey, now: datetime) -> None:
        last = api_keys.c.last_used_at
        if key.last_used_at is not None and key.last_used_at > now - TOUCH:
            return
        query = (
            update(api_keys)
            .where(api_keys.c.id == key.id, or_(last.is_(None), last < now))
            .values(last_used_at=now)
        )
        async with self._writing() as connection:
            await connection.execute(query)


def scope_of(plain: str) -> KeyScope:
    """Return what a key, good or not, claims to open."""
    known = plain.startswith(PREFIXES[KeyScope.LOADTEST])
    return KeyScope.LOADTEST if known else KeyScope.API


def _stored(plain: str, scope: KeyScope) -> bytes:
    """Return what is kept of a key: another hash for each scope.

    So a release that knows of no scopes does not take one kind for the other.
    """
    return sha256(plain if scope is KeyScope.API else f"{scope}:{plain}")
