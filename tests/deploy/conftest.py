"""One deployment that all tests share, in the order in which a deployment lives.

The files are numbered: each goes on with the hosts as the one before left them. A file
alone works, too: the first thing it needs is the deployment, and that is made.
"""

import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from playwright.sync_api import Playwright
from testinfra.host import Host

from tests.deploy.calls import Call, Callers
from tests.deploy.deployment import DOMAIN, Deployment, look_at
from tests.deploy.lab.browsers import launch
from tests.deploy.lab.laboratory import Laboratory, laboratory
from tests.deploy.lab.network import CLIENTS, OPEN
from tests.deploy.lab.programs import run
from tests.e2e.people import AGENT_EMAIL, AGENT_NAME, AGENT_PASSWORD


MINUTES = 10


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Whole hosts take longer than other tests."""
    folder = Path(__file__).parent
    for item in items:
        if item.path.is_relative_to(folder) and not item.get_closest_marker("timeout"):
            item.add_marker(pytest.mark.timeout(60 * MINUTES))


@pytest.fixture(scope="session")
def lab() -> Iterator[Laboratory]:
    """The laboratory: its hosts are off at first."""
    with laboratory() as made:
        yield made


@pytest.fixture(scope="session")
def release() -> None:
    """What hosts install, built once for the same sources."""
    run(sys.executable, "-m", "tools.release", seconds=400)


@pytest.fixture(scope="session")
def single(lab: Laboratory, release: None) -> Deployment:
    """Everything on one host, deployed from bare."""
    lab.name(desk=lab.desk.host)
    inventory = lab.inventory("example-single", "single")
    inventory.place(desk=lab.desk.host)
    inventory.fill_in(deskside_domain=DOMAIN)
    lab.desk.start()
    made = Deployment(lab, inventory, inventory.play("site"))
    made.add_agent(AGENT_EMAIL, AGENT_NAME, AGENT_PASSWORD)
    # As its timer will every hour; it takes a minute and a half beside the tests.
    lab.desk.run("systemctl start --no-block deskside-doctor.service")
    return made


@pytest.fixture(scope="session")
def host(single: Deployment) -> Host:
    """The one host, for testinfra to look at."""
    return look_at(single.desk)


@pytest.fixture(scope="session")
def callers(
    single: Deployment, playwright_driver: Playwright, lab: Laboratory
) -> Iterator[Callers]:
    """Two Chromiums, each at a client of its own."""
    with ExitStack() as stack:
        agents, customers = (
            stack.enter_context(
                launch(playwright_driver, client, lab.folder, lab.trusted)
            )
            for client in CLIENTS
        )
        yield Callers(single.url, agents, customers, lab.folder)


@pytest.fixture
def call(callers: Callers, lab: Laboratory) -> Iterator[Call]:
    """Two people with empty pages; whatever the test blocks, passes again after it."""
    with ExitStack() as stack:
        stack.callback(lab.network.filter, OPEN)
        yield callers.call(stack)


@pytest.fixture(scope="module")
def begun(callers: Callers, lab: Laboratory) -> Iterator[Call]:
    """Two people for all tests of a file; the file begins their call."""
    with ExitStack() as stack:
        stack.callback(lab.network.filter, OPEN)
        yield callers.call(stack)
