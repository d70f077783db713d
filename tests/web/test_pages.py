"""The pages, as browsers get them."""

import asyncio
import csv
import json
import re
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from quart import Quart

from app.adapters.sql.records import Records
from app.domain.facts import Fact, FactKind, Role
from app.domain.ids import FactId, ParticipantId
from app.domain.records import Agent, Customer, NewRoom, Room, RoomState
from app.protocol.tickets import Tickets
from app.settings import Settings
from app.web.brand import NIGHT, READABLE, WHITE, Brand, contrast
from app.web.pages.history import csv_lines, harmless
from app.web.pages.join import same_passcode
from tests.web.conftest import Browser, make_settings


BUDI = ParticipantId("budi")
ROOT = Path(__file__).resolve().parent.parent.parent
PHONE = "+6281234567890"
PASSCODE = "482913"
SITI = ParticipantId("siti")


@pytest.fixture
def settings(database_url: str) -> Settings:
    return make_settings(database_url, pseudo_locale="1")


@pytest.fixture
async def known(records: Records) -> Customer:
    """A customer of the directory."""
    return await records.customers.add("Siti Rahmawati", PHONE, "siti@example.com")


async def make_room(
    records: Records, agent: Agent, customer: Customer | None = None, hours: float = 1
) -> Room:
    """A room of the agent."""
    new = NewRoom(
        title="Router does not start",
        passcode=PASSCODE,
        agent_id=agent.id,
        expires_at=datetime.now(UTC) + timedelta(hours=hours),
        customer_id=customer.id if customer else None,
    )
    return await records.rooms.add(new)


@pytest.fixture
async def room(records: Records, agent: Agent) -> Room:
    """A room that anyone with link and passcode can join."""
    return await make_room(records, agent)


@pytest.fixture
async def kept(records: Records, agent: Agent, known: Customer) -> Room:
    """A room for the known customer."""
    return await make_room(records, agent, known)


async def tell(
    records: Records, room: Room, *told: tuple[FactKind, Role | None, str]
) -> None:
    """Write facts of a room, a minute apart, the last one now."""
    start = datetime.now(UTC).timestamp() - 60 * len(told)
    await records.write(
        [
            Fact(
                id=FactId(f"{room.id}.{number}"),
                room=room.id,
                at=start + 60 * number,
                kind=kind,
                role=role,
                data={"reason": reason} if reason else {},
            )
            for number, (kind, role, reason) in enumerate(told)
        ]
    )


async def have_call(records: Records, room: Room, name: str = "Siti") -> None:
    """Let a call take place in the room, and end."""
    await records.rooms.note_visitor(room.id, SITI, name, PHONE)
    await tell(
        records,
        room,
        (FactKind.OPENED, None, ""),
        (FactKind.JOINED, Role.AGENT, ""),
        (FactKind.JOINED, Role.CUSTOMER, ""),
        (FactKind.STARTED, None, ""),
        (FactKind.ENDED, Role.AGENT, "ended_by_agent"),
    )


async def text_of(
    browser: Browser, path: str, status: int = 200, **headers: str
) -> str:
    """The page at a path, which must answer with this status."""
    response = await browser.get(path, **headers)
    body: str = await response.get_data(as_text=True)
    assert response.status_code == status, body
    return body


def error_at(html: str, field: str) -> str:
    """What stands as an error at a field."""
    place = re.search(
        rf'<p class="error" id="{field}-error"([^>]*)>(.*?)</p>', html, re.S
    )
    assert place, f"no place for an error at {field}"
    shown = "" if "hidden" in place[1] else re.sub(r"<[^>]+>", "", place[2])
    return shown.strip()


# Static files, languages, brand.


async def test_static_file_is_kept_for_good(browser: Browser) -> None:
    """
    What a page names may be kept for a year: another content has another address.
    """
    html = await text_of(browser, "/login")
    path = re.search(r'"(/static/\w+/css/base.css)"', html)
    assert path

    response = await browser.get(path[1])

    assert response.headers["Cache-Control"].endswith("immutable")
    assert response.content_type == "text/css; charset=utf-8"


async def test_static_file_of_another_release_is_not_kept(browser: Browser) -> None:
    """
    While two releases run side by side, nothing wrong is remembered.
    """
    response = await browser.get("/static/000000000000/css/base.css")

    assert response.status_code == 200
    assert response.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize(
    "path",
    [
        "../factory.py",
        "%2e%2e/factory.py",
        "css/../../factory.py",
        "vendor/.stamp",
        "x",
    ],
)
async def test_nothing_outside_the_static_folder_is_served(
    browser: Browser, path: str
) -> None:
    """
    Only what was there at the start, and no hidden file, is found.
    """
    assert (await browser.get(f"/static/000000000000/{path}")).status_code == 404


