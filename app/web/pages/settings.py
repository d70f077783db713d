"""Settings: one's own language and password; for administrators agents and API keys."""

from dataclasses import dataclass, field
from typing import Any, cast

from quart import Blueprint, Response, abort, redirect, render_template, request
from quart.typing import ResponseReturnValue

from app.adapters.sql.records import Records
from app.domain.ids import AgentId
from app.domain.records import Agent, AgentRole, Taken
from app.web import forms
from app.web.auth import Sessions, admins_only, current_agent
from app.web.i18n import Languages, gettext as _
from app.web.limits import Attempts, login_attempt
from app.web.passwords import (
    LEAST_LENGTH,
    MOST_LENGTH,
    generate_password,
    hash_password,
    verify_password,
)
from app.web.rooms import Rooms


@dataclass(frozen=True, slots=True)
class SettingsPages:
    """What the settings are made of."""

    records: Records
    rooms: Rooms
    sessions: Sessions
    attempts: Attempts
    languages: Languages


@dataclass(slots=True)
class Shown:
    """What the page shows besides the stored: answers, errors, secrets shown once."""

    values: dict[str, str] = field(default_factory=dict)
    errors: forms.Errors = field(default_factory=dict)
    secrets: dict[str, Any] = field(default_factory=dict)


def blueprint(parts: SettingsPages) -> Blueprint:
    """The page and what its forms do."""
    routes = Blueprint("settings", __name__, url_prefix="/settings")
    records = parts.records

    @routes.get("")
    async def page() -> str:
        return await _page(parts, Shown())

    @routes.post("/language")
    async def language() -> ResponseReturnValue:
        return await _set_language(parts, (await request.form).get("locale", ""))

    @routes.post("/password")
    async def password() -> ResponseReturnValue:
        form = await request.form
        return await _set_password(parts, form.get("current", ""), form.get("new", ""))

    @routes.post("/agents")
    @admins_only
    async def add_agent() -> ResponseReturnValue:
        return await _add_agent(parts, dict((await request.form).items()))

    @routes.post("/agents/<agent_id>/disable")
    @admins_only
    async def disable_agent(agent_id: AgentId) -> ResponseReturnValue:
        if agent_id == current_agent().id or not await records.agents.read(agent_id):
            abort(404)
        await records.agents.disable(agent_id)
        # Neither a call nor a ticket for one outlasts the account.
        await parts.rooms.end_all(agent_id)
        return redirect("/settings?done=disabled#agents", 303)

    @routes.post("/keys")
    @admins_only
    async def add_key() -> ResponseReturnValue:
        return await _add_key(parts, dict((await request.form).items()))

    @routes.post("/keys/<key_id>/revoke")
    @admins_only
    async def revoke_key(key_id: str) -> ResponseReturnValue:
        await records.api_keys.revoke(key_id)
        return redirect("/settings?done=revoked#keys", 303)

    return routes


async def _page(parts: SettingsPages, shown: Shown) -> str:
    agent = current_agent()
    managed: dict[str, Any] = {}
    if agent.role is AgentRole.ADMIN:
        managed["agents"] = await parts.records.agents.list()
        managed["keys"] = await parts.records.api_keys.list()
    return await render_template(
        "settings.html",
        agent=agent,
        least=LEAST_LENGTH,
        done=_done(request.args.get("done", "")),
        values=shown.values,
        errors=shown.errors,
        **shown.secrets,
        **managed,
    )


def _done(what: str) -> str:
    known = {
        "language": _("Your language is saved."),
        "password": _("Your password is changed. Everywhere else you are logged out."),
        "disabled": _("The account is disabled."),
        "revoked": _("The key is revoked."),
    }
    return known.get(what, "")


# One's own.


async def _set_language(parts: SettingsPages, tag: str) -> ResponseReturnValue:
    if tag and tag not in parts.languages.offered:
        abort(400)
    await parts.records.agents.set_locale(current_agent().id, tag or None)
    return redirect("/settings?done=language", 303)


async def _set_password(
    parts: SettingsPages, old: str, new: str
) -> ResponseReturnValue:
    agent = current_agent()
    errors = _wrong_password(new)
    attempt = login_attempt(agent.email, request.remote_addr)
    if not errors and await parts.attempts.take(attempt):
        errors["current"] = _("Too many attempts. Try again in some minutes.")
    if not errors and not await _is_password(parts, agent, old):
        errors["current"] = _("This is not your password.")
    if errors:
        return await _page(parts, Shown(errors=errors)), 422
    await parts.attempts.forgive(attempt)
    return await _change_password(parts, agent, new)


def _wrong_password(new: str) -> forms.Errors:
    if len(new) < LEAST_LENGTH:
        text = _("Use at least %(least)d characters.")
        return {"new": text % {"least": LEAST_LENGTH}}
    if len(new) > MOST_LENGTH:
        text = _("Use at most %(most)d characters.")
        return {"new": text % {"most": MOST_LENGTH}}
    return {}


async def _is_password(parts: SettingsPages, agent: Agent, password: str) -> bool:
    found = await parts.records.agents.find(agent.email)
    stored = found[1] if found else None
    return await verify_password(stored, password[: MOST_LENGTH + 1])


async def _change_password(parts: SettingsPages, agent: Agent, new: str) -> Response:
    """Change it and end every session but a new one for this browser."""
    await parts.records.agents.set_password(agent.id, await hash_password(new))
    await parts.records.sessions.end_all(agent.id)
    response = cast(Response, redirect("/settings?done=password", 303))
    await parts.sessions.start(response, agent.id)
    return response


# For administrators.


async def _add_agent(
    parts: SettingsPages, values: dict[str, str]
) -> ResponseReturnValue:
    errors: forms.Errors = {}
    name = _take(values, "name", forms.required(forms.line, forms.NAME), errors)
    email = _take(values, "email", forms.required(forms.email, forms.EMAIL), errors)
    if errors:
        return await _page(parts, Shown(values, errors)), 422
    role = AgentRole.ADMIN if values.get("role") == "admin" else AgentRole.AGENT
    password = generate_password()
    try:
        stored = await hash_password(password)
        agent = await parts.records.agents.add(email, name, role, stored)
    except Taken:
        errors = {"email": _("Somebody has an account with this e-mail already.")}
        return await _page(parts, Shown(values, errors)), 422
    shown = Shown(secrets={"new_agent": agent, "new_password": password})
    return await _page(parts, shown)


async def _add_key(parts: SettingsPages, values: dict[str, str]) -> ResponseReturnValue:
    errors: forms.Errors = {}
    name = _take(values, "key_name", forms.required(forms.line, forms.NAME), errors)
    if errors:
        return await _page(parts, Shown(values, errors)), 422
    key, plain = await parts.records.api_keys.add(name, current_agent().id)
    return await _page(parts, Shown(secrets={"new_key": key, "plain_key": plain}))


def _take(
    values: dict[str, str], name: str, read: forms.Reader, errors: forms.Errors
) -> str:
    try:
        return read(values.get(name, ""))
    except ValueError as wrong:
        errors[name] = str(wrong)
        return ""
