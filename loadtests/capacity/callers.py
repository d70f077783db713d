"""Agents and customers as the service meets them: pages, forms, sockets, no media.

An agent has the console open beside the call, as at work. What is said on a socket is
what Chromium says, in its sizes; descriptions and candidates are only handed on, so
what stands in them costs nothing.
"""

import asyncio
import json
import re
import secrets
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from typing import Any, Self
from urllib.parse import urlsplit

import httpx
from websockets.asyncio.client import ClientConnection, connect


PASSWORD = secrets.token_urlsafe(16)
"""Of every agent that is made for a measurement."""

SECONDS = 30.0
"""How long anything is waited for."""

AT_ONCE = 6
"""Calls that begin at the same time; the others wait for their turn."""

EVERY = 10.0
"""Seconds between two `quality` of a page; so it has no need of heartbeats."""

PAGE_DATA = re.compile(r'id="page-data">(.*?)</script>', re.DOTALL)
LINK = re.compile(r'id="link" value="([^"]*)"')

MEDIA = {"microphone": True, "camera": True, "screen": False}
CONNECTED = {"after": 0.31, "path": "direct", "protocol": "udp"}
QUALITY = {
    "rtt": 48.0,
    "jitter": 3.1,
    "loss": 0.4,
    "mos": 4.31,
    "in_kbps": 1210.0,
    "out_kbps": 1190.0,
    "width": 1280,
    "height": 720,
    "fps": 29.8,
    "freezes": 0,
    "concealed": 0.1,
    "path": "direct",
    "protocol": "udp",
    "level": "good",
}
CANDIDATE = {
    "candidate": "candidate:1773001060 1 udp 2122194687 192.0.2.10 48161 typ host",
    "sdpMid": "0",
    "sdpMLineIndex": 0,
    "usernameFragment": "4f2a",
}

Frame = dict[str, Any]


