"""What coturn relays, for whom, to whom, and how much."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, ExitStack

import pytest
import pytest_asyncio

from app.adapters.turn_client import TCP, Refused, TurnClient
from app.domain.relay_urls import RelayUrl
from tests.services import LOOPBACK, Redis, run, wait_until
from tests.templates.conftest import an_edge
from tests.templates.edge import NEW_SECRET, OLD_SECRET, Edge
from tests.templates.pki import Authority
from tests.templates.tls import careless


WAYS = ["udp", "tcp", "tls-5349", "tls-443"]

FORBIDDEN = [
    "0.0.0.1",
    "10.0.0.1",
    "100.64.0.1",
    "127.0.0.1",
    "169.254.169.254",
    "172.16.0.1",
    "172.31.255.254",
    "192.0.0.1",
    "192.88.99.1",
    "192.168.1.1",
    "198.18.0.1",
    "198.19.255.254",
    "224.0.0.1",
    "239.255.255.250",
    "240.0.0.1",
    "255.255.255.255",
]

ALLOWED = ["9.255.255.254", "172.15.0.1", "172.32.0.1", "203.0.113.7", "8.8.8.8"]

Joined = Callable[..., Awaitable[TurnClient]]


def way(edge: Edge, name: str) -> RelayUrl:
    """A way to the relay, as browsers are told."""
    port, transport = {
        "udp": (edge.coturn_port, "udp"),
        "tcp": (edge.nginx_turn_port, "tcp"),
        "tls-5349": (edge.nginx_turns_port, "tcp"),
        "tls-443": (edge.nginx_https_port, "tcp"),
    }[name]
    scheme = "turns" if name.startswith("tls") else "turn"
    return RelayUrl(name, scheme, edge.host, port, transport)


@pytest_asyncio.fixture
async def client() -> AsyncIterator[Joined]:
    """Make clients of a relay; they tidy up after the test."""
    async with AsyncExitStack() as stack:

        async def joined(edge: Edge, name: str = "udp") -> TurnClient:
            tls: ssl.SSLContext = careless()
            return await stack.enter_async_context(
                await TurnClient.connect(way(edge, name), tls)
            )

        yield joined
    # Ends of TLS are said and heard once more before their sockets are closed.
    await asyncio.sleep(0.3)


@pytest.mark.parametrize("name", WAYS)
async def test_each_way_leads_to_a_relay(edge: Edge, client: Joined, name: str) -> None:
    """And the relay knows who came."""
    one = await client(edge, name)
    relayed = await one.allocate(*edge.credentials())
    assert relayed[0] == edge.host
    assert 49152 <= relayed[1] <= 65535
    assert one.mapped == await one.ask_address()
    assert one.mapped[0] == edge.host


@pytest.mark.parametrize("name", WAYS)
async def test_two_relayed_parties_meet(edge: Edge, client: Joined, name: str) -> None:
    """Bytes go there and come back, by the host's own address, which is allowed."""
    one, other = await client(edge, name), await client(edge, "udp")
    for party in (one, other):
        await party.allocate(*edge.credentials())
    for party in (one, other):
        await party.permit(edge.host)
    one.send(b"there", other.relayed)
    assert await asyncio.wait_for(other.data.get(), 5) == (b"there", one.relayed)
    channel = await other.bind(one.relayed)
    other.send_on(channel, b"and back")
    assert await asyncio.wait_for(one.data.get(), 5) == (b"and back", other.relayed)


async def test_private_and_special_peers_are_refused(
    edge: Edge, client: Joined
) -> None:
    """With 403, before anything is sent; addresses just outside are let through."""
    one = await client(edge)
    await one.allocate(*edge.credentials())
    for address in FORBIDDEN:
        if address == edge.host:
            continue
        with pytest.raises(Refused) as refused:
            await one.permit(address)
        assert refused.value.code == 403, address
    for address in ALLOWED:
        await one.permit(address)


IPV6 = [
    ("::1", False),
    ("::", False),
    ("::ffff:127.0.0.1", False),
    ("::ffff:10.0.0.1", False),
    ("::127.0.0.1", False),
    ("64:ff9b::7f00:1", False),
    ("64:ff9b:1::1", False),
    ("100::1", False),
    ("2001:0:5ef5::1", False),
    ("2002:7f00:1::1", False),
    ("fc00::1", False),
    ("fdff::1", False),
    ("fe80::1", False),
    ("fec0::1", False),
    ("ff02::1", False),
    ("2001:200::1", True),
    ("2606:4700::1", True),
    ("2001:db8::1", True),
]


async def test_ipv6_peers_are_refused_likewise(
    relay_of_ipv6: Edge, client: Joined
) -> None:
    """And so is every other way to write an IPv4 address."""
    one = await client(relay_of_ipv6)
    await one.allocate(*relay_of_ipv6.credentials(), family=2)
    found = {}
    for address, _allowed in IPV6:
        try:
            await one.permit(address)
        except Refused as refused:
            found[address] = refused.code
    assert found == {address: 403 for address, allowed in IPV6 if not allowed}


