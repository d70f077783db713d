"""What the pages cost: to fetch, and on the main thread during a call.

The yardstick is a bare page with one peer connection and the same media, in the same
browsers and the same run, in turn, so that a busy machine slows both. No page asks for
video frames by a callback: that makes each frame of a picture one of the main thread.

Run it with ``make bench``; ``--rounds`` and ``--seconds`` make it longer or shorter.
"""

import argparse
import json
import statistics
import sys
import time
from collections.abc import Iterable, Iterator
from itertools import chain
from pathlib import Path
from typing import cast

from playwright.sync_api import Browser, Page

from loadtests.bench import page_trace
from loadtests.bench.bare_call import bare_page, connect
from loadtests.bench.stage import Browsers, stage
from tests.e2e.people import Agent, Customer
from tests.e2e.scales import weigh_customer_pages


ROUNDS = 3
SECONDS = 15.0
SETTLING = 6.0
"""Seconds for which a call is left alone first: pictures grow to their size."""
PROMISED = 1.3
RESULT = Path("var/bench/pages.json")
_PARTS = ("scripting", "rendering", "painting", "system", "idle")
PAPER = {
    "Chrome": dict(zip(_PARTS, (34, 151, 86, 290, 14_284), strict=True)),
    "Edge": dict(zip(_PARTS, (24, 212, 112, 451, 13_830), strict=True)),
}
"""Milliseconds in 15 s of a call, of the design that the field's paper describes."""

COLUMNS = (*_PARTS, "heap", "memory")

Figures = dict[str, float]


def main() -> int:
    """Print the figures and keep them; 1 where the promise is not kept."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--rounds", type=int, default=ROUNDS)
    options.add_argument("--seconds", type=float, default=SECONDS)
    chosen = options.parse_args()
    measured = measure(chosen.rounds, chosen.seconds)
    report = {
        "seconds": chosen.seconds,
        "fetched": measured.fetched,
        "pages": {page: typical(rounds) for page, rounds in measured.rounds.items()},
        "ratios": {page: measured.ratio(page) for page in measured.rounds},
        "events": {page: typical(events) for page, events in measured.events.items()},
        "paper": PAPER,
    }
    RESULT.parent.mkdir(parents=True, exist_ok=True)
    RESULT.write_text(json.dumps(report, indent=1))
    print("\n".join(table(measured, chosen.seconds)))  # noqa: T201
    return int(measured.ratio("customer") > PROMISED)


class Measured:
    """What each page took, in each round; ``bare`` is the yardstick."""

    def __init__(self) -> None:
        self.fetched: dict[str, Figures] = {}
        self.rounds: dict[str, list[Figures]] = {}
        self.events: dict[str, list[Figures]] = {}

    def add(self, page: str, figures: Figures, events: Figures) -> None:
        """Keep what a page took in one round."""
        self.rounds.setdefault(page, []).append(figures)
        self.events.setdefault(page, []).append(events)

    def ratio(self, page: str) -> float:
        """How many times the work of the bare page this one is, typically."""
        pairs = zip(self.rounds[page], self.rounds["bare"], strict=True)
        return statistics.median(work(ours) / work(bare) for ours, bare in pairs)


def work(figures: Figures) -> float:
    """Scripting, rendering and painting."""
    return sum(figures[kind] for kind in page_trace.WORK)


def typical(rounds: list[Figures]) -> Figures:
    """Medians, of each figure; what a round does not have was nothing."""
    names = sorted({name for each in rounds for name in each})
    return {n: statistics.median(each.get(n, 0) for each in rounds) for n in names}


def measure(rounds: int, seconds: float) -> Measured:
    """Weigh the pages, then trace a bare call and ours in turn."""
    measured = Measured()
    with stage() as (people, browsers):
        agent, customer = people.agent(), people.customer()
        measured.fetched = weigh(agent, customer)
        for number in range(rounds):
            sides = chain(bare_call(browsers), call(agent, customer))
            for side, page in sides:
                measured.add(side, *traced(page, seconds))
            print(f"pages, round {number + 1} of {rounds}", file=sys.stderr)  # noqa: T201
    return measured


# What is fetched


def weigh(agent: Agent, customer: Customer) -> dict[str, Figures]:
    """Open join page and call page with nothing kept; return bytes and requests."""
    fetched = weigh_customer_pages(agent, customer)
    customer.go("/login")
    return {
        page: {"bytes": sum(sizes.values()), "requests": len(sizes)}
        for page, sizes in fetched.items()
    }


# The calls


def bare_call(browsers: Browsers) -> Iterator[tuple[str, Page]]:
    """Hold a call of two bare pages while one of them is looked at."""
    contexts = [browser.new_context() for browser in browsers]
    one, other = map(bare_page, contexts)
    connect(one, other)
    yield "bare", other
    for context in contexts:
        context.close()


def call(agent: Agent, customer: Customer) -> Iterator[tuple[str, Page]]:
    """Hold a call of ours while each side is looked at, one after the other."""
    agent.create_room()
    agent.enter_room()
    agent.pass_check()
    customer.join(agent)
    customer.page.wait_for_function("() => window.deskside?.connection === 'connected'")
    customer.pass_check()
    yield "customer", customer.page
    yield "agent", agent.page
    customer.press("End call")
    agent.page.wait_for_url(lambda url: not url.endswith("/call"))


def traced(page: Page, seconds: float) -> tuple[Figures, Figures]:
    """Look at a page for so long; return its figures, and each kind of event's time."""
    browser = cast(Browser, page.context.browser)
    time.sleep(SETTLING)
    browser.start_tracing(categories=page_trace.CATEGORIES)
    page.evaluate(page_trace.MARKING)
    time.sleep(seconds)
    page.evaluate(page_trace.MARKING)
    seen, events = page_trace.by_name(browser.stop_tracing())
    return page_trace.summary(seen, events) | memory(page, seen.process), events


def memory(page: Page, process: int) -> Figures:
    """Return the MB of a page's objects, and of the process that shows it (PSS)."""
    session = page.context.new_cdp_session(page)
    session.send("HeapProfiler.collectGarbage")
    used = session.send("Runtime.getHeapUsage")["usedSize"]
    session.detach()
    smaps = Path(f"/proc/{process}/smaps_rollup").read_text()
    kilobytes = int(smaps.split("Pss:")[1].split()[0])
    return {"heap": used / 1e6, "memory": kilobytes * 1024 / 1e6}


# What is printed


def table(measured: Measured, seconds: float) -> Iterator[str]:
    """The figures, in lines."""
    for page, fetched in measured.fetched.items():
        kilobytes, requests = fetched["bytes"] / 1000, fetched["requests"]
        yield f"{page} page: {kilobytes:.0f} kB, {requests:.0f} requests"
    yield f"{seconds:.0f} s of a call, main thread, medians: ms; heap and memory: MB"
    yield row("", COLUMNS)
    for page, rounds in measured.rounds.items():
        yield row(page, [f"{typical(rounds)[kind]:.1f}" for kind in COLUMNS])
    for browser, figures in PAPER.items():
        yield row(f"paper, {browser}", [str(figures.get(kind, "")) for kind in COLUMNS])
    for page in ("customer", "agent"):
        ratio = measured.ratio(page)
        yield f"{page}: {ratio:.2f} times the bare page (promised: {PROMISED})"


def row(name: str, cells: Iterable[str]) -> str:
    """A line of the table."""
    return f"{name:14}" + "".join(f"{cell:>11}" for cell in cells)


if __name__ == "__main__":
    sys.exit(main())
