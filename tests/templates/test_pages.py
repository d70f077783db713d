"""Pages through the door: who came, what browsers keep, and what they see otherwise."""

import asyncio
import gzip
import http.client
import json
import socket
import ssl
import time
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from websockets.asyncio.client import connect
from websockets.typing import Origin, Subprotocol

from app.protocol.messages import SUBPROTOCOL
from app.protocol.session import SILENCE
from app.web.news import HEARTBEAT_SECONDS
from app.web.security import BODY_BYTES, TWO_YEARS
from app.web.static import FOR_GOOD, StaticFiles
from tests.services import LOOPBACK, ROOT, Node, free_port, wait_until
from tests.templates.conftest import an_edge
from tests.templates.edge import WEB, Edge
from tests.templates.pki import Authority
from tests.templates.tls import careless


ROOM, OTHER_ROOM = "AAAAAAAAAAAAAAAAAAAAAA", "BBBBBBBBBBBBBBBBBBBBBB"
DOCTOR_SECONDS = 90


class Answer:
    """What came back, read to its end."""

    def __init__(self, response: http.client.HTTPResponse) -> None:
        self.status = response.status
        self.headers = response.headers
        self.body = response.read()


def ask(edge: Edge, path: str, method: str = "GET", **options: Any) -> Answer:
    """A request as a browser makes it, except that it follows nothing."""
    context = careless()
    context.set_alpn_protocols(["http/1.1"])
    headers = {"Host": f"{WEB}:{edge.door.port}", **options.pop("headers", {})}
    connection = NamedConnection(edge.host, edge.door.port, context)
    try:
        connection.request(method, path, headers=headers, **options)
        return Answer(connection.getresponse())
    finally:
        connection.close()


class NamedConnection(http.client.HTTPConnection):
    """To an address, but with the name of the pages in its hello."""

    def __init__(self, host: str, port: int, context: ssl.SSLContext) -> None:
        super().__init__(host, port, timeout=20)
        self.context = context

    def connect(self) -> None:
        super().connect()
        self.sock = self.context.wrap_socket(self.sock, server_hostname=WEB)


def requests_of(nodes: list[Node], route: str) -> list[dict[str, Any]]:
    """What the nodes have logged of requests at a route."""
    lines = [line for node in nodes for line in node.log.read_text().splitlines()]
    entries = [json.loads(line) for line in lines if line.startswith("{")]
    return [entry for entry in entries if entry.get("route") == route]


def test_the_service_sees_the_client_itself(edge: Edge, nodes: list[Node]) -> None:
    """Not the proxy on loopback, and nothing that the client says of itself."""
    before = len(requests_of(nodes, "/privacy"))
    lies = {
        "X-Forwarded-For": "8.8.8.8",
        "X-Real-IP": "8.8.8.8",
        "Forwarded": "for=8.8.8.8",
        "X-Forwarded-Host": "evil.test",
    }
    assert ask(edge, "/privacy", headers=lies).status == 200
    assert wait_until(lambda: len(requests_of(nodes, "/privacy")) > before, 5)
    network = edge.host.rpartition(".")[0] + ".0/24"
    assert requests_of(nodes, "/privacy")[-1]["from"] == network


def test_what_a_client_says_of_the_host_counts_for_nothing(edge: Edge) -> None:
    """Else pages would be made for somebody else's address."""
    answer = ask(edge, "/login", headers={"X-Forwarded-Host": "evil.test"})
    policy = answer.headers["Content-Security-Policy"]
    assert f"wss://{WEB}:{edge.door.port}" in policy
    assert "evil" not in policy


def test_headers_promise_once(edge: Edge) -> None:
    """https for two years, said once; and no version of anything."""
    answer = ask(edge, "/login")
    hsts = answer.headers.get_all("Strict-Transport-Security")
    assert hsts == [f"max-age={TWO_YEARS}"]
    assert answer.headers.get_all("X-Content-Type-Options") == ["nosniff"]
    assert answer.headers["Server"] == "nginx"