@pytest.fixture(scope="module")
def relay_of_ipv6(authority: Authority) -> Iterator[Edge]:
    """A relay with IPv6. On loopback: every machine has that."""
    with ExitStack() as stack:
        edge = an_edge(stack, authority)
        edge.render(coturn_addresses=[edge.host, "::1"])
        edge.coturn.restart()
        yield edge


async def test_nobody_is_relayed_without_credentials(
    edge: Edge, client: Joined
) -> None:
    name, password = edge.credentials()
    expired = name.replace(name.partition(":")[0], "1000000000")
    for given in (("", ""), (name, "guessed"), (expired, password)):
        one = await client(edge)
        with pytest.raises(Refused) as refused:
            await one.allocate(*given)
        assert refused.value.code == 401


@pytest.mark.parametrize("secret", [NEW_SECRET, OLD_SECRET])
async def test_both_secrets_hold_during_rotation(
    edge: Edge, client: Joined, secret: str
) -> None:
    one = await client(edge)
    assert await one.allocate(*edge.credentials(secret=secret))


async def test_without_rotation_the_old_secret_is_no_good(
    relay_alone: Edge, client: Joined
) -> None:
    relay_alone.render(coturn_secret_previous="")
    relay_alone.coturn.restart()
    one, other = await client(relay_alone), await client(relay_alone)
    with pytest.raises(Refused):
        await one.allocate(*relay_alone.credentials(secret=OLD_SECRET))
    assert await other.allocate(*relay_alone.credentials())


async def test_tcp_is_not_relayed(edge: Edge, client: Joined) -> None:
    one = await client(edge, "tcp")
    with pytest.raises(Refused) as refused:
        await one.allocate(*edge.credentials(), transport=TCP)
    assert refused.value.code == 442


async def allocations(edge: Edge, client: Joined, names: list[str]) -> list[int]:
    """The answers to allocations under some names, one after the other: 0 is yes."""
    answers = []
    for name in names:
        try:
            await (await client(edge)).allocate(*edge.credentials(name))
        except Refused as refused:
            answers.append(refused.code)
        else:
            answers.append(0)
    return answers


async def test_relays_are_counted_by_name_and_in_all(
    relay_alone: Edge, client: Joined
) -> None:
    """What one takes too much is refused, and so is what all take too much."""
    relay_alone.render(coturn_user_quota=2, coturn_total_quota=3)
    relay_alone.coturn.restart()
    names = ["one", "one", "one", "two", "three"]
    assert await allocations(relay_alone, client, names) == [0, 0, 486, 0, 486]


async def test_capacity_is_taken_by_each_relay(
    relay_alone: Edge, client: Joined
) -> None:
    """As the manual of coturn_bps_capacity says."""
    quotas = {"coturn_user_quota": 60, "coturn_total_quota": 4000}
    relay_alone.render(
        coturn_max_bps=1_000_000, coturn_bps_capacity=2_000_000, **quotas
    )
    relay_alone.coturn.restart()
    answers = await allocations(relay_alone, client, ["one", "two", "three"])
    relay_alone.render(coturn_bps_capacity=0)
    assert answers == [0, 0, 486]


def test_an_external_address_is_told_and_taken_back(
    authority: Authority,
) -> None:
    """Behind one-to-one NAT: the public address is told, and reaches relays here."""

    async def call(edge: Edge) -> tuple[str, bytes]:
        url = way(edge, "udp")
        async with (
            await TurnClient.connect(url) as one,
            await TurnClient.connect(url) as other,
        ):
            for party in (one, other):
                await party.allocate(*edge.credentials())
                await party.permit("203.0.113.99")
            one.send(b"hairpin", other.relayed)
            data, sender = await asyncio.wait_for(other.data.get(), 5)
            assert sender == one.relayed
            return one.relayed[0], data

    with ExitStack() as stack:
        edge = an_edge(stack, authority, coturn_external_ip="203.0.113.99")
        assert asyncio.run(call(edge)) == ("203.0.113.99", b"hairpin")


def test_nothing_else_listens(edge: Edge) -> None:
    """UDP for browsers and the port for nginx: no console, no TLS, no TCP."""
    assert edge.coturn.process
    said = run(["ss", "-Hlntup"]).splitlines()
    mine = [line.split() for line in said if f"pid={edge.coturn.process.pid}," in line]
    hosts = {LOOPBACK, edge.host}
    browsers = {("udp", f"{host}:{edge.coturn_port}") for host in hosts}
    nginx = {("tcp", f"{host}:{edge.coturn_proxy_port}") for host in hosts}
    assert {(line[0], line[4]) for line in mine} == browsers | nginx


def test_statistics_go_to_redis(authority: Authority, own_redis: Redis) -> None:
    """Each relay is a key there for as long as it lasts."""
    database = {"coturn_redis_host": LOOPBACK, "coturn_redis_port": own_redis.port}
    command = ["redis-cli", "-p", str(own_redis.port), "-n", "2", "keys", "turn/*"]

    async def relay(edge: Edge) -> str:
        async with await TurnClient.connect(way(edge, "udp")) as one:
            await one.allocate(*edge.credentials("somebody"))
            return run(command)

    with ExitStack() as stack:
        edge = an_edge(stack, authority, **database)
        assert wait_until(lambda: "somebody" in asyncio.run(relay(edge)), 10)
        assert wait_until(lambda: not run(command).strip(), 10)
