"""The figures as one SVG: bars for systems, lines for growth."""

import math
from collections.abc import Iterator, Sequence
from html import escape
from typing import Any


Figures = dict[str, dict[str, Any]]

WIDTH, ROW, LABEL, BAR = 860, 22, 170, 560
COLOURS = ("#2457c5", "#7aa2f7", "#b8532a", "#4b8b3b", "#8a6fb0")
BARS = (
    ("call", "CPU of a complete call setup, ms", 1e3),
    ("message", "CPU of a relayed message, us", 1e6),
    ("p99", "p99 delay of a relayed message, ms", 1e3),
    ("idle_memory", "Memory of an idle participant, KiB", 1 / 1024),
    ("idle_cpu", "CPU of an idle participant in an hour, s", 1.0),
    ("restart", "Seconds to serve again after a restart", 1.0),
)
HEIGHT = 180
"""Of a chart of lines."""


def draw(found: Figures) -> str:
    """Return the whole picture."""
    parts: list[str] = []
    top = 20
    for figure, title, scale in BARS:
        values = {n: e[figure] * scale for n, e in found.items() if figure in e}
        if values:
            parts += _bars(title, values, top)
            top += ROW * (len(values) + 2)
    lines = {name: each["growth"] for name, each in found.items() if "growth" in each}
    if lines:
        parts += _lines("CPU of a message among so many rooms, us", lines, top)
        top += HEIGHT + 3 * ROW
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {top}"'
    style = 'font-family="sans-serif" font-size="13"'
    return f"{head} {style}>\n" + "\n".join(parts) + "\n</svg>\n"


def _text(x: float, y: float, text: str, extra: str = "") -> str:
    return f'<text x="{x:.0f}" y="{y:.0f}" {extra}>{escape(text)}</text>'


def _bars(title: str, values: dict[str, float], top: int) -> Iterator[str]:
    yield _text(10, top, title, 'font-weight="bold"')
    most = max(values.values()) or 1
    for number, (name, value) in enumerate(values.items()):
        y = top + 8 + ROW * number
        width = BAR * value / most
        yield _text(10, y + 14, name)
        yield (
            f'<rect x="{LABEL}" y="{y}" width="{width:.1f}" height="{ROW - 6}"'
            f' fill="{COLOURS[number % len(COLOURS)]}"/>'
        )
        yield _text(LABEL + width + 6, y + 14, f"{value:.3g}")


def _lines(
    title: str, lines: dict[str, Sequence[dict[str, float]]], top: int
) -> Iterator[str]:
    yield _text(10, top, title, 'font-weight="bold"')
    every = [point for points in lines.values() for point in points]
    most = max(point["cpu"] for point in every)
    widest = math.log10(max(point["rooms"] for point in every)) or 1

    def place(point: dict[str, float]) -> tuple[float, float]:
        x = LABEL + BAR * math.log10(point["rooms"]) / widest
        return x, top + HEIGHT - (HEIGHT - ROW) * point["cpu"] / most

    for number, (name, points) in enumerate(lines.items()):
        colour = COLOURS[number]
        path = " ".join("{:.1f},{:.1f}".format(*place(point)) for point in points)
        yield f'<polyline points="{path}" fill="none" stroke="{colour}"/>'
        for point in points:
            x, y = place(point)
            yield f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{colour}"/>'
            yield _text(x + 4, y - 6, f"{1e6 * point['cpu']:.0f}", 'font-size="10"')
        yield _text(10, top + ROW * (number + 1), name, f'fill="{colour}"')
    for rooms in sorted({point["rooms"] for point in every}):
        x, _ = place({"rooms": rooms, "cpu": 0.0})
        yield _text(x, top + HEIGHT + 16, f"{rooms:,.0f}", 'text-anchor="middle"')