async def test_static_file_is_packed_for_those_who_can_unpack(browser: Browser) -> None:
    """
    Text goes compressed to browsers that say so.
    """
    plain = await browser.get("/static/x/css/base.css")
    packed = await browser.get("/static/x/css/base.css", Accept_Encoding="gzip, br")

    assert packed.headers["Content-Encoding"] == "gzip"
    assert len(await packed.get_data()) < len(await plain.get_data()) / 2


async def test_page_names_its_whole_module_graph(browser: Browser) -> None:
    """
    A page's modules load at once, not one import after the other.
    """
    html = await text_of(browser, "/login")

    assert re.search(r'rel="modulepreload" href="/static/\w+/js/lib/dom.js"', html)
    assert re.search(r'type="module" src="/static/\w+/js/pages/login.js"', html)


async def test_language_follows_the_browser(browser: Browser) -> None:
    """
    Without a choice the browser's own wish decides.
    """
    html = await text_of(browser, "/login", Accept_Language="id-ID,id;q=0.9,en;q=0.8")

    assert '<html lang="id"' in html
    assert "Kata sandi" in html


async def test_chosen_language_is_remembered(browser: Browser) -> None:
    """
    A language chosen once stays chosen in this browser.
    """
    await text_of(browser, "/login?lang=id")

    assert '<html lang="id"' in await text_of(browser, "/login", Accept_Language="en")


async def test_language_can_be_changed_without_losing_the_way(browser: Browser) -> None:
    """
    The links to other languages keep what else the address says.
    """
    html = await text_of(browser, "/login?next=/rooms/new&lang=id")

    assert 'href="?next=%2Frooms%2Fnew&amp;lang=en"' in html


async def test_pseudo_locale_reads_from_right_to_left(browser: Browser) -> None:
    """
    The pseudo-locale turns the page around.
    """
    html = await text_of(browser, "/login?lang=ar-XB")

    assert 'dir="rtl"' in html
    assert "⟦" in html


async def test_unknown_language_changes_nothing(browser: Browser) -> None:
    """
    A made-up language is neither shown nor remembered.
    """
    response = await browser.get("/login?lang=xx")

    assert "Set-Cookie" not in response.headers


@pytest.mark.parametrize(
    "accent", ["#ffd400", "#0b5cad", "#000000", "#ffffff", "#e6007e"]
)
def test_any_accent_can_be_read_in_both_themes(accent: str) -> None:
    """
    Whatever colour a deployment chooses, text in it has contrast.
    """
    light, dark = re.findall(r"#[0-9a-f]{6}", Brand("Bank", accent).css)

    assert contrast(light, WHITE) >= READABLE - 0.1
    assert contrast(dark, NIGHT) >= READABLE - 0.1


# Errors.


@pytest.mark.parametrize("path", ["/", "/login", "/check", "/j/nothing"])
async def test_no_page_waits_for_a_thread(agent_browser: Browser, path: str) -> None:
    """All of them are busy where, for one, no name server answers."""
    free = threading.Event()
    threads = ThreadPoolExecutor(1)
    threads.submit(free.wait)
    asyncio.get_running_loop().set_default_executor(threads)
    try:
        async with asyncio.timeout(10):
            await agent_browser.get(path)
    finally:
        free.set()


async def test_unknown_page_says_so_and_how_to_go_on(browser: Browser) -> None:
    """
    A wrong address has a page of its own, with one way forward.
    """
    html = await text_of(browser, "/j/nothing", status=404)

    assert "There is nothing here" in html
    assert html.count("button-primary") == 1


async def test_page_has_nothing_inline(browser: Browser, room: Room) -> None:
    """
    No script, style or handler is inline: the policy would refuse it.
    """
    html = await text_of(browser, f"/j/{room.link}")

    assert not re.search(r"<style|\sstyle=|\son[a-z]+=", html)
    for tag in re.findall(r"<script[^>]*>", html):
        assert "src=" in tag or 'type="application/json"' in tag


# The console.


async def test_console_needs_an_agent(browser: Browser) -> None:
    """
    Whoever is not logged in is asked to, and comes back after it.
    """
    response = await browser.get("/console")

    assert response.status_code == 303
    assert response.headers["Location"] == "/login?next=/console"


async def test_empty_console_says_what_to_do_first(agent_browser: Browser) -> None:
    """
    Without rooms the console leads to the first one.
    """
    assert "Make the first room" in await text_of(agent_browser, "/console")


async def test_console_puts_who_waits_on_top(
    agent_browser: Browser, records: Records, agent: Agent, room: Room
) -> None:
    """
    A waiting customer stands before open rooms, with a name and a time.
    """
    waiting = await make_room(records, agent)
    await records.rooms.note_visitor(waiting.id, SITI, "Siti", PHONE)
    await tell(
        records,
        waiting,
        (FactKind.OPENED, None, ""),
        (FactKind.JOINED, Role.CUSTOMER, ""),
    )

    html = await text_of(agent_browser, "/console/rooms")

    assert html.index('id="group-waiting"') < html.index('id="group-open"')
    assert f'data-waiting="{waiting.id}" data-name="Siti"' in html
    assert 'data-shape="since"' in html
    assert room.title in html


