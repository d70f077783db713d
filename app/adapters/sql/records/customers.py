"""Customers: the directory that rooms are made from."""

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import asdict
from typing import Any, TypeVar

from sqlalchemy import Column, Select, insert, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from app.adapters.sql.records.paging import MOST, Order, read_page
from app.adapters.sql.records.search import begins, contains, fold, searchable
from app.adapters.sql.records.store import Store, build, new_id, utc_now
from app.adapters.sql.tables import customers
from app.domain.ids import CustomerId
from app.domain.records import Customer, NewCustomer, Page, Taken


T = TypeVar("T")

BATCH = 500
_by_name = Order((customers.c.sort_name, customers.c.id))


class Customers(Store):
    """The people and firms that agents call."""

    async def add(
        self,
        name: str,
        phone: str,
        email: str | None = None,
        reference: str | None = None,
        notes: str = "",
    ) -> Customer:
        """Store a customer; ``phone`` is in E.164.

        Raises:
            Taken: another customer has this ``reference``. Phones may be shared.
        """
        row = _row(NewCustomer(name, phone, email, reference, notes))
        async with self._writing() as connection:
            await _insert(connection, [row])
        return build(Customer, row)

    async def read(self, customer_id: CustomerId) -> Customer | None:
        """Return a customer."""
        query = select(customers).where(customers.c.id == customer_id)
        async with self._reading() as connection:
            row = (await connection.execute(query)).mappings().one_or_none()
        return build(Customer, row) if row else None

    async def search(self, q: str, limit: int = 10) -> tuple[Customer, ...]:
        """Return those with every word of ``q`` in name, phone, e-mail or reference.

        Names that begin with ``q`` come first. An empty query finds nobody.
        """
        if not q.strip():
            return ()
        query = (
            select(customers)
            .where(contains(customers.c.search, q))
            .order_by(begins(customers.c.sort_name, q.strip()).desc())
            .order_by(customers.c.sort_name, customers.c.id)
            .limit(max(1, min(limit, MOST)))
        )
        async with self._reading() as connection:
            rows = (await connection.execute(query)).mappings().all()
        return tuple(build(Customer, row) for row in rows)

    async def list(
        self, q: str | None = None, cursor: str | None = None, limit: int = 50
    ) -> Page[Customer]:
        """Return a page of those that ``q`` finds, or of all, by name.

        Raises:
            CursorError: the cursor is not of this list.
        """
        query = select(customers)
        if q and q.strip():
            query = query.where(customers.c.id.in_(_found(q)))
        async with self._reading() as connection:
            return await read_page(
                connection,
                query,
                _by_name,
                (cursor, limit),
                lambda row: build(Customer, row),
            )

    async def known(
        self, phones: Collection[str], references: Collection[str]
    ) -> tuple[set[str], set[str]]:
        """Return which of these phones and references the directory has."""
        async with self._reading() as connection:
            return (
                await _present(connection, customers.c.phone, phones),
                await _present(connection, customers.c.reference, references),
            )

    async def import_rows(
        self,
        rows: Sequence[NewCustomer],
        progress: Callable[[int], None] = lambda stored: None,
    ) -> int:
        """Store all of these customers or, on any failure, none; return how many.

        ``progress`` is called with the number of rows each step has stored.

        Raises:
            Taken: a ``reference`` comes twice or is in the directory.
        """
        async with self._writing() as connection:
            for batch in _batches(rows):
                await _insert(connection, [_row(new) for new in batch])
                progress(len(batch))
        return len(rows)


def _found(q: str) -> Select[tuple[str]]:
    # A query of its own: SQLite would else walk the index on names and fetch the
    # text of each row from elsewhere, ten times slower than reading all in place.
    query = select(customers.c.id).where(contains(customers.c.search, q))
    return query.correlate(None)


def _row(new: NewCustomer) -> dict[str, Any]:
    return asdict(new) | {
        "id": new_id(),
        "created_at": utc_now(),
        "sort_name": fold(new.name),
        "search": searchable(new.name, new.phone, new.email, new.reference),
    }


async def _insert(connection: AsyncConnection, rows: list[dict[str, Any]]) -> None:
    try:
        await connection.execute(insert(customers), rows)
    except IntegrityError as error:
        raise Taken("reference") from error


async def _present(
    connection: AsyncConnection, column: Column[Any], values: Collection[str]
) -> set[str]:
    found: set[str] = set()
    for batch in _batches(sorted(values)):
        query = select(column).where(column.in_(batch))
        found.update((await connection.execute(query)).scalars())
    return found


def _batches(items: Sequence[T]) -> Iterator[Sequence[T]]:
    return (items[start : start + BATCH] for start in range(0, len(items), BATCH))
