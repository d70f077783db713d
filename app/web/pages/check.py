"""The check page: does a call work on this device, in this network? For anybody."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from typing import Any

import msgspec
from quart import Blueprint, Response, jsonify, render_template, request

from app.adapters.sql.records import Records
from app.adapters.sql.records.check_reports import Full
from app.domain.checks import CheckReport, shown_code
from app.domain.ice import IceServer
from app.domain.ids import ParticipantId, RoomId
from app.domain.relays import Fleet, Standing
from app.live.logs import short_address
from app.web.errors import error_json
from app.web.i18n import gettext as _
from app.web.limits import Attempts, check_attempt, network, report_attempt
from app.web.pages import check_pairs
from app.web.pages.check_requests import pause, read
from app.web.pages.check_shapes import Report


CREDENTIAL_SECONDS = 300
NAMES = 8
"""Names that all checks share at the relay; coturn gives each its `user-quota`."""

REPORT_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True)
class CheckPages:
    """What the check page is made of; reports are kept so many days."""

    records: Records
    attempts: Attempts
    fleet: Callable[[], Fleet]
    report_days: int


def blueprint(parts: CheckPages) -> Blueprint:
    """The page, what it asks for, and where it sends what it found."""
    check = Blueprint("check", __name__, url_prefix="/check")

    @check.get("")
    async def page() -> str:
        return await render_template("check.html", data=_data(""))

    @check.get("/with/<pair>")
    async def witness(pair: str) -> str:
        return await render_template("check.html", data=_data(pair[:32]))

    @check.post("/ice-servers")
    async def give_ice_servers() -> Response:
        if refusal := await pause(parts.attempts, check_attempt(request.remote_addr)):
            return refusal
        fleet, now = parts.fleet(), time.time()
        servers = check_servers(fleet, request.remote_addr, now)
        return jsonify(
            ice_servers=[msgspec.to_builtins(one) for one in servers],
            relay=relay_word(fleet, now),
        )

    @check.post("/reports")
    async def take_report() -> Response:
        if refusal := await pause(parts.attempts, report_attempt(request.remote_addr)):
            return refusal
        report = await read(Report, REPORT_BYTES)
        if isinstance(report, Response):
            return report
        return await _keep(parts, report)

    check_pairs.add_routes(check, parts.records.check_pairs, parts.attempts)
    return check


def _data(pair: str) -> dict[str, Any]:
    return {
        "iceUrl": "/check/ice-servers",
        "reportsUrl": "/check/reports",
        "pairsUrl": "/check/pairs",
        "linkPath": "/check/with/",
        "socketUrl": "/ws?room=check",
        "pair": pair,
    }


def check_servers(
    fleet: Fleet, address: str | None, now: float
) -> tuple[IceServer, ...]:
    """Return STUN and TURN servers for somebody whom nobody knows.

    That makes no open relay of ours: credentials are good for five minutes, an address
    gets a few in that time (`limits.check_attempt`), and all checks of the world share
    eight names at the relay, of which one address has one. coturn bounds the relays of
    a name (`user-quota`) and the bytes of each (`max-bps`), so that checks together
    never hold more than a small share of what calls have, and whoever takes more than
    their part takes it from an eighth of the other checks.
    """
    digest = blake2b(network(address).encode(), digest_size=1).digest()
    holder = ParticipantId(f"check.{digest[0] % NAMES}")
    short = msgspec.structs.replace(fleet, ttl=CREDENTIAL_SECONDS)
    return short.servers(short.choose(RoomId(holder), now)[:1], holder, now)


def relay_word(fleet: Fleet, now: float) -> str:
    """Return what we see of the relays ourselves: up, down, or nothing known.

    So a page does not blame the network of somebody for a relay of ours that is down.
    """
    if not any(one.health for one in fleet.known):
        return ""
    standings = [one.standing(now) for one in fleet.known]
    return "down" if min(standings) is Standing.DOWN else "up"


async def _keep(parts: CheckPages, report: Report) -> Response:
    kept = CheckReport(
        code="",
        at=datetime.now(UTC),
        network=short_address(request.remote_addr),
        verdict=report.verdict.network,
        device=f"{report.browser.name}, {report.browser.platform}"[:120],
        body=msgspec.json.encode(report).decode(),
    )
    days = timedelta(days=parts.report_days)
    try:
        code = await parts.records.check_reports.add(kept, days)
    except Full:
        return error_json(503, _("No more reports can be taken now. Save it instead."))
    return jsonify(code=shown_code(code), days=parts.report_days)
