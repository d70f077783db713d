"""A whole call of two made-up people, by nothing but the relay."""

import asyncio
import json
import re
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from http.cookies import SimpleCookie
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode, urlsplit

from msgspec import Struct

from app.doctor import http
from app.doctor.results import Amiss, Finding, NotApplicable, ok
from app.doctor.target import HTTP, Target
from app.doctor.turn import first_working
from app.doctor.websocket import connect
from app.domain.relay_urls import RelayUrl
from app.protocol.messages import SUBPROTOCOL


if TYPE_CHECKING:
    from app.doctor.people import Person

TITLE = "Test call by deskside doctor"
NAME, PHONE = "Doctor", "+6281200000000"
PICTURES, SOUNDS = 15, 25
"""How many of each make a call: about a second."""

TALK_SECONDS, END_SECONDS = 40.0, 5.0

MEDIA = (
    "Calls by the relay do not come about: see the relay's own checks (turn-udp, "
    "relay-peers). If those are well, look into journalctl -u coturn."
)


class NoRelay(Amiss):
    """Somebody asked for a relay in vain."""


class Seat(Struct, frozen=True):
    """The right to one side of a room."""

    role: str
    ticket: str
    path: str


async def call(target: Target) -> Finding:
    """Two people meet in a room, and see and hear each other."""
    _require_aiortc()
    url = await first_working(target)
    room = await target.call_api("POST", "/rooms", {"title": TITLE})
    try:
        return await _talk(target, url, room)
    except NoRelay:
        # A new relay may refuse once: see `turn.allocated`.
        return await _talk(target, url, room)
    finally:
        await target.call_api("POST", f"/rooms/{room['id']}/end")


async def _talk(target: Target, url: RelayUrl, room: dict[str, Any]) -> Finding:
    customer = await _customer_seat(target, room)
    agent = await _agent_seat(target, room)
    return await _meet(target, url, agent, customer)


def _require_aiortc() -> None:
    try:
        import aiortc  # noqa: F401
    except ImportError:
        raise NotApplicable(
            "aiortc is not installed: pip install --no-deps --require-hashes "
            "-r requirements/host.txt"
        ) from None


# Coming in.


async def _agent_seat(target: Target, room: dict[str, Any]) -> Seat:
    answer = await target.call_api("POST", f"/rooms/{room['id']}/ticket")
    return Seat("agent", answer["ticket"], f"/ws?room={room['id']}")


async def _customer_seat(target: Target, room: dict[str, Any]) -> Seat:
    """Come in as customers do: the link, the form, the page of the call."""
    link = urlsplit(room["customer_link"]).path
    cookies = await _fill_in(target, link, room["passcode"])
    page = await http.ask(
        target.site,
        "GET",
        f"{link}/call",
        tls=target.trust(HTTP),
        headers={"Cookie": cookies, "Accept": "text/html"},
    )
    found = re.search(r'id="page-data">(.*?)</script>', page.body.decode(), re.DOTALL)
    if not found:
        raise Amiss(
            f"the customer's page of the call is answered with {page.status}",
            "The service's log has the reason: journalctl -u 'deskside@*'",
        )
    data = json.loads(found[1])
    return Seat("customer", data["ticket"], data["socketUrl"])


async def _fill_in(target: Target, link: str, passcode: str) -> str:
    """Send the form; return the cookies that it sets."""
    form = {"name": NAME, "phone": PHONE, "passcode": passcode}
    headers = {
        "Content-Type": "application/x-www-form-urlencoded",
        "Accept": "text/html",
        "Origin": target.site.origin,
        "Sec-Fetch-Site": "same-origin",
    }
    answer = await http.ask(
        target.site,
        "POST",
        link,
        tls=target.trust(HTTP),
        headers=headers,
        body=urlencode(form).encode(),
    )
    if answer.status != 303:
        raise Amiss(
            f"the form behind a customer's link is answered with {answer.status}",
            "Open a link yourself. The log has the reason: journalctl -u 'deskside@*'",
        )
    jar = SimpleCookie("; ".join(answer.all("set-cookie")))
    return "; ".join(f"{each.key}={each.coded_value}" for each in jar.values())


# Talking.


async def _meet(target: Target, url: RelayUrl, agent: Seat, customer: Seat) -> Finding:
    async with _seated(target, agent) as host, _seated(target, customer) as guest:
        began = time.monotonic()
        await _join(host, agent, url)
        await _join(guest, customer, url)
        await asyncio.gather(host.enter(), guest.enter())
        await host.offer()
        await _until_both(host, guest, url, began)
        firsts = [person.senses.first_picture - began for person in (host, guest)]
        await host.end()
        await _until_ended(host, guest)
    slowest = max(firsts)
    pictures = min(person.senses.pictures for person in (host, guest))
    sounds = min(person.senses.sounds for person in (host, guest))
    return ok(
        f"two people saw each other after {slowest:.1f} s by {url.text}: "
        f"{pictures} pictures and {sounds / 50:.1f} s of sound each",
        first_picture_seconds=slowest,
        pictures=pictures,
        sounds=sounds,
    )


@asynccontextmanager
async def _seated(target: Target, seat: Seat) -> AsyncIterator["Person"]:
    from app.doctor.people import Person

    socket = await connect(target.site, seat.path, SUBPROTOCOL, tls=target.trust(HTTP))
    person = Person(seat.role, socket)
    try:
        yield person
    finally:
        await person.go()


async def _join(person: "Person", seat: Seat, url: RelayUrl) -> None:
    welcome = await person.join(seat.ticket)
    if welcome["type"] != "welcome":
        raise Amiss(
            f"the {seat.role} gets no seat: {welcome.get('text', welcome['type'])}",
            "All nodes must have one DESKSIDE_SECRET and one DESKSIDE_REDIS_URL.",
        )
    person.get_ready(welcome, url)


async def _until_both(
    host: "Person", guest: "Person", url: RelayUrl, began: float
) -> None:
    deadline = began + TALK_SECONDS
    while not all(map(_content, (host, guest))):
        if host.relayless or guest.relayless:
            role = (host if host.relayless else guest).role
            raise NoRelay(f"the {role} asked {url.text} for a relay in vain", MEDIA)
        if time.monotonic() > deadline:
            raise Amiss(
                f"no call in {TALK_SECONDS:.0f} s: {_tell(host)}; {_tell(guest)}", MEDIA
            )
        await asyncio.sleep(0.05)


def _content(person: "Person") -> bool:
    senses = person.senses
    return senses.pictures >= PICTURES and senses.sounds >= SOUNDS


def _tell(person: "Person") -> str:
    senses = person.senses
    why = f" ({person.problem})" if person.problem else ""
    return (
        f"the {person.role}, {person.state}, got {senses.pictures} pictures, "
        f"{senses.black} black ones, {senses.sounds / 50:.1f} s of sound{why}"
    )


async def _until_ended(host: "Person", guest: "Person") -> None:
    deadline = time.monotonic() + END_SECONDS
    while not (host.ended and guest.ended):
        if time.monotonic() > deadline:
            raise Amiss(
                "the call was ended, and not both sides were told",
                "Look into the service's log: journalctl -u 'deskside@*'",
            )
        await asyncio.sleep(0.05)
