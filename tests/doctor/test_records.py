"""Parts behind the service that are away or late are found."""

from pathlib import Path

import pytest
import redis

from app.adapters.sql.migrations import migrate
from app.doctor import host, records
from app.doctor.addresses import Site
from app.doctor.results import State
from app.doctor.target import Target
from tests.doctor.helpers import examine, finds, passes, settings
from tests.services import Postgres, Redis


AWAY = "redis://:hush@127.0.0.1:1/0"


def with_settings(**given: str) -> Target:
    """A service that is known by its settings."""
    return Target(site=Site.of("https://localhost"), settings=settings(**given))


async def test_database_is_asked_for_its_schema(postgres_url: str) -> None:
    """An empty one is told what to run; a migrated one is well."""
    target = with_settings(database_url=postgres_url)
    await finds("database", target, "older schema", "deskside migrate")
    await migrate(postgres_url)
    await passes("database", target)


async def test_database_that_is_away_is_found(own_postgres: Postgres) -> None:
    """It is named without its password."""
    own_postgres.stop()
    url = own_postgres.url.replace("postgres@", "postgres:hush@")
    result = await finds("database", with_settings(database_url=url), "postgresql")
    assert "hush" not in f"{result.seen}{result.fix}"


async def test_redis_that_is_away_is_found(own_redis: Redis) -> None:
    """Running, stopped, and with another password."""
    await passes("redis", with_settings(redis_url=own_redis.url))
    own_redis.stop()
    await finds("redis", with_settings(redis_url=own_redis.url), "redis-server")
    result = await finds("redis", with_settings(redis_url=AWAY), "DESKSIDE_REDIS_URL")
    assert "hush" not in f"{result.seen}{result.fix}"
    skipped = await examine("facts", with_settings(redis_url=AWAY))
    assert (skipped.state, "see `redis`" in skipped.seen) == (State.SKIPPED, True)


async def test_facts_that_nobody_writes_are_found(
    redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A queue that does not get shorter is a failure, with its length."""
    monkeypatch.setattr(records, "PATIENCE", 1.0)
    target = with_settings(redis_url=redis_url)
    await passes("facts", target)
    with redis.Redis.from_url(redis_url) as client:
        for number in range(3):
            client.xadd("deskside:facts", {"f": str(number)})
    result = await finds("facts", target, "3 facts", "not written")
    assert result.numbers == {"unwritten": 3}


async def test_disk_that_is_full_is_found() -> None:
    """/proc has no room at all, and is as full as a disk can be."""
    full = with_settings(database_url="sqlite+aiosqlite:////proc/deskside.db")
    result = await finds("disk", full, "/proc has 0 % free", "journalctl --vacuum")
    assert result.numbers["free_percent"] == 0


async def test_disk_that_fills_up_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """There is a time before the end of room."""
    target = with_settings(database_url=f"sqlite+aiosqlite:///{tmp_path}/d.db")
    monkeypatch.setattr(host, "FAIL_PERCENT", 0.0)
    monkeypatch.setattr(host, "WARN_PERCENT", 100.1)
    result = await examine("disk", target)
    assert (result.state, "% free" in result.seen) == (State.WARN, True)


async def test_elsewhere_nothing_of_the_host_is_judged() -> None:
    """From another host these are left out, and it is said."""
    target = Target(site=Site.of("https://localhost"))
    for name in ("database", "redis", "facts", "disk"):
        result = await examine(name, target)
        assert result.state is State.SKIPPED
        assert "own host" in result.seen
