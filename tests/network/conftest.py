"""The laboratory, one for all tests of networks."""

import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Playwright

from tests.measured import note
from tests.network import report
from tests.network.lab.laboratory import Lab, laboratory
from tests.network.matrix import Cell, Rooms
from tests.network.report_changes import Story


FULL = os.environ.get("NETWORK") == "full"
"""Everything is tried, as `make network` does, and not only a part."""

MINUTES = 5
"""For a test: on a busy machine the laboratory alone takes one."""


def pytest_collection_modifyitems(
    config: pytest.Config, items: list[pytest.Item]
) -> None:
    """Give them time; what only a full run tries is not there in another."""
    folder = Path(__file__).parent
    left_out = [item for item in items if item.get_closest_marker("full") and not FULL]
    config.hook.pytest_deselected(items=left_out)
    items[:] = [item for item in items if item not in left_out]
    for item in items:
        if item.path.is_relative_to(folder) and not item.get_closest_marker("timeout"):
            item.add_marker(pytest.mark.timeout(60 * MINUTES))


@pytest.fixture(scope="session")
def lab_of_all(playwright_driver: Playwright) -> Iterator[Lab]:
    """The laboratory; use `lab`."""
    with laboratory(playwright_driver) as made:
        yield made


@pytest.fixture
def lab(lab_of_all: Lab) -> Iterator[Lab]:
    """The laboratory, with nobody in a call."""
    yield lab_of_all
    lab_of_all.leave()


@pytest.fixture(scope="session")
def rooms(lab_of_all: Lab) -> Rooms:
    """Where calls between networks take place."""
    return Rooms(lab_of_all)


@pytest.fixture(scope="session")
def cells() -> Iterator[list[Cell]]:
    """Every call between networks; the report is written from it in the end."""
    begun = time.monotonic()
    made: list[Cell] = []
    yield made
    seconds = time.monotonic() - begun
    report.write(made, seconds)
    good = sum(cell.good for cell in made)
    if FULL:
        note(report.table(made))
    note(f"networks: {good} of {len(made)} calls as they should be in {seconds:.0f} s")


@pytest.fixture(scope="session")
def story() -> Iterator[Story]:
    """What happened in the middle of calls; the other report is written from it."""
    made = Story()
    yield made
    made.write()
