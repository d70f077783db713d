"""Whether a run was good enough: figures held against thresholds. Pure."""

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

import msgspec


PATH = Path(__file__).parent / "thresholds.toml"


class ThresholdsError(ValueError):
    """The file of thresholds is wrong; the text says where."""


@dataclass(frozen=True)
class Thresholds:
    """How a scenario is run, and what it must come to.

    ``failures`` is the share that may fail, ``p99_ms`` a bound for each thing waited
    for; ``most`` and ``least`` bound what else a scenario finds out. ``plan`` is what
    the scenario itself wants to know; it may replace the first three. What is bounded
    must have been measured.
    """

    users: int = 0
    spawn_rate: float = 0
    run_time: str = ""
    failures: float = 0.0
    p99_ms: Mapping[str, float] = field(default_factory=dict)
    most: Mapping[str, float] = field(default_factory=dict)
    least: Mapping[str, float] = field(default_factory=dict)
    plan: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Figure:
    """What came of one thing waited for; times in milliseconds."""

    count: int
    failures: int
    p50: float
    p95: float
    p99: float


@dataclass(frozen=True)
class Line:
    """One comparison; ``value`` is None where nothing was measured."""

    what: str
    value: float | None
    bound: str
    good: bool

    def __str__(self) -> str:
        value = "not measured" if self.value is None else f"{self.value:,.4g}"
        return f"{'ok  ' if self.good else 'FAIL'}  {self.what}: {value} ({self.bound})"


def load(scenario: str, path: Path = PATH) -> Thresholds:
    """Read the thresholds of a scenario; raises ThresholdsError."""
    try:
        tables = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, tomllib.TOMLDecodeError) as error:
        raise ThresholdsError(f"{path}: {error}") from error
    if scenario not in tables:
        raise ThresholdsError(f"{path}: there is no [{scenario}]; {', '.join(tables)}")
    return _read(tables[scenario], f"{path}: [{scenario}]")


def _read(table: dict[str, Any], where: str) -> Thresholds:
    known = {each.name for each in fields(Thresholds)}
    if strange := set(table) - known:
        raise ThresholdsError(f"{where}: unknown {', '.join(sorted(strange))}")
    try:
        return msgspec.convert(table, Thresholds)
    except msgspec.ValidationError as error:
        raise ThresholdsError(f"{where}: {error}") from error


def judge(
    wanted: Thresholds, figures: Mapping[str, Figure], found: Mapping[str, float]
) -> list[Line]:
    """Compare what was measured, by name, with what is wanted."""
    lines = [_failures(wanted, figures)]
    lines += _times(wanted, figures)
    for name, bound in wanted.most.items():
        value = found.get(name)
        good = value is not None and value <= bound
        lines.append(Line(name, value, f"at most {bound:,.4g}", good))
    for name, bound in wanted.least.items():
        value = found.get(name)
        good = value is not None and value >= bound
        lines.append(Line(name, value, f"at least {bound:,.4g}", good))
    return lines


def _failures(wanted: Thresholds, figures: Mapping[str, Figure]) -> Line:
    total = sum(figure.count for figure in figures.values())
    failed = sum(figure.failures for figure in figures.values())
    share = failed / total if total else None
    good = share is not None and share <= wanted.failures
    return Line("share that failed", share, f"at most {wanted.failures:.4g}", good)


def _times(wanted: Thresholds, figures: Mapping[str, Figure]) -> Iterator[Line]:
    for name, bound in wanted.p99_ms.items():
        figure = figures.get(name)
        # What failed did not take long, but nobody got what they waited for.
        done = figure is not None and figure.count > figure.failures
        value = figure.p99 if figure and done else None
        good = value is not None and value <= bound
        yield Line(f"{name}, p99 in ms", value, f"at most {bound:,.4g}", good)


def growth(values: list[float]) -> float | None:
    """By what share the last quarter's median is above that of the second quarter.

    The first quarter warms up. None for fewer than eight values.
    """
    if len(values) < 8:
        return None
    quarter = len(values) // 4
    before = _median(values[quarter : 2 * quarter])
    return _median(values[-quarter:]) / before - 1 if before else None


def _median(values: list[float]) -> float:
    return sorted(values)[len(values) // 2]
