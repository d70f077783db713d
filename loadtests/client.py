"""One thin client of the service: what browsers send, without a browser.

It knows the pages by their forms and the socket by `app/protocol/README.md`, and
nothing of the code. Locust has patched the standard library, so what blocks here lets
others run. Each thing a person waits for is told to a `Report`.
"""

import json
import re
import secrets
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from html import unescape
from typing import Any
from urllib.parse import urlsplit

import gevent
import requests
import websocket
from gevent.event import AsyncResult, Event


SUBPROTOCOL = "deskside.v1"
WAIT_SECONDS = 20.0
"""How long a person waits for anything before it has failed."""

RELAYED = {"description", "candidates"}
PAGE_DATA = re.compile(r'id="page-data">(.*?)</script>', re.DOTALL)
LINK = re.compile(r'id="link" value="([^"]*)"')

Frame = dict[str, Any]
Report = Callable[[str, float, int, Exception | None], None]
"""What somebody waited for: name, seconds, bytes, and what went wrong, if anything."""


class Trouble(Exception):
    """The service did not do what its description says; the text says what."""


@dataclass
class Site:
    """Where the service is, and how much of it is believed."""

    url: str
    ca_file: str | None = None
    report: Report = lambda *_told: None

    @property
    def socket_url(self) -> str:
        """The address of a socket, without a path."""
        return "ws" + self.url.removeprefix("http")

    @contextmanager
    def measured(self, name: str) -> Iterator[None]:
        """Tell how long the body took; what goes wrong in it is told and raised."""
        began = time.perf_counter()
        try:
            yield
        except Exception as error:
            self.report(name, time.perf_counter() - began, 0, error)
            raise
        self.report(name, time.perf_counter() - began, 0, None)


class Browser:
    """Pages as one person sees them: keeps cookies, sends what browsers send."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.session = requests.Session()
        self.session.verify = site.ca_file or True
        self.session.headers["Accept"] = "text/html"
        self.session.headers["Sec-Fetch-Site"] = "same-origin"

    def get(self, path: str) -> str:
        """Open a page; raises Trouble where it is not there."""
        answer = self._ask("GET", path)
        if answer.status_code != 200:
            raise Trouble(f"a page is answered with {answer.status_code}")
        return answer.text

    def post(self, path: str, **form: str) -> str:
        """Send a form; gives the path that it leads to. Raises Refused."""
        answer = self._ask("POST", path, data=form, allow_redirects=False)
        if answer.status_code != 303:
            raise Refused(answer.status_code)
        return urlsplit(answer.headers["Location"]).path

    def page_data(self, path: str) -> Frame:
        """Open the page of a call; gives what its script is given."""
        found = PAGE_DATA.search(self.get(path))
        if not found:
            raise Trouble("the page of the call holds no data")
        return dict(json.loads(found[1]))

    def ticket(self, path: str) -> str:
        """Get a fresh ticket."""
        answer = self._ask("POST", path)
        if answer.status_code != 200:
            raise Trouble(f"a ticket is answered with {answer.status_code}")
        return str(answer.json()["ticket"])

    def _ask(self, method: str, path: str, **options: Any) -> requests.Response:
        return self.session.request(
            method, self.site.url + path, timeout=WAIT_SECONDS, **options
        )


class Refused(Trouble):
    """A form was not taken; ``status`` says why."""

    def __init__(self, status: int) -> None:
        super().__init__(f"the form is answered with {status}")
        self.status = status


@dataclass
class Room:
    """A room as its agent sees it."""

    id: str
    link: str
    passcode: str


class AgentBrowser(Browser):
    """Somebody who works here."""

    def log_in(self, email: str, password: str) -> None:
        """Fill in the form and see the console."""
        with self.site.measured("log in"):
            self.post("/login", email=email, password=password)
            self.get("/console")

    def create_room(self, title: str) -> Room:
        """Create a room and read the customer's link."""
        passcode = f"{secrets.randbelow(10**6):06d}"
        with self.site.measured("create room"):
            path = self.post("/rooms/new", title=title, passcode=passcode)
            found = LINK.search(self.get(path))
        if not found:
            raise Trouble("the page of the room holds no link")
        link = urlsplit(unescape(found[1])).path
        return Room(path.rpartition("/")[2], link, passcode)

    def read_history(self, room: Room) -> None:
        """Look the call up; it may take a moment until it is written."""
        with (
            self.site.measured("history"),
            gevent.Timeout(WAIT_SECONDS, late("history")),
        ):
            while f"/history/{room.id}" not in self.get("/history"):
                gevent.sleep(0.2)