async def test_console_shows_only_own_rooms(
    admin_browser: Browser, records: Records, room: Room
) -> None:
    """
    The console is about one's own rooms, also for an administrator.
    """
    assert room.title not in await text_of(admin_browser, "/console/rooms")


async def test_console_hears_of_changes(
    service: Quart, agent_browser: Browser, agent: Agent
) -> None:
    """
    The console's events tell at once that a room of the agent changed.
    """
    client = agent_browser.client
    async with client.request("/console/events", method="GET") as events:
        await events.send_complete()
        assert b"retry" in await events.receive()
        await agent_browser.post("/rooms/new", title="One", passcode="123456")
        told = await asyncio.wait_for(events.receive(), 10)
        await events.disconnect()

    assert told == b"event: changed\ndata:\n\n"


# Making a room.


async def test_new_room_offers_a_passcode(agent_browser: Browser) -> None:
    """
    A passcode is there before one thinks of it, each time another.
    """
    pages = [await text_of(agent_browser, "/rooms/new") for _ in range(2)]
    found = [re.search(r'name="passcode" value="(\d{6})"', page) for page in pages]

    assert found[0]
    assert found[1]
    assert found[0][1] != found[1][1]


async def test_new_room_leads_to_its_page(agent_browser: Browser) -> None:
    """
    After creating a room its link, QR code, mail and SMS are there.
    """
    made = await agent_browser.post("/rooms/new", title="Refund", passcode="secret7")
    assert made.status_code == 303

    html = await text_of(agent_browser, made.headers["Location"])

    assert re.search(r'id="link" value="http://localhost:8000/j/[\w-]{22}"', html)
    assert "mailto:" in html
    assert "sms:" in html
    assert "secret7" in html


async def test_invitation_does_not_carry_the_passcode(
    agent_browser: Browser, kept: Room
) -> None:
    """
    Mail and SMS hold the link alone: two things sent together are as one.
    """
    html = await text_of(agent_browser, f"/rooms/{kept.id}")
    hrefs = re.findall(r'href="((?:mailto|sms):[^"]+)"', html)

    assert len(hrefs) == 2
    assert "siti@example.com" in hrefs[0]
    assert PHONE in hrefs[1]
    assert all(kept.link in href and PASSCODE not in href for href in hrefs)


async def test_wrong_fields_keep_what_was_typed(agent_browser: Browser) -> None:
    """
    Errors stand at their fields, and nothing typed is lost.
    """
    given = {"title": "", "passcode": "1", "description": "Bring the box & cable"}
    response = await agent_browser.post("/rooms/new", **given)
    html = await response.get_data(as_text=True)

    assert response.status_code == 422
    assert error_at(html, "title") == "Please fill in this field."
    assert error_at(html, "passcode") == "Use at least 4 characters."
    assert error_at(html, "description") == ""
    assert "Bring the box &amp; cable" in html
    assert 'id="passcode" name="passcode" value="1"' in html


async def test_customer_typed_but_not_chosen_is_an_error(
    agent_browser: Browser,
) -> None:
    """
    A name that was only typed would leave the room open to anyone: it is asked about.
    """
    given = {"title": "Refund", "passcode": "123456", "customer": "Siti"}
    response = await agent_browser.post("/rooms/new", **given)
    html = await response.get_data(as_text=True)

    assert error_at(html, "customer").startswith("Choose a customer")
    assert 'value="Siti"' in html


async def test_customer_who_is_gone_is_an_error(agent_browser: Browser) -> None:
    """
    A customer must still be in the directory.
    """
    given = {"title": "Refund", "passcode": "123456", "customer_id": "nobody"}
    response = await agent_browser.post("/rooms/new", **given)

    assert "no longer in the directory" in await response.get_data(as_text=True)


async def test_room_of_another_agent_is_not_found(
    agent_browser: Browser, records: Records, admin: Agent
) -> None:
    """
    Agents see their own rooms; what is not theirs is as if it were not there.
    """
    theirs = await make_room(records, admin)

    for path in ("", "/qr.svg", "/call", "/customer", "/events"):
        await text_of(agent_browser, f"/rooms/{theirs.id}{path}", status=404)
    for path in ("/end", "/ticket"):
        refused = await agent_browser.post(f"/rooms/{theirs.id}{path}")
        assert refused.status_code == 404


async def test_administrator_sees_rooms_but_does_not_sit_in_them(
    admin_browser: Browser, room: Room
) -> None:
    """
    An administrator may look at any room and end it; the seat is the agent's.
    """
    html = await text_of(admin_browser, f"/rooms/{room.id}")

    assert "Enter room" not in html
    assert "End room" in html
    assert (await admin_browser.get(f"/rooms/{room.id}/call")).status_code == 404


