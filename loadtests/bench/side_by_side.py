"""Deskside beside what it is compared with, in one run on one machine.

Servers share one core, and all clients have the other. Rounds are interleaved, so
that a busy machine slows all alike; a figure is the median of its rounds. What is
compared, and how, is in ``README.md``.

Run it with ``make bench``; ``QUICK=1`` takes fewer rounds of less. Parts can be run
by name: ``python -m loadtests.bench.side_by_side calls idle storms growth``.
"""

import asyncio
import json
import os
import resource
import sys
from collections import defaultdict
from collections.abc import Callable, Coroutine, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from loadtests.bench import figures, systems
from loadtests.bench.plot import draw
from loadtests.bench.sides import Pair
from loadtests.bench.systems import System
from loadtests.bench.table import table


RESULT = Path("var/bench/side_by_side.json")
PLOT = RESULT.with_suffix(".svg")
Figures = dict[str, dict[str, Any]]
"""What came out, by system and figure."""


OTHER_FILES = 1_000
"""Of the clients, besides their sockets: far more than there are."""


@dataclass(frozen=True)
class Size:
    """How much is done."""

    rounds: int = 5
    calls: int = 200
    pairs: int = 100
    rate: float = 2_000.0
    """Messages a second, of all pairs together."""
    seconds: float = 3.0
    accepted: int = 400
    idle_rooms: int = 1_000
    restarted: int = 4_000
    storm: int = 10_000
    growth: Sequence[int] = (1, 10, 100, 1_000, 5_000, 20_000)


FULL = Size()
QUICK = Size(
    rounds=2,
    calls=60,
    seconds=1.5,
    accepted=100,
    idle_rooms=200,
    restarted=400,
    storm=1_000,
    growth=(1, 10, 100, 500),
)


async def calls(size: Size) -> Figures:
    """Whole calls, relayed messages and accepted sockets, in interleaved rounds."""
    rounds: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    with ExitStack() as stack:
        running = [stack.enter_context(make()) for make in systems.ALL]
        await warm_up(running)
        for number in range(size.rounds):
            for system in running:
                for name, value in (await one_round(system, size)).items():
                    rounds[system.name][name].append(value)
                say(f"round {number + 1} of {size.rounds}: {system.name}")
    return {
        system: {name: median(taken) for name, taken in taken.items()}
        for system, taken in rounds.items()
    }


async def warm_up(running: Sequence[System]) -> None:
    """Have everybody's code loaded, and compiled where it is."""
    for system in running:
        await figures.call_setup(system, 30)


async def one_round(system: System, size: Size) -> dict[str, float]:
    """The short figures of a system."""
    setup = await figures.call_setup(system, size.calls)
    async with figures.held(system, size.pairs) as pairs:
        relayed = await figures.relay(system, pairs, size.rate, size.seconds)
    return {
        "call": setup,
        "message": relayed["cpu"],
        "p50": relayed["p50"],
        "p99": relayed["p99"],
        "accepted": await figures.accept(system, size.accepted),
    }


async def idle(size: Size) -> Figures:
    """What a participant costs who only sits there."""
    found: Figures = {}
    for make in systems.ALL:
        with make() as system:
            measured = await figures.idle(system, size.idle_rooms)
        found[system.name] = {
            "idle_memory": measured["memory"],
            "idle_cpu": measured["cpu"],
        }
        say(f"idle: {system.name}")
    return found


async def storms(size: Size) -> Figures:
    """Coming back after a restart, and after every socket was cut."""
    found: Figures = {}
    for make in systems.ALL:
        with make() as system:
            again = await figures.storm(system, size.restarted, restart=True)
        found[system.name] = {"restart": again["seconds"]}
        say(f"restart: {system.name}")
    for make in systems.OURS:
        with make() as system:
            measured = await figures.storm(system, size.storm, restart=False)
        found[system.name] |= {
            "storm": measured["seconds"],
            "storm_kept": measured["kept"],
            "storm_sockets": size.storm,
        }
        say(f"storm: {system.name}")
    return found


async def growth(size: Size) -> Figures:
    """What rooms that are held do to the cost of a message, and to memory."""
    found: Figures = {}
    for make in (*systems.OURS, systems.deskside_four):
        points = []
        with make() as system:
            empty = system.memory()
            for rooms in within_reach(size.growth, system.most_rooms):
                async with figures.held(system, rooms) as pairs:
                    points.append(await point(system, pairs, empty))
                say(f"{rooms} rooms: {system.name}")
        found[system.name] = {"growth": points}
    return found


def within_reach(sizes: Sequence[int], most: int) -> list[int]:
    """The numbers of rooms that the system, and the clients' open files, allow.

    The clients are one process, with two sockets a room. Where it may open too few,
    the largest of all takes the place of what is too large.
    """
    files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    here = min(most, (files - OTHER_FILES) // 2)
    if here < min(most, max(sizes)):
        say(f"at most {here} rooms: only {files} files may be open")
    return sorted({min(rooms, here) for rooms in sizes if rooms <= most})


async def point(system: System, pairs: Sequence[Pair], empty: int) -> dict[str, float]:
    """Cost and delays of messages among so many rooms, and what they hold."""
    # So few that no side says more than it may.
    rate = min(500.0, 20.0 * len(pairs))
    relayed = await figures.relay(system, pairs, rate, 3.0)
    memory = system.memory()
    return {
        "rooms": len(pairs),
        "cpu": relayed["cpu"],
        "p99": relayed["p99"],
        "memory": memory,
        "grown": memory - empty,
    }


PARTS: dict[str, Callable[[Size], Coroutine[Any, Any, Figures]]] = {
    "calls": calls,
    "idle": idle,
    "storms": storms,
    "growth": growth,
}


def say(text: str) -> None:
    """Tell how far it is."""
    print(text, flush=True)  # noqa: T201


def prepare() -> None:
    """Go to the clients' core, with as many open files as there may be."""
    os.sched_setaffinity(0, {systems.CLIENT_CORE})
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def measure(parts: Sequence[str], size: Size) -> Figures:
    """Run parts; what others found before stays."""
    found: Figures = json.loads(RESULT.read_text()) if RESULT.exists() else {}
    for part in parts:
        for system, measured in asyncio.run(PARTS[part](size)).items():
            found.setdefault(system, {}).update(measured)
        RESULT.parent.mkdir(parents=True, exist_ok=True)
        RESULT.write_text(json.dumps(found, indent=1))
    return found


def main() -> int:
    """Measure, print the table and keep it with a plot."""
    prepare()
    parts = sys.argv[1:]
    if not parts:
        RESULT.unlink(missing_ok=True)
    size = QUICK if os.environ.get("QUICK") == "1" else FULL
    found = measure(parts or list(PARTS), size)
    say("\n" + table(found))
    PLOT.write_text(draw(found))
    say(f"\nThe figures: {RESULT}, the plot: {PLOT}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
