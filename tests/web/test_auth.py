"""Logging in and out, sessions, and what each route asks for."""

import asyncio
import re
import time
from datetime import UTC, datetime
from unittest.mock import patch

import pytest
from itsdangerous import TimestampSigner
from quart import Quart, Response
from werkzeug.routing import Rule

from app.adapters.sql.records import Records
from app.domain.records import Agent
from app.factory import PUBLIC
from app.settings import Settings
from app.web.auth import is_public, own_path
from tests.web.conftest import PASSWORD, Browser, make_settings


PUBLIC_ROUTES = {
    "/healthz",
    "/readyz",
    "/metrics",
    "/login",
    "/logout",
    "/ws",
    "/openapi.json",
    "/no-script",
    "/privacy",
    "/too-old",
    "/offline",
    "/offline-worker.js",
    "/static/<version>/<path:path>",
    "/brand/<version>/brand.css",
    "/brand/<version>/logo",
    "/j/<link>",
    "/j/<link>/call",
    "/j/<link>/ticket",
    "/j/<link>/ended",
    "/j/<link>/full",
    "/check",
    "/check/ice-servers",
    "/check/reports",
    "/check/pairs",
    "/check/pairs/<pair>/join",
    "/check/pairs/<pair>/letters",
    "/check/with/<pair>",
}
"""All that a stranger may ask for. A new line here deserves a second look."""


async def cookie_of(response: Response) -> str:
    """The session cookie that a response sets, with its attributes."""
    found: list[str] = response.headers.getlist("Set-Cookie")
    return next(c for c in found if "session=" in c)


async def test_login_leads_to_the_console(browser: Browser, agent: Agent) -> None:
    """The right password opens the start page."""
    response = await browser.log_in("Agent@Example.org ")
    assert (response.status_code, response.headers["Location"]) == (303, "/")
    page = await browser.get("/console")
    assert page.status_code == 200
    assert agent.name in await page.get_data(as_text=True)


async def test_login_goes_on_to_the_page_that_was_asked_for(
    browser: Browser, agent: Agent
) -> None:
    """Whoever was sent to log in comes back to where they wanted."""
    refused = await browser.get("/history?q=Budi%20S")
    assert refused.status_code == 303
    assert refused.headers["Location"] == "/login?next=/history?q%3DBudi%2520S"
    page = await (await browser.get(refused.headers["Location"])).get_data(as_text=True)
    assert re.findall(r'name="next" value="(.*?)"', page) == ["/history?q=Budi%20S"]
    form = {"email": agent.email, "password": PASSWORD, "next": "/history?q=Budi%20S"}
    response = await browser.post("/login", **form)
    assert response.headers["Location"] == "/history?q=Budi%20S"


@pytest.mark.parametrize(
    "elsewhere",
    ["https://evil.example", "//evil.example", "/\\evil.example", "evil", "/a\nb", ""],
)
def test_login_leads_nowhere_else(elsewhere: str) -> None:
    """A forged link does not send people to another site after logging in."""
    assert own_path(elsewhere) == "/"


async def test_wrong_password_and_unknown_email_look_alike(
    browser: Browser, agent: Agent
) -> None:
    """The page does not tell whether an account exists."""
    wrong = await browser.log_in(agent.email, "wrong password")
    unknown = await browser.log_in("nobody@example.org", "wrong password")
    assert wrong.status_code == unknown.status_code == 422
    pages = [await r.get_data(as_text=True) for r in (wrong, unknown)]
    assert "The e-mail or the password is wrong." in pages[0]
    assert pages[0].replace(agent.email, "X") == pages[1].replace(
        "nobody@example.org", "X"
    )
    assert "session" not in str(wrong.headers)


async def test_disabled_agent_cannot_log_in(
    browser: Browser, records: Records, agent: Agent
) -> None:
    """A disabled account looks like a wrong password."""
    await records.agents.disable(agent.id)
    assert (await browser.log_in(agent.email)).status_code == 422


async def test_disabled_agent_is_out_at_once(
    agent_browser: Browser, records: Records, agent: Agent
) -> None:
    """Sessions that are open end with the account."""
    await records.agents.disable(agent.id)
    assert (await agent_browser.get("/console")).status_code == 303