async def test_qr_code_is_a_picture(agent_browser: Browser, room: Room) -> None:
    """
    The link is there for the camera of a phone.
    """
    response = await agent_browser.get(f"/rooms/{room.id}/qr.svg")

    assert response.content_type.startswith("image/svg+xml")
    assert (await response.get_data(as_text=False)).startswith(b"<svg")


async def test_ended_room_says_so_at_once(agent_browser: Browser, room: Room) -> None:
    """
    The page after ending a room already shows the end.
    """
    response = await agent_browser.post(f"/rooms/{room.id}/end")
    html = await text_of(agent_browser, response.headers["Location"])

    assert "Ended by the agent" in html
    assert 'id="link"' not in html


async def test_call_page_of_the_agent_carries_a_ticket(
    agent_browser: Browser, kept: Room
) -> None:
    """
    The call page has all its script needs, and no other person's name.
    """
    data = page_data(await text_of(agent_browser, f"/rooms/{kept.id}/call"))

    assert data["role"] == "agent"
    assert data["awaitedName"] == "Siti Rahmawati"
    assert data["customerPanelUrl"] == f"/rooms/{kept.id}/customer"
    assert data["ticket"]


def page_data(html: str) -> dict[str, object]:
    """What the page tells its script."""
    found = re.search(r'id="page-data">(.*?)</script>', html, re.S)
    assert found
    data: dict[str, object] = json.loads(found[1])
    return data


async def test_ticket_is_refused_after_the_end(
    agent_browser: Browser, records: Records, room: Room
) -> None:
    """
    A room that is over gives no more seats.
    """
    await have_call(records, room)
    headers = {"Sec-Fetch-Site": "same-origin"}
    path = f"/rooms/{room.id}/ticket"
    response = await agent_browser.ask("POST", path, headers=headers)

    assert response.status_code == 410
    assert (await response.get_json())["error"]["code"] == "room_ended"


async def test_panel_shows_the_customer(
    agent_browser: Browser, kept: Room, room: Room
) -> None:
    """
    Beside the picture stand the customer's details, where there are any.
    """
    assert "siti@example.com" in await text_of(
        agent_browser, f"/rooms/{kept.id}/customer"
    )
    assert "Nobody has joined yet" in await text_of(
        agent_browser, f"/rooms/{room.id}/customer"
    )


# Joining.


async def join(
    browser: Browser, room: Room, status: int = 303, **given: str
) -> tuple[str, str]:
    """Send the join form; gives the page and where it leads."""
    form = {"name": "Siti", "phone": PHONE, "passcode": PASSCODE, **given}
    response = await browser.post(f"/j/{room.link}", **form)
    body = await response.get_data(as_text=True)
    assert response.status_code == status, body
    return body, response.headers.get("Location", "")


async def test_customer_joins_with_name_phone_and_passcode(
    browser: Browser, room: Room, records: Records
) -> None:
    """
    Three fields lead to the call page; who came is remembered with the room.
    """
    _, location = await join(browser, room, phone="0812 3456 7890")
    data = page_data(await text_of(browser, location))
    stored = await records.rooms.read(room.id)

    assert location == f"/j/{room.link}/call"
    assert (data["role"], data["selfName"]) == ("customer", "Siti")
    assert data["customerPanelUrl"] is None
    assert stored
    assert (stored.visitor_name, stored.visitor_phone) == ("Siti", PHONE)


async def test_phone_is_read_in_the_chosen_country(
    browser: Browser, room: Room, records: Records
) -> None:
    """
    The number is the one of the country beside it, E.164 in the records.
    """
    await join(browser, room, phone="030 901820", phone_country="de")
    stored = await records.rooms.read(room.id)

    assert stored
    assert stored.visitor_phone == "+4930901820"


async def test_wrong_fields_of_the_join_form_say_what_is_wrong(
    browser: Browser, room: Room
) -> None:
    """
    Each field has its own words, and what was typed stays.
    """
    html, _ = await join(browser, room, 422, name=" ", phone="12", passcode="")

    assert error_at(html, "name") == "Please fill in this field."
    assert error_at(html, "phone").startswith("This is not a phone number.")
    assert error_at(html, "passcode") == "Please fill in this field."
    assert 'value="12"' in html


async def test_wrong_passcode_tells_nothing_of_the_phone(
    browser: Browser, kept: Room
) -> None:
    """
    Without the passcode a right and a wrong phone look the same.
    """
    right, _ = await join(browser, kept, 422, passcode="000000")
    wrong, _ = await join(browser, kept, 422, passcode="000000", phone="+628111111111")

    assert error_at(right, "passcode").startswith("This is not the passcode.")
    assert error_at(right, "phone") == error_at(wrong, "phone") == ""


async def test_phone_of_another_is_refused_without_saying_whose_it_should_be(
    browser: Browser, kept: Room, known: Customer
) -> None:
    """
    A room for a known customer takes only their phone, and names nobody.
    """
    html, _ = await join(browser, kept, 422, name="Eve", phone="+628111111111")

    assert error_at(html, "phone").startswith("This number does not belong")
    assert known.name not in html
    assert known.phone[-6:] not in html


