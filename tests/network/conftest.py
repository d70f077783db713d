"""The laboratory, one for all tests of networks."""

import os
from collections.abc import Iterator

import pytest
from playwright.sync_api import Playwright

from tests.network.lab.laboratory import Lab, laboratory


FULL = os.environ.get("NETWORK") == "full"
"""Everything is tried, as `make network` does, and not only a part."""


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
