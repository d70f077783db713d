"""Port 443: pages and TURN behind one door, whatever a client says in its hello."""

import socket
import ssl
from typing import Any

import pytest

from tests.services import run
from tests.templates.edge import TURN, WEB, Edge
from tests.templates.tls import Address, careless, connected, page, seen_address


SETTINGS = bytes((0, 0, 0, 4, 0, 0, 0, 0, 0))
"""An empty frame of that type, the first one of either side."""

H2, H1, STUN = "h2", "http/1.1", "stun.turn"

HELLOS = [
    # name, protocols, who is meant
    (WEB, [H2, H1], "web"),
    (WEB, [H1], "web"),
    (WEB, [], "web"),
    (WEB, [STUN], "nobody"),
    (TURN, [], "turn"),
    (TURN, [STUN], "turn"),
    (None, [], "turn"),
    (None, [STUN], "turn"),
    (None, [H1], "web"),
    (None, [H2, H1], "web"),
    ("unknown.test", [], "turn"),
    ("unknown.test", [STUN], "turn"),
    ("unknown.test", [H1], "web"),
]

HELLOS_OF_ONE_NAME = [
    (WEB, [H2, H1], "web"),
    (WEB, [H1], "web"),
    (WEB, [], "turn"),
    (WEB, [STUN], "turn"),
    (None, [], "turn"),
    (None, [H1], "web"),
    ("unknown.test", [], "turn"),
]


@pytest.fixture
def door(edge: Edge) -> Address:
    """Where everything comes in."""
    return edge.host, edge.door.port


def behind(address: Address, name: str | None, protocols: list[str]) -> str:
    """Who answers a hello: pages speak HTTP, TURN speaks STUN."""
    try:
        return answering(address, name, protocols)
    except ssl.SSLError:
        return "nobody"


def answering(address: Address, name: str | None, protocols: list[str]) -> str:
    """Who is there once TLS is agreed on."""
    with connected(address, name, protocols) as connection:
        if connection.selected_alpn_protocol() == H2:
            # A SETTINGS frame after the preface (RFC 9113, section 3.4).
            connection.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + SETTINGS)
            return "web" if connection.recv(9)[3] == SETTINGS[3] else "nobody"
        if seen_address(connection) == connection.getsockname()[:2]:
            return "turn"
    with connected(address, name, protocols) as connection:
        return "web" if page(connection, WEB).startswith("HTTP/1.1 ") else "nobody"


@pytest.mark.parametrize(("name", "protocols", "expected"), HELLOS)
def test_a_hello_finds_who_is_meant(
    door: Address, name: str | None, protocols: list[str], expected: str
) -> None:
    """By name, else by protocol, else TURN."""
    assert behind(door, name, protocols) == expected


@pytest.mark.parametrize(("name", "protocols", "expected"), HELLOS_OF_ONE_NAME)
def test_a_hello_finds_who_is_meant_where_both_have_one_name(
    edge_of_one_name: Edge, name: str | None, protocols: list[str], expected: str
) -> None:
    """With one name for both, the protocol alone tells."""
    address = edge_of_one_name.host, edge_of_one_name.door.port
    assert behind(address, name, protocols) == expected


def test_a_relay_alone_takes_the_whole_port(relay_alone: Edge) -> None:
    """Without pages, 443 is TURN for any name, with the client's own address."""
    with connected((relay_alone.host, relay_alone.door.port), TURN) as connection:
        assert seen_address(connection) == connection.getsockname()
    with socket.create_connection(
        (relay_alone.host, relay_alone.nginx_http_port)
    ) as plain:
        assert page(plain, TURN) == "HTTP/1.1 301 Moved Permanently"


def test_a_web_host_alone_has_no_relay(web_alone: Edge) -> None:
    """Without a relay, 443 is pages for any protocol."""
    for protocols in ([], [H1]):
        with connected((web_alone.host, web_alone.door.port), WEB, protocols) as one:
            assert page(one, WEB).startswith("HTTP/1.1 200")


