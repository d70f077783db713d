"""Rooms as their agent sees them: make one, invite, enter, end."""

import asyncio
import io
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

import segno
from quart import (
    Blueprint,
    Response,
    abort,
    jsonify,
    redirect,
    render_template,
    request,
)
from quart.typing import ResponseReturnValue

from app.domain.facts import Role
from app.domain.ids import CustomerId, ParticipantId, RoomId
from app.domain.records import Agent, AgentRole, CallFilter, Customer, Room, RoomState
from app.protocol.tickets import SeatTicket, Tickets
from app.web import forms
from app.web.auth import current_agent
from app.web.errors import error_json
from app.web.i18n import current, gettext as _
from app.web.news import AgentNews, event_stream
from app.web.pages import words
from app.web.rooms import Rooms, offer_passcode


END_SECONDS = 2.0
"""How long the page waits for the history to know that a room ended."""


@dataclass(frozen=True, slots=True)
class RoomPages:
    """What the pages of a room are made of."""

    rooms: Rooms
    tickets: Tickets
    news: AgentNews
    public_url: str
    country: str
    most_video_kbps: int


def blueprint(parts: RoomPages) -> Blueprint:
    """A new room, a room, its call page, and what these pages fetch."""
    routes = Blueprint("rooms", __name__, url_prefix="/rooms")

    @routes.get("/new")
    async def new_page() -> str:
        customer = await _customer(parts, request.args.get("customer"))
        values = {"passcode": offer_passcode(), "title": ""}
        if customer:
            values |= {"customer_id": customer.id, "customer": customer.name}
        return await _new_page(parts, values, {})

    @routes.post("/new")
    async def new() -> ResponseReturnValue:
        values = dict((await request.form).items())
        form = await _checked(parts, values)
        if isinstance(form, dict):
            return await _new_page(parts, values, form), 422
        room = await parts.rooms.create(current_agent().id, form)
        return redirect(f"/rooms/{room.id}", 303)

    @routes.get("/<room_id>")
    async def page(room_id: RoomId) -> str:
        return await _room_page(parts, await readable_room(parts.rooms, room_id))

    @routes.get("/<room_id>/qr.svg")
    async def qr(room_id: RoomId) -> Response:
        room = await readable_room(parts.rooms, room_id)
        return Response(qr_code(_link(parts, room)), content_type="image/svg+xml")

    @routes.get("/<room_id>/events")
    async def events(room_id: RoomId) -> Response:
        room = await readable_room(parts.rooms, room_id)
        return event_stream(parts.news, room.agent_id)

    @routes.post("/<room_id>/end")
    async def end(room_id: RoomId) -> ResponseReturnValue:
        await readable_room(parts.rooms, room_id)
        await _end(parts, room_id)
        return redirect(f"/rooms/{room_id}", 303)

    @routes.get("/<room_id>/call")
    async def call(room_id: RoomId) -> ResponseReturnValue:
        room = await own_room(parts.rooms, room_id)
        if room.state is RoomState.ENDED:
            return redirect(f"/rooms/{room_id}")
        return await render_template("call.html", data=await _call_data(parts, room))

    @routes.post("/<room_id>/ticket")
    async def ticket(room_id: RoomId) -> Response:
        room = await own_room(parts.rooms, room_id)
        if room.state is RoomState.ENDED:
            return error_json(410, _("This room has ended."), "room_ended")
        return jsonify(ticket=_ticket(parts, room, current_agent()))

    @routes.get("/<room_id>/customer")
    async def customer(room_id: RoomId) -> str:
        return await _customer_panel(parts, await own_room(parts.rooms, room_id))

    return routes


async def readable_room(rooms: Rooms, room_id: RoomId) -> Room:
    """A room this agent may see: their own, for administrators any. Else 404."""
    room, agent = await rooms.records.rooms.read(room_id), current_agent()
    if room is None or (
        agent.role is not AgentRole.ADMIN and room.agent_id != agent.id
    ):
        abort(404)
    return room


async def own_room(rooms: Rooms, room_id: RoomId) -> Room:
    """A room this agent may sit in. Else 404."""
    room = await rooms.records.rooms.read(room_id)
    if room is None or room.agent_id != current_agent().id:
        abort(404)
    return room


def qr_code(link: str) -> bytes:
    """The link as an SVG picture, dark on light in every theme: cameras want that."""
    picture = io.BytesIO()
    code = segno.make(link, error="m", micro=False)
    code.save(picture, kind="svg", scale=8, border=2, light="#fff", xmldecl=False)
    return picture.getvalue()


# Making a room.


