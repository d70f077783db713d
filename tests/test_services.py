"""The private servers themselves."""

import asyncio
import os

import asyncpg
import redis.asyncio as redis

from tests.services import Nginx, Postgres, Redis, Turn, accepts, private_folder


async def test_redis_keeps_its_data_over_a_crash(own_redis: Redis) -> None:
    """What was written before SIGKILL is there after the next start."""
    async with redis.Redis.from_url(own_redis.url) as client:
        await client.set("key", "value")
    await asyncio.to_thread(own_redis.kill)
    assert not accepts(own_redis.host, own_redis.port)
    await asyncio.to_thread(own_redis.start)
    async with redis.Redis.from_url(own_redis.url) as client:
        assert await client.get("key") == b"value"


async def test_redis_url_is_empty(redis_url: str) -> None:
    """Each test gets an empty Redis."""
    async with redis.Redis.from_url(redis_url) as client:
        assert await client.dbsize() == 0
        await client.set("left", "over")


async def test_redis_url_is_empty_again(redis_url: str) -> None:
    """What another test left is gone."""
    await test_redis_url_is_empty(redis_url)


async def test_postgres_gives_each_test_a_database(postgres_url: str) -> None:
    """The database is empty and ours."""
    connection = await asyncpg.connect(postgres_url.replace("+asyncpg", ""))
    tables = "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"
    assert await connection.fetchval(tables) == 0
    await connection.close()


async def test_postgres_comes_back_with_its_data(own_postgres: Postgres) -> None:
    """Stopping and starting loses nothing and moves nothing."""
    url = own_postgres.url.replace("+asyncpg", "")
    connection = await asyncpg.connect(url)
    await connection.execute("CREATE TABLE kept AS SELECT 7 AS number")
    await connection.close()
    await asyncio.to_thread(own_postgres.restart)
    connection = await asyncpg.connect(url)
    assert await connection.fetchval("SELECT number FROM kept") == 7
    await connection.close()


def test_turn_listens(turn: Turn) -> None:
    """coturn accepts connections at its URL."""
    assert accepts(turn.host, turn.port)
    assert turn.url == f"turn:{turn.host}:{turn.port}?transport=udp"


def test_nginx_starts() -> None:
    """nginx accepts its configuration also without a node behind it."""
    with private_folder("nginx") as folder, Nginx(folder, [9]) as nginx:
        assert accepts(nginx.host, nginx.port)


def test_services_end_with_their_block() -> None:
    """Nothing listens after the block."""
    with private_folder("redis") as folder, Redis(folder) as service:
        process = service.process
    assert process is not None
    assert process.returncode == 0
    assert not accepts(service.host, service.port)
    assert not os.path.lexists(folder)
