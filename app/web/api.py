"""The REST API under /api/v1, for programs with a key."""

import asyncio
import functools
import re
import secrets
import time
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime
from typing import Any, TypeVar

import msgspec
from quart import Blueprint, Response, g, request
from werkzeug.exceptions import RequestEntityTooLarge, UnsupportedMediaType

from app.adapters.sql.records import Records
from app.adapters.sql.records.idempotency import Earlier, Key
from app.adapters.sql.records.store import sha256
from app.domain.facts import Role
from app.domain.ids import AgentId, CustomerId, ParticipantId, RoomId
from app.domain.records import (
    Agent,
    AgentRole,
    ApiKey,
    CallFilter,
    CursorError,
    Room,
    RoomState,
    Taken,
)
from app.domain.relays import Fleet
from app.ports import BackplaneError
from app.protocol.tickets import SeatTicket, Tickets
from app.web import forms
from app.web.api_models import (
    CallList,
    CallOut,
    CallQuery,
    CallWithEvents,
    CustomerIn,
    CustomerList,
    CustomerOut,
    CustomerQuery,
    EventOut,
    IceIn,
    IceOut,
    OnceHeaders,
    RelayList,
    RelayOut,
    RoomIn,
    RoomList,
    RoomOut,
    RoomQuery,
    TicketOut,
)
from app.web.errors import error_json
from app.web.i18n import gettext as _
from app.web.openapi import documented
from app.web.rooms import Rooms, offer_passcode


T = TypeVar("T")
View = Callable[..., Coroutine[Any, Any, Response]]

BODY_BYTES = 64 * 1024
KEY_LENGTH = 255
REPEATED = frozenset({"state"})
"""Parameters that may be given several times."""


class Refused(Exception):
    """The answer to a request that cannot be done."""

    def __init__(
        self,
        status: int,
        text: str,
        code: str = "",
        fields: forms.Errors | None = None,
    ) -> None:
        super().__init__(text)
        self.status, self.text, self.code, self.fields = status, text, code, fields

    def response(self) -> Response:
        """Return it as JSON."""
        return error_json(self.status, self.text, self.code, self.fields)


def blueprint(
    records: Records,
    rooms: Rooms,
    *,
    tickets: Tickets,
    fleet: Callable[[], Fleet],
    public_url: str,
    country: str,
) -> Blueprint:
    """The routes of the API; each acts as the agent its key belongs to.

    ``country`` is where phone numbers without a country code are dialled.
    """
    api = Blueprint("api", __name__, url_prefix="/api/v1")

    @api.before_request
    async def authenticate() -> Response | None:
        scheme, _space, plain = request.headers.get("Authorization", "").partition(" ")
        found = None
        if scheme.lower() == "bearer":
            found = await records.api_keys.identify(plain.strip(), datetime.now(UTC))
        if found is None:
            return unknown_key()
        g.api_key, g.agent = found
        return None

    refuse_in_json(api)

    @api.errorhandler(CursorError)
    async def wrong_cursor(_error: CursorError) -> Response:
        return _invalid({"cursor": _("No page has given out this cursor.")}).response()

    _room_routes(api, records, rooms, public_url)
    _seat_routes(api, rooms, tickets, fleet)
    _call_routes(api, records)
    _customer_routes(api, records, country)
    return api


def refuse_in_json(api: Blueprint) -> None:
    """Answer what cannot be done in the words of the API."""

    @api.errorhandler(Refused)
    async def refused(error: Refused) -> Response:
        return error.response()

    @api.errorhandler(BackplaneError)
    async def away(_error: BackplaneError) -> Response:
        text = _("The live state cannot be reached. Try again in a moment.")
        return error_json(503, text)


