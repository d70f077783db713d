"""The whole service, embedded, asked by browsers that are logged in or not."""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from quart import Quart, Response
from quart.typing import TestClientProtocol

from app import factory
from app.adapters.sql.migrations import migrate
from app.adapters.sql.records import Records
from app.domain.records import Agent, AgentRole
from app.settings import Settings
from app.web.passwords import hash_now


PASSWORD = "correct horse battery"
PASSWORD_HASH = hash_now(PASSWORD)
ADDRESS = "192.0.2.7"


@dataclass
class Browser:
    """A browser: it keeps cookies and sends what browsers send."""

    client: TestClientProtocol
    address: str = ADDRESS

    async def get(self, path: str, **headers: str) -> Response:
        """Open a page."""
        return await self.ask("GET", path, headers={"Accept": "text/html", **headers})

    async def post(self, path: str, **form: str) -> Response:
        """Send a form of our own page."""
        headers = {"Accept": "text/html", "Sec-Fetch-Site": "same-origin"}
        return await self.ask("POST", path, headers=headers, form=form)

    async def ask(self, method: str, path: str, **options: Any) -> Response:
        """Send any request; headers with `_` for `-`."""
        given = options.pop("headers", {})
        headers = {name.replace("_", "-"): value for name, value in given.items()}
        scope = {"client": (self.address, 50000)}
        response: Response = await self.client.open(
            path, method=method, headers=headers, scope_base=scope, **options
        )
        return response

    async def log_in(self, email: str, password: str = PASSWORD) -> Response:
        """Fill in the log-in form."""
        return await self.post("/login", email=email, password=password)


@pytest.fixture
def database_url(tmp_path: Path) -> str:
    return f"sqlite+aiosqlite:///{tmp_path}/deskside.db"


@pytest.fixture
def settings(database_url: str) -> Settings:
    """Settings of an embedded service; override it for others."""
    return make_settings(database_url)


def make_settings(database_url: str, **given: str) -> Settings:
    """Settings by name, without the prefix."""
    known = {"secret": "s" * 40, "database_url": database_url, **given}
    return Settings.load({f"DESKSIDE_{k.upper()}": v for k, v in known.items()})


@pytest.fixture
async def service(settings: Settings) -> AsyncIterator[Quart]:
    """The running app."""
    await migrate(settings.database_url)
    app = factory.create(settings)
    async with app.test_app():
        yield app


@pytest.fixture
async def records(service: Quart, settings: Settings) -> AsyncIterator[Records]:
    """Records over the same database, to prepare and to look."""
    records = Records.open(settings.database_url)
    yield records
    await records.close()


@pytest.fixture
def browser(service: Quart) -> Browser:
    """Nobody in particular."""
    return Browser(service.test_client())


MakeAgent = Callable[..., Awaitable[Agent]]


@pytest.fixture
def make_agent(records: Records) -> MakeAgent:
    """Make an agent whose password is PASSWORD."""

    async def make(email: str, role: AgentRole = AgentRole.AGENT) -> Agent:
        return await records.agents.add(email, email.split("@")[0], role, PASSWORD_HASH)

    return make


@pytest.fixture
async def agent(make_agent: MakeAgent) -> Agent:
    return await make_agent("agent@example.org")


@pytest.fixture
async def admin(make_agent: MakeAgent) -> Agent:
    return await make_agent("admin@example.org", AgentRole.ADMIN)


@pytest.fixture
async def agent_browser(service: Quart, agent: Agent) -> Browser:
    """A browser in which an agent is logged in."""
    browser = Browser(service.test_client())
    await browser.log_in(agent.email)
    return browser


@pytest.fixture
async def admin_browser(service: Quart, admin: Agent) -> Browser:
    """A browser in which an administrator is logged in."""
    browser = Browser(service.test_client())
    await browser.log_in(admin.email)
    return browser
