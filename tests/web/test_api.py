"""The REST API as a program sees it: real records, real live rooms, one process."""

import asyncio
import re
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest
from prometheus_client import CollectorRegistry
from quart import Quart
from quart.typing import TestClientProtocol as Client
from werkzeug.datastructures import Headers

from app.adapters.memory import Memory, MemoryBackplane
from app.adapters.sql.migrations import migrate
from app.adapters.sql.records import Records
from app.domain.commands import Terms
from app.domain.facts import Fact, FactKind, Role
from app.domain.ice import Relays, ice_servers
from app.domain.ids import FactId, NodeId, ParticipantId, RoomId
from app.domain.records import Agent, AgentRole
from app.domain.relays import Fleet
from app.live.hub import Hub
from app.live.ledger import Ledger
from app.live.metrics import Metrics
from app.live.transact import Transactor
from app.ports import BackplaneError
from app.protocol.tickets import Tickets
from app.web import api, errors, load_api, openapi
from app.web.rooms import Rooms
from tests.domain.fleet import known
from tests.services import ROOT


MANUAL = (ROOT / "docs" / "api.md").read_text(encoding="utf-8")
NOW = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)
TURN_URL = "turns:turn.help.test:443?transport=tcp"
FLEET = Fleet(
    known=(known("a", urls=("stun:turn.help.test:3478", TURN_URL)),),
    secret="between us and the relay",
)


@dataclass
class Program:
    """A program with a key, asking."""

    client: Client
    agent: Agent
    key: str

    async def ask(
        self, method: str, path: str, body: Any = None, **headers: str
    ) -> tuple[int, Any]:
        """Send a request; gives status and decoded body."""
        sent = {"Authorization": f"Bearer {self.key}"}
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        options: dict[str, Any] = {"method": method, "headers": sent}
        if isinstance(body, bytes):
            options["data"] = body
            sent.setdefault("Content-Type", "application/json")
        elif body is not None:
            options["json"] = body
        response = await self.client.open(f"/api/v1{path}", **options)
        return response.status_code, await response.get_json()

    async def get(self, path: str) -> tuple[int, Any]:
        return await self.ask("GET", path)

    async def post(
        self, path: str, body: Any = None, **headers: str
    ) -> tuple[int, Any]:
        return await self.ask("POST", path, body, **headers)


class GatedHub(Hub):
    """A hub that opens rooms only while its gate is open, and can be out of reach."""

    def __init__(self, *parts: Any) -> None:
        super().__init__(*parts)
        self.gate = asyncio.Event()
        self.gate.set()
        self.reached = asyncio.Event()
        self.away = False

    async def open_room(self, room: RoomId, terms: Terms) -> None:
        self.reached.set()
        await self.gate.wait()
        if self.away:
            raise BackplaneError("away")
        await super().open_room(room, terms)

    async def end_room(self, room: RoomId, by: Role = Role.AGENT) -> None:
        if self.away:
            raise BackplaneError("away")
        await super().end_room(room, by)


@dataclass
class Service:
    """Everything behind the API."""

    app: Quart
    hub: GatedHub
    records: Records
    ledger: Ledger

    async def program(self, name: str, role: AgentRole = AgentRole.AGENT) -> Program:
        """A program with a key of a new agent."""
        agent = await self.records.agents.add(f"{name}@x.id", name, role, "hash")
        _key, plain = await self.records.api_keys.add("script", agent.id)
        return Program(self.app.test_client(), agent, plain)

    async def call_in(self, room_id: str, start: datetime = NOW) -> None:
        """Write the facts of a call of a minute."""
        told = [(FactKind.OPENED, 0), (FactKind.STARTED, 1), (FactKind.ENDED, 61)]
        facts = [
            Fact(
                id=FactId(f"{room_id}.x.{number}"),
                room=RoomId(room_id),
                at=start.timestamp() + seconds,
                kind=kind,
                data={"reason": "no_show"} if kind is FactKind.ENDED else {},
            )
            for number, (kind, seconds) in enumerate(told)
        ]
        await self.records.write(facts)


