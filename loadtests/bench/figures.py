"""What is measured of a system, each figure once; rounds and medians are elsewhere.

Times of the server are seconds of processor time in user and kernel mode, of the
server and of what it needs beside it; what the kernel does for the client's side of a
connection is not in them.
"""

import asyncio
import itertools
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from functools import partial
from statistics import quantiles

from picows import WSError

from loadtests.bench.sides import Pair, Side
from loadtests.bench.systems import System
from loadtests.bench.wires import other


AT_ONCE = 16
"""Calls or sockets that come to be at the same time."""

SETTLE = 0.5
"""Seconds for what a server still does after the last answer."""

TICK = 0.001

RETRY = 0.2
"""Seconds after which a page whose socket was refused tries again."""

LONGEST = 90.0
"""Seconds in which everybody must be back."""

_rooms = itertools.count()


def new_rooms(system: System, count: int) -> list[str]:
    """Names of rooms that were never used, known to the records."""
    rooms = [f"bench{next(_rooms):011}" for _ in range(count)]
    system.open_rooms(rooms)
    return rooms


async def at_once(tasks: Iterable[Callable[[], Awaitable[object]]]) -> None:
    """Do all of it, some at the same time."""
    gate = asyncio.Semaphore(AT_ONCE)

    async def one(task: Callable[[], Awaitable[object]]) -> None:
        async with gate:
            await task()

    async with asyncio.TaskGroup() as group:
        for task in tasks:
            group.create_task(one(task))


async def call_setup(system: System, calls: int) -> float:
    """Seconds of the server for a whole call: two sockets, all frames, the end."""
    rooms = new_rooms(system, calls)

    async def call(room: str) -> None:
        pair = await Pair(system.wire, room).connect(system.port_of(room))
        await pair.talk()
        await pair.end()

    before = system.cpu()
    await at_once(lambda room=room: call(room) for room in rooms)  # type: ignore[misc]
    await asyncio.sleep(SETTLE)
    return (system.cpu() - before) / calls


async def seated(system: System, rooms: Sequence[str]) -> list[Pair]:
    """Pairs in these rooms, all in their seats."""
    pairs = [Pair(system.wire, room) for room in rooms]
    await at_once(partial(pair.connect, system.port_of(pair.room)) for pair in pairs)
    return pairs


async def leave(sides: Iterable[Side]) -> None:
    """Close sockets as pages that go do, and wait until they are closed."""
    leaving = list(sides)
    for side in leaving:
        side.leave()
    await asyncio.gather(*(side.gone for side in leaving))


@asynccontextmanager
async def held(system: System, rooms: int) -> AsyncIterator[Sequence[Pair]]:
    """So many rooms with both sides seated, until left."""
    pairs = await seated(system, new_rooms(system, rooms))
    await asyncio.sleep(SETTLE)
    try:
        yield pairs
    finally:
        await leave(side for pair in pairs for side in pair.sides.values())


async def relay(
    system: System, pairs: Sequence[Pair], rate: float, seconds: float
) -> dict[str, float]:
    """Hand messages over at a steady rate; seconds of the server and delays of each."""
    sides = [side for pair in pairs for side in pair.sides.values()]
    delays: list[float] = []
    for side in sides:
        side.delays = delays
    before = system.cpu()
    count = await _chat(pairs, rate, seconds)
    await _all_came(sides)
    used = system.cpu() - before
    cuts = quantiles(delays, n=100)
    return {"cpu": used / count, "p50": cuts[49], "p99": cuts[98]}


async def _chat(pairs: Sequence[Pair], rate: float, seconds: float) -> int:
    """Have everybody say a candidate in turn; gives how many were said."""
    turns = itertools.cycle([s for pair in pairs for s in pair.sides.items()])
    notes = {pair.room: pair for pair in pairs}
    count, begun = 0, time.perf_counter()
    while (passed := time.perf_counter() - begun) < seconds:
        for name, side in itertools.islice(turns, int(passed * rate) - count):
            peer = notes[side.room].sides[other(name)]
            peer.sent_at.append(time.perf_counter())
            side.say(side.wire.note(side.room, name))
            count += 1
        await asyncio.sleep(TICK)
    return count


