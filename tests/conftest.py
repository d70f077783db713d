"""Fixtures for every test: private servers, started when first asked for."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Playwright, sync_playwright

from tests import measured
from tests.services import Postgres, Redis, Turn, private_folder


IN_ORDER = ("compose", "deploy")
"""Folders whose tests come last, each as written: one goes on where another ended."""

ROOT_ONLY = [Path(__file__).parent / name for name in ("compose", "deploy", "network")]
"""Their tests boot hosts, run Docker or make networks, which nobody but root may."""


def pytest_ignore_collect(collection_path: Path) -> bool | None:
    """Leave out what only root can run; the summary says so."""
    return True if collection_path in ROOT_ONLY and os.geteuid() != 0 else None


def pytest_configure() -> None:
    """Begin anew."""
    measured.forget()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say what was measured, and what was left out."""
    if lines := measured.noted():
        terminalreporter.section("measured")
        terminalreporter.write(lines)
    if os.geteuid() != 0:
        terminalreporter.line("Left out, they need root: compose, deploy, network.")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Fast tests first, so that a mistake shows early; within a folder order stays."""
    items.sort(key=place)
    for item in items:
        if not in_order(item):
            # Browsers and servers share a busy machine with other tests, and hang or
            # come late now and then. Once more is all; the summary names it.
            item.add_marker(pytest.mark.flaky(reruns=1))


def in_order(item: pytest.Item) -> bool:
    """Whether a test goes on where another ended."""
    return any(f"tests/{name}/" in item.nodeid for name in IN_ORDER)


def has_browser(item: pytest.Item) -> bool:
    """Whether a test drives real browsers."""
    return "playwright_driver" in getattr(item, "fixturenames", ())


def place(item: pytest.Item) -> tuple[bool, ...]:
    """Where a test stands: what is True early in this comes late."""
    compose, deploy = (f"tests/{name}/" in item.nodeid for name in IN_ORDER)
    # Once Playwright runs, no test of this process can have an event loop of its own.
    late = has_browser(item) and not (compose or deploy)
    slow = ("network", "e2e", "faults")
    network, e2e, faults = (f"tests/{name}/" in item.nodeid for name in slow)
    return deploy, compose, late, network, e2e, faults


@pytest.fixture(scope="session")
def playwright_driver() -> Iterator[Playwright]:
    """Playwright: one for the whole run, since a process can have no second."""
    with sync_playwright() as driver:
        yield driver


@pytest.fixture(scope="session")
def redis_service() -> Iterator[Redis]:
    """One Redis for the whole run; tests empty it, so lasting nodes have their own."""
    with private_folder("redis") as folder, Redis(folder) as service:
        yield service


@pytest.fixture(scope="session")
def postgres_service() -> Iterator[Postgres]:
    """One PostgreSQL for the whole run; tests use own databases (`postgres_url`)."""
    with private_folder("postgres") as folder, Postgres(folder) as service:
        yield service


@pytest.fixture(scope="session")
def turn() -> Iterator[Turn]:
    """One coturn for the whole run, with `url`, `tcp_url` and `secret`."""
    with private_folder("turn") as folder, Turn(folder) as service:
        yield service


@pytest.fixture
def redis_url(redis_service: Redis) -> str:
    """URL of an empty Redis database."""
    redis_service.flush()
    return redis_service.url


@pytest.fixture
def postgres_url(postgres_service: Postgres) -> str:
    """SQLAlchemy URL of a new, empty database, for one test."""
    return postgres_service.create_database()


@pytest.fixture
def own_redis() -> Iterator[Redis]:
    """A Redis for one test that stops, kills or pauses it."""
    with private_folder("redis") as folder, Redis(folder) as service:
        yield service


@pytest.fixture
def own_postgres() -> Iterator[Postgres]:
    """A PostgreSQL for one test that stops, kills or pauses it."""
    with private_folder("postgres") as folder, Postgres(folder) as service:
        yield service