@pytest.fixture
async def service(tmp_path: Path) -> AsyncIterator[Service]:
    """The API over records in a file and live rooms in memory."""
    url = f"sqlite+aiosqlite:///{tmp_path}/deskside.db"
    await migrate(url)
    records = Records.open(url)
    metrics = Metrics(CollectorRegistry())
    backplane = MemoryBackplane(Memory(), NodeId("n"))
    transactor = Transactor(backplane, time.time, metrics)
    tickets = Tickets("s" * 32)
    hub = GatedHub(backplane, transactor, tickets, Fleet, time.time, metrics)
    app = Quart("app")
    errors.install(app)
    openapi.install(app, "1.2.3")
    rooms = Rooms(records, hub)
    app.register_blueprint(
        api.blueprint(
            records,
            rooms,
            tickets=tickets,
            fleet=lambda: FLEET,
            public_url="https://help.test",
            country="id",
        )
    )
    app.register_blueprint(load_api.blueprint(records, rooms, allowed=True))
    yield Service(app, hub, records, Ledger(backplane, records, metrics))
    await records.close()


@pytest.fixture
async def program(service: Service) -> Program:
    """A program of an agent of no special rights."""
    return await service.program("ayu")


@pytest.fixture
async def admin(service: Service) -> Program:
    """A program of an administrator."""
    return await service.program("boss", AgentRole.ADMIN)


async def made_room(program: Program, **fields: Any) -> dict[str, Any]:
    status, room = await program.post("/rooms", {"title": "Printer", **fields})
    assert status == 201
    assert isinstance(room, dict)
    return room


# Keys.


@pytest.mark.parametrize(
    "authorization", ["", "Bearer", "Bearer dsk_made_up", "Basic YTpi", "dsk_x"]
)
async def test_request_needs_a_good_key(service: Service, authorization: str) -> None:
    """Without a key that is good nothing is told, in the shape of every error."""
    response = await service.app.test_client().get(
        "/api/v1/rooms", headers={"Authorization": authorization}
    )
    assert response.status_code == 401
    assert response.headers["WWW-Authenticate"] == "Bearer"
    assert (await response.get_json())["error"]["code"] == "bad_key"


async def test_revoked_key_is_no_good(service: Service, program: Program) -> None:
    """A key that was revoked is refused at once."""
    assert (await program.get("/rooms"))[0] == 200
    (key,) = await service.records.api_keys.list()
    await service.records.api_keys.revoke(key.id)
    assert (await program.get("/rooms"))[0] == 401


# Rooms.


async def test_room_is_made_and_read(service: Service, program: Program) -> None:
    """A room has a link for the customer, a passcode, and its agent."""
    room = await made_room(program, passcode="4711", description="Paper\njam")
    assert await program.get(f"/rooms/{room['id']}") == (200, room)
    stored = await service.records.rooms.read(RoomId(room["id"]))
    assert stored
    assert room["customer_link"] == f"https://help.test/j/{stored.link}"
    assert room["agent_id"] == program.agent.id
    assert (room["state"], room["passcode"]) == ("open", "4711")
    assert room["description"] == "Paper\njam"
    assert room["created_at"].endswith("Z")
    assert "link" not in room


async def test_room_is_live_at_once(service: Service, program: Program) -> None:
    """A room that was made can expire: its live state says so in the history."""
    room = await made_room(program)
    await service.ledger.write_some()
    events = await service.records.calls.events(RoomId(room["id"]))
    assert [event.kind for event in events] == [FactKind.OPENED]


async def test_room_without_a_passcode_gets_one(program: Program) -> None:
    """Six digits are made up where none are given."""
    room = await made_room(program)
    assert len(room["passcode"]) == 6
    assert room["passcode"].isdecimal()


