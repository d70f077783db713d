"""What a key for load tests opens, what it does not, and what is left afterwards."""

from typing import Any

import pytest
from quart import Quart

from app.adapters.sql.records import Records
from app.domain.records import Agent, KeyScope
from app.settings import Settings
from tests.web.conftest import PASSWORD_HASH, Browser, make_settings


@pytest.fixture
def settings(database_url: str) -> Settings:
    """A service that allows load tests."""
    return make_settings(database_url, load_tests="1")


@pytest.fixture
async def key(records: Records, agent: Agent) -> str:
    """A key of the scope `loadtest`."""
    return (await records.api_keys.add("load", agent.id, KeyScope.LOADTEST))[1]


async def ask(
    service: Quart, key: str, method: str, path: str, body: Any = None
) -> tuple[int, Any]:
    """Ask the API; gives status and decoded body."""
    response = await service.test_client().open(
        f"/api/v1{path}",
        method=method,
        headers={"Authorization": f"Bearer {key}"},
        json=body,
    )
    return response.status_code, await response.get_json()


async def made_up(service: Quart, key: str) -> Browser:
    """A browser in which an agent made up by the key is logged in."""
    status, made = await ask(service, key, "POST", "/load-test/agents", {"count": 1})
    assert status == 201
    browser = Browser(service.test_client())
    response = await browser.log_in(made["emails"][0], made["password"])
    assert response.status_code == 303
    return browser


async def make_room(browser: Browser) -> str:
    """Create a room as a person does; gives its path."""
    form = {"title": "Load", "passcode": "123456", "description": ""}
    response = await browser.post("/rooms/new", **form)
    assert response.status_code == 303
    return str(response.headers["Location"])


async def test_made_up_agents_work_and_leave_nothing(
    service: Quart, records: Records, key: str
) -> None:
    """They log in and make rooms; removing takes both, and what happened there."""
    browser = await made_up(service, key)
    room = await make_room(browser)
    assert (await browser.get(room)).status_code == 200
    left = None
    for _ in range(50):
        status, left = await ask(service, key, "DELETE", "/load-test")
        assert status == 200
        if left == {"agents": 0}:
            break
    assert left == {"agents": 0}
    assert await records.rooms.read(room.rpartition("/")[2]) is None  # type: ignore[arg-type]
    assert [a for a in await records.agents.list() if a.made_up] == []
    assert (await browser.get("/console")).status_code == 303


async def test_removal_spares_everybody_else(
    service: Quart, records: Records, key: str, agent: Agent, agent_browser: Browser
) -> None:
    """Rooms of people, and agents of another key, stay."""
    room = await make_room(agent_browser)
    _other, other = await records.api_keys.add("b", agent.id, KeyScope.LOADTEST)
    await made_up(service, other)
    assert (await ask(service, key, "DELETE", "/load-test"))[1] == {"agents": 0}
    assert (await ask(service, other, "GET", "/load-test"))[1] == {"agents": 1}
    assert (await agent_browser.get(room)).status_code == 200


@pytest.mark.parametrize(
    "path", ["/customers", "/customers/search?q=a", "/settings", "/relays", "/reports"]
)
async def test_made_up_agents_see_nothing_of_people(
    service: Quart, key: str, path: str
) -> None:
    """A stolen key does not open the directory of customers, or settings."""
    browser = await made_up(service, key)
    assert (await browser.get(path)).status_code in (403, 404)


async def test_key_opens_nothing_else(service: Quart, key: str) -> None:
    """The REST API does not know a key for load tests."""
    for path in ("/rooms", "/calls", "/customers", "/relays"):
        assert (await ask(service, key, "GET", path))[0] == 401
    assert (await ask(service, key, "POST", "/ice-servers", {}))[0] == 401


async def test_key_of_the_rest_api_makes_no_load(
    service: Quart, records: Records, agent: Agent
) -> None:
    """Nor does a key of the REST API make agents, whatever it is made to look like."""
    _key, plain = await records.api_keys.add("shop", agent.id)
    for tried in (plain, plain.replace("dsk_", "dsl_"), f"loadtest:{plain}", ""):
        status, body = await ask(
            service, tried, "POST", "/load-test/agents", {"count": 1}
        )
        assert (status, body["error"]["code"]) == (401, "bad_key")


@pytest.mark.parametrize("count", [0, -1, 501, "3", None])
async def test_count_is_bounded(service: Quart, key: str, count: Any) -> None:
    """What is no sensible number is refused, with the field named."""
    status, body = await ask(
        service, key, "POST", "/load-test/agents", {"count": count}
    )
    assert status == 422
    assert "count" in body["error"]["fields"]


async def test_agents_of_a_key_are_bounded(service: Quart, key: str) -> None:
    """Many small requests come to no more than one large one."""
    assert (await ask(service, key, "POST", "/load-test/agents", {"count": 499}))[
        0
    ] == 201
    status, body = await ask(service, key, "POST", "/load-test/agents", {"count": 2})
    assert (status, body["error"]["code"]) == (409, "too_many_agents")


class TestNotAllowed:
    """The default: load tests are not allowed."""

    @pytest.fixture
    def settings(self, database_url: str) -> Settings:
        return make_settings(database_url)

    async def test_service_refuses(self, service: Quart, key: str) -> None:
        """A good key hears why, and what to do."""
        for method, path in (("GET", ""), ("POST", "/agents"), ("DELETE", "")):
            status, body = await ask(
                service, key, method, f"/load-test{path}", {"count": 1}
            )
            assert (status, body["error"]["code"]) == (403, "load_tests_off")
            assert "DESKSIDE_LOAD_TESTS" in str(body)

    async def test_strangers_learn_nothing(self, service: Quart) -> None:
        """Without a key nobody learns what is allowed."""
        assert (await ask(service, "dsl_x", "GET", "/load-test"))[0] == 401

    async def test_left_over_agents_are_locked_out(
        self, service: Quart, records: Records, key: str
    ) -> None:
        """Whom a broken run left behind opens nothing once it is off again."""
        found = await records.api_keys.list()
        (left,) = await records.load_agents.add(found[0].id, 1, PASSWORD_HASH)
        browser = Browser(service.test_client())
        await browser.log_in(left.email)
        assert (await browser.get("/console")).status_code == 403
        assert (await browser.get("/rooms/new")).status_code == 403
