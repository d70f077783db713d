"""What check pages have sent, for the people who help: by code, and the latest."""

from datetime import UTC, datetime, timedelta

import msgspec
from quart import Blueprint, Response, abort, redirect, render_template, request
from quart.typing import ResponseReturnValue

from app.adapters.sql.records.check_reports import CheckReports
from app.domain.checks import CheckReport, read_code, shown_code
from app.web.auth import current_agent
from app.web.i18n import gettext as _


SHOWN = 50


def blueprint(reports: CheckReports, days: int) -> Blueprint:
    """The list with its field for a code, one report, and the same as a file."""
    routes = Blueprint("check_reports", __name__, url_prefix="/reports")
    kept = timedelta(days=days)

    async def find(code: str) -> CheckReport:
        report = await reports.read(read_code(code)[:16], datetime.now(UTC) - kept)
        return report or abort(404)

    async def list_page(code: str, error: str) -> str:
        return await render_template(
            "check_reports.html",
            agent=current_agent(),
            reports=await reports.recent(datetime.now(UTC) - kept, SHOWN),
            days=days,
            page=f"{request.host}/check",
            code=code,
            error=error,
            shown=shown_code,
            words=verdicts(),
        )

    @routes.get("")
    async def page() -> ResponseReturnValue:
        code = request.args.get("code", "").strip()[:20]
        if not code:
            return await list_page("", "")
        wanted = read_code(code)[:16]
        if await reports.read(wanted, datetime.now(UTC) - kept):
            return redirect(f"/reports/{wanted}", 303)
        text = _(
            "There is no report with this code, or it is too old. Ask for it again."
        )
        return await list_page(code, text), 404

    @routes.get("/<code>")
    async def report(code: str) -> str:
        found = await find(code)
        return await render_template(
            "check_report.html",
            agent=current_agent(),
            report=found,
            code=shown_code(found.code),
            data={"report": msgspec.json.decode(found.body)},
        )

    @routes.get("/<code>/report.json")
    async def file(code: str) -> Response:
        found = await find(code)
        body = msgspec.json.format(found.body, indent=2)
        response = Response(body, content_type="application/json")
        name = f"check-{shown_code(found.code)}.json"
        response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
        return response

    return routes


def verdicts() -> dict[str, str]:
    """What was found about the network, in a few words each."""
    return {
        "open": _("Everything works"),
        "udp_blocked": _("No UDP, works by TCP"),
        "only_443": _("Works through port 443 only"),
        "proxy_only": _("Works through a proxy only"),
        "relay_unreachable": _("The relay is not reached"),
        "relay_down": _("The relay is down"),
        "relay_refused": _("The relay refuses"),
        "name_not_found": _("The relay's name is not found"),
        "no_path": _("No way for video"),
        "no_relay": _("No relay is set up"),
        "no_socket": _("WebSockets are blocked"),
        "offline": _("Offline"),
        "old_browser": _("The browser is too old"),
        "insecure": _("The page is not secure"),
    }
