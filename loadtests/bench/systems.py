"""The systems that are compared, each a real server process on the server's core."""

import os
import re
import signal
import sqlite3
import subprocess
import sys
import urllib.request
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from loadtests.bench import wires
from tests.e2e.conftest import add_agent
from tests.services import (
    ROOT,
    Node,
    Postgres,
    Redis,
    Service,
    find_program,
    free_port,
    private_folder,
)


HERE = Path(__file__).parent
CORES = sorted(os.sched_getaffinity(0))
SERVER_CORE, CLIENT_CORE = CORES[0], CORES[-1]
MOST_SOCKETS = "1000000"
TICKS = os.sysconf("SC_CLK_TCK")
PAGE = os.sysconf("SC_PAGE_SIZE")


class Measured(Service):
    """A server that runs on the server's core alone, and what it uses there."""

    def _wrapped(self) -> list[str]:
        wrapped = super()._wrapped()
        return [*wrapped, "taskset", "--cpu-list", str(SERVER_CORE)]

    def processes(self) -> Iterator[Path]:
        """The folders in /proc of this server and all that it started."""
        assert self.process is not None  # noqa: S101
        yield from family(self.process.pid)

    def cpu(self) -> float:
        """Seconds of processor time that it has used, in user and kernel mode."""
        return sum(cpu_of(process) for process in self.processes())

    def memory(self) -> int:
        """Bytes of memory that it holds of its own (what is shared is not counted)."""
        return sum(memory_of(process) for process in self.processes())


def family(pid: int) -> Iterator[Path]:
    """A process and its children, of whatever degree."""
    yield Path(f"/proc/{pid}")
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    for child in children.split():
        yield from family(int(child))


