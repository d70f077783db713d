"""Two nodes behind nginx, on Redis and PostgreSQL, with two browsers in a call."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.e2e.conftest import People, add_agent
from tests.e2e.people import (
    AGENT_EMAIL,
    AGENT_NAME,
    SLOW,
    Agent,
    Customer,
    Person,
    watch_sockets,
)
from tests.e2e.test_call import begin
from tests.services import Nginx, Node, Redis, free_port, private_folder


class Cluster:
    """Two nodes and the proxy before them; looks like one node to people."""

    def __init__(self, proxy: Nginx, nodes: list[Node], redis: Redis) -> None:
        self.proxy, self.nodes, self.redis = proxy, nodes, redis

    @property
    def url(self) -> str:
        """The proxy's address."""
        return self.proxy.url


def a_node(folder: Path, port: int, url: str, redis: Redis, database: str) -> Node:
    """Return a node that answers for the proxy's address."""
    return Node(
        folder,
        port=port,
        public_url=url,
        proxy_hops=1,
        redis_url=redis.url,
        database_url=database,
        secret="the same for all nodes of these tests",
    )


@pytest.fixture
def cluster(own_redis: Redis, postgres_url: str) -> Iterator[Cluster]:
    with ExitStack() as stack:
        ports = [free_port(), free_port()]
        proxy = Nginx(stack.enter_context(private_folder("nginx")), ports)
        nodes = []
        for port in ports:
            folder = stack.enter_context(private_folder("node"))
            node = a_node(folder, port, proxy.url, own_redis, postgres_url)
            node.port = port
            nodes.append(node)
        nodes[0].migrate()
        add_agent(nodes[0], AGENT_EMAIL, AGENT_NAME)
        for service in [*nodes, proxy]:
            stack.enter_context(service)
        yield Cluster(proxy, nodes, own_redis)


@pytest.fixture
def call(
    cluster: Cluster, agent_browser: Browser, customer_browser: Browser
) -> Iterator[tuple[Agent, Customer]]:
    """Two people who talk, through the proxy."""
    with ExitStack() as stack:
        people = People(cluster, agent_browser, customer_browser, stack)
        agent = people.agent(prepare=watch_sockets)
        customer = people.customer(prepare=watch_sockets)
        begin(agent, customer)
        yield agent, customer


def watch_picture(person: Person) -> None:
    """Have the page remember the longest time without a new remote frame."""
    person.page.evaluate(
        """() => {
          const video = document.querySelector("#remote");
          let last = performance.now();
          window.longestGap = 0;
          const frame = now => {
            window.longestGap = Math.max(window.longestGap, now - last);
            last = now;
            video.requestVideoFrameCallback(frame);
          };
          video.requestVideoFrameCallback(frame);
        }"""
    )


def resumes(person: Person, sockets_before: int) -> None:
    """Expect that the page has a new socket and its seat."""
    person.page.wait_for_function(
        "before => sockets.length > before && window.deskside?.link === 'open'",
        arg=sockets_before,
        timeout=2 * SLOW,
    )


def sockets(person: Person) -> int:
    """Return how many sockets the page has opened so far."""
    count: int = person.page.evaluate("sockets.length")
    return count


def still_talk(agent: Agent, customer: Customer) -> None:
    """Expect that signaling works both ways, and the picture never stopped."""
    for one, other in [(agent, customer), (customer, agent)]:
        one.press("Microphone")
        other.sees("Microphone off")
        other.sees_picture()
        gap: float = other.page.evaluate("window.longestGap")
        assert gap < 2000


def test_killed_node_costs_no_picture(
    cluster: Cluster, call: tuple[Agent, Customer]
) -> None:
    """kill -9 of each node in turn: pages resume on the other, pictures go on."""
    for person in call:
        watch_picture(person)
    before = {person: sockets(person) for person in call}
    for node in cluster.nodes:
        node.kill()
        node.start()
    for person in call:
        resumes(person, before[person])
    still_talk(*call)


def test_restarted_redis_costs_no_picture(
    cluster: Cluster, call: tuple[Agent, Customer]
) -> None:
    """Redis killed and started: signaling comes back by itself."""
    for person in call:
        watch_picture(person)
    cluster.redis.kill()
    cluster.redis.start()
    still_talk(*call)


def test_restarted_proxy_costs_no_picture(
    cluster: Cluster, call: tuple[Agent, Customer]
) -> None:
    """nginx killed and started: every socket breaks, every page resumes."""
    for person in call:
        watch_picture(person)
    before = {person: sockets(person) for person in call}
    cluster.proxy.kill()
    cluster.proxy.start()
    for person in call:
        resumes(person, before[person])
    still_talk(*call)
