"""Idempotency keys: a request that is sent twice is done once."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, and_, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from app.adapters.sql.records.store import Store, sha256
from app.adapters.sql.tables import idempotency_keys


KEPT = timedelta(hours=24)
"""How long an answer is kept for the same request to come again."""

WORKED_ON = timedelta(seconds=60)
"""After which a request without an answer is taken for dead and may be repeated."""


@dataclass(frozen=True, slots=True)
class Key:
    """What makes two requests the same: the program, the route and its own key."""

    api_key_id: str
    route: str
    key: str


@dataclass(frozen=True, slots=True)
class Earlier:
    """The request that came first with a key; no ``status`` before it is answered."""

    request_hash: bytes
    status: int | None
    response: str | None


class Idempotency(Store):
    """The answers to requests that carried an idempotency key."""

    async def begin(self, key: Key, content: str, now: datetime) -> Earlier | None:
        """Take a key for a request, or return the one that has it already.

        ``content`` is all that tells this request from others of the same route.
        """
        values = _names(key) | {"request_hash": sha256(content), "created_at": now}
        try:
            async with self._writing() as connection:
                await connection.execute(delete(idempotency_keys).where(_lapsed(now)))
                await connection.execute(insert(idempotency_keys).values(**values))
        except IntegrityError:
            return await self._earlier(key)
        return None

    async def finish(self, key: Key, status: int, response: str) -> None:
        """Keep the answer."""
        query = update(idempotency_keys).where(_is(key))
        async with self._writing() as connection:
            await connection.execute(query.values(status=status, response=response))

    async def forget(self, key: Key) -> None:
        """Give a key back: nothing was done, the request may come again."""
        async with self._writing() as connection:
            await connection.execute(delete(idempotency_keys).where(_is(key)))

    async def _earlier(self, key: Key) -> Earlier | None:
        columns = (_table.request_hash, _table.status, _table.response)
        async with self._reading() as connection:
            result = await connection.execute(select(*columns).where(_is(key)))
            row = result.one_or_none()
        return Earlier(*row) if row else None


_table = idempotency_keys.c


def _names(key: Key) -> dict[str, str | bytes]:
    return {
        "api_key_id": key.api_key_id,
        "route": key.route,
        "key_hash": sha256(key.key),
    }


def _is(key: Key) -> ColumnElement[bool]:
    return and_(*(_table[name] == value for name, value in _names(key).items()))


def _lapsed(now: datetime) -> ColumnElement[bool]:
    unanswered = and_(_table.status.is_(None), _table.created_at <= now - WORKED_ON)
    return (_table.created_at <= now - KEPT) | unanswered