def test_plain_http_leads_to_https(edge: Edge) -> None:
    connection = http.client.HTTPConnection(edge.host, edge.nginx_http_port, timeout=5)
    connection.request("GET", "/j/abc?x=1", headers={"Host": "evil.test"})
    response = connection.getresponse()
    connection.close()
    assert (response.status, response.headers["Location"]) == (
        301,
        f"{edge.url}/j/abc?x=1",
    )


def test_certificate_authorities_find_their_answer(edge: Edge) -> None:
    """By plain http; and nothing else of that folder."""
    folder = edge.folder / "acme" / ".well-known" / "acme-challenge"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "token").write_text("proof")
    statuses = []
    for path in ("token", "missing"):
        connection = http.client.HTTPConnection(edge.host, edge.nginx_http_port)
        connection.request("GET", f"/.well-known/acme-challenge/{path}")
        response = connection.getresponse()
        statuses.append((response.status, response.read() == b"proof"))
        connection.close()
    assert statuses == [(200, True), (404, False)]


def test_metrics_are_not_for_the_world(edge: Edge) -> None:
    assert ask(edge, "/metrics").status == 404


def test_a_body_is_bounded(edge: Edge) -> None:
    """By nginx, at what the service takes; it never gets there."""
    answer = ask(edge, "/login", "POST", body=b"x" * (BODY_BYTES + 1))
    assert answer.status == 413


def test_no_connection_turns_into_a_tunnel(edge: Edge) -> None:
    """Only a WebSocket is passed on as an upgrade."""
    upgrade = {"Connection": "Upgrade, HTTP2-Settings", "Upgrade": "h2c"}
    settings = {"HTTP2-Settings": "AAMAAABkAAQAAP__"}
    assert ask(edge, "/healthz", headers=upgrade | settings).status == 200


# Static files.


@pytest.fixture(scope="module")
def files(edge: Edge) -> StaticFiles:
    """One release's files where the role puts them, packed."""
    files = StaticFiles(ROOT / "app" / "static")
    folder = edge.folder / "releases" / "current" / "static" / files.version
    for path in ("js/call/call.js", "img/icon.svg"):
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(files.assets[path].body)
        packed = gzip.compress(files.assets[path].body, mtime=1)
        target.with_name(target.name + ".gz").write_bytes(packed)
    older = edge.folder / "releases" / "previous" / "static" / "0123456789ab"
    older.mkdir(parents=True)
    (older / "old.js").write_text("export {};")
    for folder in (edge.folder, edge.folder / "releases"):
        folder.chmod(0o755)
    return files


def test_static_files_are_kept_for_good(edge: Edge, files: StaticFiles) -> None:
    """Served by nginx, as the service would: type, headers, and packed beforehand."""
    path = files.url("js/call/call.js")
    answer = ask(edge, path, headers={"Accept-Encoding": "gzip, deflate, br"})
    assert answer.headers["Content-Encoding"] == "gzip"
    assert answer.body[4:8] == b"\1\0\0\0", "packed beforehand, by its own timestamp"
    assert gzip.decompress(answer.body) == files.assets["js/call/call.js"].body
    expected = {
        "Cache-Control": FOR_GOOD,
        "Content-Type": "text/javascript; charset=utf-8",
        "Vary": "Accept-Encoding",
        "X-Content-Type-Options": "nosniff",
        "Strict-Transport-Security": f"max-age={TWO_YEARS}",
    }
    assert {name: answer.headers[name] for name in expected} == expected
    plain = ask(edge, path)
    assert plain.headers["Content-Encoding"] is None
    assert plain.body == files.assets["js/call/call.js"].body


def test_the_release_before_is_there_too(edge: Edge, files: StaticFiles) -> None:
    """A page of the old release finds its files while the new one takes over."""
    answer = ask(edge, "/static/0123456789ab/old.js")
    assert (answer.status, answer.headers["Cache-Control"]) == (200, FOR_GOOD)


