"""Reads a trace of Chromium as the performance panel of its DevTools sums it up.

Each event on the page's main thread counts with the time that is its own, without the
events inside it, for the category that the panel's summary gives it (DevTools:
models/trace/Styles.ts). Milliseconds in, milliseconds out; a trace has microseconds.
"""

import json
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple


CATEGORIES = [
    "devtools.timeline",
    "disabled-by-default-devtools.timeline",
    "v8",
    "v8.execute",
]
"""What to trace; without the profiler of scripts, which costs more than a page."""

_EVENTS = {
    "loading": "ParseHTML ParseAuthorStyleSheet ResourceWillSendRequest"
    " ResourceSendRequest ResourceReceiveResponse ResourceReceivedData ResourceFinish",
    "scripting": "EventDispatch EvaluateScript FunctionCall TimerFire TimerInstall"
    " TimerRemove RunMicrotasks v8.compile v8.compileModule v8.evaluateModule"
    " V8.CompileCode V8.OptimizeCode GCEvent MajorGC MinorGC"
    " CppGC.IncrementalSweep BlinkGC.AtomicPhase FireAnimationFrame"
    " RequestAnimationFrame FireIdleCallback RunPostTaskCallback WebSocketSend"
    " WebSocketReceive XHRLoad XHRReadyStateChange",
    "rendering": "Animation HitTest ScheduleStyleRecalculation RecalculateStyles"
    " UpdateLayoutTree Layout Layerize PrePaint UpdateLayerTree ScrollLayer"
    " ComputeIntersections",
    "painting": "PaintSetup Paint RasterTask Commit CompositeLayers",
    "messaging": "HandlePostMessage SchedulePostMessage",
    "system": "RunTask Program",
}
CATEGORY_OF = {name: kind for kind, names in _EVENTS.items() for name in names.split()}
WORK = ("scripting", "rendering", "painting")
"""What a page itself makes the main thread do."""


class Span(NamedTuple):
    """An event that lasts, on one thread; microseconds."""

    name: str
    begin: float
    end: float


class Window(NamedTuple):
    """What was looked at: the main thread of a page between two marks; microseconds."""

    process: int
    thread: int
    begin: float
    end: float


MARK = "deskside"
MARKING = f"console.timeStamp({MARK!r})"
"""A script that marks the beginning, and the end, of what is to be summed up."""


def window(events: Iterable[dict[str, Any]]) -> Window:
    """Find the two marks of the page.

    Raises ValueError where they are not there.
    """
    begin, end = (
        event
        for event in events
        if event["name"] == "TimeStamp" and event["args"]["data"]["message"] == MARK
    )
    return Window(begin["pid"], begin["tid"], begin["ts"], end["ts"])


def spans(events: Iterable[dict[str, Any]], seen: Window) -> list[Span]:
    """Return what counts in a window, parents before what is inside them."""
    found = [
        Span(event["name"], event["ts"], event["ts"] + event.get("dur", 0))
        for event in events
        if event["ph"] == "X"
        and (event["pid"], event["tid"]) == (seen.process, seen.thread)
        and seen.begin <= event["ts"] < seen.end
        and event["name"] in CATEGORY_OF
    ]
    return sorted(found, key=lambda span: (span.begin, -span.end))


def own_times(nested: Iterable[Span]) -> Iterator[tuple[str, float]]:
    """Yield each span's name and the microseconds outside the spans inside it."""
    open_spans: list[tuple[Span, float]] = []

    def close(until: float) -> Iterator[tuple[str, float]]:
        while open_spans and open_spans[-1][0].end <= until:
            span, inside = open_spans.pop()
            yield span.name, span.end - span.begin - inside

    for span in nested:
        yield from close(span.begin)
        if open_spans:
            parent, inside = open_spans[-1]
            open_spans[-1] = (parent, inside + min(span.end, parent.end) - span.begin)
        open_spans.append((span, 0))
    yield from close(float("inf"))


def by_name(trace: bytes) -> tuple[Window, dict[str, float]]:
    """Return the milliseconds of each kind of event, as the panel's bottom-up view."""
    events = json.loads(trace)["traceEvents"]
    seen = window(events)
    times: dict[str, float] = {}
    for name, own in own_times(spans(events, seen)):
        times[name] = times.get(name, 0) + own / 1000
    return seen, times


def summary(seen: Window, times: dict[str, float]) -> dict[str, float]:
    """Return the milliseconds of each category, and of none: idle."""
    sums = dict.fromkeys(_EVENTS, 0.0)
    for name, own in times.items():
        sums[CATEGORY_OF[name]] += own
    return sums | {"idle": (seen.end - seen.begin) / 1000 - sum(sums.values())}
