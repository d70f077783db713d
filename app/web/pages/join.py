"""How a customer comes in, without an account: link, form, call, and the ways out."""

import hmac
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, cast

from phonenumbers import SUPPORTED_REGIONS
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
from app.domain.records import Room, RoomState
from app.protocol.tickets import SeatTicket, Tickets
from app.web import forms
from app.web.errors import error_json
from app.web.i18n import current, gettext as _, ngettext
from app.web.limits import Attempts, passcode_attempt
from app.web.rooms import Rooms
from app.web.visits import Visit, Visits


@dataclass(frozen=True, slots=True)
class JoinPages:
    """What the pages of a customer are made of."""

    rooms: Rooms
    tickets: Tickets
    visits: Visits
    attempts: Attempts
    country: str
    most_video_kbps: int


def blueprint(parts: JoinPages) -> Blueprint:
    """The pages behind a customer link."""
    join = Blueprint("join", __name__, url_prefix="/j/<link>")

    @join.get("")
    async def page(link: str) -> ResponseReturnValue:
        room = await _room(parts, link)
        if over := _over(room):
            return await _closed(room, over)
        visit = parts.visits.read(room.id)
        return await _form(parts, room, {"name": visit.name if visit else ""}, {})

    @join.post("")
    async def enter(link: str) -> ResponseReturnValue:
        room = await _room(parts, link)
        if over := _over(room):
            return await _closed(room, over)
        return await _enter(parts, room, dict((await request.form).items()))

    @join.get("/call")
    async def call(link: str) -> ResponseReturnValue:
        room = await _room(parts, link)
        if over := _over(room):
            return await _closed(room, over)
        visit = parts.visits.read(room.id)
        if visit is None:
            return redirect(f"/j/{link}")
        data = await _call_data(parts, room, visit)
        return await render_template("call.html", data=data)

    @join.post("/ticket")
    async def ticket(link: str) -> Response:
        room = await _room(parts, link)
        visit = parts.visits.read(room.id)
        if visit is None:
            text = _("Your visit has lapsed. Open the link again.")
            return error_json(401, text, "visit_lapsed")
        if _over(room):
            return error_json(410, _("This room has ended."), "room_ended")
        return jsonify(ticket=_ticket(parts, room, visit))

    @join.get("/ended")
    async def ended(link: str) -> ResponseReturnValue:
        room = await _room(parts, link)
        reason = _over(room) or request.args.get("reason", "")
        return await _closed(room, reason, status=200)

    @join.get("/full")
    async def full(link: str) -> ResponseReturnValue:
        return await _full(await _room(parts, link))

    return join


async def _room(parts: JoinPages, link: str) -> Room:
    room = await parts.rooms.records.rooms.find(link)
    if room is None:
        abort(404)
    return room


def _over(room: Room) -> str:
    """Why nobody can come in any more, as a reason of its end; else nothing."""
    if room.state is RoomState.ENDED:
        return room.end_reason or "ended_by_agent"
    # Whoever is inside at the expiry may come back to the call.
    unused = room.state is RoomState.OPEN
    return "expired" if unused and room.expires_at <= datetime.now(UTC) else ""


# The form.


async def _enter(
    parts: JoinPages, room: Room, values: dict[str, str]
) -> ResponseReturnValue:
    """Admit who knows the passcode and, where somebody is expected, has their phone."""
    form = forms.visitor(values, _country(values, parts.country))
    if isinstance(form, dict):
        return await _form(parts, room, values, form, status=422)
    attempt = passcode_attempt(room.id, request.remote_addr)
    if seconds := await parts.attempts.take(attempt):
        return await _pause(parts, room, values, seconds)
    if errors := await _refusals(parts, room, form):
        return await _form(parts, room, values, errors, status=422)
    await parts.attempts.forgive(attempt)
    response = cast(Response, redirect(f"/j/{room.link}/call", 303))
    visit = parts.visits.admit(response, room, form.name, form.phone)
    await parts.rooms.records.rooms.note_visitor(
        room.id, visit.participant, form.name, form.phone
    )
    return response


def _country(values: dict[str, str], default: str) -> str:
    """Where a phone without "+" is dialled: what the form says, if there is such."""
    chosen = values.get("phone_country", "").upper()
    return chosen if chosen in SUPPORTED_REGIONS else default


async def _refusals(
    parts: JoinPages, room: Room, form: forms.VisitorForm
) -> forms.Errors:
    """What is wrong, one thing at a time: the phone is judged only behind the passcode.

    So only somebody who was given both link and passcode can learn that a certain
    phone is expected, and each try counts as an attempt.
    """
    if not same_passcode(form.passcode, room.passcode):
        return {"passcode": _("This is not the passcode. Look at it again, or ask.")}
    if room.customer_id is None:
        return {}
    customer = await parts.rooms.records.customers.read(room.customer_id)
    if customer is None or customer.phone == form.phone:
        return {}
    return {
        "phone": _(
            "This number does not belong to this link. Use the phone number we know "
            "you by, or ask for another link."
        )
    }