def test_nodes_have_what_nginx_has_not(edge: Edge, files: StaticFiles) -> None:
    """And whatever is nowhere is kept by nobody."""
    answer = ask(edge, files.url("css/base.css"))
    assert (answer.status, answer.headers["Cache-Control"]) == (200, FOR_GOOD)
    other = ask(edge, "/static/ffffffffffff/css/base.css")
    assert (other.status, other.headers["Cache-Control"]) == (200, "no-store")
    assert ask(edge, "/static/ffffffffffff/none.css").status == 404


@pytest.mark.parametrize("path", ["/static/../nginx.conf", "/static/%2e%2e/nginx.conf"])
def test_nothing_else_is_served_from_there(edge: Edge, path: str) -> None:
    assert ask(edge, path).status in (400, 404)


# Sockets.


def sockets(node: Node) -> float:
    """How many sockets a node has."""
    connection = http.client.HTTPConnection(LOOPBACK, node.port)
    connection.request("GET", "/metrics")
    lines = connection.getresponse().read().decode().splitlines()
    connection.close()
    (line,) = [line for line in lines if line.startswith("deskside_connections ")]
    return float(line.split()[1])


def a_socket(edge: Edge, room: str) -> connect:
    """A signaling socket of a room, as the page opens it.

    Not one of threads: two of them in one TLS connection lose what is sent.
    """
    context = careless()
    context.set_alpn_protocols(["http/1.1"])
    return connect(
        f"wss://{WEB}:{edge.door.port}/ws?room={room}",
        host=edge.host,
        port=edge.door.port,
        ssl=context,
        server_hostname=WEB,
        origin=Origin(edge.url),
        subprotocols=[Subprotocol(SUBPROTOCOL)],
    )


async def speaks(edge: Edge) -> bool:
    """Whether a socket is answered there."""
    async with a_socket(edge, ROOM) as page, asyncio.timeout(5):
        await page.send('{"type": "ping"}')
        return bool(json.loads(await page.recv())["type"] == "pong")


async def test_a_room_has_one_node(edge: Edge, nodes: list[Node]) -> None:
    """Sockets of a room meet, wherever they come from; rooms are spread."""
    homes = {}
    for number in range(12):
        room = f"room-{number:017}"
        async with a_socket(edge, room), a_socket(edge, room):
            assert wait_until(lambda: sum(map(sockets, nodes)) == 2, 5)
            homes[room] = [sockets(node) for node in nodes]
        assert wait_until(lambda: sum(map(sockets, nodes)) == 0, 5)
    assert set(map(tuple, homes.values())) == {(2.0, 0.0), (0.0, 2.0)}


async def test_a_socket_speaks_and_is_answered(edge: Edge) -> None:
    assert await speaks(edge)


def test_silence_is_kept_longer_than_the_service_does(edge: Edge) -> None:
    """A socket, an event stream or the doctor is never cut by nginx."""
    text = (edge.folder / "nginx.conf").read_text()
    (line,) = [line for line in text.splitlines() if "proxy_read_timeout" in line]
    seconds = float(line.split()[1].removesuffix("s;"))
    assert seconds > max(SILENCE, 2 * HEARTBEAT_SECONDS, DOCTOR_SECONDS)


async def test_sockets_have_a_port_of_their_own(
    authority: Authority, nodes: list[Node]
) -> None:
    """They need nothing of the port where everything else goes."""
    ports = [node.settings["socket_port"] for node in nodes]
    with ExitStack() as stack:
        assert await speaks(an_edge(stack, authority, nginx_app_socket_ports=ports))


async def test_nodes_without_such_a_port_take_sockets(
    authority: Authority, nodes: list[Node]
) -> None:
    """As those of an earlier release, for as long as it takes to replace them."""
    own = {"nginx_app_ports": [node.port for node in nodes]}
    with ExitStack() as stack:
        edge = an_edge(stack, authority, nginx_app_socket_ports=[free_port()], **own)
        assert await speaks(edge)


# Nodes that go.


