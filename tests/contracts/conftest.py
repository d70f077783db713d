"""Fixtures of the contract suites: the same tests over every adapter."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from app.adapters.sql.migrations import migrate
from app.adapters.sql.records import Records


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """URL of an empty database of each kind."""
    if request.param == "postgresql":
        url: str = request.getfixturevalue("postgres_url")
        return url
    return f"sqlite+aiosqlite:///{tmp_path}/deskside.db"


@pytest.fixture
async def records(database_url: str) -> AsyncIterator[Records]:
    """Records over a migrated database."""
    await migrate(database_url)
    records = Records.open(database_url)
    yield records
    await records.close()
