"""Where pages are measured: a service of its own, and browsers for both sides."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from playwright.sync_api import Browser, sync_playwright

from tests.e2e.conftest import People, add_agent, launch
from tests.e2e.people import AGENT_EMAIL, AGENT_NAME
from tests.services import Node, private_folder


Browsers = tuple[Browser, Browser]
"""The agent's and the customer's."""


@contextmanager
def service() -> Iterator[Node]:
    """A node on its embedded default, with one agent."""
    with private_folder("bench") as folder:
        node = Node(folder)
        node.settings["public_url"] = node.url
        node.migrate()
        add_agent(node, AGENT_EMAIL, AGENT_NAME)
        with node:
            yield node


@contextmanager
def stage() -> Iterator[tuple[People, Browsers]]:
    """The service, and whoever is to call by it."""
    with ExitStack() as stack:
        node = stack.enter_context(service())
        driver = stack.enter_context(sync_playwright())
        agents, customers = (stack.enter_context(launch(driver)) for _ in range(2))
        yield People(node, agents, customers, stack), (agents, customers)