async def test_known_customer_joins_with_their_phone(
    browser: Browser, kept: Room
) -> None:
    """
    The phone of the directory opens the room, however it is written.
    """
    await join(browser, kept, phone="0812-3456-7890")


async def test_too_many_wrong_passcodes_pause_this_address(
    service: Quart, browser: Browser, room: Room
) -> None:
    """
    After some guesses there is a pause with its length; others are not held up.
    """
    for _ in range(6):
        await join(browser, room, 422, passcode="000000")
    html, _ = await join(browser, room, 429)
    elsewhere = Browser(service.test_client(), address="198.51.100.9")

    assert "you can try again in 5 minutes" in html
    await join(elsewhere, room)


async def test_pause_is_for_one_room(
    browser: Browser, room: Room, records: Records, agent: Agent
) -> None:
    """
    Guessing at one room does not close another.
    """
    for _ in range(7):
        await browser.post(f"/j/{room.link}", name="x", phone=PHONE, passcode="000000")

    await join(browser, await make_room(records, agent))


@pytest.mark.parametrize(
    ("typed", "right"),
    [("482913", True), (" 482 913 ", True), ("482914", False), ("48291٣", False)],
)
def test_blanks_in_a_passcode_do_not_count(typed: str, right: bool) -> None:
    """
    A passcode may be typed in groups.
    """
    assert same_passcode(typed, PASSCODE) is right


async def test_call_page_needs_the_form_first(browser: Browser, room: Room) -> None:
    """
    The link alone does not lead into the call.
    """
    response = await browser.get(f"/j/{room.link}/call")

    assert response.headers["Location"] == f"/j/{room.link}"
    assert (await browser.post(f"/j/{room.link}/ticket")).status_code == 401


async def test_visit_is_good_for_one_room(
    browser: Browser, room: Room, records: Records, agent: Agent
) -> None:
    """
    Who was admitted to one room is a stranger at the next.
    """
    await join(browser, room)
    other = await make_room(records, agent)

    assert (await browser.get(f"/j/{other.link}/call")).status_code == 302


async def test_customer_gets_another_ticket(browser: Browser, room: Room) -> None:
    """
    An admitted customer can take the seat again without the form.
    """
    await join(browser, room)
    response = await browser.post(f"/j/{room.link}/ticket")

    assert (await response.get_json())["ticket"]


async def test_same_person_has_the_same_seat_everywhere(
    service: Quart, room: Room
) -> None:
    """
    The phone makes the person: another device of theirs takes over the seat.
    """
    browsers = [Browser(service.test_client()) for _ in range(3)]
    phones = [PHONE, "0812 3456 7890", "+628111111111"]
    seats = [
        await participant(browser, room, phone)
        for browser, phone in zip(browsers, phones, strict=True)
    ]

    assert seats[0] == seats[1]
    assert seats[0] != seats[2]


async def participant(browser: Browser, room: Room, phone: str) -> object:
    """Who the service takes somebody with this phone for."""
    _, location = await join(browser, room, phone=phone)
    ticket = str(page_data(await text_of(browser, location))["ticket"])
    return Tickets("s" * 40).read_seat(ticket, time.time()).participant


@pytest.mark.parametrize("path", ["", "/call", "/ended"])
async def test_link_of_an_ended_room_says_so(
    browser: Browser, records: Records, room: Room, path: str
) -> None:
    """
    Every page behind the link knows that it is over.
    """
    await have_call(records, room)
    response = await browser.get(f"/j/{room.link}{path}")

    assert "The call has ended" in await response.get_data(as_text=True)
    assert response.status_code == (200 if path == "/ended" else 410)


async def test_expired_link_says_so(
    browser: Browser, records: Records, agent: Agent
) -> None:
    """
    A link has its time, and says how to go on after it.
    """
    room = await make_room(records, agent, hours=-1)
    html = await text_of(browser, f"/j/{room.link}", status=410)

    assert "This link has expired" in html
    assert "Ask for a new link" in html


async def test_full_room_tells_the_third_how_to_go_on(
    browser: Browser, room: Room
) -> None:
    """
    A third person learns that it is full, and what to ask for.
    """
    html = await text_of(browser, f"/j/{room.link}/full", status=409)

    assert "This room is full" in html
    assert "Ask the agent for a new link" in html


async def test_who_left_can_join_again(browser: Browser, room: Room) -> None:
    """
    While the room is open, its closing page leads back.
    """
    html = await text_of(browser, f"/j/{room.link}/ended?reason=left")

    assert "You left the call" in html
    assert f'href="/j/{room.link}"' in html


# Customers.