@pytest.mark.parametrize(
    ("body", "field", "words"),
    [
        ({}, "title", "fill in"),
        ({"title": "  "}, "title", "fill in"),
        ({"title": "x" * 121}, "title", "120"),
        ({"title": "a\u0000b"}, "title", "shown"),
        ({"title": 5}, "title", "str"),
        ({"title": None}, "title", "str"),
        ({"title": "x", "passcode": "123"}, "passcode", "least 4"),
        ({"title": "x", "passcode": ""}, "passcode", "fill in"),
        ({"title": "x", "passcode": "1" * 33}, "passcode", "most 32"),
        ({"title": "x", "description": "x" * 2001}, "description", "2000"),
        ({"title": "x", "customer_id": "nobody"}, "customer_id", "no such"),
        ({"title": "x", "agent_id": "other"}, "agent_id", "no such field"),
        ([], "body", "object"),
    ],
)
async def test_room_with_a_wrong_field_says_which(
    program: Program, body: Any, field: str, words: str
) -> None:
    """The error names the field and says in words what would do."""
    status, answer = await program.post("/rooms", body)
    assert status == 422
    assert answer["error"]["code"] == "invalid"
    assert list(answer["error"]["fields"]) == [field]
    assert words in answer["error"]["fields"][field]
    assert (await program.get("/rooms"))[1]["items"] == []


async def test_room_with_several_wrong_fields_names_all(program: Program) -> None:
    """All wrong values are told at once."""
    _status, answer = await program.post("/rooms", {"title": "", "passcode": "1"})
    assert set(answer["error"]["fields"]) == {"title", "passcode"}


async def test_room_can_be_for_a_customer(program: Program) -> None:
    """A room names the customer it is for."""
    _status, customer = await program.post(
        "/customers", {"name": "Budi", "phone": "081234567890"}
    )
    room = await made_room(program, customer_id=customer["id"])
    assert room["customer_id"] == customer["id"]


async def test_room_ends_for_both(service: Service, program: Program) -> None:
    """An ended room says who ended it; ending it again changes nothing."""
    room = await made_room(program)
    path = f"/rooms/{room['id']}"
    assert (await program.post(f"{path}/end"))[0] == 202
    await service.ledger.write_some()
    _status, ended = await program.get(path)
    assert (ended["state"], ended["end_reason"]) == ("ended", "ended_by_agent")
    assert await program.post(f"{path}/end") == (202, ended)


async def test_rooms_are_made_but_not_ended_while_live_state_is_away(
    service: Service, program: Program
) -> None:
    """A room is stored and becomes live later; an end must reach the live room."""
    service.hub.away = True
    room = await made_room(program)
    status, answer = await program.post(f"/rooms/{room['id']}/end", Idempotency_Key="1")
    assert (status, answer["error"]["code"]) == (503, "unavailable")
    service.hub.away = False
    again = await program.post(f"/rooms/{room['id']}/end", Idempotency_Key="1")
    assert again[0] == 202


async def test_rooms_of_others_are_not_there(
    program: Program, admin: Program, service: Service
) -> None:
    """An agent's key sees and ends the agent's own rooms; an admin's all."""
    other = await service.program("other")
    room = await made_room(program)
    path = f"/rooms/{room['id']}"
    for method, where in (("GET", path), ("POST", f"{path}/end")):
        status, answer = await other.ask(method, where)
        assert (status, answer["error"]["code"]) == (404, "not_found")
    assert (await other.get("/rooms"))[1]["items"] == []
    assert await admin.get(path) == (200, room)
    assert (await admin.get("/rooms"))[1]["items"] == [room]
    assert (await admin.post(f"{path}/end"))[0] == 202


