"""Holds `deskside plan` against a run of another size: two nodes, longer calls, a mix.

Prints what was predicted and what was measured, and fails where they differ by over a
quarter. Figures are of one machine, so this one must be theirs. Needs root, to count
what a relay sends. Two minutes:

    python -m loadtests.capacity.check
"""

import asyncio
import sys
from collections.abc import Iterator
from dataclasses import dataclass

from app.cli.plan import read_figures
from app.domain.capacity import Figures, held, load, wire_kbps
from loadtests.capacity.callers import Agent, lasting
from loadtests.capacity.measure import machine
from loadtests.capacity.relayed import counted
from loadtests.capacity.stand import Reading, Stand, standing


NODES = 2
AGENTS = 20
LENGTHS = (20.5, 0.5, 40.5)
"""Seconds of the calls that an agent has; agents begin at another of them each."""

KBPS = 1_500.0
SETTLE = 1.5
ALLOWED = 0.25


@dataclass(frozen=True)
class Run:
    """What happened, and what it cost."""

    calls: int
    minutes: float
    passed: Reading
    memory: float


@dataclass(frozen=True)
class Line:
    """One quantity."""

    name: str
    predicted: float
    measured: float

    @property
    def off(self) -> float:
        """How far the prediction is off, as a share of what was measured."""
        return self.predicted / self.measured - 1


def main() -> None:
    """Run, print, and end with 1 where a prediction is off."""
    figures = read_figures()
    if machine().processor != figures.machine.processor:
        print(f"The figures are of another machine: {figures.machine.processor}.")  # noqa: T201
    with standing(NODES) as stand:
        run = asyncio.run(_run(stand))
    relayed = Line("relay Mbit/s a call", 4 * wire_kbps(KBPS) / 1_000, counted(KBPS))
    lines = [*compare(figures, run), relayed]
    print(f"{'':<20}{'predicted':>12}{'measured':>12}{'off':>8}")  # noqa: T201
    for line in lines:
        numbers = f"{line.predicted:>12,.2f}{line.measured:>12,.2f}{line.off:>+8.0%}"
        print(f"{line.name:<20}{numbers}")  # noqa: T201
    sys.exit(any(abs(line.off) > ALLOWED for line in lines))


def compare(figures: Figures, run: Run) -> Iterator[Line]:
    """Yield each quantity as `plan` reckons it from what happened, and as it was."""
    passed, seconds = run.passed, run.passed.at
    calls = 60 * run.minutes / seconds
    second = load(figures, run.calls / seconds, calls, NODES)
    yield Line("app cores", second.app_cpu, passed.app_cpu / seconds)
    yield Line("all cores", second.cpu, passed.cpu / seconds)
    operations = passed.redis_operations / seconds
    yield Line("Redis operations/s", second.redis_operations, operations)
    yield Line("PostgreSQL rows", second.rows * seconds, passed.rows)
    memory = held(figures, AGENTS, 0, NODES)
    yield Line("app memory, MiB", memory / 2**20, run.memory / 2**20)


async def _run(stand: Stand) -> Run:
    """All agents are in calls at once, and then have calls of several lengths."""
    agents = await stand.agents(AGENTS)
    for agent in agents:
        await agent.begin()
    for agent in agents[:NODES]:
        await agent.call(lasting(0))  # Everything is loaded then.
    await asyncio.sleep(SETTLE)
    before = await stand.read()
    memory = await _all_at_once(stand, agents)
    rest = (_calls(agent, number) for number, agent in enumerate(agents))
    await asyncio.gather(*rest)
    await asyncio.sleep(SETTLE)
    after = await stand.read()
    minutes = sum(agent.talked for agent in agents) / 60
    calls = AGENTS * (1 + len(LENGTHS))
    for agent in agents:
        await agent.end()
    return Run(calls, minutes, after - before, memory)


async def _all_at_once(stand: Stand, agents: list[Agent]) -> float:
    """Everybody is in a call; gives the memory that the nodes hold then."""
    over = asyncio.Event()
    calls = [asyncio.create_task(agent.call(over)) for agent in agents]
    await asyncio.gather(*(agent.talks.wait() for agent in agents))
    await asyncio.sleep(SETTLE)
    memory = (await stand.read()).memory
    over.set()
    await asyncio.gather(*calls)
    return memory


async def _calls(agent: Agent, number: int) -> None:
    for turn in range(len(LENGTHS)):
        await agent.call(lasting(LENGTHS[(number + turn) % len(LENGTHS)]))


if __name__ == "__main__":
    main()
