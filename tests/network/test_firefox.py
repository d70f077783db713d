"""Chromium with Firefox, in both roles, where networks make a difference."""

from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from tests.e2e.people import AGENT_EMAIL, AGENT_PASSWORD
from tests.network.lab.firefox import Firefox, FirefoxPerson
from tests.network.lab.laboratory import Lab
from tests.network.lab.modes import MODES
from tests.network.matrix import Callers, Cell, Rooms
from tests.network.report import words
from tests.services import private_folder


WHERE = (
    ("fullcone", "fullcone"),
    ("portrestricted", "symmetric"),
    ("udpdrop", "fullcone"),
    ("tcp443", "fullcone"),
)
"""Where Firefox is, and where Chromium is."""


@pytest.fixture(scope="module", params=["agent", "customer"])
def firefox(
    request: pytest.FixtureRequest, lab_of_all: Lab, rooms: Rooms
) -> Iterator[tuple[str, Callers]]:
    """Who has Firefox, and both people."""
    side: str = request.param
    lab_of_all.place("fullcone", "fullcone")
    with ExitStack() as stack:
        folder = stack.enter_context(private_folder("firefox"))
        trusted = lab_of_all.servers.authority.certificate
        browser = Firefox(folder, lab_of_all.lan(side), trusted)
        stack.enter_context(browser)
        if side == "agent":
            agent = FirefoxPerson(browser, lab_of_all.url, "")
            agent.log_in(AGENT_EMAIL, AGENT_PASSWORD)
            agent.page.close()
        yield side, Callers(lab_of_all, stack, rooms, {side: browser})


@pytest.mark.parametrize(("here", "there"), WHERE)
def test_firefox_calls_chromium(
    firefox: tuple[str, Callers], cells: list[Cell], here: str, there: str
) -> None:
    """They see and hear each other, by the path that their networks leave."""
    side, callers = firefox
    pair = (here, there) if side == "agent" else (there, here)
    cell = callers.call(MODES[pair[0]], MODES[pair[1]])
    cells.append(cell)
    assert cell.good, words(cell)
