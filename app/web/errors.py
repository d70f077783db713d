"""What a refused or failed request answers: a page to people, JSON to programs."""

import logging
from collections.abc import Mapping

from quart import (
    Quart,
    Response,
    has_request_context,
    jsonify,
    make_response,
    render_template,
    request,
    websocket,
)
from quart.typing import ResponseReturnValue
from werkzeug.exceptions import HTTPException

from app.web.i18n import gettext as _


log = logging.getLogger(__name__)

CODES = {
    400: "bad_request",
    401: "not_logged_in",
    403: "forbidden",
    404: "not_found",
    405: "method_not_allowed",
    408: "timeout",
    409: "conflict",
    410: "gone",
    413: "too_large",
    415: "unsupported_type",
    422: "invalid",
    429: "too_many_attempts",
    500: "internal",
    503: "unavailable",
}


def wants_page() -> bool:
    """Whether the asker is a person: a browser names text/html when it navigates.

    `fetch` and programs send `*/*` or a type of their own, and get JSON.
    """
    if not has_request_context() or request.path.startswith("/api/"):
        return False  # Without a request it is a WebSocket that was not accepted.
    return any(kind == "text/html" for kind, _q in request.accept_mimetypes)


def error_json(
    status: int, text: str, code: str = "", fields: Mapping[str, str] | None = None
) -> Response:
    """A JSON error; `fields` says what is wrong with which field."""
    error: dict[str, object] = {"code": code or CODES.get(status, "error")}
    error["text"] = text
    if fields:
        error["fields"] = dict(fields)
    response: Response = jsonify({"error": error})
    response.status_code = status
    return response


def words(status: int) -> tuple[str, str]:
    """What happened, and what can be done about it."""
    known = {
        400: (_("That did not work"), _("Go back, reload the page and try again.")),
        401: (_("You are not logged in"), _("Log in and try again.")),
        403: (_("This is not for you"), _("Ask an administrator if you need it.")),
        404: (
            _("There is nothing here"),
            _("Check the address, or ask for a new link."),
        ),
        408: (_("That took too long"), _("Check your connection and try again.")),
        413: (_("That is too much"), _("Send less at once.")),
        429: (_("Too many attempts"), _("Wait a few minutes, then try again.")),
        503: (_("We are not ready"), _("Wait a moment, then reload the page.")),
    }
    if status < 500:
        return known.get(status, known[400])
    trouble = (_("Something broke on our side"), _("Wait a moment, then try again."))
    return known.get(status, trouble)


async def answer(status: int) -> Response:
    """The page or the JSON for a status."""
    title, text = words(status)
    if not wants_page():
        return error_json(status, f"{title}. {text}")
    body = await render_template("error.html", status=status, title=title, text=text)
    response = await make_response(body, status)
    assert isinstance(response, Response)  # noqa: S101  (werkzeug's own is not made here)
    return response


def install(app: Quart) -> None:
    """Answer every error of the app this way."""

    @app.errorhandler(HTTPException)
    async def refused(error: HTTPException) -> ResponseReturnValue:
        if error.response is not None:
            return error.response  # type: ignore[return-value]  # made by `abort(response)`
        response = await answer(error.code or 500)
        for name, value in error.get_headers():
            if name.lower() not in ("content-type", "content-length"):
                response.headers[name] = value
        return response

    @app.errorhandler(Exception)
    async def failed(error: Exception) -> ResponseReturnValue:
        # Nothing of the exception reaches the browser; the log has it all.
        asked = request if has_request_context() else websocket
        route = str(asked.url_rule or "unknown")
        log.error("request failed", exc_info=error, extra={"route": route})
        return await answer(500)
