"""Pages of a list by keyset: each begins where the one before it ended."""

import base64
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import Column, ColumnElement, RowMapping, Select, literal, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from app.domain.records import CursorError, Page


T = TypeVar("T")

MOST = 200
"""More than this is never given at once, whatever is asked for."""


@dataclass(frozen=True)
class Order:
    """The order of a list: columns that are unique together, all in one direction."""

    columns: tuple[Column[Any], ...]
    descending: bool = False

    def of(self, column: Column[Any]) -> ColumnElement[Any]:
        """Return how one column is to be sorted."""
        return column.desc() if self.descending else column.asc()

    def after(self, cursor: str) -> ColumnElement[bool]:
        """Return the condition for what comes after a cursor.

        Raises:
            CursorError: this list has not given out such a cursor.
        """
        values = _decode(cursor)
        kinds = [column.type.python_type for column in self.columns]
        if [type(value) for value in values] != kinds:
            raise CursorError(cursor)
        there = tuple_(
            *(
                literal(value, column.type)
                for value, column in zip(values, self.columns, strict=True)
            )
        )
        here = tuple_(*self.columns)
        return here < there if self.descending else here > there

    def cursor(self, row: RowMapping) -> str:
        """Return the cursor for what comes after a row."""
        return _encode([row[column] for column in self.columns])


async def read_page(
    connection: AsyncConnection,
    query: Select[Any],
    order: Order,
    span: tuple[str | None, int],
    build: Callable[[RowMapping], T],
) -> Page[T]:
    """Run a query for one page of a list.

    ``span`` is the cursor (None for the beginning) and how many items are wanted.
    """
    cursor, limit = span
    limit = max(1, min(limit, MOST))
    if cursor is not None:
        query = query.where(order.after(cursor))
    query = query.order_by(*map(order.of, order.columns)).limit(limit + 1)
    rows = (await connection.execute(query)).mappings().all()
    more = order.cursor(rows[limit - 1]) if len(rows) > limit else None
    return Page(tuple(build(row) for row in rows[:limit]), more)


def _encode(values: Sequence[Any]) -> str:
    plain = [
        {"at": value.isoformat()} if isinstance(value, datetime) else value
        for value in values
    ]
    text = json.dumps(plain, separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _decode(cursor: str) -> list[Any]:
    try:
        text = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
        values = json.loads(text, object_hook=_instant)
    except (ValueError, TypeError, KeyError, RecursionError) as wrong:
        raise CursorError(cursor) from wrong
    if not isinstance(values, list):
        raise CursorError(cursor)
    return values


def _instant(found: dict[str, str]) -> datetime:
    at = datetime.fromisoformat(found["at"])
    if at.tzinfo is None:
        raise ValueError("a time without a zone")
    return at
