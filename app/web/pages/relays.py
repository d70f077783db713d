"""Relays, for administrators: how it stands with each, live; add, change, drain."""

import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from quart import Blueprint, Response, abort, redirect, render_template, request
from quart.typing import ResponseReturnValue

from app.adapters.sql.records import Records
from app.domain.ids import RelayId
from app.domain.records import Taken
from app.domain.relays import Fleet, NewRelay, Relay, RelayState
from app.web import forms, relay_form
from app.web.auth import admins_only, current_agent
from app.web.i18n import gettext as _
from app.web.news import Bells, event_stream
from app.web.pages.relay_words import Row, row


@dataclass(frozen=True, slots=True)
class RelayPages:
    """What the pages are made of; ``look`` has this node read the rows anew."""

    records: Records
    fleet: Callable[[], Fleet]
    look: Callable[[], Awaitable[None]]
    news: Bells
    has_secret: bool


def blueprint(parts: RelayPages) -> Blueprint:
    """The list, its live events, the form, and what its buttons do."""
    routes = Blueprint("relays", __name__, url_prefix="/relays")
    relays = parts.records.relays

    @routes.get("")
    @admins_only
    async def page() -> str:
        return await render_template(
            "relays.html",
            agent=current_agent(),
            rows=_rows(parts.fleet()),
            has_secret=parts.has_secret,
            done=_done(request.args.get("done", "")),
        )

    @routes.get("/list")
    @admins_only
    async def table() -> str:
        return await render_template("relays_list.html", rows=_rows(parts.fleet()))

    @routes.get("/events")
    @admins_only
    async def events() -> Response:
        return event_stream(parts.news, current_agent().id)

    @routes.get("/new")
    @admins_only
    async def new() -> str:
        return await _form(None, relay_form.empty(), {})

    @routes.post("/new")
    @admins_only
    async def add() -> ResponseReturnValue:
        return await _save(parts, None, dict((await request.form).items()))

    @routes.get("/<relay_id>")
    @admins_only
    async def edit(relay_id: RelayId) -> str:
        relay = await relays.read(relay_id) or abort(404)
        return await _form(relay, relay_form.filled(relay), {})

    @routes.post("/<relay_id>")
    @admins_only
    async def change(relay_id: RelayId) -> ResponseReturnValue:
        relay = await relays.read(relay_id) or abort(404)
        return await _save(parts, relay, dict((await request.form).items()))

    @routes.post("/<relay_id>/<any(live, draining):state>")
    @admins_only
    async def turn(relay_id: RelayId, state: str) -> ResponseReturnValue:
        if not await relays.set_state(relay_id, RelayState(state)):
            abort(404)
        return await _back(parts, state)

    @routes.post("/<relay_id>/remove")
    @admins_only
    async def remove(relay_id: RelayId) -> ResponseReturnValue:
        relay = await relays.read(relay_id) or abort(404)
        if relay.declared:  # It would be back with the next start.
            abort(409)
        await relays.remove(relay_id)
        return await _back(parts, "removed")

    return routes


def _rows(fleet: Fleet) -> list[Row]:
    now = time.time()
    return [row(known, now) for known in fleet.known]


async def _back(parts: RelayPages, done: str) -> ResponseReturnValue:
    await parts.look()
    return redirect(f"/relays?done={done}", 303)


async def _save(
    parts: RelayPages, relay: Relay | None, values: dict[str, str]
) -> ResponseReturnValue:
    if relay and relay.declared:
        values |= {**relay_form.filled(relay), **_free(values)}
    new = relay_form.read(values)
    if isinstance(new, dict):
        return await _form(relay, values, new), 422
    try:
        await _store(parts, relay, new)
    except Taken:
        errors = {"name": _("Another relay has this name.")}
        return await _form(relay, values, errors), 422
    return await _back(parts, "saved")


def _free(values: dict[str, str]) -> dict[str, str]:
    """What may be said of a relay whose doors the settings name."""
    return {
        name: values.get(name, "") for name in ("name", "region", "weight", "capacity")
    }


async def _store(parts: RelayPages, relay: Relay | None, new: NewRelay) -> None:
    if relay is None:
        await parts.records.relays.add(new)
        return
    if relay.declared:
        new = NewRelay(new.name, relay.urls, new.region, new.weight, new.capacity)
    await parts.records.relays.change(relay.id, new)


async def _form(
    relay: Relay | None, values: dict[str, str], errors: forms.Errors
) -> str:
    return await render_template(
        "relay.html",
        agent=current_agent(),
        relay=relay,
        values=values,
        errors=errors,
    )


def _done(what: str) -> str:
    known = {
        "saved": _("The relay is saved. It is examined within seconds."),
        "draining": _("New calls go elsewhere now; running ones move within seconds."),
        "live": _("The relay takes new calls again."),
        "removed": _("The relay is removed."),
    }
    return known.get(what, "")
