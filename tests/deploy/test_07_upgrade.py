"""A next release and the way back, while two people talk."""

import sys

import pytest

from app import __version__
from tests.deploy.calls import (
    Call,
    longest_gap,
    resumes,
    signaling_works,
    sockets,
    watch,
)
from tests.deploy.deployment import Deployment
from tests.deploy.lab.programs import run
from tests.measured import note


NEXT = f"{__version__}.post1"


@pytest.fixture(scope="module")
def next_release() -> str:
    """A release with a higher version, of the same sources."""
    run(sys.executable, "-m", "tools.release", "--version", NEXT, seconds=400)
    return NEXT


@pytest.fixture(scope="module")
def talk(begun: Call) -> Call:
    """One call over upgrade and rollback."""
    begun.begin()
    return begun


def changes(single: Deployment, talk: Call, playbook: str, *options: str) -> float:
    """Run a playbook during the call; gives the longest time without a picture.

    Pages have to have lost their node and found another.
    """
    watch(*talk.people)
    before = {person: sockets(person) for person in talk.people}
    played = single.inventory.play(playbook, *options)
    for person in talk.people:
        resumes(person, before[person])
    signaling_works(talk.agent, talk.customer)
    gap = longest_gap(*talk.people)
    what = f"{playbook}: {played.seconds:.0f} s, media gap during a call {gap:.2f} s"
    note(what)
    return gap


def test_upgrade_costs_no_picture(
    single: Deployment, talk: Call, next_release: str
) -> None:
    """Node by node, to the next release: the call lives."""
    chosen = f"deskside_version={next_release}"
    assert changes(single, talk, "upgrade", "-e", chosen) < 1
    assert single.version == next_release


def test_rollback_costs_no_picture(single: Deployment, talk: Call) -> None:
    """And back to the release before."""
    assert changes(single, talk, "rollback") < 1
    assert single.version == __version__


def test_call_ended_as_calls_do(talk: Call) -> None:
    """Both talk to the end, and it is written down."""
    for person in talk.people:
        person.talks()
    talk.end()
    talk.agent.page.locator("#state a[href^='/history/']").wait_for(timeout=60_000)
