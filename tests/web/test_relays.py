"""Relays in the pages of administrators."""

import time
from collections.abc import AsyncIterator

import pytest
from quart import Quart

from app.adapters.sql.records import Records
from app.domain.relay_urls import Doors
from app.domain.relays import Health, NewRelay, Probe, RelayState, Standing
from app.settings import Settings
from app.web import relay_form
from app.web.pages.relay_words import row
from tests.domain.fleet import known
from tests.web.conftest import Browser, make_settings


FORM = {
    "name": "jakarta-1",
    "host": "turn1.example.org",
    "udp": "3478",
    "tcp": "3478",
    "tls": "443, 5349",
    "region": "jakarta",
    "weight": "200",
    "capacity": "4000",
}


@pytest.fixture
def settings(database_url: str) -> Settings:
    """A deployment whose settings name one relay."""
    return make_settings(
        database_url,
        stun_urls="stun:127.0.0.1:9",
        turn_urls="turn:127.0.0.1:9?transport=udp",
        turn_secret="a secret of the relays",
    )


async def text(browser: Browser, path: str) -> str:
    response = await browser.get(path)
    assert response.status_code == 200
    return str(await response.get_data(as_text=True))


async def test_relays_are_for_administrators(
    agent_browser: Browser, browser: Browser
) -> None:
    """An agent neither sees the page nor a way there."""
    for path in ("/relays", "/relays/list", "/relays/events", "/relays/new"):
        assert (await agent_browser.get(path)).status_code == 403
        assert (await browser.get(path)).status_code == 303
    assert (await agent_browser.post("/relays/new", **FORM)).status_code == 403
    assert 'href="/relays"' not in await text(agent_browser, "/console")


async def test_relay_of_the_settings_is_listed(admin_browser: Browser) -> None:
    """It is a row like any other, and cannot be removed here."""
    assert 'href="/relays"' in await text(admin_browser, "/console")
    page = await text(admin_browser, "/relays")
    assert "127.0.0.1" in page
    assert "Drain" in page


async def test_relay_is_added_changed_and_removed(
    admin_browser: Browser, records: Records
) -> None:
    """The list follows at once."""
    answer = await admin_browser.post("/relays/new", **FORM)
    assert answer.status_code == 303
    assert "jakarta-1" in await text(admin_browser, "/relays/list")
    (relay,) = [r for r in await records.relays.list() if not r.declared]
    assert relay.urls == Doors("turn1.example.org", tls=(443, 5349)).urls
    assert (relay.region, relay.weight, relay.capacity) == ("jakarta", 200, 4000)
    form = await text(admin_browser, f"/relays/{relay.id}")
    assert 'value="443, 5349"' in form
    await admin_browser.post(f"/relays/{relay.id}", **FORM | {"name": "jakarta-2"})
    assert "jakarta-2" in await text(admin_browser, "/relays/list")
    await admin_browser.post(f"/relays/{relay.id}/remove")
    assert "jakarta-2" not in await text(admin_browser, "/relays/list")
    assert (await admin_browser.get(f"/relays/{relay.id}")).status_code == 404


async def test_relay_is_drained_and_used_again(
    admin_browser: Browser, records: Records, service: Quart
) -> None:
    """What is handed out follows at once on this node."""
    await admin_browser.post("/relays/new", **FORM)
    (relay,) = [r for r in await records.relays.list() if not r.declared]
    await admin_browser.post(f"/relays/{relay.id}/draining")
    page = await text(admin_browser, "/relays/list")
    assert "Draining" in page
    assert "Use again" in page
    drained = await records.relays.read(relay.id)
    assert drained is not None
    assert drained.state is RelayState.DRAINING
    await admin_browser.post(f"/relays/{relay.id}/live")
    assert "Use again" not in await text(admin_browser, "/relays/list")
    for wrong in ("nobody/draining", "nobody/live", "nobody/remove", "nobody"):
        assert (await admin_browser.post(f"/relays/{wrong}")).status_code == 404


async def test_declared_relay_keeps_its_doors(
    admin_browser: Browser, records: Records
) -> None:
    """Only what the settings do not say can be changed here."""
    await text(admin_browser, "/relays")
    (relay,) = await records.relays.list()
    assert 'name="host"' not in await text(admin_browser, f"/relays/{relay.id}")
    answer = await admin_browser.post(f"/relays/{relay.id}", **FORM)
    assert answer.status_code == 303
    (changed,) = await records.relays.list()
    assert (changed.name, changed.urls) == ("jakarta-1", relay.urls)
    gone = await admin_browser.post(f"/relays/{relay.id}/remove")
    assert gone.status_code == 409