def description(kind: str, size: int) -> Frame:
    """A description as long as Chromium's of three transceivers."""
    head, line = "v=0\r\n", "a=rtcp-fb:111 transport-cc\r\n"
    sdp = head + line * ((size - len(head)) // len(line))
    return {"description": {"type": kind, "sdp": sdp}}


def candidates(count: int, *, end: bool = False) -> Frame:
    """So many candidates in one message."""
    return {"candidates": [CANDIDATE] * count, "end": end}


class Browser:
    """One person's browser: it keeps cookies, and sends what browsers send."""

    def __init__(self, url: str, origin: str) -> None:
        self.url, self.origin = url, origin
        self._client = httpx.AsyncClient(
            base_url=url,
            headers={"Accept": "text/html", "Sec-Fetch-Site": "same-origin"},
            timeout=httpx.Timeout(SECONDS, read=None),
        )

    async def get(self, path: str) -> str:
        """Open a page."""
        answer = await self._client.get(path)
        answer.raise_for_status()
        return answer.text

    async def post(self, path: str, **form: str) -> str:
        """Send a form; gives the path that it leads to."""
        answer = await self._client.post(path, data=form)
        if answer.status_code != 303:
            raise RuntimeError(f"{path} is answered with {answer.status_code}")
        return urlsplit(answer.headers["Location"]).path

    async def page_data(self, path: str) -> Frame:
        """Open the page of a call; gives what its script is given."""
        found = PAGE_DATA.search(await self.get(path))
        if not found:
            raise RuntimeError(f"{path} holds no data")
        return dict(json.loads(found[1]))

    async def events(self, path: str) -> AsyncIterator[str]:
        """Yield the names of server-sent events."""
        async with self._client.stream("GET", path) as answer:
            async for line in answer.aiter_lines():
                if line.startswith("event:"):
                    yield line.removeprefix("event:").strip()

    async def close(self) -> None:
        """Close every connection."""
        await self._client.aclose()


class Seat:
    """One side of a call: its socket, and what came on it."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket

    @classmethod
    @asynccontextmanager
    async def take(cls, browser: Browser, page: str) -> AsyncIterator[Self]:
        """Open the page of a call, and take the seat."""
        data = await browser.page_data(page)
        socket = await connect(
            "ws" + browser.url.removeprefix("http") + data.get("socketUrl", "/ws"),
            subprotocols=["deskside.v1"],  # type: ignore[list-item]
            origin=browser.origin,  # type: ignore[arg-type]
            ping_interval=None,
        )
        async with socket:
            seat = cls(socket)
            instance = secrets.token_urlsafe(18)
            await seat.say("join", ticket=data["ticket"], instance=instance)
            await seat.hear("welcome")
            yield seat

    async def say(self, kind: str, **fields: Any) -> None:
        """Send a message."""
        text = json.dumps({"type": kind, **fields}, separators=(",", ":"))
        await self._socket.send(text)

    async def hear(self, kind: str) -> Frame:
        """Read on until a message of a kind."""
        async with asyncio.timeout(SECONDS):
            while True:
                frame: Frame = json.loads(await self._socket.recv())
                if frame["type"] == kind:
                    return frame
                if frame["type"] == "error":
                    raise RuntimeError(f"refused: {frame['text']}")


class Agent:
    """Somebody at work, with the console open."""

    def __init__(
        self, url: str, origin: str, email: str, gate: asyncio.Semaphore
    ) -> None:
        self.browser = Browser(url, origin)
        self._gate = gate
        self.talks = asyncio.Event()
        """Set while a call goes on."""
        self.talked = 0.0
        """Seconds in calls."""
        self._email = email
        self._console: asyncio.Task[None] | None = None

    async def begin(self) -> None:
        """Log in, and keep the console open."""
        await self.browser.post("/login", email=self._email, password=PASSWORD)
        await self.browser.get("/console")
        self._console = asyncio.create_task(self._watch())

    async def end(self) -> None:
        """Close everything."""
        if self._console:
            self._console.cancel()
            with suppress(asyncio.CancelledError):
                await self._console
        await self.browser.close()

    async def _watch(self) -> None:
        """Fetch the lists anew whenever the service says so, as the console does."""
        await self.browser.get("/console/rooms")
        async for event in self.browser.events("/console/events"):
            if event == "changed":
                await self.browser.get("/console/rooms")

    async def call(self, over: asyncio.Event) -> None:
        """Have one call with a customer until it is over, with every page of it."""
        customer = Browser(self.browser.url, self.browser.origin)
        async with AsyncExitStack() as stack:
            stack.push_async_callback(customer.close)
            async with self._gate:
                link, seats = await self._meet(customer, stack)
            self.talks.set()
            began = asyncio.get_running_loop().time()
            await _talk(*seats, over)
            self.talked += asyncio.get_running_loop().time() - began
            self.talks.clear()
            await customer.get(f"{link}/ended")
        await self.browser.get("/console")

    async def _meet(
        self, customer: Browser, stack: AsyncExitStack
    ) -> tuple[str, tuple[Seat, Seat]]:
        """Make a room and meet a customer in it; gives the link and both seats."""
        await self.browser.get("/rooms/new")
        passcode = "123456"
        room = await self.browser.post("/rooms/new", title="Help", passcode=passcode)
        found = LINK.search(await self.browser.get(room))
        if not found:
            raise RuntimeError("the page of the room holds no link")
        link = urlsplit(found[1]).path
        take = stack.enter_async_context
        here = await take(Seat.take(self.browser, f"{room}/call"))
        await customer.get(link)
        form = {"name": "Budi", "phone": "+6281234567890", "passcode": passcode}
        there = await take(Seat.take(customer, await customer.post(link, **form)))
        await _negotiate(here, there)
        return link, (here, there)


async def _negotiate(agent: Seat, customer: Seat) -> None:
    """Everything until they see each other, as both pages say it."""
    await agent.hear("peer")
    await agent.say("description", **description("offer", 10_300))
    await agent.say("candidates", **candidates(4))
    await customer.hear("description")
    await customer.say("description", **description("answer", 9_500))
    await customer.say("candidates", **candidates(8, end=True))
    await agent.hear("description")
    await agent.say("candidates", **candidates(4, end=True))
    for seat in (agent, customer):
        await seat.say("enter", media=MEDIA)
    while (await agent.hear("peer"))["peer"]["stage"] != "present":
        pass
    await agent.say("connected", **CONNECTED)


async def _talk(agent: Seat, customer: Seat, over: asyncio.Event) -> None:
    """Tell every ten seconds how the call is, and end it when it is over."""
    while not over.is_set():
        try:
            await asyncio.wait_for(over.wait(), EVERY)
        except TimeoutError:
            for seat in (agent, customer):
                await seat.say("quality", **QUALITY)
    await agent.say("end")
    for seat in (agent, customer):
        await seat.hear("ended")


def lasting(seconds: float) -> asyncio.Event:
    """What ends a call after so many seconds."""
    over = asyncio.Event()
    asyncio.get_running_loop().call_later(seconds, over.set)
    return over
