"""Headers, same origin, sizes, and what errors give away."""

import base64
import json
import logging

import pytest
from quart import Quart
from quart.testing import WebsocketResponseError

from app.domain.records import Agent
from app.settings import Settings
from app.web import news
from app.web.security import BODY_BYTES, origin_allowed
from tests.web.conftest import PASSWORD, Browser, make_settings


OWN = "https://help.example.org"


@pytest.mark.parametrize("path", ["/login", "/healthz", "/nothing/here", "/ws"])
async def test_every_answer_carries_the_headers(browser: Browser, path: str) -> None:
    """Pages, data and errors alike."""
    headers = (await browser.get(path)).headers
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "same-origin"
    assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert "camera=(self)" in headers["Permissions-Policy"]
    assert "display-capture=(self)" in headers["Permissions-Policy"]
    assert "geolocation=()" in headers["Permissions-Policy"]
    assert headers["Cache-Control"] == "no-store"


async def test_content_policy_allows_nothing_inline(browser: Browser) -> None:
    """Scripts and styles come from our own files; nobody frames us."""
    policy = (await browser.get("/login")).headers["Content-Security-Policy"]
    rules = dict(rule.split(" ", 1) for rule in policy.split("; "))
    assert rules["default-src"] == rules["frame-ancestors"] == "'none'"
    assert rules["script-src"] == rules["style-src"] == "'self'"
    assert rules["connect-src"] == "'self' ws://localhost"
    assert "unsafe" not in policy
    assert "http" not in policy


async def test_odd_host_does_not_get_into_the_policy(browser: Browser) -> None:
    """The Host header cannot add a source."""
    response = await browser.get("/healthz", Host="x; script-src evil.example")
    assert "evil" not in response.headers["Content-Security-Policy"]


async def test_plain_http_promises_no_https(browser: Browser) -> None:
    """On localhost without TLS there is no HSTS."""
    assert "Strict-Transport-Security" not in (await browser.get("/login")).headers


class TestBehindProxy:
    """Behind one TLS proxy."""

    @pytest.fixture
    def settings(self, database_url: str) -> Settings:
        return make_settings(database_url, public_url=OWN, proxy_hops="1")

    async def test_https_is_promised(self, browser: Browser) -> None:
        """Over https the browser is told to stay there."""
        headers = (await browser.get("/login", X_Forwarded_Proto="https")).headers
        assert "max-age=6" in headers["Strict-Transport-Security"]
        assert "wss://" in headers["Content-Security-Policy"]

    async def test_nearest_proxy_is_believed(
        self, browser: Browser, caplog: pytest.LogCaptureFixture
    ) -> None:
        """The address our proxy saw counts, not what the client wrote before it."""
        with caplog.at_level(logging.INFO):
            await browser.get("/login", X_Forwarded_For="203.0.113.9, 198.51.100.4")
        (record,) = [r for r in caplog.records if r.name == "app.web.ops"]
        assert vars(record)["from"] == "198.51.100.0/24"

    async def test_forwarded_name_is_our_origin(self, browser: Browser) -> None:
        """A form sent to the public name is our own."""
        headers = {"Origin": OWN, "X_Forwarded_Proto": "https"}
        response = await browser.ask("POST", "/logout", headers=headers)
        assert response.status_code == 303


async def test_forwarded_headers_count_for_nothing_without_proxy(
    browser: Browser,
) -> None:
    """A client cannot choose its own address or scheme."""
    headers = (await browser.get("/login", X_Forwarded_Proto="https")).headers
    assert "wss://" not in headers["Content-Security-Policy"]