async def test_customer_is_added(agent_browser: Browser, records: Records) -> None:
    """
    The directory takes a customer and shows them.
    """
    made = await agent_browser.post("/customers", name="Joko", phone="0857 1234 5678")
    html = await text_of(agent_browser, made.headers["Location"])

    assert "Joko is in the directory." in html
    assert (await records.customers.search("joko"))[0].phone == "+6285712345678"


async def test_customer_with_wrong_fields_is_not_added(
    agent_browser: Browser, records: Records
) -> None:
    """
    Errors stand at their fields; the directory stays as it was.
    """
    response = await agent_browser.post("/customers", name="Joko", phone="x", email="y")
    html = await response.get_data(as_text=True)

    assert error_at(html, "phone")
    assert error_at(html, "email")
    assert 'value="Joko"' in html
    assert not await records.customers.search("joko")


async def test_search_finds_customers_by_what_is_known(
    agent_browser: Browser, known: Customer
) -> None:
    """
    Search as one types: name, phone, e-mail.
    """
    for query in ("rahma", "34567890", "siti@"):
        response = await agent_browser.get(f"/customers/search?q={query}")
        assert [one["id"] for one in await response.get_json()] == [known.id]


async def test_customer_is_added_on_the_spot(agent_browser: Browser) -> None:
    """
    The new-room page adds a customer without losing what was typed there.
    """
    headers = {"Sec-Fetch-Site": "same-origin"}
    given = {"name": "Dewi", "phone": "0812 9999 8888", "reference": "C-7"}
    path = "/customers.json"
    added = await agent_browser.ask("POST", path, headers=headers, json=given)
    again = await agent_browser.ask("POST", path, headers=headers, json=given)

    assert added.status_code == 201
    assert (await added.get_json())["phone"] == "+6281299998888"
    assert again.status_code == 422
    assert "reference" in (await again.get_json())["error"]["fields"]


async def test_customers_are_for_agents(browser: Browser) -> None:
    """
    The directory is closed to everybody else.
    """
    for path in ("/customers", "/customers/search?q=a"):
        assert (await browser.get(path)).status_code == 303
    assert (await browser.post("/customers.json")).status_code == 401


# History.


async def test_history_lists_calls(
    agent_browser: Browser, records: Records, room: Room
) -> None:
    """
    A call stands there with who, when, how long and how it ended.
    """
    await have_call(records, room)
    html = await text_of(agent_browser, "/history")

    assert "Router does not start" in html
    assert "Siti" in html
    assert "1:00" in html
    assert "Ended by the agent" in html


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("q=router", True),
        ("q=refund", False),
        ("outcome=ended_by_agent", True),
        ("outcome=no_show", False),
        ("from=2000-01-01&to=2999-01-01", True),
        ("to=2000-01-01&zone=Asia/Jakarta", False),
        ("from=2999-01-01", False),
    ],
)
async def test_history_is_filtered_by_the_address(
    agent_browser: Browser, records: Records, room: Room, query: str, found: bool
) -> None:
    """
    The filters live in the address, so that a view can be sent to somebody.
    """
    await have_call(records, room)

    html = await text_of(agent_browser, f"/history?{query}")

    assert (f'href="/history/{room.id}"' in html) is found
    assert ("No call matches" in html) is not found


@pytest.mark.parametrize("query", ["from=yesterday", "to=9999-12-31", "zone=Nowhere/X"])
async def test_strange_filters_break_nothing(
    agent_browser: Browser, query: str
) -> None:
    """
    A day that is none is said so, at 200.
    """
    html = await text_of(agent_browser, f"/history?{query}")

    assert ("is not a date" in html) is not query.startswith("zone")


async def test_cursor_of_nowhere_is_not_found(agent_browser: Browser) -> None:
    """
    A made-up page of the list does not exist.
    """
    await text_of(agent_browser, "/history?after=rubbish", status=404)
    await text_of(agent_browser, "/customers?after=rubbish", status=404)


async def test_call_tells_its_story(
    agent_browser: Browser, records: Records, room: Room
) -> None:
    """
    One call's page says what happened, in order.
    """
    await have_call(records, room)
    html = await text_of(agent_browser, f"/history/{room.id}")
    story = [
        "The room was opened.",
        "agent arrived.",
        "Siti arrived.",
        "The call began.",
    ]
    places = [html.index(text) for text in story]

    assert places == sorted(places)


QUALITY: dict[str, str | int | float | bool | None] = {
    "rtt": 48.0,
    "loss": 0.5,
    "mos": 4.25,
    "in_kbps": 1200.0,
    "path": "direct",
    "protocol": "udp",
}


async def have_quality(records: Records, room: Room, kind: FactKind) -> None:
    """The customer's page told something of a call."""
    await records.write(
        [
            Fact(
                id=FactId(f"{room.id}.socket.t1"),
                room=room.id,
                at=time.time(),
                kind=kind,
                role=Role.CUSTOMER,
                data=QUALITY,
            )
        ]
    )


