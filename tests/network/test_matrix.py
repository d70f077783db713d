"""All kinds of networks, each with each: every call connects, by the path it should.

NETWORK=full calls through all pairs, both ways; else each kind is tried at least once.
"""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import pytest
from playwright.sync_api import Playwright

from tests.network.conftest import FULL
from tests.network.lab import devices
from tests.network.lab.laboratory import Lab, Side, launch
from tests.network.lab.modes import MODES, Mode, pairs
from tests.network.matrix import Callers, Cell, Rooms
from tests.network.report import words
from tests.services import private_folder


FEW = (
    ("fullcone", "symmetric"),
    ("symmetric", "restricted"),
    ("portrestricted", "portrestricted"),
    ("portrestricted", "symmetric"),
    ("cgnat", "vpn"),
    ("udpdrop", "udpreject"),
    ("tcp443", "tcp443reject"),
    ("fullcone", "proxy"),
    ("fullcone", "ipv6"),
    ("onelan", "onelan"),
    ("onenat", "onenat"),
)
"""What is tried in every run."""

CHOSEN = pairs() if FULL else [(MODES[one], MODES[other]) for one, other in FEW]


@pytest.fixture(scope="module")
def callers(
    lab_of_all: Lab, rooms: Rooms, playwright_driver: Playwright
) -> Iterator[Callers]:
    """Two people with Chromium, whose cameras and microphones cost little."""
    with ExitStack() as stack:
        for side in lab_of_all.sides.values():
            stack.enter_context(with_small_devices(side, lab_of_all, playwright_driver))
        yield Callers(lab_of_all, stack, rooms)


@contextmanager
def with_small_devices(side: Side, lab: Lab, driver: Playwright) -> Iterator[None]:
    """Let a side have another browser within this."""
    usual = side.browser
    with private_folder("devices") as folder:
        flags = devices.small(folder)
        authority = lab.servers.authority.certificate
        try:
            with launch(driver, side.client, folder, authority, *flags) as side.browser:
                yield
        finally:
            side.browser = usual


@pytest.mark.parametrize(("agent", "customer"), CHOSEN, ids=lambda mode: mode.name)
def test_call_connects(
    callers: Callers, cells: list[Cell], agent: Mode, customer: Mode
) -> None:
    """Both see and hear each other, by the path that their networks leave."""
    cell = callers.call(agent, customer)
    cells.append(cell)
    assert cell.good, words(cell)


@pytest.mark.parametrize(
    ("agent", "customer", "without"),
    [
        ("symmetric", "portrestricted", "without TURN"),
        ("udpdrop", "fullcone", "with TURN over UDP alone"),
    ],
)
def test_call_needs_what_it_is_given(
    callers: Callers, cells: list[Cell], agent: str, customer: str, without: str
) -> None:
    """Where it is taken away, no call connects: the networks are what they are called.

    What makes it connect is the relay, and its way for that network.
    """
    cell = callers.call(MODES[agent], MODES[customer], without)
    cells.append(cell)
    assert cell.good, words(cell)


def test_every_kind_is_tried() -> None:
    """Also in a run of the few."""
    assert {mode.name for pair in CHOSEN for mode in pair} == set(MODES)