async def test_too_many_attempts_pause(browser: Browser, agent: Agent) -> None:
    """After six wrong passwords the right one has to wait, and is told how long."""
    for _ in range(6):
        await browser.log_in(agent.email, "wrong password")
    response = await browser.log_in(agent.email)
    assert response.status_code == 429
    assert 0 < int(response.headers["Retry-After"]) <= 300
    assert "Try again in 5 min" in await response.get_data(as_text=True)


async def test_pause_does_not_reach_another_address(
    browser: Browser, service: Quart, agent: Agent
) -> None:
    """Somebody who guesses does not lock the agent out."""
    for _ in range(8):
        await browser.log_in(agent.email, "wrong password")
    elsewhere = Browser(service.test_client(), "198.51.100.4")
    assert (await elsewhere.log_in(agent.email)).status_code == 303


async def test_session_cookie_on_http(browser: Browser, agent: Agent) -> None:
    """On localhost the cookie is for no script and no other site."""
    cookie = await cookie_of(await browser.log_in(agent.email))
    assert cookie.startswith("session=")
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert "Path=/" in cookie
    assert "Domain" not in cookie


class TestOverHttps:
    """With an https public URL."""

    @pytest.fixture
    def settings(self, database_url: str) -> Settings:
        return make_settings(database_url, public_url="https://help.example.org")

    async def test_session_cookie_is_host_only(
        self, browser: Browser, agent: Agent
    ) -> None:
        """The prefix makes browsers insist on https and on our host."""
        cookie = await cookie_of(await browser.log_in(agent.email))
        assert cookie.startswith("__Host-session=")
        assert "Secure" in cookie

    async def test_unprefixed_cookie_is_not_read(
        self, browser: Browser, agent: Agent
    ) -> None:
        """A cookie that a neighbouring host could have set counts for nothing."""
        cookie = await cookie_of(await browser.log_in(agent.email))
        value = re.search(r"session=([^;]+)", cookie)
        assert value
        browser.client.cookie_jar.clear()  # type: ignore[union-attr]
        browser.client.set_cookie("localhost", "session", value[1])
        assert (await browser.get("/console")).status_code == 303


def session_of(browser: Browser) -> str:
    """The session cookie that the browser has."""
    jar = browser.client.cookie_jar
    assert jar is not None
    (cookie,) = [cookie for cookie in jar if cookie.name == "session"]
    return cookie.value or ""


async def test_logout_ends_the_session_itself(agent_browser: Browser) -> None:
    """A copy of the cookie is of no use after logging out."""
    copy = session_of(agent_browser)
    response = await agent_browser.post("/logout")
    assert response.headers["Location"] == "/login"
    agent_browser.client.set_cookie("localhost", "session", copy)
    assert (await agent_browser.get("/console")).status_code == 303


async def test_login_ends_the_session_before(
    agent_browser: Browser, agent: Agent
) -> None:
    """Logging in anew does not leave the old session behind."""
    before = session_of(agent_browser)
    await agent_browser.log_in(agent.email)
    assert session_of(agent_browser) != before
    agent_browser.client.set_cookie("localhost", "session", before)
    assert (await agent_browser.get("/console")).status_code == 303


async def aged(browser: Browser, settings: Settings, records: Records, id_: str) -> str:
    """Give the browser a session whose cookie is 61 minutes old; gives its value."""
    token = await records.sessions.start(id_, datetime.now(UTC))  # type: ignore[arg-type]
    signer = TimestampSigner(settings.secret, salt="session")
    with patch.object(signer, "get_timestamp", lambda: int(time.time()) - 3660):
        value = signer.sign(token).decode()
    browser.client.set_cookie("localhost", "session", value)
    return value


async def test_session_is_renewed_every_hour(
    browser: Browser, settings: Settings, records: Records, agent: Agent
) -> None:
    """An old token is replaced, and the new one is good."""
    old = await aged(browser, settings, records, agent.id)
    response = await browser.get("/console")
    assert response.status_code == 200
    cookie = await cookie_of(response)
    assert old.split(".")[0] not in cookie
    again = await browser.get("/console")
    assert again.status_code == 200
    assert "session=" not in str(again.headers)