def test_another_host_in_the_request_is_misdirected(edge: Edge, door: Address) -> None:
    """Whoever got in by the protocol still has to ask for our name."""
    with connected(door, None, [H1]) as connection:
        assert page(connection, "elsewhere.test").startswith("HTTP/1.1 421 ")
    with connected(door, None, [H1]) as connection:
        host = f"{WEB}:{edge.door.port}"
        assert page(connection, host).startswith("HTTP/1.1 200")


@pytest.mark.parametrize("port", ["nginx_https_port", "nginx_turns_port"])
@pytest.mark.parametrize("host", ["own", "::1"])
def test_turn_by_tls_sees_the_client_itself(edge: Edge, port: str, host: str) -> None:
    """Address and port are the client's, by IPv4 and IPv6, through one hop or two."""
    address = (edge.host if host == "own" else host, getattr(edge, port))
    with connected(address, TURN) as connection:
        assert seen_address(connection) == connection.getsockname()[:2]


@pytest.mark.parametrize("host", ["own", "::1"])
def test_turn_by_tcp_sees_the_client_itself(edge: Edge, host: str) -> None:
    address = (edge.host if host == "own" else host, edge.nginx_turn_port)
    with socket.create_connection(address, 5) as connection:
        assert seen_address(connection) == connection.getsockname()[:2]


# TLS.


def handshake(address: Address, name: str, **limits: Any) -> str | None:
    """The version agreed on with a client of these limits; None where there is none."""
    context = careless()
    # Otherwise the client's own library would refuse before the server does.
    context.set_ciphers("ALL:@SECLEVEL=0")
    for limit, value in limits.items():
        if limit == "ciphers":
            context.set_ciphers(f"{value}:@SECLEVEL=0")
        else:
            setattr(context, limit, value)
    try:
        with connected(address, name, context=context) as connection:
            return connection.version()
    except ssl.SSLError:
        return None


@pytest.fixture(params=["web", "turn-443", "turn-5349"])
def tls_port(edge: Edge, request: pytest.FixtureRequest) -> tuple[Address, str]:
    """Every port that ends TLS, and the name by which."""
    port = edge.nginx_turns_port if request.param == "turn-5349" else edge.door.port
    return (edge.host, port), WEB if request.param == "web" else TURN


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion:DeprecationWarning")
def test_old_versions_are_refused(tls_port: tuple[Address, str]) -> None:
    version = ssl.TLSVersion
    for old in (version.TLSv1, version.TLSv1_1):
        assert handshake(*tls_port, minimum_version=old, maximum_version=old) is None
    for new, name in ((version.TLSv1_2, "TLSv1.2"), (version.TLSv1_3, "TLSv1.3")):
        agreed = handshake(*tls_port, minimum_version=new, maximum_version=new)
        assert agreed == name


@pytest.mark.parametrize(
    ("ciphers", "accepted"),
    [
        ("ECDHE-ECDSA-AES128-GCM-SHA256", True),
        ("ECDHE-ECDSA-CHACHA20-POLY1305", True),
        ("ECDHE-ECDSA-AES128-SHA256", False),
        ("ECDHE-ECDSA-AES256-SHA", False),
        ("AES128-GCM-SHA256", False),
    ],
)
def test_weak_ciphers_are_refused(
    tls_port: tuple[Address, str], ciphers: str, accepted: bool
) -> None:
    """Only forward secrecy with authenticated encryption."""
    agreed = handshake(
        *tls_port, ciphers=ciphers, maximum_version=ssl.TLSVersion.TLSv1_2
    )
    assert (agreed is not None) == accepted


def test_openssl_trusts_what_is_served(edge: Edge, door: Address) -> None:
    """Its own client agrees: the chain, the names, and no session tickets."""
    for name in (WEB, TURN):
        said = run(
            [
                *("openssl", "s_client", "-connect", f"{door[0]}:{door[1]}"),
                *("-servername", name, "-verify_hostname", name),
                *("-CAfile", str(edge.authority.certificate), "-verify_return_error"),
                *("-tls1_2", "-no_ign_eof"),
            ]
        )
        assert "Verification: OK" in said
        assert f"Verified peername: {name}" in said