def once(records: Records) -> Callable[[View], View]:
    """Do a request with an `Idempotency-Key` once, and give its answer again.

    What was refused or failed was not done, so its key may be used again. What was
    begun is brought to its end, even if the program hangs up: it will ask again.
    """
    begun: set[asyncio.Task[Response]] = set()

    def decorate(view: View) -> View:
        @functools.wraps(view)
        async def wrapper(**arguments: str) -> Response:
            name = request.headers.get("Idempotency-Key")
            if name is None:
                return await view(**arguments)
            key = _idempotency_key(name)
            content = f"{request.path}\n{(await _body()).hex()}"
            earlier = await records.idempotency.begin(key, content, datetime.now(UTC))
            if earlier is not None:
                return _again(earlier, content)
            work = asyncio.create_task(_first(records, key, view(**arguments)))
            begun.add(work)
            work.add_done_callback(begun.discard)
            return await asyncio.shield(work)

        return wrapper

    return decorate


async def _first(
    records: Records, key: Key, answer: Coroutine[Any, Any, Response]
) -> Response:
    try:
        response = await answer
    except Exception:
        await records.idempotency.forget(key)
        raise
    text = await response.get_data(as_text=True)
    await records.idempotency.finish(key, response.status_code, str(text))
    return response


def _again(earlier: Earlier, content: str) -> Response:
    if earlier.request_hash != sha256(content):
        text = _("This Idempotency-Key was used for a request with another content.")
        raise Refused(409, text, "idempotency_key_reused")
    if earlier.status is None or earlier.response is None:
        text = _("The first request with this Idempotency-Key is still worked on.")
        raise Refused(409, text, "idempotency_key_busy")
    response = _json(earlier.response.encode(), earlier.status)
    response.headers["Idempotent-Replayed"] = "true"
    return response


def _idempotency_key(name: str) -> Key:
    if not name.isprintable() or not 1 <= len(name) <= KEY_LENGTH:
        text = _("Use 1 to %(most)d printable characters.") % {"most": KEY_LENGTH}
        raise _invalid({"Idempotency-Key": text})
    return Key(_api_key().id, f"{request.method} {request.url_rule}", name)


# The routes.


def _room_routes(
    api: Blueprint, records: Records, rooms: Rooms, public_url: str
) -> None:
    def shown(room: Room) -> RoomOut:
        return RoomOut.of(room, public_url)

    async def own(room_id: str) -> Room:
        room = await records.rooms.read(RoomId(room_id))
        if room is None or not _may_see(room.agent_id):
            raise _missing()
        return room

    @api.post("/rooms")
    @documented(
        takes=RoomIn,
        headers=OnceHeaders,
        gives=RoomOut,
        status=201,
        errors=(401, 409, 422),
    )
    @once(records)
    async def create_room() -> Response:
        """Make a room."""
        wanted = await read_body(RoomIn)
        data = msgspec.structs.asdict(wanted)
        if wanted.passcode is None:
            data["passcode"] = offer_passcode()
        form = _checked(forms.room(data))
        await _check_customer(records, form.customer_id)
        room = await rooms.create(_agent().id, form)
        return answer(shown(room), 201)

    @api.get("/rooms")
    @documented(query=RoomQuery, gives=RoomList, errors=(401, 422))
    async def list_rooms() -> Response:
        """List rooms, the newest first."""
        query = _query(RoomQuery)
        page = await records.rooms.list(
            _whose(None), query.state, query.cursor, query.limit
        )
        return answer(RoomList([shown(room) for room in page.items], page.next_cursor))

    @api.get("/rooms/<room_id>")
    @documented(gives=RoomOut, errors=(401, 404))
    async def read_room(room_id: str) -> Response:
        """Read a room."""
        return answer(shown(await own(room_id)))

    @api.post("/rooms/<room_id>/end")
    @documented(headers=OnceHeaders, gives=RoomOut, status=202, errors=(401, 404, 503))
    @once(records)
    async def end_room(room_id: str) -> Response:
        """End a room for both.

        The room is over with this answer; its record says so a moment later.
        """
        room = await own(room_id)
        if room.state is not RoomState.ENDED:
            await rooms.end(room.id)
            room = await own(room_id)
        return answer(shown(room), 202)