async def test_requests_sent_together_survive_the_renewal(
    browser: Browser, settings: Settings, records: Records, agent: Agent
) -> None:
    """Requests that were under way with the old token are not refused."""
    await aged(browser, settings, records, agent.id)
    pages = await asyncio.gather(*(browser.get("/console") for _ in range(4)))
    assert [page.status_code for page in pages] == [200] * 4


async def test_forged_cookie_is_nobody(browser: Browser) -> None:
    """A cookie that we did not sign is not even looked up."""
    browser.client.set_cookie("localhost", "session", "x.y.z")
    assert (await browser.get("/console")).status_code == 303


async def test_login_page_sends_those_on_who_are_in(agent_browser: Browser) -> None:
    """Who is logged in is not asked again."""
    response = await agent_browser.get("/login?next=/history")
    assert response.headers["Location"] == "/history"


# Every route, whoever adds it.


def rules(app: Quart) -> list[Rule]:
    """Every route of the app."""
    return sorted(app.url_map.iter_rules(), key=lambda rule: rule.rule)


def path_of(rule: Rule) -> str:
    """An address that the rule answers."""
    chosen = re.sub(r"<any\((\w+)[^>]*>", r"\1", rule.rule)
    return re.sub(r"<(?:\w+:)?\w+>", "unknown", chosen)


def requests(rule: Rule) -> list[str]:
    """The methods that a browser may use."""
    return sorted((rule.methods or set()) - {"HEAD", "OPTIONS"})


async def test_public_routes_are_these(service: Quart) -> None:
    """No route is public that is not listed here; the API has keys of its own."""
    found = {rule.rule for rule in rules(service) if is_public(rule.endpoint, PUBLIC)}
    assert {rule for rule in found if not rule.startswith("/api/")} == PUBLIC_ROUTES


async def test_every_other_route_refuses_strangers(
    service: Quart, browser: Browser
) -> None:
    """Without a session a page leads to the log-in, anything else is refused."""
    closed = [r for r in rules(service) if not is_public(r.endpoint, PUBLIC)]
    assert len(closed) > 15
    for rule in closed:
        for method in requests(rule):
            headers = {"Sec_Fetch_Site": "same-origin", "Accept": "text/html"}
            page = await browser.ask(method, path_of(rule), headers=headers)
            wanted = 303 if method == "GET" else 401
            assert (rule.rule, page.status_code) == (rule.rule, wanted)
            headers["Accept"] = "*/*"
            data = await browser.ask(method, path_of(rule), headers=headers)
            assert (rule.rule, data.status_code) == (rule.rule, 401)
            error = (await data.get_json())["error"]
            assert error["code"] == "not_logged_in"


async def test_every_route_of_the_api_needs_a_key(
    service: Quart, agent_browser: Browser
) -> None:
    """A session is no key, and without a key nothing is told."""
    api = [rule for rule in rules(service) if rule.rule.startswith("/api/")]
    assert len(api) >= 8
    for rule in api:
        for method in requests(rule):
            response = await agent_browser.ask(method, path_of(rule), json={})
            assert (rule.rule, response.status_code) == (rule.rule, 401)


async def test_routes_of_administrators_refuse_agents(
    service: Quart, agent_browser: Browser, admin_browser: Browser
) -> None:
    """Every route marked for administrators is closed to agents, open to admins."""
    views = service.view_functions
    marked = [r for r in rules(service) if hasattr(views[r.endpoint], "admins_only")]
    assert len(marked) >= 4
    for rule in marked:
        for method in requests(rule):
            headers = {"Sec_Fetch_Site": "same-origin"}
            path = path_of(rule)
            page = await agent_browser.ask(method, path, headers=headers, form={})
            assert (rule.rule, page.status_code) == (rule.rule, 403)
            if not rule.rule.endswith("/events"):  # They have no end.
                page = await admin_browser.ask(method, path, headers=headers, form={})
                assert (rule.rule, page.status_code) != (rule.rule, 403)
