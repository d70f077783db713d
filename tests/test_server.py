"""The server as a process: its start, its end, its workers."""

import asyncio
import os
import re
import signal
import ssl
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from quart import Quart
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosedError, InvalidStatus
from websockets.typing import Origin, Subprotocol

from app import server
from tests.services import (
    Node,
    Redis,
    Service,
    accepts,
    private_folder,
    run,
    wait_until,
)
from tools import certificate


@pytest.fixture
def folder() -> Iterator[Path]:
    with private_folder("node") as folder:
        yield folder


@pytest.fixture
def node(folder: Path) -> Iterator[Node]:
    """A running node."""
    node = Node(folder)
    node.migrate()
    with node:
        yield node


def children(service: Service) -> list[int]:
    """The process ids of a server's children."""
    assert service.process is not None
    pid = service.process.pid
    text = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="utf-8")
    return [int(child) for child in text.split()]


def signaling(node: Node, origin: str) -> connect:
    """Open the signaling socket as a page of that origin does."""
    return connect(
        f"ws://localhost:{node.port}/ws",
        subprotocols=[Subprotocol("deskside.v1")],
        origin=Origin(origin),
    )


def is_alive(pid: int) -> bool:
    """Whether a process runs."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").split()[2]
    except OSError:
        return False
    return state != "Z"


def end_with(service: Service, number: signal.Signals) -> int:
    """Send a signal; gives the exit code."""
    service.stop_signal = number
    return service.stop()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_server_ends_well(node: Node, number: signal.Signals) -> None:
    """Told to stop, it drains and exits with 0, soon."""
    began = time.monotonic()
    assert end_with(node, number) == 0
    assert time.monotonic() - began < 5
    assert "stopped" in node.tail()


def test_taken_port_is_said_plainly(node: Node, folder: Path) -> None:
    """The second service on a port says so, and what to do, in one line."""
    other = Node(folder, port=node.port, database_url=node.settings["database_url"])
    done = subprocess.run(
        other.command(),
        env=dict(other.environment()),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert f"Cannot listen on 127.0.0.1:{node.port}: Address already" in done.stderr
    assert "DESKSIDE_PORT" in done.stderr
    assert "Traceback" not in done.stderr


async def test_draining_says_goodbye(node: Node) -> None:
    """A browser with an open socket is told to come back, and the socket closes."""
    async with signaling(node, node.url) as socket:
        await socket.send('{"type":"ping"}')
        assert "pong" in str(await socket.recv())
        stopping = asyncio.create_task(asyncio.to_thread(node.stop))
        assert '"goodbye"' in str(await socket.recv())
        with pytest.raises(ConnectionClosedError) as closed:
            await socket.recv()
        assert closed.value.rcvd
        assert closed.value.rcvd.code == 1012
    assert await stopping == 0


async def test_draining_node_takes_nothing_new(node: Node) -> None:
    """A proxy is refused at once, so that it asks another; begun connections end well.

    The first request makes the connection that the last one uses; a form that never
    comes whole keeps the node waiting meanwhile.
    """
    async with httpx.AsyncClient() as client, httpx.AsyncClient() as slow:
        ready = await client.get(f"{node.url}/readyz")
        slow.headers["Sec-Fetch-Site"] = "same-origin"
        slow.headers["Content-Type"] = "application/x-www-form-urlencoded"
        form = asyncio.create_task(slow.post(f"{node.url}/login", content=endless()))
        await asyncio.sleep(0.2)
        stopping = asyncio.create_task(asyncio.to_thread(node.stop))
        assert await asyncio.to_thread(wait_until, lambda: refuses(node), 5)
        draining = await client.get(f"{node.url}/readyz")
        form.cancel()
    assert (ready.status_code, draining.status_code) == (200, 503)
    assert draining.json()["status"] == "draining"
    assert draining.headers["connection"] == "close"
    assert await stopping == 0


async def test_request_that_comes_after_the_end_is_refused() -> None:
    """What a kept connection still brings is for another node; 503 tells a proxy."""
    requests = server.Requests(Quart(__name__), started=lambda: None)
    requests.last = True
    await requests.finish(0)
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    await requests({"type": "http"}, None, send)
    assert (sent[0]["status"], sent[0]["headers"]) == (503, [(b"connection", b"close")])
    assert sent[1] == {"type": "http.response.body", "body": b""}


async def endless() -> AsyncIterator[bytes]:
    """A body that begins and does not go on."""
    yield b"email="
    await asyncio.sleep(60)


def refuses(node: Node) -> bool:
    """Whether a new connection to the node is refused."""
    return not accepts(node.host, node.port)


async def test_large_frame_closes_the_socket(node: Node) -> None:
    """More than 64 KiB is not read into memory."""
    async with signaling(node, node.url) as socket:
        await socket.send("x" * 70_000)
        with pytest.raises(ConnectionClosedError) as closed:
            await socket.recv()
        assert closed.value.rcvd
        assert closed.value.rcvd.code == 1009


async def test_foreign_socket_is_refused(node: Node) -> None:
    """Another site's page gets no socket."""
    with pytest.raises(InvalidStatus) as refused:
        await signaling(node, "https://evil.example")
    assert refused.value.response.status_code == 403


