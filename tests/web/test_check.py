"""The check page's own requests: what anybody may ask, and how much of it."""

import json
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from quart import Quart, Response

from app.adapters.sql.records import Records
from app.domain.checks import CheckReport, read_code
from app.domain.relays import Fleet, Health
from app.settings import Settings
from app.web import limits
from app.web.pages.check import (
    CREDENTIAL_SECONDS,
    NAMES,
    check_servers,
    relay_word,
)
from tests.domain.fleet import known
from tests.web.conftest import Browser, make_settings


FLEET = Fleet(
    known=(known("a", urls=("stun:relay.example.org", "turn:relay.example.org")),),
    secret="the relay's own secret",
)
DEVICE = {"state": "ok", "error": ""}
REPORT: dict[str, Any] = {
    "version": 1,
    "at": "2026-11-20T18:00:00.000Z",
    "host": "help.example.org",
    "browser": {
        "name": "Chrome 140",
        "platform": "Windows",
        "agent": "Mozilla/5.0",
        "language": "en",
        "secure": True,
        "missing": [],
    },
    "devices": {"camera": DEVICE, "microphone": DEVICE, "speaker": DEVICE},
    "service": {
        "reached": True,
        "socket": True,
        "relay": "up",
        "took": 12,
        "error": "",
    },
    "direct": {
        "candidates": ["host", "srflx"],
        "asked": True,
        "took": 90,
        "errors": [],
    },
    "transports": [
        {
            "kind": "relay-udp",
            "url": "turn:relay.example.org?transport=udp",
            "ok": True,
            "relayed": True,
            "echoed": 5000,
            "rtt": 11,
            "took": 200,
            "errors": [{"code": 701, "text": "timed out", "url": "turn:a"}],
        }
    ],
    "bandwidth": {"kind": "relay-udp", "kbps": 5000, "bytes": 1000000},
    "online": True,
    "verdict": {"level": "good", "network": "open", "devices": [], "causes": []},
    "other": None,
    "pair": None,
}


@pytest.fixture
def settings(database_url: str) -> Settings:
    return make_settings(
        database_url,
        stun_urls="stun:relay.example.org",
        turn_urls="turn:relay.example.org",
        turn_secret="the relay's own secret",
        report_days="7",
    )


async def send(
    browser: Browser, path: str, body: object = None, **headers: str
) -> Response:
    """Send JSON as the page's own script does."""
    return await browser.ask(
        "POST",
        path,
        headers={"Sec-Fetch-Site": "same-origin", **headers},
        data=json.dumps({} if body is None else body),
    )


async def answer(response: Response) -> Any:
    assert response.status_code == 200, await response.get_data(as_text=True)
    return await response.get_json()


async def test_page_is_for_anybody(browser: Browser) -> None:
    """No account, no room; also where somebody made a link."""
    for path in ("/check", "/check/with/some-pair"):
        response = await browser.get(path)
        assert response.status_code == 200


async def test_servers_come_with_credentials_of_minutes(browser: Browser) -> None:
    """What is given to strangers is good for a check, and under a name of checks."""
    given = await answer(await send(browser, "/check/ice-servers"))
    stun, turn = given["ice_servers"]
    assert "username" not in stun
    until, _, name = turn["username"].partition(":")
    left = int(until) - datetime.now(UTC).timestamp()
    assert CREDENTIAL_SECONDS - 5 < left <= CREDENTIAL_SECONDS
    assert re.match(r"[\w-]+\.check\.", name)


def test_all_checks_share_a_few_names_at_the_relay() -> None:
    """However many addresses ask, the relay's quota for a name bounds all of them."""
    names = {
        str(check_servers(FLEET, f"192.0.2.{n}", 0)[1].username) for n in range(250)
    }
    assert len(names) == NAMES
    same = {check_servers(FLEET, f"2001:db8::{n}", 0)[1].username for n in range(1, 20)}
    assert len(same) == 1