async def test_rooms_are_listed_by_state_and_page(
    service: Service, program: Program
) -> None:
    """States may be several; a cursor goes on where the page ended."""
    rooms = [await made_room(program) for _ in range(3)]
    await service.call_in(rooms[0]["id"])
    _status, ended = await program.get("/rooms?state=ended")
    assert [room["id"] for room in ended["items"]] == [rooms[0]["id"]]
    _status, first = await program.get("/rooms?state=open&state=ended&limit=2")
    cursor = first["next_cursor"]
    _status, rest = await program.get(
        f"/rooms?state=open&state=ended&limit=2&cursor={cursor}"
    )
    listed = [room["id"] for room in first["items"] + rest["items"]]
    assert listed == [room["id"] for room in reversed(rooms)]
    assert rest["next_cursor"] is None


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("limit=0", "limit"),
        ("limit=201", "limit"),
        ("limit=many", "limit"),
        ("state=closed", "state"),
        ("cursor=made-up", "cursor"),
        ("page=2", "page"),
    ],
)
async def test_list_with_a_wrong_parameter_says_which(
    program: Program, query: str, field: str
) -> None:
    """A parameter that is wrong or unknown is named, not ignored."""
    status, answer = await program.get(f"/rooms?{query}")
    assert status == 422
    assert list(answer["error"]["fields"]) == [field]


# A seat, and the relay.


async def test_ticket_is_for_the_seat_of_the_rooms_agent(
    service: Service, program: Program
) -> None:
    """A program may sit where its agent would, in a room that is not over."""
    room = await made_room(program)
    status, answer = await program.post(f"/rooms/{room['id']}/ticket")
    assert status == 200
    seat = Tickets("s" * 32).read_seat(answer["ticket"], time.time())
    assert (seat.room, seat.role, seat.name) == (room["id"], Role.AGENT, "ayu")
    assert str(seat.participant) == program.agent.id
    await service.call_in(room["id"])
    status, answer = await program.post(f"/rooms/{room['id']}/ticket")
    assert (status, answer["error"]["code"]) == (410, "room_ended")


async def test_ticket_is_not_for_others(
    service: Service, program: Program, admin: Program
) -> None:
    """Nobody else sits on an agent's chair, not even an administrator."""
    room = await made_room(program)
    for other in (await service.program("other"), admin):
        status, answer = await other.post(f"/rooms/{room['id']}/ticket")
        assert (status, answer["error"]["code"]) == (404, "not_found")
    assert (await program.post("/rooms/nothing/ticket"))[0] == 404


async def test_ice_servers_come_with_fresh_credentials(program: Program) -> None:
    """They are what the relay's secret signs, each with a name of its own."""
    status, answer = await program.post("/ice-servers", {})
    assert status == 200
    assert answer["expires_in"] == 600
    stun, turn = answer["ice_servers"]
    assert stun == {"urls": ["stun:turn.help.test:3478"]}
    until, _colon, holder = turn["username"].partition(":")
    assert abs(int(until) - time.time() - 600) < 5
    relays = Relays(turn_urls=(TURN_URL,), turn_secret=FLEET.secret)
    (signed,) = ice_servers(relays, ParticipantId(holder), int(until) - 600)
    assert msgspec.to_builtins(signed) == turn | {"urls": tuple(turn["urls"])}
    _status, again = await program.post("/ice-servers", {})
    assert again["ice_servers"][1]["username"].partition(":")[2] != holder


async def test_ice_servers_may_be_asked_for_a_shorter_time(program: Program) -> None:
    """A program may have less time, and never more than browsers get."""
    for asked, given in ((1, 1), (600, 600), (601, 600), (10**9, 600)):
        _status, answer = await program.post("/ice-servers", {"seconds": asked})
        until = int(answer["ice_servers"][1]["username"].partition(":")[0])
        assert answer["expires_in"] == given
        assert abs(until - time.time() - given) < 5
    for wrong in (0, -60, 1.5, "long"):
        status, answer = await program.post("/ice-servers", {"seconds": wrong})
        assert (status, list(answer["error"]["fields"])) == (422, ["seconds"])


async def test_relays_are_told_with_how_they_stand(program: Program) -> None:
    """To every key; without a secret."""
    status, answer = await program.get("/relays")
    (relay,) = answer["relays"]
    assert (status, relay["name"], relay["standing"]) == (200, "a", "good")
    assert (relay["host"], relay["load"]) == ("turn.help.test", 0)
    assert FLEET.secret not in str(answer)


# Bodies.


