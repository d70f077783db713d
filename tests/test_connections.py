"""What a stranger's connection cannot do to a node."""

import asyncio
import json
import resource
import socket
import zlib
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import httpx
import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.typing import Origin, Subprotocol

from tests.services import LOOPBACK, Node, free_port, private_folder, wait_until


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    with private_folder("node") as folder:
        yield folder


@pytest.fixture(scope="module")
def node(folder: Path) -> Iterator[Node]:
    """A running node behind one proxy, with a port for sockets alone."""
    node = Node(folder, proxy_hops=1, socket_port=free_port())
    node.migrate()
    with node:
        yield node


@pytest.fixture(params=["port", "socket_port"])
def way(request: pytest.FixtureRequest, node: Node) -> int:
    """The port of each way to a signaling socket: what holds of one holds of both."""
    return int(node.settings[request.param])


def signaling(port: int, origin: str = "", **headers: str) -> connect:
    """A signaling socket that offers compression, as browsers do."""
    return connect(
        f"ws://{LOOPBACK}:{port}/ws",
        subprotocols=[Subprotocol("deskside.v1")],
        origin=Origin(origin or f"http://{LOOPBACK}:{port}"),
        additional_headers={name.replace("_", "-"): v for name, v in headers.items()},
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


async def test_frames_are_not_compressed(way: int) -> None:
    """A small frame cannot unfold to a large one."""
    async with signaling(way) as browser:
        assert browser.response
        assert "Sec-WebSocket-Extensions" not in browser.response.headers


async def test_compressed_frame_ends_the_socket(way: int) -> None:
    """Compressing unasked breaks the protocol (RFC 6455, section 5.2)."""
    packed = zlib.compress(b"a" * 1_000_000)[2:-4]
    async with signaling(way) as browser:
        browser.transport.write(bytes([0xC1, 0x80 | 126]))
        browser.transport.write(len(packed).to_bytes(2, "big") + bytes(4) + packed)
        await drained(browser)


async def test_endless_frame_is_not_collected(node: Node, way: int) -> None:
    """What follows a frame too large is thrown away, and the connection ends."""
    before = memory(node)
    piece = b"\x00\xff" + (60_000).to_bytes(8, "big") + bytes(4) + b"x" * 60_000
    async with signaling(way) as browser:
        browser.transport.write(b"\x01\x80" + bytes(4))
        for _ in range(1000):
            browser.transport.write(piece)
        await drained(browser)
    assert memory(node) - before < 30


async def test_flood_ends_with_its_connection(node: Node, way: int) -> None:
    """Who floods is cut off, and nothing of the connection stays open."""
    before = open_files(node)
    async with signaling(way) as browser:
        for _ in range(3000):
            if browser.transport.is_closing():
                break
            browser.transport.write(b"\x81\x8f" + bytes(4) + b'{"type":"ping"}')
        await drained(browser)
    assert wait_until(lambda: open_files(node) <= before, 5)


async def test_foreign_socket_is_refused(way: int) -> None:
    """Another site's page gets no socket."""
    with pytest.raises(InvalidStatus) as refused:
        await signaling(way, "https://evil.example")
    assert refused.value.response.status_code == 403


async def test_socket_without_our_language_is_refused(way: int) -> None:
    """A client must offer a version that is spoken here."""
    origin = Origin(f"http://{LOOPBACK}:{way}")
    with pytest.raises(InvalidStatus) as refused:
        await connect(f"ws://{LOOPBACK}:{way}/ws", origin=origin)
    assert refused.value.response.status_code == 400


async def test_proxy_tells_what_address_was_asked_for(way: int) -> None:
    """Behind a proxy our own origin is what it names; the nearest one is believed."""
    own = "https://help.example"
    told = {"X_Forwarded_Proto": "http, https", "X_Forwarded_Host": "x, help.example"}
    async with signaling(way, own, **told) as browser:
        await browser.send('{"type":"ping"}')
        assert "pong" in str(await browser.recv())
    with pytest.raises(InvalidStatus):
        await signaling(way, "http://x", **told)


async def test_large_frame_closes_the_socket(way: int) -> None:
    """More than 64 KiB is not read into memory, in one frame or in several."""
    for pieces in (["x" * 70_000], ["x" * 40_000, "x" * 40_000]):
        async with signaling(way) as browser:
            await browser.send(pieces)
            with pytest.raises(ConnectionClosed) as closed:
                await browser.recv()
            assert closed.value.rcvd
            assert closed.value.rcvd.code == 1009


async def test_message_may_come_in_pieces(way: int) -> None:
    """Fragments are one message (RFC 6455, section 5.4); pings may come between."""
    async with signaling(way) as browser:
        await browser.send(['{"type":', '"ping"}'])
        assert "pong" in str(await browser.recv())
        await asyncio.wait_for(await browser.ping(), 5)


async def test_binary_frame_is_no_message(way: int) -> None:
    """Whole or in pieces, it is answered as what it is not."""
    for frame in (b'{"type":"ping"}', [b'{"type":', b'"ping"}']):
        async with signaling(way) as browser:
            await browser.send(frame)
            assert "malformed" in str(await browser.recv())


async def test_text_that_is_none_ends_the_socket(way: int) -> None:
    """Text is UTF-8 (RFC 6455, section 8.1)."""
    async with signaling(way) as browser:
        browser.transport.write(b"\x81\x82" + bytes(4) + b"\xff\xfe")
        await drained(browser)


async def test_bad_ticket_is_said_before_the_close(way: int) -> None:
    """The last word is read, and the code says that there is nothing more to do."""
    join = {"type": "join", "ticket": "x", "instance": "x" * 16}
    async with signaling(way) as browser:
        await browser.send(json.dumps(join))
        assert "bad_ticket" in str(await browser.recv())
        with pytest.raises(ConnectionClosed) as closed:
            await browser.recv()
    assert closed.value.rcvd
    assert closed.value.rcvd.code == 4000


async def test_who_does_not_read_is_cut_off(node: Node, way: int) -> None:
    """Answers that nobody takes do not collect without a bound."""
    before = memory(node)
    async with signaling(way) as browser:
        browser.transport.pause_reading()
        with suppress(ConnectionError):
            for _ in range(200):
                browser.transport.write((b"\x89\xfd" + bytes(4) + b"x" * 125) * 400)
                await asyncio.sleep(0.005)
        assert memory(node) - before < 30
        browser.transport.abort()


async def test_silent_connection_is_given_up(node: Node) -> None:
    """Who never asks for a socket does not keep its connection."""
    before = open_files(node)
    port = int(node.settings["socket_port"])
    with socket.create_connection((LOOPBACK, port)) as stranger:
        stranger.settimeout(10)
        assert await asyncio.to_thread(stranger.recv, 100) == b""
    assert wait_until(lambda: open_files(node) <= before, 5)


def test_socket_port_serves_nothing_else(node: Node) -> None:
    """Pages and metrics are not to be had there."""
    port = node.settings["socket_port"]
    for path in ("/metrics", "/login", "/ws/", "//ws"):
        assert httpx.get(f"http://{LOOPBACK}:{port}{path}").status_code == 404


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
