"""Who is asking: sessions, roles, logging in and out.

Every route needs an agent unless it is listed as public; `admins_only` marks those
that need an administrator.
"""

import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Protocol, TypeVar, cast

from itsdangerous import BadSignature, TimestampSigner
from quart import (
    Blueprint,
    Response,
    abort,
    current_app,
    g,
    redirect,
    render_template as render,
    request,
    url_for,
)
from quart.typing import ResponseReturnValue

from app.domain.ids import AgentId
from app.domain.records import Agent, AgentRole
from app.web import errors
from app.web.i18n import gettext as _
from app.web.limits import Attempts, login_attempt
from app.web.passwords import MOST_LENGTH, hash_password, is_outdated, verify_password
from app.web.security import Cookies


COOKIE = "session"
ROTATE_SECONDS = 3600
COOKIE_SECONDS = 7 * 24 * 3600

OF_MADE_UP_AGENTS = frozenset({"rooms.*", "console.*", "history.*", "auth.*"})
"""What agents made up for load tests may ask for: nothing of customers or settings."""

View = TypeVar("View", bound=Callable[..., Any])


class SessionRecords(Protocol):
    """Sessions as the records keep them: 12 h idle, 7 d at most.

    After `rotate` the old token is good for another minute, because requests sent
    together arrive with it.
    """

    async def start(self, agent_id: AgentId, now: datetime) -> str: ...
    async def read(self, token: str, now: datetime) -> Agent | None: ...
    async def rotate(self, token: str, now: datetime) -> str | None: ...
    async def end(self, token: str) -> None: ...


class AgentRecords(Protocol):
    """What logging in needs of the agents."""

    async def find(self, email: str) -> tuple[Agent, str] | None: ...
    async def set_password(self, agent_id: AgentId, password_hash: str) -> None: ...


def admins_only(view: View) -> View:
    """Mark a view: only administrators."""
    view.__dict__["admins_only"] = True
    return view


def current_agent() -> Agent:
    """The agent who asks; every view that is not public has one."""
    agent: Agent | None = g.get("agent")
    if agent is None:
        abort(401)
    return agent


class Sessions:
    """Sessions of browsers: the token in a signed cookie, everything else in records.

    The signature tells garbage without asking the database, and how old the token is.
    """

    def __init__(self, records: SessionRecords, cookies: Cookies, secret: str) -> None:
        self.records = records
        self.cookies = cookies
        self.signer = TimestampSigner(secret, salt="session")

    async def agent(self) -> Agent | None:
        """The agent of this request's cookie; renews a token older than an hour."""
        token, age = self._token()
        if not token:
            return None
        now = datetime.now(UTC)
        agent = await self.records.read(token, now)
        if agent and age > ROTATE_SECONDS:
            g.renewed_token = await self.records.rotate(token, now)
        return agent

    async def start(self, response: Response, agent_id: AgentId) -> bool:
        """Log in: a new token for the browser, an end to the one it had.

        False where the agent has just been removed.
        """
        await self._forget()
        try:
            token = await self.records.start(agent_id, datetime.now(UTC))
        except LookupError:
            return False
        self.put(response, token)
        return True

    async def end(self, response: Response) -> None:
        """Log out."""
        await self._forget()
        self.cookies.drop(response, COOKIE)

    def put(self, response: Response, token: str) -> None:
        """Give the browser a token."""
        signed = self.signer.sign(token).decode()
        self.cookies.put(response, COOKIE, signed, COOKIE_SECONDS)

    async def _forget(self) -> None:
        g.pop("renewed_token", None)
        token, _age = self._token()
        if token:
            await self.records.end(token)

    def _token(self) -> tuple[str, float]:
        try:
            signed = self.cookies.read(COOKIE)
            token, at = self.signer.unsign(
                signed, COOKIE_SECONDS, return_timestamp=True
            )
        except BadSignature:
            return "", 0.0
        return token.decode(), time.time() - at.timestamp()


