"""Rooms that further processes hold: one may not open as many files as all need."""

import asyncio
import resource
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, suppress
from functools import partial
from itertools import islice
from multiprocessing import get_context
from multiprocessing.synchronize import Event

from loadtests.bench.figures import LONGEST, at_once, beat, leave, new_rooms
from loadtests.bench.sides import Pair
from loadtests.bench.systems import System
from loadtests.bench.wires import Wire


SPAWN = get_context("spawn")

OTHER_FILES = 1_000
"""Of a process, besides its sockets: far more than there are."""


def open_all_files() -> None:
    """Let this process open as many files as it may."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def most_rooms() -> int:
    """How many rooms one process can hold, with two sockets each."""
    files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return (files - OTHER_FILES) // 2


@asynccontextmanager
async def held_elsewhere(system: System, rooms: int, each: int) -> AsyncIterator[None]:
    """So many rooms, at most ``each`` of them in one further process, until left.

    Raises TimeoutError where they cannot be held.
    """
    ports = {room: system.port_of(room) for room in new_rooms(system, rooms)}
    over = SPAWN.Event()
    begun = [(SPAWN.Event(), share) for share in _shares(ports, each)]
    processes = [
        SPAWN.Process(target=hold, args=(system.wire, share, seated, over), daemon=True)
        for seated, share in begun
    ]
    for process in processes:
        process.start()
    try:
        for seated, _ in begun:
            if not await asyncio.to_thread(seated.wait, LONGEST):
                raise TimeoutError("rooms could not be held in another process")
        yield
    finally:
        over.set()
        for process in processes:
            await asyncio.to_thread(process.join, LONGEST)


def _shares(ports: Mapping[str, int], each: int) -> Iterator[dict[str, int]]:
    left = iter(ports.items())
    while share := dict(islice(left, each)):
        yield share


def hold(wire: Wire, ports: Mapping[str, int], seated: Event, over: Event) -> None:
    """Hold rooms, in this process, until told that it is over."""
    open_all_files()
    asyncio.run(_hold(wire, ports, seated, over))


async def _hold(
    wire: Wire, ports: Mapping[str, int], seated: Event, over: Event
) -> None:
    pairs = [Pair(wire, room) for room in ports]
    await at_once(partial(pair.connect, ports[pair.room]) for pair in pairs)
    sides = [side for pair in pairs for side in pair.sides.values()]
    beating = asyncio.create_task(beat(sides))
    seated.set()
    await asyncio.to_thread(over.wait)
    beating.cancel()
    with suppress(asyncio.CancelledError):
        await beating
    await leave(sides)
