"""`deskside plan`, as typed."""

import json
from pathlib import Path

import pytest

from app.cli.plan import read_figures
from tests.test_cli import Shell


GIVEN = ("plan", "--agents", "40", "--calls-per-hour", "150")


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    """A host with no settings at all: a plan comes before anything is installed."""
    shell = Shell(tmp_path)
    shell.settings = {}
    return shell


def test_plan_says_what_is_needed(shell: Shell) -> None:
    """Every quantity, what is short first, and where the figures come from."""
    told = shell.ok(*GIVEN)
    for name in (
        "Calls at once",
        "App processes",
        "Memory of the app",
        "Redis operations",
        "PostgreSQL rows",
        "Relay bandwidth",
        "Relay ports",
        "Short first: ",
        read_figures().machine.processor,
    ):
        assert name in told


def test_plan_names_agents_that_are_missing(shell: Shell) -> None:
    """Sixty calls at once are too many for forty."""
    told = shell.ok(*GIVEN, "--calls-per-hour", "300", "--minutes", "12")
    assert "75 agents would be enough" in " ".join(told.split())
    assert "Too little: agents" in told


def test_plan_is_json_for_programs(shell: Shell) -> None:
    """With what was asked and what it is reckoned from."""
    told = json.loads(shell.ok(*GIVEN, "--relayed", "0.5", "--json"))
    assert told["demand"]["relayed"] == 0.5
    assert told["plan"]["service"]["processes"] == 2
    assert told["plan"]["traffic"]["mean_calls"] == pytest.approx(25, rel=0.01)
    assert told["figures"]["machine"]["cores"] > 0
    names = {part["name"] for part in told["plan"]["parts"]}
    assert {"agents", "processors", "memory", "relay's line"} <= names


def test_share_is_written_in_two_ways(shell: Shell) -> None:
    """And a number that might be either is asked about."""
    one, other = (shell.ok(*GIVEN, "--relayed", text) for text in ("30%", "0.3"))
    assert one == other
    for text in ("30", "-1%", "some", "nan"):
        assert "write 20% or 0.2" in shell.fails(*GIVEN, "--relayed", text)


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("--agents", "0"),
        ("--calls-per-hour", "-3"),
        ("--minutes", "0"),
        ("--hours", "25"),
        ("--kbps", "many"),
        ("--memory-gib", "nan"),
    ],
)
def test_wrong_option_is_named(shell: Shell, option: str, value: str) -> None:
    """Before anything is reckoned."""
    assert option in shell.fails(*GIVEN, option, value)


def test_figures_are_of_a_working_service() -> None:
    """Every cost is there: a measurement that went wrong would show as nothing."""
    figures = read_figures()
    for cost in (figures.call, figures.minute, figures.process):
        assert cost.app_cpu > 0
        assert cost.redis_operations > 0
    assert figures.call.rows >= 8
    assert figures.minute.rows == pytest.approx(12, rel=0.1)
    assert figures.process.rows == pytest.approx(0, abs=0.01)
    assert figures.process_memory > figures.call_memory > 0