async def _checked(
    parts: RoomPages, values: Mapping[str, str]
) -> forms.RoomForm | forms.Errors:
    """The form, or what is wrong with it; a chosen customer must be there."""
    form = forms.room(values)
    wrong = await _wrong_customer(parts, values)
    if not wrong:
        return form
    errors = form if isinstance(form, dict) else {}
    return errors | {"customer_id": wrong}


async def _wrong_customer(parts: RoomPages, values: Mapping[str, str]) -> str:
    chosen = values.get("customer_id")
    if values.get("customer", "").strip() and not chosen:
        return _("Choose a customer from the list, or add a new one.")
    if chosen and await _customer(parts, chosen) is None:
        return _("This customer is no longer in the directory.")
    return ""


async def _new_page(
    parts: RoomPages, values: Mapping[str, str], errors: forms.Errors
) -> str:
    return await render_template(
        "room_new.html",
        agent=current_agent(),
        values=values,
        errors=errors,
        country=parts.country,
    )


async def _customer(parts: RoomPages, customer_id: str | None) -> Customer | None:
    if not customer_id:
        return None
    return await parts.rooms.records.customers.read(CustomerId(customer_id))


# A room's own page.


async def _room_page(parts: RoomPages, room: Room) -> str:
    agent, link = current_agent(), _link(parts, room)
    customer = await _customer(parts, room.customer_id)
    host = await parts.rooms.records.agents.read(room.agent_id)
    return await render_template(
        "room.html",
        agent=agent,
        room=room,
        mine=room.agent_id == agent.id,
        host=host.name if host else "",
        customer=customer,
        link=link,
        mail=_mail(room, link, customer),
        sms=_sms(room, link, customer),
        ended_text=words.outcome(room.end_reason),
    )


def _link(parts: RoomPages, room: Room) -> str:
    return f"{parts.public_url}/j/{room.link}"


def _invitation(room: Room, link: str) -> str:
    # Without the passcode: who gets hold of this message alone cannot join.
    text = _("Please join our video call “%(title)s” with this link: %(link)s")
    return text % {"title": room.title, "link": link}


def _mail(room: Room, link: str, customer: Customer | None) -> str:
    to = quote(customer.email, safe="@") if customer and customer.email else ""
    fields = {"subject": room.title, "body": _invitation(room, link)}
    return f"mailto:{to}?{urlencode(fields, quote_via=quote)}"


def _sms(room: Room, link: str, customer: Customer | None) -> str:
    # "?&" is what both iOS ("&body") and Android ("?body") understand.
    to = customer.phone if customer else ""
    return f"sms:{to}?&body={quote(_invitation(room, link))}"


async def _end(parts: RoomPages, room_id: RoomId) -> None:
    """End a room, and give the history a moment to know it."""
    with parts.news.bell(None) as bell, suppress(TimeoutError):
        await parts.rooms.end(room_id)
        async with asyncio.timeout(END_SECONDS):
            while not await _has_ended(parts, room_id):
                await bell.wait()
                bell.clear()


async def _has_ended(parts: RoomPages, room_id: RoomId) -> bool:
    room = await parts.rooms.records.rooms.read(room_id)
    return room is None or room.state is RoomState.ENDED


# The call.


async def _call_data(parts: RoomPages, room: Room) -> dict[str, Any]:
    agent = current_agent()
    customer = await _customer(parts, room.customer_id)
    return {
        "role": Role.AGENT.value,
        "room": room.id,
        "title": room.title,
        "selfName": agent.name,
        "awaitedName": customer.name if customer else room.visitor_name,
        "socketUrl": f"/ws?room={room.id}",
        "ticket": _ticket(parts, room, agent),
        "ticketUrl": f"/rooms/{room.id}/ticket",
        "endedUrl": f"/rooms/{room.id}",
        "homeUrl": "/console",
        "customerPanelUrl": f"/rooms/{room.id}/customer",
        "locale": current().formats,
        "mostVideoKbps": parts.most_video_kbps,
    }


def _ticket(parts: RoomPages, room: Room, agent: Agent) -> str:
    ticket = SeatTicket(
        room=room.id,
        role=Role.AGENT,
        participant=ParticipantId(agent.id),
        name=agent.name,
        terms=parts.rooms.terms(room),
    )
    return parts.tickets.seat(ticket, time.time())


async def _customer_panel(parts: RoomPages, room: Room) -> str:
    customer = await _customer(parts, room.customer_id)
    return await render_template(
        "customer_panel.html",
        room=room,
        customer=customer,
        calls_before=await _calls_before(parts, customer) if customer else 0,
    )


async def _calls_before(parts: RoomPages, customer: Customer) -> str:
    most = 20
    which = CallFilter(q=customer.phone)
    page = await parts.rooms.records.calls.list(which, None, most + 1)
    count = sum(call.ended_at is not None for call in page.items)
    return f"{most}+" if count > most else str(count)