@pytest.mark.parametrize(
    ("field", "wrong"),
    [
        ("name", ""),
        ("name", "x" * 61),
        ("host", ""),
        ("host", "https://turn.example.org"),
        ("host", "turn example"),
        ("host", "12345"),
        ("udp", "0"),
        ("udp", "70000"),
        ("tcp", "abc"),
        ("tls", "1 2 3 4 5"),
        ("region", "x" * 41),
        ("weight", "0"),
        ("weight", ""),
        ("weight", "٣"),
        ("capacity", "-1"),
        ("capacity", "99999999999"),
    ],
)
def test_wrong_field_is_named(field: str, wrong: str) -> None:
    """With what would do."""
    errors = relay_form.read(FORM | {field: wrong})
    assert isinstance(errors, dict)
    assert list(errors) == [field]


def test_relay_needs_a_port() -> None:
    """Of whatever way."""
    ports = {"udp": "", "tcp": "", "tls": ""}
    errors = relay_form.read(FORM | ports)
    assert isinstance(errors, dict)
    assert list(errors) == ["udp"]
    assert isinstance(relay_form.read(FORM | ports | {"tls": "443"}), NewRelay)


async def test_wrong_form_is_shown_again(admin_browser: Browser) -> None:
    """With what was typed, and a name that is taken."""
    answer = await admin_browser.post("/relays/new", **FORM | {"weight": "many"})
    page = await answer.get_data(as_text=True)
    assert answer.status_code == 422
    assert 'value="many"' in page
    await admin_browser.post("/relays/new", **FORM)
    answer = await admin_browser.post("/relays/new", **FORM)
    assert "Another relay has this name." in await answer.get_data(as_text=True)


# Words.


def health(*, up: bool = True, **troubles: str) -> Health:
    """A health with troubles by way."""
    urls = {url.way: url.text for url in known("a").relay.read_urls}
    said = {urls[way]: trouble for way, trouble in troubles.items()}
    last = Probe(works=up, round_trip=12.3, troubles=said)
    return Health(up=up, checked_at=time.time(), last=last)


@pytest.fixture
async def speaking(service: Quart) -> AsyncIterator[None]:
    """Texts need a request."""
    async with service.test_request_context("/"):
        yield


@pytest.mark.parametrize(
    ("trouble", "advice"),
    [
        ("no answer", "firewall"),
        ("connection refused", "systemctl status coturn"),
        ("401 Unauthorized", "DESKSIDE_TURN_SECRET"),
        ("403 Forbidden IP", "allowed-peer-ip"),
        ("486 Allocation Quota Reached", "total-quota"),
        ("[Errno -2] Name or service not known", "DNS"),
        ("it gives addresses, but passes nothing on", "external-ip"),
        ("[SSL] record layer failure", "nginx -T"),
        ("something else", "journalctl -u coturn"),
    ],
)
@pytest.mark.usefixtures("speaking")
async def test_trouble_comes_with_advice(trouble: str, advice: str) -> None:
    """Whatever a probe says, the page says what to do."""
    seen = row(known("a", health(tls=trouble)), time.time())
    (way,) = [way for way in seen.ways if way.trouble]
    assert way.trouble == trouble
    assert advice in way.advice
    assert "%(" not in way.advice
    assert seen.standing == "Works in part"


@pytest.mark.usefixtures("speaking")
async def test_row_says_how_it_stands() -> None:
    """A word for each standing, and how full a draining relay is."""
    now, draining = time.time(), RelayState.DRAINING
    assert row(known("a"), now).standing == "Not examined yet"
    assert row(known("a", health()), now).round_trip == 12
    assert row(known("a", health(up=False)), now).standing == "Down"
    full = row(known("a", health(), load=95, capacity=100), now)
    assert (full.standing, full.share, full.load) == ("Nearly full", 95, "95 of 100")
    left = row(known("a", health(), load=3, state=draining), now)
    assert "left: 3" in left.text
    empty = row(known("a", health(), load=0, state=draining), now)
    assert "switched off" in empty.text
    assert known("a", state=draining).standing(now) == Standing.DRAINING
