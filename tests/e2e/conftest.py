"""Real Chromiums (one for the agent, one for the customer) and a real service."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Protocol, TypeVar

import pytest
from playwright.sync_api import Browser, Playwright

from tests.e2e.people import (
    AGENT_EMAIL,
    AGENT_NAME,
    AGENT_PASSWORD,
    Agent,
    Customer,
    Person,
)
from tests.services import Node, find_program, private_folder, run


ARTIFACTS = Path(__file__).parent.parent / "artifacts"

CHROMIUM_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--autoplay-policy=no-user-gesture-required",
    "--use-fake-device-for-media-stream=display-media-type=browser,fps=30",
    "--use-fake-ui-for-media-stream",
]

P = TypeVar("P", bound=Person)


def add_agent(node: Node, email: str, name: str, *flags: str) -> None:
    """Add somebody who may log in with the password of the tests."""
    command = [*node.command()[:-1], "agent", "add", email, "--name", name]
    password = node.folder / "password"
    password.write_text(AGENT_PASSWORD)
    run(
        [*command, *flags, "--password-file", str(password)],
        env=dict(node.environment()),
    )


def launch(driver: Playwright, *flags: str) -> Browser:
    """Start a Chromium of its own."""
    return driver.chromium.launch(
        executable_path=find_program("chromium"), args=[*CHROMIUM_FLAGS, *flags]
    )


@pytest.fixture(scope="session")
def agent_browser(playwright_driver: Playwright) -> Iterator[Browser]:
    """The agent's Chromium."""
    with launch(playwright_driver) as browser:
        yield browser


@pytest.fixture(scope="session")
def customer_browser(playwright_driver: Playwright) -> Iterator[Browser]:
    """The customer's Chromium."""
    with launch(playwright_driver) as browser:
        yield browser


@pytest.fixture(scope="session")
def service() -> Iterator[Node]:
    """The service on its embedded default, with one agent."""
    with private_folder("service") as folder:
        node = Node(folder)
        node.settings |= {"public_url": node.url, "pseudo_locale": 1}
        node.migrate()
        add_agent(node, AGENT_EMAIL, AGENT_NAME, "--admin")
        with node:
            yield node


@pytest.fixture
def people(
    service: Node, agent_browser: Browser, customer_browser: Browser
) -> Iterator["People"]:
    """Make agents and customers at the service; they are gone after the test."""
    with ExitStack() as stack:
        yield People(service, agent_browser, customer_browser, stack)


class Served(Protocol):
    """Whatever answers at an address: a node, or a proxy before some."""

    @property
    def url(self) -> str:
        """Where to find it."""


class People:
    """Makes agents and customers, each with a context of its own."""

    def __init__(
        self, service: Served, agents: Browser, customers: Browser, stack: ExitStack
    ) -> None:
        self.url = service.url
        self._agents, self._customers, self._stack = agents, customers, stack

    def agent(self, **options: Any) -> Agent:
        """Return an agent who is logged in."""
        return self._made(Agent, self._agents, options).log_in()

    def customer(self, **options: Any) -> Customer:
        """Return a customer with an empty page."""
        return self._made(Customer, self._customers, options)

    def _made(self, kind: type[P], browser: Browser, options: dict[str, Any]) -> P:
        prepare = options.pop("prepare", None)
        context = browser.new_context(**{"locale": "en-GB"} | options)
        context.set_default_timeout(15_000)
        self._stack.callback(context.close)
        if prepare:
            prepare(context)
        return kind(context, self.url)


@pytest.fixture
def agent(people: People) -> Agent:
    """An agent who is logged in."""
    return people.agent()


@pytest.fixture
def customer(people: People) -> Customer:
    """A customer with an empty page."""
    return people.customer()


def screenshot(page: Any, name: str) -> None:
    """Keep a picture of a page for people to look at."""
    ARTIFACTS.mkdir(exist_ok=True)
    page.screenshot(path=ARTIFACTS / f"{name}.png")
