"""On poor lines people understand each other, and pictures give way to sound.

The line is that of the customer; the kernel passes on nothing, a program does, which
takes 2 % of a processor at these rates.
"""

import time
from collections.abc import Iterator

import pytest

from tests.e2e.people import Agent, Customer
from tests.measured import note
from tests.network.conftest import FULL
from tests.network.lab.heard import Arrived, arrives, listen
from tests.network.lab.laboratory import Lab
from tests.network.lab.poor import PoorLine
from tests.network.lab.poor_line import Line
from tests.network.report_changes import Heard, Story


GOOD = Line()
NARROW = Line(rate=150)
LINES = {
    "late by 400 ms": (Line(delay=400), Line(delay=400)),
    "jitter of 60 ms": (Line(delay=80, jitter=60), Line(delay=80, jitter=60)),
    "loss of 5 %": (Line(loss=5), Line(loss=5)),
    "loss of 10 %": (Line(loss=10), Line(loss=10)),
    "loss of 20 %": (Line(loss=20), Line(loss=20)),
    "150 kbit/s": (NARROW, NARROW),
    "200 kbit/s up, 4 Mbit/s down": (Line(rate=200), Line(rate=4000)),
    "400 kbit/s, long queue": (Line(rate=400, queue=300), Line(rate=400, queue=300)),
}
"""Up and down."""
FEW = ("loss of 20 %",)
SETTLE, MEASURE = (8, 10) if FULL else (4, 6)
"""Seconds to get used to a line, and to measure."""
BACK = 90
"""Seconds to come back at most: a browser that met a limit asks for more with care."""

BEEPS, MADE_UP = 0.9, 20.0
"""Heard at least, as a share; and made up at most, in percent of the sound."""

People = tuple[Agent, Customer]


@pytest.fixture(scope="module")
def line(lab_of_all: Lab) -> Iterator[PoorLine]:
    """The line of the customer, which can be made poor."""
    lab_of_all.place("portrestricted", "portrestricted")
    with lab_of_all.poor("customer") as line:
        yield line
        lab_of_all.leave()


@pytest.fixture(scope="module")
def people(lab_of_all: Lab, line: PoorLine) -> People:
    """Two people who talk directly."""
    both = lab_of_all.join("portrestricted", "portrestricted")
    listen(*both)
    return both


@pytest.mark.parametrize("name", LINES if FULL else FEW)
def test_sound_stays_intelligible(
    people: People, line: PoorLine, story: Story, name: str
) -> None:
    """Nine of ten beeps of a packet each are heard; no picture stands still unsaid."""
    line.become(*LINES[name])
    people[0].page.wait_for_timeout(SETTLE * 1000)
    arrived = arrives(people, MEASURE)
    line.become(GOOD)
    story.lines.append(Heard(name, *arrived))
    note(f"line {name}: agent gets {arrived[0]}; customer gets {arrived[1]}")
    for one in arrived:
        assert one.beeps >= BEEPS, one
        assert one.concealed <= MADE_UP, one
        assert one.unsaid == 0, one
    for one, way in zip(arrived, LINES[name], strict=True):
        assert not way.rate or one.kbps < way.rate, one


def test_picture_gives_way_and_comes_back(people: People, line: PoorLine) -> None:
    """On 150 kbit/s pictures are few or small; on a good line no more, unasked."""
    line.become(NARROW)
    people[0].page.wait_for_timeout(SETTLE * 1000)
    narrow = arrives(people, MEASURE)
    assert all(one.kbps < NARROW.rate and one.fps > 2 for one in narrow), narrow
    line.become(GOOD)
    begun = time.monotonic()
    while not all(map(better, narrow, again := arrives(people, 3))):
        assert time.monotonic() - begun < BACK, (narrow, again)
    note(f"line good again: after {time.monotonic() - begun:.0f} s {again[1]}")


def better(before: Arrived, now: Arrived) -> bool:
    """Whether a picture has come back: in what it is sent with, and in what is seen."""
    seen = now.height > before.height or now.fps > 1.5 * before.fps
    return seen and now.kbps > 2 * before.kbps