@pytest.mark.parametrize(
    ("headers", "allowed"),
    [
        ({"Sec_Fetch_Site": "same-origin"}, True),
        ({"Sec_Fetch_Site": "same-site"}, False),
        ({"Sec_Fetch_Site": "cross-site"}, False),
        ({"Sec_Fetch_Site": "none"}, False),
        ({"Sec_Fetch_Site": "cross-site", "Origin": "http://localhost"}, False),
        ({"Origin": "http://localhost"}, True),
        ({"Origin": "http://localhost:8000"}, True),  # The public URL.
        ({"Origin": "http://localhost:1234"}, False),
        ({"Origin": "https://localhost"}, False),
        ({"Origin": "http://evil.example"}, False),
        ({"Origin": "null"}, False),
        ({}, False),
    ],
)
async def test_forms_of_other_sites_are_refused(
    browser: Browser, headers: dict[str, str], *, allowed: bool
) -> None:
    """Another site cannot make a browser send our forms."""
    response = await browser.ask("POST", "/logout", headers=headers)
    assert response.status_code == (303 if allowed else 403)


async def test_reading_needs_no_origin(browser: Browser) -> None:
    """Links from elsewhere work."""
    response = await browser.get("/login", Sec_Fetch_Site="cross-site")
    assert response.status_code == 200


@pytest.mark.parametrize(
    ("origin", "scheme", "host", "allowed"),
    [
        ("https://help.example.org", "wss", "help.example.org", True),
        ("https://help.example.org:443", "wss", "help.example.org", True),
        ("https://help.example.org", "ws", "10.0.0.5:8000", True),
        ("http://10.0.0.5:8000", "ws", "10.0.0.5:8000", True),
        ("http://help.example.org", "ws", "10.0.0.5:8000", False),
        ("https://help.example.org.evil.example", "wss", "help.example.org", False),
        ("https://evil.example", "wss", "help.example.org", False),
        ("https://[broken", "wss", "[broken", False),
        ("null", "wss", "help.example.org", False),
        ("", "wss", "help.example.org", False),
        (None, "wss", "help.example.org", False),
    ],
)
def test_origin_is_the_public_or_the_asked_one(
    origin: str | None, scheme: str, host: str, *, allowed: bool
) -> None:
    """The socket opens for our own pages, by whichever of our names they came."""
    assert origin_allowed(origin, scheme, host, OWN) is allowed


async def test_socket_refuses_other_origins(service: Quart) -> None:
    """A foreign page cannot open the signaling socket."""
    headers = {"Origin": "https://evil.example"}
    client = service.test_client()
    with pytest.raises(WebsocketResponseError) as refused:
        async with client.websocket(
            "/ws", headers=headers, subprotocols=["deskside.v1"]
        ) as socket:
            await socket.receive()
    assert refused.value.response.status_code == 403


async def test_large_body_is_refused(browser: Browser) -> None:
    """Nobody fills the memory with a form."""
    response = await browser.post("/login", email="x" * (BODY_BYTES + 1))
    assert response.status_code == 413


async def test_errors_are_pages_to_people_and_json_to_programs(
    browser: Browser,
) -> None:
    """What a browser opens is readable; what a script asks for is parseable."""
    page = await browser.get("/nothing/here")
    assert page.status_code == 404
    assert page.content_type.startswith("text/html")
    assert "<h1>" in await page.get_data(as_text=True)
    data = await browser.ask("GET", "/nothing/here", headers={"Accept": "*/*"})
    error = (await data.get_json())["error"]
    assert error["code"] == "not_found"
    assert error["text"]


async def test_wrong_method_names_the_right_ones(browser: Browser) -> None:
    """405 keeps its Allow header (RFC 9110, section 15.5.6)."""
    response = await browser.ask("GET", "/logout")
    assert response.status_code == 405
    assert "POST" in response.headers["Allow"]


@pytest.mark.parametrize("accept", ["text/html", "*/*"])
async def test_crash_tells_nothing(
    service: Quart, browser: Browser, accept: str, caplog: pytest.LogCaptureFixture
) -> None:
    """An error of ours is a plain 500; the log has the rest."""

    async def broken() -> str:
        raise RuntimeError("the password is " + PASSWORD)

    service.view_functions["ops.healthz"] = broken
    response = await browser.ask("GET", "/healthz", headers={"Accept": accept})
    assert response.status_code == 500
    assert PASSWORD not in await response.get_data(as_text=True)
    assert "Traceback" not in await response.get_data(as_text=True)
    assert any(record.exc_info for record in caplog.records)