class Seat:
    """One side of a room: its pages, its socket, and what arrived there."""

    def __init__(self, browser: Browser, page: str) -> None:
        self.browser, self.site, self.page = browser, browser.site, page
        self.other: Seat | None = None
        self.welcome: Frame = {}
        self.ended = Event()
        self.closed = Event()
        self.close_code: int | None = None
        self.errors: list[str] = []
        self.offers: list[Frame] = []
        self._sent: deque[tuple[float, str]] = deque()
        self._waiting: dict[str, AsyncResult] = {}
        self._data: Frame = {}
        self._socket: websocket.WebSocket | None = None
        self._reader: gevent.Greenlet | None = None
        self._heart: gevent.Greenlet | None = None
        self._instance = secrets.token_urlsafe(18)

    def join(self) -> None:
        """Open the page of the call, and take the seat."""
        self._data = self.browser.page_data(self.page)
        self.take_seat(self._data["ticket"])

    def take_seat(self, ticket: str) -> None:
        """Take the seat on a new socket."""
        self._open()
        awaited = self.expect("welcome")
        self.say("join", ticket=ticket, instance=self._instance)
        self.welcome = self._get(awaited, "welcome")
        self._heart = gevent.spawn(self._beat, self.welcome["heartbeat"])

    def resume(self) -> None:
        """Take the same seat back; raises Trouble where it was not kept."""
        self._open()
        awaited = self.expect("welcome")
        self.say("resume", token=self.welcome["token"])
        welcome = self._get(awaited, "welcome")
        if not welcome["resumed"]:
            raise Trouble("the seat was not kept")
        self.welcome = welcome
        self._heart = gevent.spawn(self._beat, welcome["heartbeat"])

    def cut(self) -> None:
        """Lose the socket as a broken network does: without a word."""
        self._stop()
        if self._socket:
            self._socket.shutdown()

    def say(self, kind: str, **fields: Any) -> None:
        """Send a message."""
        text = json.dumps({"type": kind, **fields}, separators=(",", ":"))
        if kind in RELAYED and self.other:
            name = "candidate relay" if kind == "candidates" else "description relay"
            self.other._sent.append((time.perf_counter(), name))
        self.say_text(text)

    def say_text(self, text: str) -> None:
        """Send a frame as it stands; raises Trouble where the socket is gone."""
        if self._socket is None:
            raise Trouble("there is no socket")
        try:
            self._socket.send(text)
        except (OSError, websocket.WebSocketException) as error:
            raise Trouble(f"the socket is gone: {type(error).__name__}") from error

    def expect(self, kind: str) -> AsyncResult:
        """Get ready to wait for the next message of a kind."""
        return self._waiting.setdefault(kind, AsyncResult())

    def wait(self, awaited: AsyncResult, kind: str) -> Frame:
        """Wait for it; raises Trouble when it is late, or the socket closes."""
        return self._get(awaited, kind)

    def stop_reading(self) -> None:
        """Leave what comes where it is."""
        if self._reader:
            self._reader.kill()

    def go(self) -> None:
        """Let go of everything."""
        self._stop()
        if self._socket:
            with suppress(OSError, websocket.WebSocketException):
                self._socket.close(timeout=1)
            self._socket = None

    def _open(self) -> None:
        self._stop()
        self.closed.clear()
        self._sent.clear()
        path = self._data.get("socketUrl", "/ws")
        trust = {"ca_certs": self.site.ca_file} if self.site.ca_file else {}
        self._socket = websocket.create_connection(
            self.site.socket_url + path,
            timeout=WAIT_SECONDS,
            subprotocols=[SUBPROTOCOL],
            origin=self.site.url,
            sslopt=trust,
        )
        self._socket.settimeout(None)
        self._reader = gevent.spawn(self._read, self._socket)

    def _stop(self) -> None:
        for greenlet in (self._reader, self._heart):
            if greenlet and greenlet is not gevent.getcurrent():
                greenlet.kill(block=False)

    def _beat(self, seconds: float) -> None:
        with suppress(Trouble):
            while True:
                gevent.sleep(seconds)
                self.say("ping")

    def _read(self, socket: websocket.WebSocket) -> None:
        try:
            while True:
                code, data = socket.recv_data()
                if code == websocket.ABNF.OPCODE_CLOSE:
                    self.close_code = int.from_bytes(data[:2], "big") if data else None
                    break
                self._take(json.loads(data), len(data))
        except (OSError, websocket.WebSocketException):
            pass
        finally:
            self.closed.set()
            for awaited in self._waiting.values():
                awaited.set_exception(Trouble(f"the socket closed {self.close_code}"))
            self._waiting.clear()

    def _take(self, frame: Frame, size: int) -> None:
        kind = frame["type"]
        if kind in RELAYED and self._sent:
            began, name = self._sent.popleft()
            self.site.report(name, time.perf_counter() - began, size, None)
        if kind == "description":
            kind = frame["description"]["type"]
        if kind == "error":
            self.errors.append(frame["code"])
        if kind == "ended":
            self.ended.set()
        if awaited := self._waiting.pop(kind, None):
            awaited.set(frame)

    def _get(self, awaited: AsyncResult, kind: str) -> Frame:
        with gevent.Timeout(WAIT_SECONDS, late(kind)):
            return dict(awaited.get())


