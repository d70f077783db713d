"""Both sides of calls: many sockets in one process, as cheap as they can be had."""

import asyncio
import time
from collections import Counter, deque
from collections.abc import Callable

from picows import WSFrame, WSListener, WSMsgType, WSTransport, ws_connect

from loadtests.bench.wires import SIDES, Wire, other


PATIENCE = 30.0
"""Seconds in which anything that is waited for must have come."""


class Side(WSListener):
    """One participant's socket; counts what comes, by kind."""

    def __init__(self, wire: Wire, room: str, name: str, welcome: bytes = b"") -> None:
        """``welcome`` is what an earlier socket of the same page was greeted with."""
        super().__init__()
        self.wire, self.room, self.name = wire, room, name
        self.heard: Counter[bytes] = Counter()
        self.relayed = 0
        self.sent_at: deque[float] = deque()
        """When each message was sent that this side has yet to get."""
        self.delays: list[float] | None = None
        """Where to note how long messages took, if anywhere."""
        self.welcome = welcome
        self.gone = asyncio.get_running_loop().create_future()
        self._wanted: tuple[Callable[[], bool], asyncio.Future[None]] | None = None

    async def connect(self, port: int) -> "Side":
        """Open the socket and take the seat."""
        address = self.wire.address(port, self.room, self.name)
        headers = self.wire.headers(port, self.name)
        await ws_connect(
            lambda: self,
            address,
            extra_headers=headers,
            websocket_handshake_timeout=PATIENCE,
            read_buffer_init_size=1024,
            use_aiofastnet=False,
        )
        await self.until(lambda: self.heard[self.wire.seated] > 0)
        return self

    def on_ws_connected(self, transport: WSTransport) -> None:
        self.transport = transport
        place = self.room, self.name
        if self.welcome:
            self._say(self.wire.back(*place, self.welcome))
        else:
            self._say(self.wire.hello(*place))

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        if frame.msg_type is WSMsgType.CLOSE:
            transport.send_close(frame.get_close_code())
            transport.disconnect()
            return
        text = frame.get_payload_as_bytes()
        kind = self.wire.kind(text)
        if kind in self.wire.relayed:
            self._count()
        else:
            self.heard[kind] += 1
            if kind == self.wire.seated:
                self.welcome = text
            self._say(self.wire.answer(kind, self.room, self.name))
        if self._wanted and self._wanted[0]():
            if not self._wanted[1].done():
                self._wanted[1].set_result(None)
            self._wanted = None

    def on_ws_disconnected(self, transport: WSTransport) -> None:
        if not self.gone.done():
            self.gone.set_result(None)
        if self._wanted and not self._wanted[1].done():
            self._wanted[1].set_exception(ConnectionResetError("the socket is gone"))
            self._wanted = None

    def say(self, frame: bytes) -> None:
        """Send a frame."""
        self.transport.send(WSMsgType.TEXT, frame)

    async def until(self, true: Callable[[], bool]) -> None:
        """Wait until it is true; raises TimeoutError where it never is."""
        if true():
            return
        future = asyncio.get_running_loop().create_future()
        self._wanted = true, future
        async with asyncio.timeout(PATIENCE):
            await future

    def leave(self) -> None:
        """Close the socket as a page that goes does."""
        self.transport.send_close()
        self.transport.disconnect()

    def _say(self, frame: bytes | None) -> None:
        if frame is not None:
            self.say(frame)

    def _count(self) -> None:
        self.relayed += 1
        if self.delays is not None:
            self.delays.append(time.perf_counter() - self.sent_at.popleft())


class Pair:
    """The two sides of a room."""

    def __init__(self, wire: Wire, room: str) -> None:
        self.wire, self.room = wire, room
        self.sides = {name: Side(wire, room, name) for name in SIDES}

    async def connect(self, port: int) -> "Pair":
        """Seat the agent, then the customer."""
        for side in self.sides.values():
            await side.connect(port)
        return self

    async def talk(self) -> None:
        """Say all that a call says until it runs, each side when it was answered."""
        due: Counter[str] = Counter()
        speaker = SIDES[0]
        for who, frame in self.wire.call(self.room):
            if who != speaker:
                await self._reach(who, due[who])
                speaker = who
            self.sides[who].say(frame)
            due[other(who)] += self.wire.kind(frame) in self.wire.relayed
        for who, count in due.items():
            await self._reach(who, count)

    async def _reach(self, who: str, count: int) -> None:
        side = self.sides[who]
        await side.until(lambda: side.relayed >= count)

    async def end(self) -> None:
        """End the call, and wait until both sockets are closed."""
        agent, customer = self.sides.values()
        over = self.wire.over
        if self.wire.end is not None and over is not None:
            customer.say(self.wire.end)
            for side in (agent, customer):
                await side.until(lambda side=side: side.heard[over] > 0)  # type: ignore[misc]
        self.leave()
        await asyncio.gather(agent.gone, customer.gone)

    def leave(self) -> None:
        """Close both sockets, as pages that go do."""
        for side in self.sides.values():
            side.leave()