@pytest.mark.parametrize("body", [b"", b"{", b"\xff", b'{"title": "x"} trailing'])
async def test_body_that_is_not_json_is_refused(program: Program, body: bytes) -> None:
    """Anything else than one JSON value is malformed."""
    status, answer = await program.post("/rooms", body)
    assert (status, answer["error"]["code"]) == (400, "malformed")


async def test_body_of_another_type_is_refused(program: Program) -> None:
    """A form is not JSON."""
    status, _ = await program.post("/rooms", b"title=x", Content_Type="text/plain")
    assert status == 415


async def test_body_is_bounded(program: Program) -> None:
    """64 KiB are enough for anything that is asked for."""
    body = b'{"title": "x", "description": "' + b"x" * 65536 + b'"}'
    status, answer = await program.post("/rooms", body)
    assert (status, answer["error"]["code"]) == (413, "too_large")


# Idempotency keys.


async def test_request_with_a_key_is_done_once(program: Program) -> None:
    """The same request with the same key gets the same answer; nothing is made."""
    body = {"title": "Printer"}
    first = await program.post("/rooms", body, Idempotency_Key="order-17")
    again = await program.post("/rooms", body, Idempotency_Key="order-17")
    assert first == again
    assert first[0] == 201
    assert len((await program.get("/rooms"))[1]["items"]) == 1
    other = await program.post("/rooms", body, Idempotency_Key="order-18")
    assert other[1]["id"] != first[1]["id"]


async def test_key_with_another_content_is_refused(program: Program) -> None:
    """A key that stands for one request cannot stand for another."""
    await program.post("/rooms", {"title": "A"}, Idempotency_Key="order-17")
    status, answer = await program.post(
        "/rooms", {"title": "B"}, Idempotency_Key="order-17"
    )
    assert (status, answer["error"]["code"]) == (409, "idempotency_key_reused")


async def test_key_of_one_room_is_not_for_another(program: Program) -> None:
    """A request is told by its address as well as by its body."""
    first, second = await made_room(program), await made_room(program)
    await program.post(f"/rooms/{first['id']}/end", Idempotency_Key="1")
    status, _ = await program.post(f"/rooms/{second['id']}/end", Idempotency_Key="1")
    assert status == 409
    long = await program.post(f"/rooms/{'x' * 4000}/end", Idempotency_Key="2")
    assert long[0] == 404


async def test_key_of_a_refused_request_may_be_used_again(program: Program) -> None:
    """Nothing was done, so the corrected request may keep its key."""
    key = "order-17"
    assert (await program.post("/rooms", {"title": ""}, Idempotency_Key=key))[0] == 422
    assert (await program.post("/rooms", {"title": "A"}, Idempotency_Key=key))[0] == 201


async def test_request_goes_on_when_the_program_hangs_up(
    service: Service, program: Program
) -> None:
    """What was begun is done, so that asking again with the key gives its answer."""
    service.hub.gate.clear()
    body = b'{"title": "Printer"}'
    headers = {"Authorization": f"Bearer {program.key}", "Idempotency-Key": "1"}
    headers["Content-Type"] = "application/json"
    async with program.client.request(
        "/api/v1/rooms", method="POST", headers=Headers(headers)
    ) as connection:
        await connection.send(body)
        await connection.send_complete()
        await service.hub.reached.wait()
        await connection.disconnect()
    busy = await program.post("/rooms", body, Idempotency_Key="1")
    assert busy[1]["error"]["code"] == "idempotency_key_busy"
    service.hub.gate.set()
    answer = busy
    while answer == busy:
        answer = await program.post("/rooms", body, Idempotency_Key="1")
    (room,) = (await program.get("/rooms"))[1]["items"]
    assert answer == (201, room)


async def test_keys_of_programs_do_not_meet(service: Service, program: Program) -> None:
    """Each program has keys of its own."""
    other = await service.program("other")
    body = {"title": "Printer"}
    _status, mine = await program.post("/rooms", body, Idempotency_Key="1")
    _status, theirs = await other.post("/rooms", body, Idempotency_Key="1")
    assert mine["id"] != theirs["id"]


