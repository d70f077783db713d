"""A call that may use nothing but the relay, with the real stack behind it."""

import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from playwright.sync_api import Browser

from tests.e2e.conftest import People, add_agent
from tests.e2e.people import AGENT_EMAIL, AGENT_NAME, Person, only_relay
from tests.services import Node, Turn, private_folder, wait_until


@pytest.fixture
def stack_node(redis_url: str, postgres_url: str, turn: Turn) -> Iterator[Node]:
    """A node on Redis, PostgreSQL and coturn."""
    with private_folder("stack") as folder:
        node = Node(
            folder,
            redis_url=redis_url,
            database_url=postgres_url,
            turn_urls=turn.url,
            turn_secret=turn.secret,
        )
        node.settings["public_url"] = node.url
        node.migrate()
        add_agent(node, AGENT_EMAIL, AGENT_NAME)
        with node:
            yield node


def candidate_types(person: Person) -> set[str]:
    """Return the types of the candidates that carry the media."""
    stats = {entry["id"]: entry for entry in person.stats()}
    transports = [entry for entry in stats.values() if entry["type"] == "transport"]
    pairs = [stats[transport["selectedCandidatePairId"]] for transport in transports]
    return {
        str(stats[pair[side]]["candidateType"])
        for pair in pairs
        for side in ("localCandidateId", "remoteCandidateId")
    }


def metrics(node: Node) -> str:
    with urllib.request.urlopen(f"{node.url}/metrics", timeout=5) as answer:  # noqa: S310
        return str(answer.read().decode())


def test_relay_alone_carries_a_call(
    stack_node: Node, agent_browser: Browser, customer_browser: Browser
) -> None:
    """With credentials made for each seat, coturn carries picture and sound."""
    with ExitStack() as stack:
        people = People(stack_node, agent_browser, customer_browser, stack)
        agent = people.agent(prepare=only_relay)
        customer = people.customer(prepare=only_relay)
        agent.create_room()
        agent.enter_room()
        agent.pass_check()
        customer.join(agent)
        customer.pass_check()
        customer.talks()
        agent.talks()
        assert candidate_types(agent) == candidate_types(customer) == {"relay"}
        assert agent.frames + customer.frames + 3 < 22
        told = 'deskside_calls_connected_total{path="relay",protocol="udp"} 1.0'
        assert wait_until(lambda: told in metrics(stack_node), 10)
        customer.press("End call")
        agent.page.wait_for_url(lambda url: not url.endswith("/call"))