async def test_call_shows_its_quality(
    agent_browser: Browser, records: Records, room: Room
) -> None:
    """
    What pages measured is there as numbers, for the chart, and as CSV.
    """
    await have_call(records, room)
    await have_quality(records, room, FactKind.QUALITY)
    html = await text_of(agent_browser, f"/history/{room.id}")
    data = re.search(r'id="page-data">(.*?)</script>', html)
    assert data
    chart = json.loads(data[1])
    agent, customer = chart["sides"]
    assert (customer["name"], customer["mos"]) == ("Siti", [4.25])
    assert agent["mos"] == []
    assert len(chart["marks"]) == html.count('<li class="moment')
    assert "48 ms" in html
    response = await agent_browser.get(f"/history/{room.id}/quality.csv")
    text = (await response.get_data(as_text=False)).decode("utf-8-sig")
    _heads, (at, side, mos, *_rest) = csv.reader(text.splitlines())
    assert (side, mos) == ("customer", "4.25")
    assert datetime.fromisoformat(at)


async def test_call_that_was_not_measured_says_so(
    agent_browser: Browser, records: Records, room: Room
) -> None:
    """
    Without numbers there is no chart, and nothing of it is fetched.
    """
    await have_call(records, room)
    html = await text_of(agent_browser, f"/history/{room.id}")
    assert "Nothing was measured" in html
    assert "uPlot" not in html


async def test_quality_of_others_is_for_administrators(
    agent_browser: Browser, records: Records, admin: Agent
) -> None:
    """
    The export asks for the same right as the page.
    """
    theirs = await make_room(records, admin)
    await text_of(agent_browser, f"/history/{theirs.id}/quality.csv", status=404)


async def test_history_of_others_is_for_administrators(
    admin_browser: Browser, agent_browser: Browser, records: Records, admin: Agent
) -> None:
    """
    Agents find their own calls, administrators all.
    """
    theirs = await make_room(records, admin)
    await have_call(records, theirs)

    assert theirs.id in await text_of(admin_browser, "/history")
    assert theirs.id not in await text_of(agent_browser, "/history")
    await text_of(agent_browser, f"/history/{theirs.id}", status=404)


async def test_export_has_every_call_of_the_filters(
    agent_browser: Browser, records: Records, agent: Agent
) -> None:
    """
    The export is CSV of what the filters show, names as they were typed.
    """
    for name in ("Siti", '=HYPERLINK("http://x")'):
        await have_call(records, await make_room(records, agent), name)
    response = await agent_browser.get("/history.csv?q=router")
    text = (await response.get_data(as_text=False)).decode("utf-8-sig")
    rows = list(csv.reader(text.splitlines()))

    assert response.content_type == "text/csv; charset=utf-8"
    assert len(rows) == 3
    assert {row[2] for row in rows[1:]} == {"Siti", '\'=HYPERLINK("http://x")'}
    assert {row[3] for row in rows[1:]} == {PHONE}


@pytest.mark.parametrize("cell", ["=1+1", "+1+1", "-1", "@x", "\t=1", "\r=1"])
def test_no_cell_is_a_formula(cell: str) -> None:
    """
    What a spreadsheet would calculate is made text.
    """
    assert harmless(cell) == "'" + cell


@pytest.mark.parametrize("cell", ["Siti", "a=b", PHONE, ""])
def test_harmless_cells_stay_as_they_are(cell: str) -> None:
    """
    What is text, and a phone number, is left alone.
    """
    assert harmless(cell) == cell


def test_csv_survives_quotes_and_lines() -> None:
    """
    Commas, quotes and lines within a cell come back as they went.
    """
    cells = ['say "hi"', "a,b", "one\ntwo"]

    assert next(csv.reader([csv_lines([cells]).decode()])) == cells


# Settings.


async def test_agent_chooses_a_language_for_good(
    agent_browser: Browser, records: Records, agent: Agent
) -> None:
    """
    An agent's language goes before the browser's, on every device.
    """
    await agent_browser.post("/settings/language", locale="id")

    assert "Pengaturan" in await text_of(
        agent_browser, "/settings", Accept_Language="en"
    )
    assert (
        await agent_browser.post("/settings/language", locale="xx")
    ).status_code == 400


async def test_password_changes_and_ends_other_sessions(
    service: Quart, agent_browser: Browser, agent: Agent
) -> None:
    """
    After a change the old password and all other browsers are locked out.
    """
    other = Browser(service.test_client())
    await other.log_in(agent.email)
    given = {"current": "correct horse battery", "new": "another good secret"}
    changed = await agent_browser.post("/settings/password", **given)

    assert changed.status_code == 303
    assert (await agent_browser.get("/console")).status_code == 200
    assert (await other.get("/console")).status_code == 303
    assert (await other.log_in(agent.email, given["new"])).status_code == 303


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"current": "wrong", "new": "another good secret"}, "current"),
        ({"current": "correct horse battery", "new": "short"}, "new"),
        ({"current": "correct horse battery", "new": "x" * 201}, "new"),
    ],
)
async def test_password_is_not_changed_by_mistake(
    agent_browser: Browser, agent: Agent, given: dict[str, str], field: str
) -> None:
    """
    The current password must be right and the new one good; else nothing changes.
    """
    response = await agent_browser.post("/settings/password", **given)

    assert response.status_code == 422
    assert error_at(await response.get_data(as_text=True), field)
    assert (await agent_browser.log_in(agent.email)).status_code == 303