async def test_key_is_bounded(program: Program) -> None:
    """A key is some text, not a document."""
    status, answer = await program.post(
        "/rooms", {"title": "A"}, Idempotency_Key="x" * 256
    )
    assert status == 422
    assert list(answer["error"]["fields"]) == ["Idempotency-Key"]


# Customers.


async def test_customer_is_stored_with_a_phone_in_e164(program: Program) -> None:
    """However a phone is written, it is stored in one form."""
    status, customer = await program.post(
        "/customers",
        {
            "name": " Budi  Santoso ",
            "phone": "0812-3456-7890",
            "email": "budi@mail.id",
            "reference": "C-42",
            "notes": "VIP",
        },
    )
    assert status == 201
    assert (customer["name"], customer["phone"]) == ("Budi Santoso", "+6281234567890")
    assert await program.get(f"/customers/{customer['id']}") == (200, customer)
    assert (await program.get("/customers?q=santo"))[1]["items"] == [customer]
    assert (await program.get("/customers?q=siti"))[1]["items"] == []


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("phone", "12"),
        ("phone", "+62 0"),
        ("phone", "call me"),
        ("phone", ""),
        ("name", ""),
        ("name", "x" * 121),
        ("email", "budi at mail"),
        ("email", "@mail.id"),
        ("reference", "x" * 65),
        ("notes", "x" * 2001),
    ],
)
async def test_customer_with_a_wrong_field_says_which(
    program: Program, field: str, value: str
) -> None:
    """The error names the field."""
    good = {"name": "Budi", "phone": "+6281234567890"}
    status, answer = await program.post("/customers", good | {field: value})
    assert status == 422
    assert list(answer["error"]["fields"]) == [field]


async def test_customer_reference_is_taken_once(program: Program) -> None:
    """A reference that another customer has is a conflict at that field."""
    body = {"name": "Budi", "phone": "+6281234567890", "reference": "C-42"}
    await program.post("/customers", body)
    status, answer = await program.post("/customers", body)
    assert (status, answer["error"]["code"]) == (409, "taken")
    assert list(answer["error"]["fields"]) == ["reference"]


async def test_customer_that_is_not_there_is_not_found(program: Program) -> None:
    """An unknown id is not found."""
    assert (await program.get("/customers/unknown"))[0] == 404


# Calls.


async def test_call_is_read_with_its_events(service: Service, program: Program) -> None:
    """A call has its times, its end, and all that happened."""
    room = await made_room(program)
    assert (await program.get(f"/calls/{room['id']}"))[0] == 404
    await service.call_in(room["id"])
    _status, call = await program.get(f"/calls/{room['id']}")
    assert (call["started_at"], call["ended_at"]) == (
        "2026-03-01T09:00:01Z",
        "2026-03-01T09:01:01Z",
    )
    assert (call["agent_name"], call["end_reason"]) == ("ayu", "no_show")
    assert [event["kind"] for event in call["events"]] == ["opened", "started", "ended"]
    assert call["events"][-1]["data"] == {"reason": "no_show"}


async def test_calls_of_others_are_not_there(
    service: Service, program: Program, admin: Program
) -> None:
    """An agent's key sees the agent's own calls, whatever it asks; an admin's all."""
    other = await service.program("other")
    room = await made_room(program)
    await service.call_in(room["id"])
    assert (await other.get(f"/calls/{room['id']}"))[0] == 404
    path = f"/calls?agent_id={program.agent.id}"
    assert (await other.get(path))[1]["items"] == []
    for where in (path, "/calls"):
        (call,) = (await admin.get(where))[1]["items"]
        assert call["id"] == room["id"]
    assert (await admin.get(f"/calls?agent_id={other.agent.id}"))[1]["items"] == []


async def test_calls_are_listed_by_filter(service: Service, program: Program) -> None:
    """Time, reason and words narrow the list."""
    room = await made_room(program)
    await service.call_in(room["id"])
    for query, count in {
        "since=2026-03-01T09:00:01Z&until=2026-03-01T16:00:02%2B07:00": 1,
        "since=2026-03-01T09:00:02Z": 0,
        "until=2026-03-01T09:00:01Z": 0,
        "reason=no_show&q=print": 1,
        "reason=expired": 0,
        "q=laptop": 0,
    }.items():
        status, page = await program.get(f"/calls?{query}")
        assert (status, len(page["items"]), query) == (200, count, query)