def _seat_routes(
    api: Blueprint, rooms: Rooms, tickets: Tickets, fleet: Callable[[], Fleet]
) -> None:
    """What a program needs to be in a call itself, as the agent of its key."""

    @api.post("/rooms/<room_id>/ticket")
    @documented(gives=TicketOut, errors=(401, 404, 410))
    async def give_ticket(room_id: str) -> Response:
        """Give a ticket for the agent's seat.

        Only to the room's own agent: an administrator's key sees the rooms of others,
        and does not sit in them.
        """
        room, agent = await rooms.records.rooms.read(RoomId(room_id)), _agent()
        if room is None or room.agent_id != agent.id:
            raise _missing()
        if room.state is RoomState.ENDED:
            raise Refused(410, _("This room has ended."), "room_ended")
        seat = SeatTicket(
            room=room.id,
            role=Role.AGENT,
            participant=ParticipantId(agent.id),
            name=agent.name,
            terms=rooms.terms(room),
        )
        return answer(TicketOut(tickets.seat(seat, time.time())))

    @api.post("/ice-servers")
    @documented(takes=IceIn, gives=IceOut, errors=(401, 422))
    async def give_ice_servers() -> Response:
        """Give STUN and TURN servers with fresh credentials."""
        wanted = await read_body(IceIn)
        relays, now = fleet(), time.time()
        seconds = min(wanted.seconds or relays.ttl, relays.ttl)
        # Each holds a name of its own, so that one does not use up another's quota.
        holder = ParticipantId(f"api.{secrets.token_hex(6)}")
        short = msgspec.structs.replace(relays, ttl=seconds)
        servers = short.servers(short.choose(RoomId(holder), now), holder, now)
        return answer(IceOut(list(servers), seconds))

    @api.get("/relays")
    @documented(gives=RelayList, errors=(401,))
    async def list_relays() -> Response:
        """List the relays, with how it stands with each."""
        now = time.time()
        return answer(RelayList([RelayOut.of(one, now) for one in fleet().known]))


def _call_routes(api: Blueprint, records: Records) -> None:
    @api.get("/calls")
    @documented(query=CallQuery, gives=CallList, errors=(401, 422))
    async def list_calls() -> Response:
        """List calls, the latest first."""
        query = _query(CallQuery)
        which = CallFilter(
            agent_id=_whose(query.agent_id),
            q=query.q,
            since=query.since,
            until=query.until,
            reason=query.reason,
        )
        page = await records.calls.list(which, query.cursor, query.limit)
        return answer(CallList([*map(CallOut.of, page.items)], page.next_cursor))

    @api.get("/calls/<call_id>")
    @documented(gives=CallWithEvents, errors=(401, 404))
    async def read_call(call_id: str) -> Response:
        """Read a call and what happened in it."""
        call = await records.calls.read(RoomId(call_id))
        if call is None or not _may_see(call.agent_id):
            raise _missing()
        events = [*map(EventOut.of, await records.calls.events(call.id))]
        fields = msgspec.structs.asdict(CallOut.of(call))
        return answer(CallWithEvents(**fields, events=events))


def _customer_routes(api: Blueprint, records: Records, country: str) -> None:
    @api.post("/customers")
    @documented(
        takes=CustomerIn,
        headers=OnceHeaders,
        gives=CustomerOut,
        status=201,
        errors=(401, 409, 422),
    )
    @once(records)
    async def create_customer() -> Response:
        """Add a customer to the directory."""
        data = msgspec.structs.asdict(await read_body(CustomerIn))
        new = _checked(forms.customer(data, country))
        try:
            customer = await records.customers.add(
                new.name, new.phone, new.email, new.reference, new.notes
            )
        except Taken as taken:
            text = _("Another customer has this already.")
            raise Refused(409, text, "taken", {taken.field: text}) from taken
        return answer(CustomerOut.of(customer), 201)

    @api.get("/customers")
    @documented(query=CustomerQuery, gives=CustomerList, errors=(401, 422))
    async def list_customers() -> Response:
        """List customers, or search them, by name."""
        query = _query(CustomerQuery)
        page = await records.customers.list(query.q, query.cursor, query.limit)
        items = [*map(CustomerOut.of, page.items)]
        return answer(CustomerList(items, page.next_cursor))

    @api.get("/customers/<customer_id>")
    @documented(gives=CustomerOut, errors=(401, 404))
    async def read_customer(customer_id: str) -> Response:
        """Read a customer."""
        customer = await records.customers.read(CustomerId(customer_id))
        if customer is None:
            raise _missing()
        return answer(CustomerOut.of(customer))


