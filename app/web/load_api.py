"""What load tests need besides the pages: agents of their own, for a key of theirs.

No limit is opened: a log-in or passcode that is right counts against none. A key only
makes accounts, and these see their own rooms and history, as long as the setting
allows it.
"""

from datetime import UTC, datetime

from quart import Blueprint, Response, g, request

from app.adapters.sql.records import Records
from app.domain.records import ApiKey, KeyScope
from app.web.api import Refused, answer, read_body, refuse_in_json, unknown_key
from app.web.api_models import LoadAgentsIn, LoadAgentsOut, LoadTestOut
from app.web.i18n import gettext as _
from app.web.openapi import documented
from app.web.passwords import generate_password, hash_password
from app.web.rooms import Rooms


MOST_AGENTS = 500
"""Agents of one key at a time."""

REMOVED_AT_ONCE = 20
"""Agents removed by one request, so that it ends soon; ask until none is left."""


def blueprint(records: Records, rooms: Rooms, *, allowed: bool) -> Blueprint:
    """The routes for keys of the scope `loadtest`; ``allowed`` by the settings."""
    load = Blueprint("load", __name__, url_prefix="/api/v1/load-test")

    @load.before_request
    async def authenticate() -> Response | None:
        scheme, _space, plain = request.headers.get("Authorization", "").partition(" ")
        now, found = datetime.now(UTC), None
        if scheme.lower() == "bearer":
            found = await records.api_keys.identify(
                plain.strip(), now, KeyScope.LOADTEST
            )
        if found is None:
            return unknown_key()
        if not allowed:
            raise Refused(403, _not_allowed(), "load_tests_off")
        g.api_key = found[0]
        return None

    refuse_in_json(load)

    @load.get("")
    @documented(gives=LoadTestOut, errors=(401, 403))
    async def look() -> Response:
        """Say that load tests are allowed, and how many agents the key has."""
        return answer(LoadTestOut(await records.load_agents.count(_key().id)))

    @load.post("/agents")
    @documented(
        takes=LoadAgentsIn,
        gives=LoadAgentsOut,
        status=201,
        errors=(401, 403, 409, 422),
    )
    async def make() -> Response:
        """Make agents, all with one password, who see rooms and history alone."""
        wanted = await read_body(LoadAgentsIn)
        there = await records.load_agents.count(_key().id)
        if there + wanted.count > MOST_AGENTS:
            text = _("A key may have %(most)d agents; remove some first.")
            raise Refused(409, text % {"most": MOST_AGENTS}, "too_many_agents")
        password = generate_password()
        made = await records.load_agents.add(
            _key().id, wanted.count, await hash_password(password)
        )
        return answer(LoadAgentsOut([agent.email for agent in made], password), 201)

    @load.delete("")
    @documented(gives=LoadTestOut, errors=(401, 403, 503))
    async def remove() -> Response:
        """End rooms of the key's agents and remove both, some at a time.

        Ask again until no agent is left; what has ended is removed when the history
        knows of it.
        """
        key = _key().id
        some = await records.load_agents.some(key, REMOVED_AT_ONCE)
        for agent in some:
            await rooms.end_all(agent.id)
        await records.load_agents.remove([agent.id for agent in some])
        return answer(LoadTestOut(await records.load_agents.count(key)))

    return load


def _key() -> ApiKey:
    key: ApiKey = g.api_key
    return key


def _not_allowed() -> str:
    return _(
        "This service does not allow load tests. Whoever runs it can: "
        "DESKSIDE_LOAD_TESTS=1."
    )