@pytest.mark.parametrize("since", ["yesterday", "2026-03-01T09:00:00"])
async def test_calls_since_a_time_without_a_zone_are_refused(
    program: Program, since: str
) -> None:
    """A time must say its zone: else nobody knows which calls are meant."""
    status, answer = await program.get(f"/calls?since={since}")
    assert (status, list(answer["error"]["fields"])) == (422, ["since"])


# The document.


async def test_openapi_names_everything_and_nothing_else(service: Service) -> None:
    """The document has every route of the API, and every schema it refers to."""
    response = await service.app.test_client().get("/openapi.json")
    document = await response.get_json()
    routes = {
        (path, method)
        for path, operations in document["paths"].items()
        for method in operations
    }
    assert routes == {
        ("/api/v1/load-test", "get"),
        ("/api/v1/load-test", "delete"),
        ("/api/v1/load-test/agents", "post"),
        ("/api/v1/rooms", "get"),
        ("/api/v1/rooms", "post"),
        ("/api/v1/rooms/{room_id}", "get"),
        ("/api/v1/rooms/{room_id}/end", "post"),
        ("/api/v1/rooms/{room_id}/ticket", "post"),
        ("/api/v1/ice-servers", "post"),
        ("/api/v1/relays", "get"),
        ("/api/v1/calls", "get"),
        ("/api/v1/calls/{call_id}", "get"),
        ("/api/v1/customers", "get"),
        ("/api/v1/customers", "post"),
        ("/api/v1/customers/{customer_id}", "get"),
    }
    referred = set(references(document))
    schemas = {f"#/components/schemas/{n}" for n in document["components"]["schemas"]}
    assert referred == schemas
    assert document["info"]["version"] == "1.2.3"
    assert document["security"] == [{"key": []}]


async def test_openapi_tells_bounds_and_headers(service: Service) -> None:
    """Field lengths, paging limits and the idempotency key are in the document."""
    response = await service.app.test_client().get("/openapi.json")
    document = await response.get_json()
    room = document["components"]["schemas"]["RoomIn"]
    assert room["properties"]["title"]["maxLength"] == 120
    assert room["additionalProperties"] is False
    assert room["required"] == ["title"]
    listing = document["paths"]["/api/v1/rooms"]["get"]["parameters"]
    (limit,) = [p["schema"] for p in listing if p["name"] == "limit"]
    assert (limit["minimum"], limit["maximum"], limit["default"]) == (1, 200, 50)
    making = document["paths"]["/api/v1/rooms"]["post"]["parameters"]
    assert [(p["name"], p["in"]) for p in making] == [("Idempotency-Key", "header")]


async def test_manual_has_every_route(service: Service) -> None:
    """docs/api.md lists the routes of the OpenAPI document, no more, no less."""
    response = await service.app.test_client().get("/openapi.json")
    served = {
        (method.upper(), re.sub(r"\{\w+\}", "{id}", path))
        for path, operations in (await response.get_json())["paths"].items()
        for method in operations
    }
    told = set(re.findall(r"^\| `(GET|POST|DELETE) (\S+)`", MANUAL, re.MULTILINE))
    assert told == served


@pytest.mark.parametrize("path", ["/docs", "/redocs", "/scalar"])
async def test_openapi_has_no_pages_from_elsewhere(service: Service, path: str) -> None:
    """No page of ours loads scripts from a third party."""
    assert (await service.app.test_client().get(path)).status_code == 404


def references(part: Any) -> list[str]:
    """Every `$ref` in a document."""
    if isinstance(part, list):
        return [ref for item in part for ref in references(item)]
    if isinstance(part, dict):
        own = [part["$ref"]] if "$ref" in part else []
        return own + [ref for item in part.values() for ref in references(item)]
    return []
