"""What every store of records shares: transactions, ids, secrets, rows."""

import hashlib
import secrets
from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import fields
from datetime import UTC, datetime
from typing import Any, TypeVar

from sqlalchemy import RowMapping, Table
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from app.adapters.sql.engine import IMMEDIATE


T = TypeVar("T")


class Store:
    """One kind of record in one database."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._readers = engine
        self._writers = engine.execution_options(**{IMMEDIATE: True})

    def _reading(self) -> AbstractAsyncContextManager[AsyncConnection]:
        return self._readers.connect()

    def _writing(self) -> AbstractAsyncContextManager[AsyncConnection]:
        """Return a transaction: committed at the end, undone by an exception."""
        return self._writers.begin()


def new_id() -> str:
    """Return 128 random bits as 22 characters that are safe in a URL."""
    return secrets.token_urlsafe(16)


def sha256(secret: str) -> bytes:
    """Return what is stored of a random secret."""
    return hashlib.sha256(secret.encode()).digest()


def utc_now() -> datetime:
    """Return the time, aware, in UTC."""
    return datetime.now(UTC)


def build(kind: type[T], row: Mapping[str, Any] | RowMapping) -> T:
    """Make a record of the columns that bear its fields' names."""
    names = (field.name for field in fields(kind))  # type: ignore[arg-type]
    return kind(**{name: row[name] for name in names})


def part(row: RowMapping, table: Table) -> dict[str, Any]:
    """Return the columns of one table from a row of several."""
    return {column.name: row[column] for column in table.columns}
