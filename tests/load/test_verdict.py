"""When a run is good enough, and when it is not."""

from pathlib import Path

import pytest

from loadtests import verdict
from loadtests.verdict import Figure, Thresholds, ThresholdsError, growth, judge
from tests.services import ROOT


FAST = Figure(100, 0, 10, 20, 30)
SCENARIOS = sorted(p.stem for p in (ROOT / "loadtests/scenarios").glob("[a-z]*.py"))


def bad(
    wanted: Thresholds,
    figures: dict[str, Figure],
    found: dict[str, float] | None = None,
) -> list[str]:
    """What is not good enough."""
    return [one.what for one in judge(wanted, figures, found or {}) if not one.good]


def test_fast_and_whole_is_good() -> None:
    """A bound may be reached."""
    assert bad(Thresholds(p99_ms={"join": 30}), {"join": FAST}) == []


def test_slow_is_not() -> None:
    """Nor a bit above it."""
    assert bad(Thresholds(p99_ms={"join": 29.9}), {"join": FAST}) == ["join, p99 in ms"]


def test_nothing_measured_is_not() -> None:
    """A run in which nobody came is no success."""
    wanted = Thresholds(p99_ms={"join": 30})
    assert bad(wanted, {}) == ["share that failed", "join, p99 in ms"]
    assert "not measured" in str(judge(wanted, {}, {})[1])


def test_what_only_failed_was_not_fast() -> None:
    """Failing takes no time, and is no p99."""
    failed = Figure(10, 10, 1, 1, 1)
    wanted = Thresholds(failures=1.0, p99_ms={"join": 30})
    assert bad(wanted, {"join": failed}) == ["join, p99 in ms"]


@pytest.mark.parametrize(("allowed", "good"), [(0.0, False), (0.01, True)])
def test_failures_count_over_everything(allowed: float, good: bool) -> None:
    """Two of 200 are one percent."""
    figures = {"join": FAST, "end": Figure(100, 2, 1, 1, 1)}
    assert (bad(Thresholds(failures=allowed), figures) == []) is good


def test_findings_have_bounds_on_either_side() -> None:
    """What a scenario finds out is held against most and least."""
    wanted = Thresholds(most={"growth": 0.1}, least={"rooms": 100})
    figures = {"join": FAST}
    assert bad(wanted, figures, {"growth": 0.1, "rooms": 100}) == []
    assert bad(wanted, figures, {"growth": 0.2, "rooms": 99}) == ["growth", "rooms"]
    assert bad(wanted, figures) == ["growth", "rooms"]


def test_growth_ignores_the_beginning() -> None:
    """Warming up is no leak; what goes on growing is one."""
    warm = [10.0, 80.0, 99.0, 100.0] + [100.0] * 12
    assert growth(warm) == 0
    leak = growth([100.0 + 10 * n for n in range(16)])
    assert leak is not None
    assert leak > 0.3
    assert growth([1.0] * 7) is None
    assert growth([0.0] * 8) is None


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_every_scenario_has_thresholds(scenario: str) -> None:
    """And they bound something."""
    wanted = verdict.load(scenario)
    assert wanted.p99_ms or wanted.least or wanted.most
    assert wanted.plan or (wanted.users and wanted.run_time and wanted.spawn_rate)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[signaling]\nuser = 3", "unknown user"),
        ("[signaling", "thresholds"),
        ("[storm]", "there is no"),
        ('[signaling]\nusers = "many"', "users"),
        ('[signaling.p99_ms]\njoin = "fast"', "p99_ms"),
        ("[signaling]\np99_ms = 3", "p99_ms"),
    ],
)
def test_wrong_file_is_told(tmp_path: Path, text: str, said: str) -> None:
    """Whoever edits the thresholds hears what is wrong with them, and where."""
    path = tmp_path / "thresholds.toml"
    path.write_text(text)
    with pytest.raises(ThresholdsError, match=said) as wrong:
        verdict.load("signaling", path)
    assert str(path) in str(wrong.value)
