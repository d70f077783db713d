"""The figures as a table for people, and how far the targets are met."""

from collections.abc import Callable, Iterator
from typing import Any


Figures = dict[str, dict[str, Any]]

OURS, FOUR = "Deskside", "Deskside, four on Redis"
LISTED: tuple[tuple[str, str, Callable[[float], str]], ...] = (
    ("call", "CPU a call, ms", lambda v: f"{1e3 * v:.2f}"),
    ("message", "CPU a message, us", lambda v: f"{1e6 * v:.0f}"),
    ("p50", "p50, ms", lambda v: f"{1e3 * v:.1f}"),
    ("p99", "p99, ms", lambda v: f"{1e3 * v:.1f}"),
    ("accepted", "sockets a CPU s", lambda v: f"{v:.0f}"),
    ("idle_memory", "KiB idle", lambda v: f"{v / 1024:.1f}"),
    ("idle_cpu", "CPU s an idle hour", lambda v: f"{v:.3f}"),
    ("restart", "restart, s", lambda v: f"{v:.1f}"),
)
"""Figure, heading and form."""


def table(found: Figures) -> str:
    """All systems side by side, then ratios to ours, then the targets."""
    listed = [one for one in LISTED if any(one[0] in each for each in found.values())]
    rows = [["", *(heading for _, heading, _ in listed)]]
    rows += [[name, *_cells(each, listed)] for name, each in found.items()]
    rows += [
        [f"{name} / {OURS}", *_ratios(each, found[OURS], listed)]
        for name, each in found.items()
        if OURS in found and name != OURS
    ]
    return "\n".join([*_aligned(rows), "", *targets(found)])


def _cells(each: dict[str, Any], listed: list[Any]) -> Iterator[str]:
    for figure, _, form in listed:
        yield form(each[figure]) if figure in each else "-"


def _ratios(
    each: dict[str, Any], ours: dict[str, Any], listed: list[Any]
) -> Iterator[str]:
    for figure, _, _ in listed:
        known = figure in each and ours.get(figure)
        yield f"{each[figure] / ours[figure]:.2f}" if known else "-"


def _aligned(rows: list[list[str]]) -> Iterator[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for name, *cells in rows:
        rest = (cell.rjust(w) for cell, w in zip(cells, widths[1:], strict=True))
        yield "  ".join([name.ljust(widths[0]), *rest])


def targets(found: Figures) -> Iterator[str]:
    """What was promised, and what came of it."""
    ours = found.get(OURS, {})
    for name, target, value in (
        (
            "a call, times the Flask-SocketIO design",
            1 / 8,
            _times(found, "Flask-SocketIO"),
        ),
        ("a call, times PeerJS", 1.0, _times(found, "PeerJS")),
        ("p99 of a relayed message, ms", 10.0, _scaled(ours.get("p99"), 1e3)),
        ("10,000 sockets of one process, MB", 500.0, _held(ours, 5_000)),
        (
            "20,000 rooms of four processes, MB",
            2_000.0,
            _held(found.get(FOUR, {}), 20_000),
        ),
        ("storm of 10,000 sockets, s", 15.0, _storm(ours)),
        ("seats lost in the storm", 0.0, _scaled(_lost(ours), 1)),
    ):
        if value is not None:
            verdict = "met" if value <= target else "missed"
            yield f"{verdict:6}  {name}: {value:.3g} (at most {target:.3g})"


def _times(found: Figures, other: str) -> float | None:
    ours, theirs = (found.get(name, {}).get("call") for name in (OURS, other))
    return ours / theirs if ours and theirs else None


def _scaled(value: float | None, by: float) -> float | None:
    return None if value is None else value * by


def _held(ours: dict[str, Any], rooms: int) -> float | None:
    memory = [p["memory"] for p in ours.get("growth", ()) if p["rooms"] == rooms]
    return memory[0] / 1e6 if memory else None


def _storm(ours: dict[str, Any]) -> float | None:
    return ours["storm"] if ours.get("storm_sockets") == 10_000 else None


def _lost(ours: dict[str, Any]) -> float | None:
    return 1 - ours["storm_kept"] if "storm_kept" in ours else None