@pytest.mark.parametrize(
    ("looks", "word"), [((), ""), ((True, False), "up"), ((False, False), "down")]
)
def test_page_is_told_what_we_see_of_the_relays(
    looks: tuple[bool, ...], word: str
) -> None:
    """Down is only what is down altogether; before anybody has looked, nothing is."""
    seen = tuple(known("a", Health(up=up, checked_at=100)) for up in looks)
    assert relay_word(Fleet(known=seen or FLEET.known), 101) == word


async def test_servers_are_given_so_often_to_one_address(
    service: Quart, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who asks on and on is told to wait; others are not."""
    monkeypatch.setattr(limits, "CHECK_HERE", limits.Limit("check-test", 2, 600))
    for _ in range(2):
        await answer(await send(browser, "/check/ice-servers"))
    response = await send(browser, "/check/ice-servers")
    assert response.status_code == 429
    assert int(response.headers["Retry-After"]) > 0
    other = Browser(service.test_client(), "198.51.100.9")
    assert (await send(other, "/check/ice-servers")).status_code == 200


async def test_other_sites_get_nothing(browser: Browser) -> None:
    """A page elsewhere cannot have its visitors ask for our relay."""
    for path in ("/check/ice-servers", "/check/reports", "/check/pairs"):
        response = await send(browser, path, REPORT, Sec_Fetch_Site="cross-site")
        assert response.status_code == 403


# Reports.


async def test_report_is_opened_by_those_who_help(
    browser: Browser, agent_browser: Browser, records: Records
) -> None:
    """It keeps what was found, and of the sender a network, no address."""
    sent = await answer(await send(browser, "/check/reports", REPORT))
    assert sent["days"] == 7
    page = await agent_browser.get(f"/reports/{read_code(sent['code'])}")
    text = await page.get_data(as_text=True)
    assert page.status_code == 200
    assert sent["code"] in text
    assert "192.0.2.0/24" in text
    assert "192.0.2.7" not in text
    file = await agent_browser.get(f"/reports/{sent['code']}/report.json")
    assert json.loads(await file.get_data()) == REPORT
    assert "attachment" in file.headers["Content-Disposition"]
    listed = await (await agent_browser.get("/reports")).get_data(as_text=True)
    assert sent["code"] in listed
    assert "Everything works" in listed


async def test_report_is_found_as_it_is_read_out(
    browser: Browser, agent_browser: Browser
) -> None:
    """Case and blanks do not matter; a wrong code is said to be wrong."""
    sent = await answer(await send(browser, "/check/reports", REPORT))
    spoken = sent["code"].lower().replace("-", "+")
    found = await agent_browser.get(f"/reports?code={spoken}")
    assert found.status_code == 303
    assert found.headers["Location"].endswith(read_code(sent["code"]))
    wrong = await agent_browser.get("/reports?code=222222")
    assert wrong.status_code == 404
    assert "There is no report with this code" in await wrong.get_data(as_text=True)


async def test_reports_need_an_agent(browser: Browser) -> None:
    """Whoever has a code alone reads nothing."""
    for path in ("/reports", "/reports/222222", "/reports/222222/report.json"):
        response = await browser.get(path)
        assert response.status_code == 303
        assert "/login" in response.headers["Location"]


async def test_old_reports_are_not_shown(
    agent_browser: Browser, records: Records
) -> None:
    """After the days of the setting a report is as good as gone."""
    at = datetime.now(UTC) - timedelta(days=8)
    report = CheckReport("", at, "192.0.2.0/24", "open", "Chrome", json.dumps(REPORT))
    code = await records.check_reports.add(report, timedelta(days=30))
    assert (await agent_browser.get(f"/reports/{code}")).status_code == 404
    assert code not in await (await agent_browser.get("/reports")).get_data(
        as_text=True
    )


@pytest.mark.parametrize(
    "wrong",
    [
        {"version": 2},
        {"host": "x" * 201},
        {"transports": [REPORT["transports"][0]] * 17},
        {"verdict": {"level": "<b>", "network": "open"}},
        {"verdict": {"level": "good\n", "network": "open"}},
        {"other": {}},
        {"service": {"reached": True, "socket": True, "took": -1}},
    ],
)
async def test_wrong_reports_are_refused(
    browser: Browser, wrong: dict[str, Any]
) -> None:
    """Only what a check page says is kept, each part within its bounds."""
    response = await send(browser, "/check/reports", REPORT | wrong)
    assert response.status_code == 422


async def test_what_is_no_part_of_a_report_is_not_kept(
    browser: Browser, agent_browser: Browser
) -> None:
    """A report is no place to keep something else in."""
    sent = await answer(await send(browser, "/check/reports", REPORT | {"x": "y"}))
    file = await agent_browser.get(f"/reports/{sent['code']}/report.json")
    assert "x" not in json.loads(await file.get_data())


async def test_huge_and_broken_reports_are_refused(browser: Browser) -> None:
    """Neither is read further."""
    huge = await send(browser, "/check/reports", REPORT | {"x": "y" * 70_000})
    assert huge.status_code == 413
    deep = json.loads("[" * 500 + "]" * 500)
    assert (await send(browser, "/check/reports", deep)).status_code == 422


async def test_reports_are_taken_so_often_from_one_address(browser: Browser) -> None:
    """Ten an hour; then the page says how long to wait."""
    for _ in range(limits.REPORT_HERE.times):
        await answer(await send(browser, "/check/reports", REPORT))
    response = await send(browser, "/check/reports", REPORT)
    assert response.status_code == 429
    assert "Too many checks" in (await response.get_json())["error"]["text"]


# Pairs.


async def letters(browser: Browser, pair: str, key: str, after: int = 0) -> Any:
    """What the other side has left."""
    path = f"/check/pairs/{pair}/letters?after={after}"
    return await answer(await browser.ask("GET", path, headers={"X_Check_Key": key}))


async def test_two_pages_exchange_letters(browser: Browser) -> None:
    """Who made the link and who opened it read each other, and nobody else does."""
    begun = await answer(await send(browser, "/check/pairs"))
    path = f"/check/pairs/{begun['pair']}"
    joined = await answer(await send(browser, f"{path}/join"))
    said = await send(
        browser,
        f"{path}/letters",
        {"kind": "hello", "data": "ü"},
        X_Check_Key=joined["key"],
    )
    assert said.status_code == 204
    (letter,) = (await letters(browser, begun["pair"], begun["key"]))["letters"]
    assert (letter["kind"], letter["data"]) == ("hello", "ü")
    after = letter["number"]
    again = await letters(browser, begun["pair"], begun["key"], after)
    assert again == {"letters": []}
    assert await letters(browser, begun["pair"], joined["key"]) == {"letters": []}


async def test_link_lets_one_other_side_in(browser: Browser) -> None:
    """The next one is told that it was used, and a made-up link is no different."""
    begun = await answer(await send(browser, "/check/pairs"))
    path = f"/check/pairs/{begun['pair']}"
    await answer(await send(browser, f"{path}/join"))
    for wrong in (path, "/check/pairs/made-up"):
        assert (await send(browser, f"{wrong}/join")).status_code == 410


async def test_letters_need_a_key(browser: Browser) -> None:
    """Without it nothing is read and nothing is left."""
    begun = await answer(await send(browser, "/check/pairs"))
    path = f"/check/pairs/{begun['pair']}/letters"
    letter = {"kind": "hello", "data": ""}
    assert (await send(browser, path, letter)).status_code == 410
    assert (await browser.ask("GET", path)).status_code == 410
    wrong = await browser.ask("GET", path, headers={"X_Check_Key": begun["pair"]})
    assert wrong.status_code == 410


async def test_letters_are_bounded(browser: Browser) -> None:
    """In size, in form and in number."""
    begun = await answer(await send(browser, "/check/pairs"))
    path, key = f"/check/pairs/{begun['pair']}/letters", begun["key"]
    for letter, status in [
        ({"kind": "x", "data": "y" * 24_001}, 422),
        ({"kind": "x", "data": "y" * 40_000}, 413),
        ({"kind": "<b>"}, 422),
        ({"data": ""}, 422),
    ]:
        response = await send(browser, path, letter, X_Check_Key=key)
        assert response.status_code == status
    for _ in range(60):
        await send(browser, path, {"kind": "x"}, X_Check_Key=key)
    full = await send(browser, path, {"kind": "x"}, X_Check_Key=key)
    assert full.status_code == 503
