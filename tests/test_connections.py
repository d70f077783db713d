"""What a stranger's connection cannot do to a node."""

import asyncio
import resource
import socket
import zlib
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import httpx
import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Origin, Subprotocol

from tests.services import Node, private_folder, wait_until


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    with private_folder("node") as folder:
        yield folder


@pytest.fixture(scope="module")
def node(folder: Path) -> Iterator[Node]:
    """A running node behind one proxy."""
    node = Node(folder, proxy_hops=1)
    node.migrate()
    with node:
        yield node


def signaling(node: Node) -> connect:
    """A signaling socket that offers compression, as browsers do."""
    return connect(
        f"ws://localhost:{node.port}/ws",
        subprotocols=[Subprotocol("deskside.v1")],
        origin=Origin(node.url),
    )


def open_files(node: Node) -> int:
    """How many files and sockets the node has open."""
    assert node.process is not None
    return len(list(Path(f"/proc/{node.process.pid}/fd").iterdir()))


def memory(node: Node) -> int:
    """The node's memory in MB."""
    assert node.process is not None
    status = Path(f"/proc/{node.process.pid}/status").read_text(encoding="utf-8")
    return int(status.split("VmRSS:")[1].split()[0]) // 1024


async def drained(browser: ClientConnection) -> None:
    """Read to the end, which must come soon."""
    with suppress(ConnectionClosed):
        async with asyncio.timeout(10):
            while True:
                await browser.recv()


def test_node_may_open_as_many_sockets_as_the_system_allows(node: Node) -> None:
    """A thousand idle connections, the usual first limit, do not fill it."""
    assert node.process is not None
    soft, hard = resource.prlimit(node.process.pid, resource.RLIMIT_NOFILE)
    assert soft == hard


async def test_frames_are_not_compressed(node: Node) -> None:
    """A small frame cannot unfold to a large one."""
    async with signaling(node) as browser:
        assert browser.response
        assert "Sec-WebSocket-Extensions" not in browser.response.headers


async def test_compressed_frame_ends_the_socket(node: Node) -> None:
    """Compressing unasked breaks the protocol (RFC 6455, section 5.2)."""
    packed = zlib.compress(b"a" * 1_000_000)[2:-4]
    async with signaling(node) as browser:
        browser.transport.write(bytes([0xC1, 0x80 | 126]))
        browser.transport.write(len(packed).to_bytes(2, "big") + bytes(4) + packed)
        await drained(browser)


async def test_endless_frame_is_not_collected(node: Node) -> None:
    """What follows a frame too large is thrown away, and the connection ends."""
    before = memory(node)
    piece = b"\x00\xff" + (60_000).to_bytes(8, "big") + bytes(4) + b"x" * 60_000
    async with signaling(node) as browser:
        browser.transport.write(b"\x01\x80" + bytes(4))
        for _ in range(1000):
            browser.transport.write(piece)
        await drained(browser)
    assert memory(node) - before < 30


async def test_flood_ends_with_its_connection(node: Node) -> None:
    """Who floods is cut off, and nothing of the connection stays open."""
    before = open_files(node)
    async with signaling(node) as browser:
        for _ in range(3000):
            if browser.transport.is_closing():
                break
            browser.transport.write(b"\x81\x8f" + bytes(4) + b'{"type":"ping"}')
        await drained(browser)
    assert wait_until(lambda: open_files(node) <= before, 5)


def test_refused_upload_ends_with_its_connection(node: Node) -> None:
    """Who goes on sending what was refused does not keep the connection open."""
    before = open_files(node)
    head = f"POST /login HTTP/1.1\r\nHost: localhost:{node.port}\r\n"
    head += "Sec-Fetch-Site: cross-site\r\nTransfer-Encoding: chunked\r\n\r\n"
    with socket.create_connection((node.host, node.port)) as uploader:
        uploader.settimeout(5)
        try:
            uploader.sendall(head.encode())
            for _ in range(2000):
                uploader.sendall(b"1\r\na\r\n" * 10)
        except OSError:
            pass  # Already closed.
    assert wait_until(lambda: open_files(node) <= before, 5)


@pytest.mark.parametrize("method", ["GET", "OPTIONS"])
def test_connection_stays_http_1(node: Node, method: str) -> None:
    """A proxy that passes `Upgrade` on does not become a tunnel around itself."""
    offer = {
        "Upgrade": "h2c",
        "Connection": "Upgrade, HTTP2-Settings",
        "HTTP2-Settings": "AAMAAABkAAQAAP__",
        "X-Forwarded-For": "192.0.2.1",
    }
    answer = httpx.request(method, f"{node.url}/healthz", headers=offer)
    assert answer.status_code == 200


def test_http_2_without_tls_is_refused(node: Node) -> None:
    """Nor can it be begun by prior knowledge."""
    with socket.create_connection((node.host, node.port)) as connection:
        connection.settimeout(5)
        connection.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
        assert connection.recv(100).startswith(b"HTTP/1.1 4")


def test_metrics_are_closed_to_a_proxy_on_this_machine(node: Node) -> None:
    """Whatever header it is by which it can be told."""
    for name in ("Forwarded", "Via", "X-Real-IP", "X-Forwarded-Proto"):
        answer = httpx.get(f"{node.url}/metrics", headers={name: "http"})
        assert answer.status_code == 403
    assert httpx.get(f"{node.url}/metrics").status_code == 200