# Who asks, and what is theirs.


def _agent() -> Agent:
    agent: Agent = g.agent
    return agent


def _api_key() -> ApiKey:
    key: ApiKey = g.api_key
    return key


def _may_see(owner: AgentId) -> bool:
    agent = _agent()
    return agent.role is AgentRole.ADMIN or agent.id == owner


def _whose(wanted: str | None) -> AgentId | None:
    """Return whose rooms to list: an admin's key may ask for anybody's, or all."""
    agent = _agent()
    if agent.role is not AgentRole.ADMIN:
        return agent.id
    return AgentId(wanted) if wanted else None


async def _check_customer(records: Records, customer_id: CustomerId | None) -> None:
    if customer_id and await records.customers.read(customer_id) is None:
        raise _invalid({"customer_id": _("There is no such customer.")})


# Reading and answering.


async def _body() -> bytes:
    data = await request.get_data(as_text=False)
    assert isinstance(data, bytes)  # noqa: S101 - Quart types both kinds as one
    if len(data) > BODY_BYTES:
        raise RequestEntityTooLarge
    return data


async def read_body(model: type[T]) -> T:
    """Return the JSON of a request; raises Refused, which names what is wrong."""
    if not request.is_json:
        raise UnsupportedMediaType
    try:
        return msgspec.json.decode(await _body(), type=model)
    except msgspec.ValidationError as error:
        raise _invalid(_field_errors(error)) from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        text = _("This is not JSON: %(wrong)s.") % {"wrong": str(error)}
        raise Refused(400, text, "malformed") from error


def _query(model: type[T]) -> T:
    given: dict[str, Any] = {
        name: values if name in REPEATED else values[-1]
        for name, values in request.args.lists()
    }
    try:
        return msgspec.convert(given, model, strict=False)
    except msgspec.ValidationError as error:
        raise _invalid(_field_errors(error)) from error


def _field_errors(error: msgspec.ValidationError) -> forms.Errors:
    """Return which field msgspec complains of, and why."""
    text = str(error).replace("`", "")
    what, _at, path = text.partition(" - at $")
    if found := re.search(r"unknown field (.+)", what):
        return {found[1]: _("There is no such field.")}
    if found := re.search(r"required field (.+)", what):
        return {found[1]: _("Please fill in this field.")}
    return {re.sub(r"[.\[].*", "", path.lstrip(".")) or "body": what}


def _checked(form: T | forms.Errors) -> T:
    if isinstance(form, dict):
        raise _invalid(form)
    return form


def _invalid(fields: forms.Errors) -> Refused:
    return Refused(422, _("Please correct the fields named here."), "invalid", fields)


def _missing() -> Refused:
    return Refused(404, _("There is no such thing, or it is not yours to see."))


def unknown_key() -> Response:
    """Return the answer to whoever has no key, or not the right one."""
    text = _("Send a valid API key: Authorization: Bearer dsk_…")
    response = error_json(401, text, "bad_key")
    response.headers["WWW-Authenticate"] = "Bearer"
    return response


def answer(body: msgspec.Struct, status: int = 200) -> Response:
    """Return a body as JSON."""
    return _json(msgspec.json.encode(body), status)


def _json(body: bytes, status: int) -> Response:
    return Response(body, status, content_type="application/json")