async def test_agents_do_not_see_what_administrators_manage(
    agent_browser: Browser,
) -> None:
    """
    Accounts and keys are for administrators, on the page and behind it.
    """
    html = await text_of(agent_browser, "/settings")

    assert "API keys" not in html
    for path in ("agents", "agents/x/disable", "keys", "keys/x/revoke"):
        refused = await agent_browser.post(f"/settings/{path}", name="x")
        assert refused.status_code == 403


async def test_administrator_adds_an_agent_who_can_log_in(
    admin_browser: Browser, browser: Browser
) -> None:
    """
    The password is shown once and works.
    """
    given = {"name": "Budi", "email": "budi@example.org", "role": "agent"}
    response = await admin_browser.post("/settings/agents", **given)
    html = await response.get_data(as_text=True)
    password = re.search(r'id="agent-password" value="([^"]+)"', html)

    assert password
    assert (await browser.log_in("budi@example.org", password[1])).status_code == 303
    assert password[1] not in await text_of(admin_browser, "/settings")


async def test_account_is_made_once(admin_browser: Browser, admin: Agent) -> None:
    """
    An e-mail has one account; the form says so at its field.
    """
    response = await admin_browser.post(
        "/settings/agents", name="Me", email=admin.email
    )

    assert error_at(await response.get_data(as_text=True), "agent-email")


async def test_disabled_agent_is_out_at_once(
    admin_browser: Browser, agent_browser: Browser, agent: Agent, admin: Agent
) -> None:
    """
    Disabling ends the sessions; nobody disables themselves.
    """
    await admin_browser.post(f"/settings/agents/{agent.id}/disable")

    assert (await agent_browser.get("/console")).status_code == 303
    own = await admin_browser.post(f"/settings/agents/{admin.id}/disable")
    assert own.status_code == 404


async def test_key_is_shown_once_and_can_be_revoked(
    admin_browser: Browser, records: Records
) -> None:
    """
    A key works until it is revoked, and is never shown again.
    """
    response = await admin_browser.post("/settings/keys", key_name="website")
    html = await response.get_data(as_text=True)
    shown = re.search(r'id="api-key" value="([^"]+)"', html)
    assert shown
    assert await records.api_keys.find(shown[1], datetime.now(UTC))

    [key] = await records.api_keys.list()
    await admin_browser.post(f"/settings/keys/{key.id}/revoke")

    assert shown[1] not in await text_of(admin_browser, "/settings")
    assert await records.api_keys.find(shown[1], datetime.now(UTC)) is None


# Pages that say one thing.


@pytest.mark.parametrize("path", ["/privacy", "/too-old", "/offline"])
async def test_note_is_for_everybody(browser: Browser, path: str) -> None:
    """
    These pages need neither an account nor a room.
    """
    assert "<h1>" in await text_of(browser, path)


async def test_worker_serves_the_whole_site(browser: Browser) -> None:
    """
    The offline worker is at the root: from there it may answer for every page.
    """
    response = await browser.get("/offline-worker.js")

    assert response.content_type.startswith("text/javascript")
    assert response.headers["Cache-Control"] == "no-cache"


async def test_room_states_are_all_shown(
    agent_browser: Browser, records: Records, agent: Agent
) -> None:
    """
    A room with a call going on, and one with nobody in it, stand under their heads.
    """
    live = await make_room(records, agent)
    await tell(
        records,
        live,
        (FactKind.OPENED, None, ""),
        (FactKind.JOINED, Role.AGENT, ""),
        (FactKind.JOINED, Role.CUSTOMER, ""),
        (FactKind.STARTED, None, ""),
    )
    await have_call(records, await make_room(records, agent))
    await make_room(records, agent)

    html = await text_of(agent_browser, "/console")

    states = [RoomState.LIVE, RoomState.OPEN, RoomState.ENDED]
    places = [html.index(f'id="group-{state}"') for state in states]
    assert places == sorted(places)


def test_sprite_has_the_icons_in_use_and_no_others() -> None:
    """
    Every icon that a template, script or page names is there; none is dead weight.
    """
    there = set((ROOT / "tools" / "icons.txt").read_text().split())
    places = ("app/web/templates/*.html", "app/static/js/**/*.js", "app/web/pages/*.py")
    sources = [path.read_text() for place in places for path in ROOT.glob(place)]
    text = "\n".join(sources)
    named = set(re.findall(r"""icon\(["']([a-z0-9-]+)["']""", text))

    assert named <= there
    assert {icon for icon in there if f'"{icon}"' not in text} == set()
