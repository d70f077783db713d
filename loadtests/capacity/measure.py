"""Measures what calls cost on this machine, for `deskside plan`: app/figures.json.

One node, Redis, PostgreSQL and a relay; agents with open consoles, who first do
nothing, then have calls that end at once, then calls that go on. What a phase costs
beyond the process without calls is the cost of what it adds. About two minutes:

    python -m loadtests.capacity.measure
"""

import asyncio
import os
import platform
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from app import __version__
from app.adapters.redis_backplane import MAX_INBOX
from app.domain.capacity import Cost, Figures, Machine
from loadtests.capacity.callers import Agent, lasting
from loadtests.capacity.stand import Reading, Stand, standing
from tests.services import find_program


RESULT = Path("app/figures.json")
AGENTS = 30
ROUNDS = 2
IDLE_SECONDS = 15.0
HELD_SECONDS = 30.0
SETTLE = 1.5
"""Seconds until what was done is written, and what was closed is gone."""


def main() -> None:
    """Measure, print and keep the figures."""
    with standing(1) as stand:
        figures = asyncio.run(measure(stand))
    text = msgspec.json.format(msgspec.json.encode(figures), indent=2)
    RESULT.write_bytes(text + b"\n")
    print(text.decode())  # noqa: T201


async def measure(stand: Stand) -> Figures:
    """One figure after the other."""
    agents = await stand.agents(AGENTS)
    bare = await _warm(stand, agents[0])
    _say(f"{AGENTS} agents log in")
    for agent in agents[1:]:
        await agent.begin()
    await asyncio.sleep(SETTLE)
    _say("nobody calls")
    before = await stand.read()
    await asyncio.sleep(IDLE_SECONDS)
    after = await stand.read()
    idle = after - before
    process = per(idle, idle.at)
    _say(f"{AGENTS * ROUNDS} calls that end at once")
    call = await _calls(stand, agents, process)
    _say(f"{AGENTS} calls that go on")
    minute, full = await _held(stand, agents, process)
    room, letter = await stand.redis_sizes()
    for agent in agents:
        await agent.end()
    return Figures(
        machine=machine(),
        measured_on=datetime.now(UTC).date().isoformat(),
        measured_by="python -m loadtests.capacity.measure",
        call=call,
        minute=minute,
        process=process,
        process_memory=round(bare),
        call_memory=round((full - bare) / AGENTS),
        console_memory=round((after.memory - bare) / (AGENTS - 1)),
        room_memory=round(room),
        inbox_memory=round(letter * MAX_INBOX),
    )


async def _warm(stand: Stand, agent: Agent) -> float:
    """Have one call, so that everything is loaded; gives the memory of a process."""
    _say("one call")
    await agent.begin()
    for _ in range(3):
        await agent.call(lasting(0))
    await asyncio.sleep(SETTLE)
    return (await stand.read()).memory


async def _calls(stand: Stand, agents: list[Agent], process: Cost) -> Cost:
    """What a call costs that ends when it has begun."""
    before = await stand.read()
    for _ in range(ROUNDS):
        await asyncio.gather(*(agent.call(lasting(0)) for agent in agents))
    await asyncio.sleep(SETTLE)
    return beyond(await stand.read() - before, process, len(agents) * ROUNDS)


async def _held(stand: Stand, agents: list[Agent], process: Cost) -> tuple[Cost, float]:
    """What a minute of a call costs, and the memory that all of them take."""
    over = asyncio.Event()
    calls = [asyncio.create_task(agent.call(over)) for agent in agents]
    await asyncio.gather(*(agent.talks.wait() for agent in agents))
    await asyncio.sleep(SETTLE)
    before = await stand.read()
    await asyncio.sleep(HELD_SECONDS)
    after = await stand.read()
    over.set()
    await asyncio.gather(*calls)
    passed = after - before
    return beyond(passed, process, len(agents) * passed.at / 60), after.memory


def per(reading: Reading, count: float) -> Cost:
    """What each of so many cost."""
    return Cost(
        app_cpu=reading.app_cpu / count,
        redis_cpu=reading.redis_cpu / count,
        postgres_cpu=reading.postgres_cpu / count,
        redis_operations=reading.redis_operations / count,
        rows=reading.rows / count,
        row_bytes=reading.row_bytes / count,
    )


def beyond(reading: Reading, process: Cost, count: float) -> Cost:
    """What each of so many cost besides the process, which is there anyway."""
    return per(reading, count) + process * (-reading.at / count)


def machine() -> Machine:
    """What this is."""
    cpuinfo = Path("/proc/cpuinfo").read_text()
    model = next(line for line in cpuinfo.splitlines() if line.startswith("model name"))
    pages = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return Machine(
        processor=model.partition(":")[2].strip(),
        cores=os.cpu_count() or 1,
        memory_gib=round(pages / 2**30, 1),
        system=f"{platform.system()} {platform.release()}",
        python=platform.python_version(),
        redis=_version("redis-server"),
        postgres=_version("postgres"),
        deskside=__version__,
    )


def _version(program: str) -> str:
    command = [find_program(program), "--version"]
    told = subprocess.run(command, check=True, capture_output=True, text=True).stdout  # noqa: S603
    return " ".join(told.split()[:3])


def _say(what: str) -> None:
    print(f"{datetime.now(UTC):%H:%M:%S} {what}", flush=True)  # noqa: T201


if __name__ == "__main__":
    main()
