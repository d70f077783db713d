"""A deployment for a measurement: nodes, Redis, PostgreSQL, a relay; and its meters."""

import asyncio
import os
import secrets
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, fields
from pathlib import Path

import asyncpg
from redis.asyncio import Redis as RedisClient

from app.adapters.redis_backplane import PREFIX
from app.adapters.sql.records import Records
from app.domain.records import AgentRole
from app.web.passwords import hash_password
from loadtests.capacity.callers import AT_ONCE, PASSWORD, Agent
from tests.services import Node, Postgres, Redis, Turn, private_folder


TICKS = os.sysconf("SC_CLK_TCK")
PROC = Path("/proc")


@dataclass(frozen=True)
class Reading:
    """What the meters show; differences of two are what happened meanwhile.

    Processor time in seconds, memory in bytes; ``memory`` is what the nodes hold
    together, each page shared by several counted once (PSS).
    """

    at: float
    app_cpu: float
    redis_cpu: float
    postgres_cpu: float
    memory: float
    redis_memory: float
    redis_operations: float
    rows: float
    row_bytes: float

    @property
    def cpu(self) -> float:
        """Processor time of all servers."""
        return self.app_cpu + self.redis_cpu + self.postgres_cpu

    def __sub__(self, before: "Reading") -> "Reading":
        """Return what happened since."""
        names = [field.name for field in fields(self)]
        return Reading(*(getattr(self, n) - getattr(before, n) for n in names))


class Stand:
    """Nodes that share one Redis and one PostgreSQL, as the playbooks make them."""

    def __init__(self, nodes: Sequence[Node], redis: Redis, postgres: Postgres) -> None:
        self.nodes, self._redis, self._postgres = nodes, redis, postgres
        self._origin = str(nodes[0].settings["public_url"])
        self._database = str(nodes[0].settings["database_url"])

    async def agents(self, count: int) -> list[Agent]:
        """Hire so many agents; they turn to one node after another."""
        records = Records.open(self._database)
        hashed = await hash_password(PASSWORD)
        emails = [f"agent{number}@example.org" for number in range(count)]
        for email in emails:
            await records.agents.add(email, email, AgentRole.AGENT, hashed)
        await records.close()
        urls = [self.nodes[n % len(self.nodes)].url for n in range(count)]
        gate = asyncio.Semaphore(AT_ONCE)
        return [
            Agent(url, self._origin, email, gate)
            for url, email in zip(urls, emails, strict=True)
        ]

    async def read(self) -> Reading:
        """Read every meter."""
        client: RedisClient = RedisClient.from_url(self._redis.url)
        info = await client.info()
        await client.aclose()
        rows, row_bytes = await self._rows()
        return Reading(
            at=asyncio.get_running_loop().time(),
            app_cpu=sum(cpu(node) for node in self.nodes),
            redis_cpu=cpu(self._redis),
            postgres_cpu=cpu(self._postgres),
            memory=sum(memory(node) for node in self.nodes),
            redis_memory=info["used_memory"],
            redis_operations=info["total_commands_processed"],
            rows=rows,
            row_bytes=row_bytes,
        )

    async def redis_sizes(self) -> tuple[float, float]:
        """Return the mean bytes of a room in Redis, and of a letter in an inbox."""
        client: RedisClient = RedisClient.from_url(self._redis.url)

        async def filled(pattern: str, kind: str) -> list[tuple[bytes, int]]:
            keys = [k async for k in client.scan_iter(PREFIX + pattern, _type=kind)]
            return [(key, await client.memory_usage(key) or 0) for key in keys]

        rooms = await filled("room:*", "hash")
        inboxes = await filled("inbox:*", "stream")
        letters = sum([await client.xlen(key) for key, _ in inboxes])
        await client.aclose()
        room = sum(size for _, size in rooms) / len(rooms)
        return room, sum(size for _, size in inboxes) / letters

    async def _rows(self) -> tuple[int, int]:
        """Count the rows of every table, and their bytes with indexes."""
        url = self._database.replace("+asyncpg", "")
        connection = await asyncpg.connect(url)
        names = await connection.fetch(
            "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"
        )
        rows = size = 0
        for (name,) in names:
            rows += await connection.fetchval(f'SELECT count(*) FROM "{name}"')  # noqa: S608
            relation = f'"{name}"'
            size += await connection.fetchval(
                "SELECT pg_total_relation_size($1::regclass)", relation
            )
        await connection.close()
        return rows, size


@contextmanager
def standing(count: int) -> Iterator[Stand]:
    """Start a deployment of so many nodes; nothing is left of it."""
    with ExitStack() as stack:
        enter = stack.enter_context
        folders = [enter(private_folder("plan")) for _ in range(count + 3)]
        redis, postgres = enter(Redis(folders[-1])), enter(Postgres(folders[-2]))
        turn = enter(Turn(folders[-3]))
        database = postgres.create_database()
        nodes = [
            Node(
                folder,
                redis_url=redis.url,
                database_url=database,
                secret=secrets.token_hex(24),
                turn_urls=f"{turn.url},{turn.tcp_url}",
                turn_secret=turn.secret,
                node=f"n{number}",
                log_level="warning",
            )
            for number, folder in enumerate(folders[:count])
        ]
        for node in nodes:
            node.settings["public_url"] = nodes[0].url
        nodes[0].migrate()
        yield Stand([enter(node) for node in nodes], redis, postgres)


def cpu(service: Node | Redis | Postgres) -> float:
    """Seconds of processor time of a server, with all that it started."""
    return sum(map(_times, _family(service))) / TICKS


def memory(service: Node) -> int:
    """Bytes a server holds, with all that it started."""
    return sum(map(_proportional, _family(service)))


def _family(service: Node | Redis | Postgres) -> list[int]:
    assert service.process  # noqa: S101  (It is entered.)
    family = [service.process.pid]
    for pid in family:
        with suppress(FileNotFoundError):
            children = (PROC / f"{pid}/task/{pid}/children").read_text().split()
            family += map(int, children)
    return family


def _times(pid: int) -> int:
    """User and system time, also of children that have ended (proc_pid_stat(5)).

    Of one that ends at this moment there is none: it is its parent's now.
    """
    try:
        stat = (PROC / str(pid) / "stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return 0
    return sum(map(int, stat.rpartition(") ")[2].split()[11:15]))


def _proportional(pid: int) -> int:
    rollup = (PROC / str(pid) / "smaps_rollup").read_text()
    kib = next(line for line in rollup.splitlines() if line.startswith("Pss:"))
    return int(kib.split()[1]) * 1024