def cpu_of(process: Path) -> float:
    """Seconds of processor time (proc(5), stat: utime and stime)."""
    fields = (process / "stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def memory_of(process: Path) -> int:
    """Bytes that are resident and private (proc(5), smaps_rollup)."""
    rollup = (process / "smaps_rollup").read_text()
    return 1024 * sum(
        int(kb) for kb in re.findall(r"^Private_\w+: +(\d+)", rollup, re.M)
    )


class Deskside(Measured, Node):
    """Our own, as it is served; sockets come to the port that is for them alone."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.settings["socket_port"] = free_port()


class SharedRedis(Measured, Redis):
    """The Redis of our own, on the same core."""


class MeasuredPostgres(Measured, Postgres):
    """The PostgreSQL of our own, on the same core."""


class Flask(Measured):
    """The paper's design."""

    program = "flask_design"

    def command(self) -> list[str]:
        module = "loadtests.bench.flask_design"
        return [sys.executable, "-m", module, str(self.port), str(self.folder)]

    def log_in(self, name: str) -> str:
        """Begin a session; gives its cookie."""
        address = f"http://{self.host}:{self.port}/login/{name}"
        with urllib.request.urlopen(address, data=b"", timeout=10) as answer:
            return str(answer.headers["Set-Cookie"]).partition(";")[0]


class PeerJs(Measured):
    """PeerJS's server, as its own command runs it."""

    program = "peerjs"
    stop_signal = signal.SIGKILL  # It would wait until every socket is closed.

    def command(self) -> list[str]:
        options = ["--port", str(self.port), "--host", self.host]
        # It counts everybody who is there, and would stop at 5,000.
        options += ["--concurrent_limit", MOST_SOCKETS]
        return ["node", str(ROOT / "node_modules/peer/dist/bin/peerjs.js"), *options]


class SocketIo(Measured):
    """A bare relay on Socket.IO for Node."""

    program = "socket.io"
    stop_signal = signal.SIGKILL

    def command(self) -> list[str]:
        return ["node", str(HERE / "socketio_relay.js"), str(self.port)]


@dataclass
class System:
    """What is measured: a server, what it needs beside it, and its language."""

    name: str
    server: Measured
    wire: wires.Wire
    beside: Sequence[Measured] = ()
    open_rooms: Callable[[Sequence[str]], None] = lambda rooms: None
    """Put rooms into the records, where a system has such."""

    by_hypercorn: bool = False

    others: Sequence[Measured] = ()
    """Further processes of the server; rooms are spread over all."""

    most_rooms: int = 5_000

    def port_of(self, room: str) -> int:
        """Where sockets of a room go: to one process, as nginx hashes them."""
        servers = (self.server, *self.others)
        server = servers[zlib.crc32(room.encode()) % len(servers)]
        if isinstance(server, Deskside) and not self.by_hypercorn:
            return int(server.settings["socket_port"])
        return server.port

    def cpu(self) -> float:
        """Seconds of processor time of all of it."""
        return sum(e.cpu() for e in (self.server, *self.others, *self.beside))

    def memory(self) -> int:
        """Bytes that the server itself holds."""
        return sum(each.memory() for each in (self.server, *self.others))


@contextmanager
def deskside(
    name: str = "Deskside", *, redis: bool = False, by_hypercorn: bool = False
) -> Iterator[System]:
    """Our own with everything on; history in SQLite, rooms in memory or in Redis."""
    with private_folder("bench") as folder, ExitStack() as stack:
        one = SharedRedis(folder)
        shared = [stack.enter_context(one)] if redis else []
        node = Deskside(folder)
        node.settings |= {"redis_url": one.url} if redis else {}
        node.migrate()
        add_agent(node, "bench@example.org", "Bench")
        stack.enter_context(node)
        wire = wires.Deskside(str(node.settings["secret"]))
        rooms = partial(add_rooms, folder / "deskside.db")
        yield System(name, node, wire, shared, rooms, by_hypercorn)


@contextmanager
def deskside_four() -> Iterator[System]:
    """Four processes of our own: rooms in Redis, history in PostgreSQL."""
    with private_folder("bench") as folder, ExitStack() as stack:
        redis = stack.enter_context(SharedRedis(folder))
        postgres = stack.enter_context(MeasuredPostgres(folder))
        first, *others = [Deskside(folder) for _ in range(4)]
        shared = {
            "redis_url": redis.url,
            "database_url": postgres.create_database(),
            "secret": first.settings["secret"],
        }
        for number, node in enumerate((first, *others)):
            node.settings |= {**shared, "node": f"bench-{number}"}
            node.log = folder / f"node-{number}.log"
        first.migrate()
        add_agent(first, "bench@example.org", "Bench")
        for node in (first, *others):
            stack.enter_context(node)
        yield System(
            "Deskside, four on Redis",
            first,
            wires.Deskside(str(first.settings["secret"])),
            (redis, postgres),
            partial(add_rooms_to_postgres, str(shared["database_url"])),
            others=others,
            most_rooms=20_000,
        )


_ADD_ROOMS = (
    "INSERT INTO rooms (id, link, title, search, passcode, description, agent_id,"
    " state, created_at, expires_at) SELECT {name}, {name}, {name}, {name}, '', '',"
    " id, 'open', created_at, '2099-01-01' FROM agents"
)
"""Puts rooms into the history as if the agent had made them, so that it is kept."""


def add_rooms(file: Path, rooms: Sequence[str]) -> None:
    """Put rooms into a file of SQLite."""
    with sqlite3.connect(file, timeout=30) as database:
        database.executemany(_ADD_ROOMS.format(name="?1"), [(room,) for room in rooms])
    database.close()


def add_rooms_to_postgres(url: str, rooms: Sequence[str]) -> None:
    """Put rooms into a database of PostgreSQL."""
    names = ",".join(rooms)
    query = _ADD_ROOMS.format(name="room") + f", unnest('{{{names}}}'::text[]) room"
    psql = [find_program("psql"), "-q", "-vON_ERROR_STOP=1", _plain(url)]
    subprocess.run(psql, input=query, text=True, check=True)  # noqa: S603


def _plain(url: str) -> str:
    """The address of a database without the driver in it."""
    return url.replace("+asyncpg", "")


@contextmanager
def flask() -> Iterator[System]:
    """Flask, Flask-Session and Flask-SocketIO, with two people logged in."""
    with private_folder("bench") as folder, Flask(folder) as server:
        cookies = {side: server.log_in(side) for side in wires.SIDES}
        yield System("Flask-SocketIO", server, wires.SocketIo(cookies))


@contextmanager
def peerjs() -> Iterator[System]:
    """PeerJS's server."""
    with private_folder("bench") as folder, PeerJs(folder) as server:
        yield System("PeerJS", server, wires.PeerJs())


@contextmanager
def socketio() -> Iterator[System]:
    """A relay on Socket.IO."""
    with private_folder("bench") as folder, SocketIo(folder) as server:
        yield System("Socket.IO", server, wires.SocketIo())


def deskside_by_hypercorn() -> AbstractContextManager[System]:
    """Our own where sockets come by the server that carries everything else."""
    return deskside("Deskside by Hypercorn", by_hypercorn=True)


def deskside_on_redis() -> AbstractContextManager[System]:
    """Our own as one of several processes."""
    return deskside("Deskside on Redis", redis=True)


OURS = (deskside, deskside_by_hypercorn, deskside_on_redis)
ALL: Sequence[Callable[[], AbstractContextManager[System]]] = (
    *OURS,
    flask,
    peerjs,
    socketio,
)
"""Every system that is compared."""
