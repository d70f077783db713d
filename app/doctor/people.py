"""Made-up people who call: a picture, a tone, and eyes and ears. Needs aiortc."""

import array
import asyncio
import contextlib
import fractions
import itertools
import json
import math
import secrets
import time
from dataclasses import dataclass, field
from typing import Any

from aiortc import (
    RTCConfiguration,
    RTCIceServer,
    RTCIceTransportPolicy,
    RTCPeerConnection,
    RTCSessionDescription,
)
from aiortc.mediastreams import AudioStreamTrack, MediaStreamError, VideoStreamTrack
from av import AudioFrame, VideoFrame

from app.doctor.websocket import Closed, Socket
from app.domain.relay_urls import RelayUrl


Frame = dict[str, Any]

WIDTH, HEIGHT = 320, 240
RATE = 48_000
SAMPLES = RATE // 50
TONE = 440.0
LOUD, BRIGHT = 500, 40
"""From where on a sample is a sound, and a picture is not black."""

MEDIA = {"microphone": True, "camera": True, "screen": False}
STEP = 89
"""Every so-many-th point of a picture is enough to see whether there is one."""


class Picture(VideoStreamTrack):
    """Stripes that move."""

    async def recv(self) -> VideoFrame:
        """Return the next picture."""
        at, base = await self.next_timestamp()
        frame = VideoFrame(WIDTH, HEIGHT, "yuv420p")
        bright, *colours = frame.planes
        bright.update(_stripes(at // 3000, bright.line_size) * HEIGHT)
        for plane in colours:
            plane.update(b"\x80" * plane.buffer_size)
        frame.pts, frame.time_base = at, base
        return frame


def _stripes(shift: int, width: int) -> bytes:
    return bytes(64 + (x + 4 * shift) % 160 for x in range(width))


class Sound(AudioStreamTrack):
    """A tone."""

    def __init__(self) -> None:
        super().__init__()
        self._count = itertools.count()
        self._began = time.monotonic()

    async def recv(self) -> AudioFrame:
        """Return the next 20 ms."""
        number = next(self._count)
        await asyncio.sleep(self._began + number / 50 - time.monotonic())
        frame = AudioFrame("s16", "mono", SAMPLES)
        frame.planes[0].update(_tone(number * SAMPLES).tobytes())
        frame.pts, frame.sample_rate = number * SAMPLES, RATE
        frame.time_base = fractions.Fraction(1, RATE)
        return frame


def _tone(start: int) -> "array.array[int]":
    turn = 2 * math.pi * TONE / RATE
    return array.array(
        "h", (int(8000 * math.sin(turn * n)) for n in range(start, start + SAMPLES))
    )


def is_picture(frame: VideoFrame) -> bool:
    """Whether there is something to see: neither black nor of one brightness."""
    points = bytes(frame.planes[0])[::STEP]
    return sum(points) / len(points) > BRIGHT and max(points) - min(points) > BRIGHT


def is_sound(frame: AudioFrame) -> bool:
    """Whether there is something to hear."""
    samples = array.array("h", bytes(frame.planes[0]))
    return max(map(abs, samples), default=0) > LOUD


@dataclass
class Senses:
    """What somebody has seen and heard of the other."""

    pictures: int = 0
    black: int = 0
    sounds: int = 0
    silent: int = 0
    first_picture: float = 0.0

    def see(self, frame: VideoFrame) -> None:
        """Look at a picture."""
        if not is_picture(frame):
            self.black += 1
            return
        self.first_picture = self.first_picture or time.monotonic()
        self.pictures += 1

    def hear(self, frame: AudioFrame) -> None:
        """Listen to 20 ms."""
        if is_sound(frame):
            self.sounds += 1
        else:
            self.silent += 1


@dataclass
class Person:
    """One side of a call, on a socket that is open."""

    role: str
    socket: Socket
    senses: Senses = field(default_factory=Senses)
    state: str = "new"
    ended: str = ""
    problem: str = ""
    relayless: bool = False
    """Whether no relay was given."""
    _connection: RTCPeerConnection | None = None
    _tasks: list[asyncio.Task[None]] = field(default_factory=list)
    _inbox: asyncio.Queue[Frame] = field(default_factory=asyncio.Queue)

    async def join(self, ticket: str) -> Frame:
        """Take the seat; return what the service says to that."""
        await self._say("join", ticket=ticket, instance=secrets.token_urlsafe(18))
        return dict(json.loads(await self.socket.receive()))

    def get_ready(self, welcome: Frame, url: RelayUrl) -> None:
        """Get a camera, a microphone and one relay, and nothing else."""
        server = _server(welcome["ice_servers"], url)
        settings = RTCConfiguration(
            [server], iceTransportPolicy=RTCIceTransportPolicy.RELAY
        )
        self._connection = connection = RTCPeerConnection(settings)
        connection.addTrack(Sound())
        connection.addTrack(Picture())
        connection.on("track", self._attend)
        connection.on("connectionstatechange", self._note_state)
        self._tasks.append(asyncio.create_task(self._listen()))

    async def enter(self) -> None:
        """Go into the call."""
        await self._say("enter", media=MEDIA)

    async def offer(self) -> None:
        """Propose a call."""
        assert self._connection  # noqa: S101
        await self._describe(await self._connection.createOffer())

    async def end(self) -> None:
        """End the call for both."""
        await self._say("end")

    async def go(self) -> None:
        """Let go of everything."""
        if self._connection:
            await self._connection.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.socket.close()

    async def _say(self, kind: str, **fields: Any) -> None:
        await self.socket.send(json.dumps({"type": kind, **fields}))

    async def _listen(self) -> None:
        try:
            while True:
                await self._take(json.loads(await self.socket.receive()))
        except Closed:
            return
        except Exception as error:  # noqa: BLE001  (it is told with what was seen)
            self.problem = f"{type(error).__name__}: {error}"

    async def _take(self, frame: Frame) -> None:
        if frame["type"] == "ended":
            self.ended = frame["reason"]
        elif frame["type"] == "error":
            self.problem = frame["text"]
        elif frame["type"] == "description":
            await self._agree(frame["description"])

    async def _agree(self, given: Frame) -> None:
        assert self._connection  # noqa: S101
        description = RTCSessionDescription(**given)
        await self._connection.setRemoteDescription(description)
        if description.type == "offer":
            await self._describe(await self._connection.createAnswer())

    async def _describe(self, description: RTCSessionDescription) -> None:
        """Gather, then send all candidates at once, within the description."""
        assert self._connection  # noqa: S101
        await self._connection.setLocalDescription(description)
        own = self._connection.localDescription
        self.relayless = "a=candidate" not in own.sdp
        await self._say("description", description={"type": own.type, "sdp": own.sdp})

    def _note_state(self) -> None:
        assert self._connection  # noqa: S101
        self.state = self._connection.connectionState

    def _attend(self, track: Any) -> None:
        sense = self.senses.see if track.kind == "video" else self.senses.hear
        self._tasks.append(asyncio.create_task(_perceive(track, sense)))


async def _perceive(track: Any, sense: Any) -> None:
    with contextlib.suppress(MediaStreamError):
        while True:
            sense(await track.recv())


def _server(given: list[Frame], url: RelayUrl) -> RTCIceServer:
    """The one URL, with the credentials that came with it."""
    for server in given:
        if url.text in server["urls"]:
            return RTCIceServer(url.text, server["username"], server["credential"])
    raise LookupError(f"the seat was not given {url.text}")