def blueprint(
    agents: AgentRecords,
    sessions: Sessions,
    attempts: Attempts,
    *,
    public: frozenset[str],
    load_tests: bool = False,
) -> Blueprint:
    """The routes of logging in and out, and the guard before every route of the app.

    `public` names the endpoints, or whole blueprints as `name.*`, that need no agent.
    Agents made up for load tests are kept out unless `load_tests`.
    """
    auth = Blueprint("auth", __name__)

    @auth.before_app_request
    async def guard() -> ResponseReturnValue | None:
        g.agent = None
        endpoint = request.endpoint
        if endpoint is None or is_public(endpoint, public):
            return None
        g.agent = await sessions.agent()
        if g.agent and g.agent.made_up:
            allowed = load_tests and is_public(endpoint, OF_MADE_UP_AGENTS)
            return None if allowed else await errors.answer(403)
        return await _refusal(g.agent, endpoint)

    @auth.after_app_request
    async def renew(response: Response) -> Response:
        if token := g.get("renewed_token"):
            sessions.put(response, token)
        return response

    @auth.app_context_processor
    async def agent_of_templates() -> dict[str, Agent | None]:
        return {"agent": g.get("agent")}

    @auth.get("/login")
    async def login_page() -> ResponseReturnValue:
        if await sessions.agent():
            return _go(own_path(request.args.get("next", "")))
        return await _form(request.args)

    @auth.post("/login")
    async def login() -> ResponseReturnValue:
        form = await request.form
        email = form.get("email", "").strip()
        attempt = login_attempt(email, request.remote_addr)
        if wait := await attempts.take(attempt):
            return await _pause(form, wait)
        response = _go(own_path(form.get("next", "")))
        agent = await _verified(agents, email, form.get("password", ""))
        if agent is None or not await sessions.start(response, agent.id):
            wrong = _("The e-mail or the password is wrong.")
            return await _form(form, problem=wrong, status=422)
        await attempts.forgive(attempt)
        return response

    @auth.post("/logout")
    async def logout() -> ResponseReturnValue:
        response = _go(url_for("auth.login_page"))
        await sessions.end(response)
        return response

    return auth


def is_public(endpoint: str, public: frozenset[str]) -> bool:
    """Whether anyone may ask for this endpoint."""
    return endpoint in public or f"{endpoint.rpartition('.')[0]}.*" in public


def own_path(path: str) -> str:
    """Where to go after logging in: a path of our own, else the start."""
    # "//host" and "/\\host" would leave this site.
    own = path.startswith("/") and not path.startswith(("//", "/\\"))
    return path if own and path.isprintable() else "/"


def _go(url: str) -> Response:
    return cast(Response, redirect(url, 303))


async def _refusal(agent: Agent | None, endpoint: str) -> ResponseReturnValue | None:
    view = current_app.view_functions[endpoint]
    if agent is None and errors.wants_page() and request.method == "GET":
        return _go(url_for("auth.login_page", next=request.full_path.rstrip("?")))
    if agent is None:
        return await errors.answer(401)
    if getattr(view, "admins_only", False) and agent.role is not AgentRole.ADMIN:
        return await errors.answer(403)
    return None


async def _verified(agents: AgentRecords, email: str, password: str) -> Agent | None:
    """The agent whose password this is; takes the same time where there is none."""
    if len(password) > MOST_LENGTH:
        password = ""
    agent, stored = await agents.find(email.lower()) or (None, None)
    if not await verify_password(stored, password):
        return None
    if agent is None or stored is None or agent.disabled_at:
        return None
    if is_outdated(stored):
        await agents.set_password(agent.id, await hash_password(password))
    return agent


async def _form(
    given: Mapping[str, str], problem: str = "", status: int = 200
) -> Response:
    """The log-in page with what was typed, but for the password."""
    known = {name: given.get(name, "") for name in ("email", "next")}
    return Response(await render("login.html", **known, problem=problem), status)


async def _pause(given: Mapping[str, str], seconds: int) -> Response:
    minutes = -(-seconds // 60)
    text = _("Too many attempts. Try again in %(minutes)s min.") % {"minutes": minutes}
    response = await _form(given, text, 429)
    response.headers["Retry-After"] = str(seconds)
    return response
