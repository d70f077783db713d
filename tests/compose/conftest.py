"""A machine, a Docker on it, the containers of a checkout, and browsers outside."""

import fcntl
import json
import os
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Playwright

from tests.compose import base_image
from tests.compose.dockerd import Docker
from tests.compose.machine import Machine
from tests.compose.project import DOMAIN, Project, check_out, make_secrets
from tests.deploy.lab.browsers import trust
from tests.e2e.conftest import CHROMIUM_FLAGS, People
from tests.e2e.people import AGENT_EMAIL, AGENT_NAME, AGENT_PASSWORD
from tests.services import ROOT, find_program, private_folder


BUILD_SECONDS = 900
TIMEOUT = pytest.mark.timeout(BUILD_SECONDS + 240)
"""Whichever test comes first also waits for the images."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give the tests of this folder the time that containers take."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(TIMEOUT)


@pytest.fixture(scope="session")
def checkout() -> Iterator[Path]:
    """A checkout in which nothing was made yet."""
    with private_folder("checkout") as folder:
        yield check_out(folder)


@pytest.fixture(scope="session")
def machine() -> Iterator[Machine]:
    """A machine for Docker; one run at a time has it."""
    assert os.geteuid() == 0, (
        "Docker needs root: run the tests as root, or leave these out"
    )
    base_image.CACHE.mkdir(parents=True, exist_ok=True)
    with (base_image.CACHE / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with Machine() as made:
            yield made


@pytest.fixture(scope="session")
def docker(machine: Machine) -> Iterator[Docker]:
    """Docker on that machine, with the base image and nothing else."""
    with private_folder("docker") as folder, Docker(folder, machine) as service:
        base_image.load(service.client)
        yield service


@pytest.fixture(scope="session")
def built(docker: Docker, machine: Machine) -> Iterator[Project]:
    """The images of a new checkout, built from nothing; no container yet."""
    with private_folder("project") as folder:
        made = make_secrets(check_out(folder), machine, DOMAIN=DOMAIN)
        assert made.returncode == 0, made.stdout + made.stderr
        project = Project(folder, docker)
        began = time.monotonic()
        project.compose("build", seconds=BUILD_SECONDS)
        keep_time("compose-build", began)
        try:
            yield project
        finally:
            project.down("--volumes")


@pytest.fixture(scope="session")
def stack(built: Project) -> Project:
    """All containers, healthy, and one agent of the tests."""
    began = time.monotonic()
    built.up()
    keep_time("compose-up", began)
    add = ["agent", "add", AGENT_EMAIL, "--name", AGENT_NAME, "--admin"]
    command = ["deskside", *add, "--password-file", "-"]
    code, said = built.execute("app", *command, text=AGENT_PASSWORD)
    assert code == 0, said
    return built


@pytest.fixture
def running(stack: Project) -> Project:
    """The containers, all of them, whatever a test before did."""
    stack.up()
    return stack


def keep_time(name: str, began: float) -> None:
    """Leave how long something took for people to look at."""
    artifacts = ROOT / "tests" / "artifacts"
    artifacts.mkdir(exist_ok=True)
    taken = {"seconds": round(time.monotonic() - began, 1)}
    (artifacts / f"{name}.json").write_text(json.dumps(taken))


# People, on the machine outside.


def launch(driver: Playwright, project: Project, home: Path) -> Browser:
    """Start a Chromium that trusts the local authority and knows the way."""
    trust(home, [project.authority])
    # With a dot, too: so Chromium asks for a relay that it reaches by UDP.
    rules = [
        f"MAP {n} {project.docker.machine.address}" for n in (DOMAIN, f"{DOMAIN}.")
    ]
    way = f"--host-resolver-rules={','.join(rules)}"
    return driver.chromium.launch(
        executable_path=find_program("chromium"),
        args=[*CHROMIUM_FLAGS, way],
        env={**os.environ, "HOME": str(home)},
    )


@pytest.fixture(scope="session")
def browsers(
    playwright_driver: Playwright, stack: Project
) -> Iterator[tuple[Browser, Browser]]:
    """The agent's Chromium, and the customer's."""
    with private_folder("homes") as homes, ExitStack() as ends:
        found = [
            launch(playwright_driver, stack, homes / n) for n in ("agent", "customer")
        ]
        for browser in found:
            ends.callback(browser.close)
        yield found[0], found[1]


@pytest.fixture
def people(running: Project, browsers: tuple[Browser, Browser]) -> Iterator[People]:
    """Make agents and customers; they are gone after the test."""
    with ExitStack() as ends:
        yield People(running, *browsers, ends)