async def _all_came(sides: Sequence[Side]) -> None:
    for side in sides:
        await side.until(lambda side=side: not side.sent_at)  # type: ignore[misc]


async def accept(system: System, sockets: int) -> float:
    """Sockets that the server opens and seats in a second of its processor."""
    rooms = new_rooms(system, sockets // 2)
    before = system.cpu()
    pairs = await seated(system, rooms)
    used = system.cpu() - before
    await leave(side for pair in pairs for side in pair.sides.values())
    await asyncio.sleep(SETTLE)
    return 2 * len(pairs) / used


async def idle(system: System, rooms: int) -> dict[str, float]:
    """Bytes of a seated participant who says nothing, and an hour of its heartbeats.

    What a server does without anybody is not counted.
    """
    empty = system.memory()
    alone = await _spent(system, [], 5.0)
    async with held(system, rooms) as pairs:
        sides = [side for pair in pairs for side in pair.sides.values()]
        memory = (system.memory() - empty) / len(sides)
        every = system.wire.every
        window = every * max(1, round(15 / every))
        busy = await _spent(system, sides, window)
    return {"memory": memory, "cpu": 3600 * max(0.0, busy - alone) / len(sides)}


async def _spent(system: System, sides: Sequence[Side], window: float) -> float:
    """Seconds of the server in a second, while pages only say that they are alive."""
    beating = asyncio.create_task(_beat(sides)) if sides else None
    before = system.cpu()
    await asyncio.sleep(window)
    used = system.cpu() - before
    if beating:
        beating.cancel()
    return used / window


async def _beat(sides: Sequence[Side]) -> None:
    """Say of everybody, evenly over time, that they are alive."""
    wire = sides[0].wire
    if wire.beaten is not None:
        return  # It is the server who asks, and sides answer by themselves.
    count, begun = 0, time.perf_counter()
    turns = itertools.cycle(sides)
    while True:
        due = int((time.perf_counter() - begun) * len(sides) / wire.every)
        for side in itertools.islice(turns, due - count):
            side.say(wire.beat)
        count = due
        await asyncio.sleep(0.01)


async def storm(system: System, sockets: int, *, restart: bool) -> dict[str, float]:
    """Cut every socket at once; seconds until all are seated again, and who resumed.

    With ``restart`` by the death of the server, whose new start is part of it.
    """
    pairs = await seated(system, new_rooms(system, sockets // 2))
    await asyncio.sleep(SETTLE)
    sides = [side for pair in pairs for side in pair.sides.values()]
    begun = time.perf_counter()
    if restart:
        await asyncio.to_thread(system.server.kill)
        system.server.start(wait=False)
    else:
        for side in sides:
            side.transport.disconnect()
    await asyncio.gather(*(side.gone for side in sides))
    back: list[Side] = []
    await at_once(lambda side=side: _return(system, side, back) for side in sides)  # type: ignore[misc]
    took = time.perf_counter() - begun
    kept = sum(b'"resumed":true' in side.welcome for side in back) / len(back)
    await leave(back)
    return {"seconds": took, "kept": kept}


async def _return(system: System, lost: Side, back: list[Side]) -> None:
    """Come back on new sockets until one is seated; without the token at the last."""
    welcome = lost.welcome
    async with asyncio.timeout(LONGEST):
        while True:
            side = Side(system.wire, lost.room, lost.name, welcome)
            try:
                back.append(await side.connect(system.port_of(side.room)))
            except (OSError, WSError):
                if side.heard:
                    welcome = b""  # It is there, and knows the seat no more.
                else:
                    await asyncio.sleep(RETRY)
            else:
                return
