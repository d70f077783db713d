"""All kinds of networks, each with each: every call connects, by the path it should.

NETWORK=full calls through all pairs, both ways; else each kind is tried at least once.
"""

import os
import time
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from tests.measured import note
from tests.network import report
from tests.network.lab.laboratory import Lab
from tests.network.lab.modes import MODES, Mode, pairs
from tests.network.matrix import Callers, Cell, Rooms


FULL = os.environ.get("NETWORK") == "full"

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
def cells() -> Iterator[list[Cell]]:
    """Every attempt; the report is written from it."""
    begun = time.monotonic()
    made: list[Cell] = []
    yield made
    seconds = time.monotonic() - begun
    report.write(made, seconds)
    good = sum(cell.good for cell in made)
    note(f"networks: {good} of {len(made)} pairs as they should be in {seconds:.0f} s")


@pytest.fixture(scope="module")
def callers(lab_of_all: Lab) -> Iterator[Callers]:
    """Two people."""
    with ExitStack() as stack:
        yield Callers(lab_of_all, stack, Rooms(lab_of_all))


@pytest.mark.parametrize(("agent", "customer"), CHOSEN, ids=lambda mode: mode.name)
def test_call_connects(
    callers: Callers, cells: list[Cell], agent: Mode, customer: Mode
) -> None:
    """Both see and hear each other, by the path that their networks leave."""
    cell = callers.call(agent, customer)
    cells.append(cell)
    assert not cell.trouble
    assert tuple(one.way for one in cell.seen) == cell.expected
    assert all(one.talks for one in cell.seen)


def test_every_kind_is_tried() -> None:
    """Also in a run of the few."""
    assert {mode.name for pair in CHOSEN for mode in pair} == set(MODES)