async def test_endless_answer_does_not_keep_the_server(node: Node) -> None:
    """An open event stream of a console is ended when the server stops."""
    email, password = "agent@example.org", "correct horse battery"
    add_agent(node, email, password)
    async with httpx.AsyncClient(base_url=node.url) as client:
        form = {"email": email, "password": password}
        headers = {"Sec-Fetch-Site": "same-origin"}
        await client.post("/login", data=form, headers=headers)
        async with client.stream("GET", "/console/events") as events:
            lines = events.aiter_lines()
            assert (await anext(lines)).startswith("retry")
            began = time.monotonic()
            assert await asyncio.to_thread(node.stop) == 0
            assert time.monotonic() - began < 8


def add_agent(node: Node, email: str, password: str) -> None:
    """Make an agent by the command line."""
    command = [sys.executable, "-m", "app", "agent", "add", email, "--name", "Ann"]
    file = node.folder / "password"
    file.write_text(password, encoding="utf-8")
    run([*command, "--password-file", str(file)], env=dict(node.environment()))


def test_tls_is_served(folder: Path) -> None:
    """With certificate and key the node speaks https."""
    cert, key = certificate.ensure(folder / "tls", [])
    node = Node(folder, tls_cert=str(cert), tls_key=str(key))
    node.migrate()
    node.start(wait=False)
    try:
        assert wait_until(lambda: accepts(node.host, node.port), 20)
        context = ssl.create_default_context(cafile=str(cert))
        url = f"https://localhost:{node.port}/login"
        with httpx.Client(verify=context) as client:
            answer = client.get(url)
        assert answer.status_code == 200
        assert "strict-transport-security" in answer.headers
    finally:
        node.stop()


class TestWorkers:
    """Two workers on one socket and one Redis."""

    @pytest.fixture
    def node(self, folder: Path, own_redis: Redis) -> Iterator[Node]:
        node = Node(folder, redis_url=own_redis.url, workers=2)
        node.migrate()
        with node:
            assert wait_until(lambda: len(children(node)) == 2, 30)
            assert wait_until(lambda: node.tail(200).count('"serving"') == 2, 30)
            yield node

    def test_dead_worker_is_replaced(self, node: Node) -> None:
        """Kill one: another takes its place, and the service never stops answering."""
        victim, survivor = children(node)
        os.kill(victim, signal.SIGKILL)
        assert wait_until(
            lambda: len(set(children(node)) - {victim, survivor}) == 1, 30
        )
        assert survivor in children(node)
        assert node.ready()
        assert '"code": -9' in node.tail(200)

    def test_workers_are_nodes_of_their_own(self, node: Node) -> None:
        """Each logs under its own name."""
        names = set(re.findall(r'"serving", "node": "(\S+)"', node.tail(200)))
        assert len(names) == 2

    def test_end_reaches_every_worker(self, node: Node) -> None:
        """SIGTERM to the supervisor drains all, and it exits with 0."""
        pids = children(node)
        assert node.stop() == 0
        assert not any(is_alive(pid) for pid in pids)
        assert node.tail(200).count('"stopped"') == 2

    def test_workers_end_with_their_supervisor(self, node: Node) -> None:
        """A supervisor that was killed leaves nobody on the port."""
        pids = children(node)
        node.kill()
        assert wait_until(lambda: not any(is_alive(pid) for pid in pids), 20)
        assert not accepts(node.host, node.port)


def test_workers_without_redis_are_refused(folder: Path) -> None:
    """The message names what is missing."""
    node = Node(folder, workers=2)
    done = subprocess.run(
        node.command(),
        env=dict(node.environment()),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "DESKSIDE_WORKERS" in done.stderr
    assert "needs DESKSIDE_REDIS_URL" in done.stderr