# Values that break what reads them.

DEEP = "[" * 4000
FIRST_HOUR = '[{"at":"0001-01-01T00:00:00+14:00"},"x"]'
LAST_HOUR = '[{"at":"9999-12-31T23:59:59-14:00"},"x"]'


def cursor(text: str) -> str:
    """A cursor as the lists give them out, with made-up content."""
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


@pytest.mark.parametrize(
    ("path", "status"),
    [
        (f"/customers?after={cursor(DEEP)}", 404),
        (f"/history?after={cursor(DEEP)}", 404),
        (f"/history?after={cursor(FIRST_HOUR)}", 200),
        (f"/history?after={cursor(LAST_HOUR)}", 200),
        ("/customers?q=%00&added=%00", 200),
        ("/rooms/%00", 404),
        ("/j/%ED%A0%80", 404),
    ],
)
async def test_made_up_values_break_nothing(
    agent_browser: Browser, path: str, status: int
) -> None:
    """They find nothing, or are refused."""
    assert (await agent_browser.get(path)).status_code == status


@pytest.mark.parametrize("body", [DEEP * 10, '{"name":' + DEEP * 10, b"\xff", "7", ""])
async def test_broken_json_is_refused(
    agent_browser: Browser, body: str | bytes
) -> None:
    """Neither its depth nor its bytes reach what would fail of them."""
    headers = {"Sec-Fetch-Site": "same-origin", "Content-Type": "application/json"}
    response = await agent_browser.ask(
        "POST", "/customers.json", headers=headers, data=body
    )
    assert response.status_code == 400


async def test_way_back_stays_here(browser: Browser) -> None:
    """The page an own address led to is no way to another host."""
    page = await browser.get("/no-script", Referer="http://localhost//evil.example/")
    assert "evil.example" not in await page.get_data(as_text=True)


# What outlasts an account.


async def test_room_of_a_disabled_agent_ends(
    service: Quart, admin_browser: Browser, agent_browser: Browser, agent: Agent
) -> None:
    """A ticket that was given out before is good for nothing."""
    made = await agent_browser.post("/rooms/new", title="Talk", passcode="482913")
    room = made.headers["Location"]
    headers = {"Sec-Fetch-Site": "same-origin"}
    answer = await agent_browser.ask("POST", f"{room}/ticket", headers=headers)
    ticket = (await answer.get_json())["ticket"]

    await admin_browser.post(f"/settings/agents/{agent.id}/disable")

    async with service.test_client().websocket(
        "/ws",
        headers={"Origin": "http://localhost"},
        scope_base={"subprotocols": ["deskside.v1"]},
    ) as socket:
        join = {"type": "join", "ticket": ticket, "instance": "i" * 16}
        await socket.send(json.dumps(join))
        assert json.loads(await socket.receive())["code"] == "room_ended"


async def test_event_streams_are_bounded(
    agent_browser: Browser, agent: Agent, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One agent's pages cannot take all connections."""
    monkeypatch.setattr(news, "MOST_STREAMS", 1)
    client = agent_browser.client
    async with client.request("/console/events", method="GET") as first:
        await first.send_complete()
        assert b"retry" in await first.receive()
        assert (await agent_browser.get("/console/events")).status_code == 429
        await first.disconnect()


async def test_event_stream_ends_and_asks_anew(
    agent_browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who was logged out meanwhile gets no other."""
    monkeypatch.setattr(news, "STREAM_SECONDS", 0)
    answer = await agent_browser.get("/console/events")
    assert await answer.get_data(as_text=True) == "retry: 2000\n\n"