async def test_the_other_node_takes_over(edge: Edge, nodes: list[Node]) -> None:
    """Pages and sockets of a room go on when its node has gone, at once."""
    async with a_socket(edge, ROOM):
        assert wait_until(lambda: sum(map(sockets, nodes)) == 1, 5)
        (home,) = [node for node in nodes if sockets(node)]
    home.kill()
    try:
        began = time.monotonic()
        assert ask(edge, f"/j/{ROOM}").status == 404
        assert await speaks(edge)
        assert time.monotonic() - began < 5
    finally:
        home.start()


@pytest.fixture
def without_nodes(authority: Authority) -> Iterator[Edge]:
    """A door with nobody behind it."""
    with ExitStack() as stack:
        yield an_edge(stack, authority, nginx_brand_name="Bank & Co")


def test_people_are_told_that_nobody_is_there(without_nodes: Edge) -> None:
    """A page of its own, in their language, that looks again; not kept anywhere."""
    page = {"Accept": "text/html,*/*"}
    answer = ask(without_nodes, "/console", headers=page)
    assert (answer.status, answer.headers["Retry-After"]) == (503, "10")
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    text = answer.body.decode()
    assert "We will be right back" in text
    assert "Bank &amp; Co" in text
    assert 'http-equiv="refresh" content="10"' in text
    local = ask(
        without_nodes, "/", headers=page | {"Accept-Language": "id-ID,id;q=0.9"}
    )
    assert "Kami segera kembali" in local.body.decode()
    posted = ask(without_nodes, "/login", "POST", body=b"a=b", headers=page)
    assert (posted.status, "right back" in posted.body.decode()) == (503, True)


def test_programs_are_told_in_json(without_nodes: Edge) -> None:
    answer = ask(without_nodes, "/api/v1/rooms", headers={"Accept": "*/*"})
    assert (answer.status, answer.headers["Retry-After"]) == (503, "10")
    assert json.loads(answer.body)["error"]["code"] == "unavailable"


# Floods.


def test_a_flood_is_held_back_and_an_office_is_not(authority: Authority) -> None:
    """The bounds are those of the variables; the page itself says 429."""
    bounds = {"nginx_requests_per_second": 1, "nginx_requests_burst": 3}
    with ExitStack() as stack:
        edge = an_edge(stack, authority, **bounds)
        statuses = [ask(edge, "/login").status for _ in range(6)]
    assert statuses == [503] * 4 + [429] * 2


def test_connections_of_one_client_are_bounded(authority: Authority) -> None:
    """What is beyond is closed; what was there stays."""
    with ExitStack() as stack:
        bound = {"nginx_stream_connections_per_client": 3}
        edge = an_edge(stack, authority, **bound)
        address = (edge.host, edge.nginx_turn_port)
        found = [
            stack.enter_context(socket.create_connection(address, 5)) for _ in range(9)
        ]
        assert wait_until(lambda: sum(map(ended, found)) >= 6, 5)
        assert sum(map(ended, found)) < 9


def ended(connection: socket.socket) -> bool:
    """Whether the other side has closed it."""
    connection.setblocking(False)
    try:
        return connection.recv(1, socket.MSG_PEEK) == b""
    except BlockingIOError:
        return False
    except ConnectionError:
        return True


# Logs.


def test_logs_hold_neither_links_nor_addresses(edge: Edge) -> None:
    """Nor queries, whichever way a path is written."""
    secret = "SECRETSECRETSECRET12345"
    paths = [
        f"/j/{secret}/call?next={secret}",
        f"//j/{secret}",
        f"/%6a/{secret}",
        f"/rooms/{secret}/ticket",
        f"/history/{secret}",
        f"/login?{secret}",
        f"/api/v1/rooms/{secret}",
    ]
    for path in paths:
        ask(edge, path, headers={"Referer": f"https://x.test/{secret}"})
    log = edge.folder / "access.log"
    assert wait_until(lambda: '"/j/-/call"' in log.read_text(), 5)
    written = log.read_text() + (edge.folder / "error.log").read_text()
    assert secret not in written
    assert edge.host not in written
    for line in log.read_text().splitlines():
        assert json.loads(line)["client"] != "unknown"
