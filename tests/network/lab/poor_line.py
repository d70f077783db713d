"""A poor line: packets late, lost, or waiting in a long queue. Also a program.

The kernel here has no netem. Two TAP devices stand for it between a router and the
internet; a program passes on what comes, as a line of these qualities would. What a
router sees is a network card, and its NAT notices nothing.
"""

import fcntl
import json
import os
import random
import selectors
import struct
import sys
import time
from collections import deque
from dataclasses import asdict, dataclass


TUNSETIFF = 0x400454CA
IFF_TAP, IFF_NO_PI = 0x0002, 0x1000
FRAME = 2048
IDLE = 0.5


@dataclass(frozen=True)
class Line:
    """One direction of a line."""

    delay: float = 0
    """Milliseconds."""
    jitter: float = 0
    """Milliseconds by which the delay varies either way; packets keep their order."""
    loss: float = 0
    """Percent of packets, each by itself."""
    rate: float = 0
    """kbit/s; 0 is any."""
    queue: int = 50
    """Packets that can wait for their turn, where there is a rate."""


class Direction:
    """Packets of one direction on their way."""

    def __init__(self) -> None:
        self.line = Line()
        self._way: deque[tuple[float, bytes]] = deque()
        self._free = 0.0
        self._waiting: deque[float] = deque()
        self._chance = random.Random(1)

    def take(self, frame: bytes, now: float) -> None:
        """Let a packet onto the line, or lose it."""
        line = self.line
        if self._chance.random() * 100 < line.loss:
            return
        sent = now
        if line.rate:
            while self._waiting and self._waiting[0] <= now:
                self._waiting.popleft()
            if len(self._waiting) >= line.queue:
                return
            sent = max(self._free, now) + len(frame) * 8 / (line.rate * 1000)
            self._free = sent
            self._waiting.append(sent)
        late = line.delay + self._chance.uniform(-line.jitter, line.jitter)
        due = sent + max(late, 0) / 1000
        if self._way:
            due = max(due, self._way[-1][0])
        self._way.append((due, frame))

    def due(self, now: float) -> list[bytes]:
        """Take off the line what has arrived."""
        arrived = []
        while self._way and self._way[0][0] <= now:
            arrived.append(self._way.popleft()[1])
        return arrived

    def next(self) -> float:
        """When the next packet arrives."""
        return self._way[0][0] if self._way else float("inf")


def tap(name: str) -> int:
    """Make a TAP device, which lasts as long as this program."""
    device = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    wanted = struct.pack("16sH22x", name.encode(), IFF_TAP | IFF_NO_PI)
    fcntl.ioctl(device, TUNSETIFF, wanted)
    return device


def main(near: str, far: str) -> None:
    """Pass on between two devices until our input ends; it tells the qualities.

    A line of input is `{"up": {…}, "down": {…}}`; up is from near to far.
    """
    devices = tap(near), tap(far)
    ways = Direction(), Direction()
    chosen = selectors.DefaultSelector()
    for number, device in enumerate(devices):
        chosen.register(device, selectors.EVENT_READ, number)
    chosen.register(sys.stdin, selectors.EVENT_READ, None)
    print("ready", flush=True)  # noqa: T201
    while True:
        pause = min(way.next() for way in ways) - time.monotonic()
        for key, _ in chosen.select(max(min(pause, IDLE), 0)):
            if key.data is None:
                # The last line counts; a pipe gives whole ones, several at once.
                said = os.read(sys.stdin.fileno(), FRAME).splitlines()
                if not said:
                    return
                told = json.loads(said[-1])
                ways[0].line, ways[1].line = Line(**told["up"]), Line(**told["down"])
                continue
            read(devices[key.data], ways[key.data])
        now = time.monotonic()
        for number, way in enumerate(ways):
            for frame in way.due(now):
                write(devices[1 - number], frame)


def read(device: int, way: Direction) -> None:
    """Take all that has come."""
    while True:
        try:
            frame = os.read(device, FRAME)
        except BlockingIOError:
            return
        way.take(frame, time.monotonic())


def write(device: int, frame: bytes) -> None:
    """Pass one on; a device that is down loses it."""
    try:
        os.write(device, frame)
    except OSError:
        return


def told(up: Line, down: Line) -> str:
    """What the program is told."""
    return json.dumps({"up": asdict(up), "down": asdict(down)}) + "\n"


if __name__ == "__main__":
    main(*sys.argv[1:])