def late(what: str) -> Trouble:
    """What to raise when something has not come in time."""
    return Trouble(f"{what} has not come in {WAIT_SECONDS:.0f} s")


@dataclass
class Call:
    """Both sides of one room."""

    room: Room
    agent: Seat
    customer: Seat
    parts: list[Seat] = field(init=False)

    def __post_init__(self) -> None:
        self.agent.other, self.customer.other = self.customer, self.agent
        self.parts = [self.agent, self.customer]

    def end(self) -> None:
        """The agent ends it; both hear of it."""
        site = self.agent.site
        with site.measured("end"):
            awaited = [(seat, seat.expect("ended")) for seat in self.parts]
            self.agent.say("end")
            for seat, result in awaited:
                seat.wait(result, "ended")

    def go(self) -> None:
        """Let go of both sockets."""
        for seat in self.parts:
            seat.go()


def host(browser: AgentBrowser, room: Room) -> Seat:
    """The agent takes the seat."""
    seat = Seat(browser, f"/rooms/{room.id}/call")
    with browser.site.measured("enter room"):
        seat.join()
    return seat


def join(site: Site, room: Room, name: str = "Budi Santoso") -> Seat:
    """A customer opens the link, fills in the form, and takes the seat."""
    browser = Browser(site)
    with site.measured("open link"):
        browser.get(room.link)
    return admit(browser, room, name)


def admit(browser: Browser, room: Room, name: str = "Budi Santoso") -> Seat:
    """A customer who has read the page fills in the form, and takes the seat."""
    with browser.site.measured("join"):
        form = {"name": name, "phone": "+6281234567890", "passcode": room.passcode}
        seat = Seat(browser, browser.post(room.link, **form))
        seat.join()
    return seat
