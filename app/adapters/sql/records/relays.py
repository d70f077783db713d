"""Relays: what administrators and the settings say of each."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import RowMapping, delete, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from app.adapters.sql.records.store import Store, build, new_id, utc_now
from app.adapters.sql.tables import relays
from app.domain.ids import RelayId
from app.domain.records import Taken
from app.domain.relay_urls import RelayUrl
from app.domain.relays import NewRelay, Relay, RelayState


class Relays(Store):
    """The relays of the deployment."""

    async def list(self) -> tuple[Relay, ...]:
        """Return all relays, by name."""
        async with self._reading() as connection:
            return await _all(connection)

    async def read(self, relay_id: RelayId) -> Relay | None:
        """Return a relay."""
        query = select(relays).where(relays.c.id == relay_id)
        async with self._reading() as connection:
            row = (await connection.execute(query)).mappings().one_or_none()
        return _relay(row) if row else None

    async def add(self, new: NewRelay) -> Relay:
        """Store a relay; it is live at once, in the place of one declared there.

        Raises:
            Taken: another has this ``name``.
        """
        try:
            async with self._writing() as connection:
                await _replace_declared(connection, new)
                return await _insert(connection, new, declared=False)
        except IntegrityError as error:
            raise Taken("name") from error

    async def change(self, relay_id: RelayId, new: NewRelay) -> bool:
        """Store what is now said of a relay; return whether there is such a one.

        Raises:
            Taken: another has this ``name``.
        """
        try:
            return await self._set(relay_id, **_values(new))
        except IntegrityError as error:
            raise Taken("name") from error

    async def set_state(self, relay_id: RelayId, state: RelayState) -> bool:
        """Let a relay take new calls or not; return whether there is such a one."""
        return await self._set(relay_id, state=state)

    async def remove(self, relay_id: RelayId) -> bool:
        """Forget a relay; return whether there was such a one."""
        query = delete(relays).where(relays.c.id == relay_id)
        async with self._writing() as connection:
            return (await connection.execute(query)).rowcount > 0

    async def declare(self, named: Sequence[NewRelay]) -> None:
        """Have the relays that the settings name, each host once.

        What else an administrator says of one of them stays. A host that somebody
        has made a relay is theirs, and one that is no longer named goes.
        """
        try:
            async with self._writing() as connection:
                await _declare(connection, named)
        except IntegrityError:
            pass  # Another node did the same at this moment.

    async def _set(self, relay_id: RelayId, **values: Any) -> bool:
        query = update(relays).where(relays.c.id == relay_id).values(**values)
        async with self._writing() as connection:
            return (await connection.execute(query)).rowcount > 0


async def _declare(connection: AsyncConnection, named: Sequence[NewRelay]) -> None:
    there = await _all(connection)
    made = {relay.host for relay in there if not relay.declared}
    known = {relay.host: relay for relay in there if relay.declared}
    wanted = {_host(new): new for new in named if _host(new) not in made}
    gone = [relay.id for host, relay in known.items() if host not in wanted]
    if gone:
        await connection.execute(delete(relays).where(relays.c.id.in_(gone)))
    for host, new in wanted.items():
        if host not in known:
            await _insert(connection, new, declared=True)
        elif known[host].urls != new.urls:
            query = update(relays).where(relays.c.id == known[host].id)
            await connection.execute(query.values(urls=list(new.urls)))


async def _replace_declared(connection: AsyncConnection, new: NewRelay) -> None:
    """Forget what the settings say of a host that somebody now looks after."""
    there = await _all(connection)
    same = [one.id for one in there if one.declared and one.host == _host(new)]
    if same:
        await connection.execute(delete(relays).where(relays.c.id.in_(same)))


async def _all(connection: AsyncConnection) -> tuple[Relay, ...]:
    query = select(relays).order_by(relays.c.name, relays.c.id)
    rows = (await connection.execute(query)).mappings().all()
    return tuple(map(_relay, rows))


async def _insert(
    connection: AsyncConnection, new: NewRelay, *, declared: bool
) -> Relay:
    values = _values(new) | {
        "id": RelayId(new_id()),
        "state": RelayState.LIVE,
        "declared": declared,
        "created_at": utc_now(),
    }
    await connection.execute(insert(relays).values(**values))
    return Relay(**values | {"urls": new.urls})


def _values(new: NewRelay) -> dict[str, Any]:
    values = {name: getattr(new, name) for name in NewRelay.__slots__}
    return values | {"urls": list(new.urls)}


def _relay(row: RowMapping) -> Relay:
    return build(Relay, {**row, "urls": tuple(row["urls"])})


def _host(new: NewRelay) -> str:
    return RelayUrl.of(new.urls[0]).host