def same_passcode(typed: str, passcode: str) -> bool:
    """Whether it is the passcode; blanks between its signs do not count."""
    one, other = ("".join(text.split()).encode() for text in (typed, passcode))
    return hmac.compare_digest(one, other)


async def _pause(
    parts: JoinPages, room: Room, values: dict[str, str], seconds: int
) -> ResponseReturnValue:
    minutes = -(-seconds // 60)
    text = ngettext(
        "For safety you can try again in %(n)d minute. Meanwhile you can ask for the "
        "right passcode.",
        "For safety you can try again in %(n)d minutes. Meanwhile you can ask for the "
        "right passcode.",
        minutes,
    )
    response = await _form(parts, room, values, {}, pause=text % {"n": minutes})
    response.status_code = 429
    response.headers["Retry-After"] = str(seconds)
    return response


async def _form(
    parts: JoinPages,
    room: Room,
    values: dict[str, str],
    errors: forms.Errors,
    *,
    pause: str = "",
    status: int = 200,
) -> Response:
    body = await render_template(
        "join.html",
        room=room,
        host=await _host(parts, room),
        values=values,
        errors=errors,
        pause=pause,
        country=parts.country,
        # A hint for the keyboard of a phone; letters can still be typed.
        keyboard="numeric" if room.passcode.isdecimal() else "text",
    )
    return Response(body, status)


async def _host(parts: JoinPages, room: Room) -> str:
    agent = await parts.rooms.records.agents.read(room.agent_id)
    return agent.name if agent else ""


# The call.


async def _call_data(parts: JoinPages, room: Room, visit: Visit) -> dict[str, Any]:
    base = f"/j/{room.link}"
    return {
        "role": Role.CUSTOMER.value,
        "room": room.id,
        "title": room.title,
        "selfName": visit.name,
        "awaitedName": await _host(parts, room),
        "socketUrl": f"/ws?room={room.id}",
        "ticket": _ticket(parts, room, visit),
        "ticketUrl": f"{base}/ticket",
        "endedUrl": f"{base}/ended",
        "homeUrl": base,
        "customerPanelUrl": None,
        "locale": current().formats,
        "mostVideoKbps": parts.most_video_kbps,
    }


def _ticket(parts: JoinPages, room: Room, visit: Visit) -> str:
    ticket = SeatTicket(
        room=room.id,
        role=Role.CUSTOMER,
        participant=visit.participant,
        name=visit.name,
        terms=parts.rooms.terms(room),
    )
    return parts.tickets.seat(ticket, time.time())


# The ways out.


async def _closed(room: Room, reason: str, status: int = 410) -> Response:
    """The page of a room that is over, or was left."""
    heading, paragraphs, picture = _farewell(reason)
    back = (f"/j/{room.link}", _("Join again"))
    body = await render_template(
        "message.html",
        heading=heading,
        paragraphs=[*paragraphs, _("You can close this page.")],
        picture=picture,
        way=None if _over(room) else back,
    )
    return Response(body, status)


def _farewell(reason: str) -> tuple[str, list[str], str]:
    again = _("If there is more to talk about, ask for a new link.")
    known = {
        "expired": (
            _("This link has expired"),
            [_("It was good for a limited time."), _("Ask for a new link.")],
            "hourglass",
        ),
        "no_show": (
            _("This room was closed"),
            [_("Nobody came for a while, so it was closed."), _("Ask for a new link.")],
            "hourglass",
        ),
        "too_long": (
            _("The call has ended"),
            [_("It reached the time limit for calls."), again],
            "phone-off",
        ),
        "left": (
            _("You left the call"),
            [_("Your camera and microphone are off.")],
            "log-out",
        ),
    }
    thanks = _("Thank you for talking with us. Your camera and microphone are off.")
    return known.get(reason, (_("The call has ended"), [thanks, again], "phone-off"))


async def _full(room: Room) -> Response:
    body = await render_template(
        "message.html",
        heading=_("This room is full"),
        paragraphs=[
            _(
                "Two people are in it already, and it has room for two. They do not "
                "see you."
            ),
            _(
                "Ask the agent for a new link. If you yourself are in it under another "
                "phone number, join with that number."
            ),
        ],
        picture="users",
        tone="warn",
        way=(f"/j/{room.link}", _("Try again")),
    )
    return Response(body, 409)
