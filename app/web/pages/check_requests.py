"""What requests of the check page share: they are counted, their JSON is bounded."""

from typing import TypeVar

import msgspec
from quart import Response, abort, request

from app.web.errors import error_json
from app.web.i18n import gettext as _
from app.web.limits import Attempt, Attempts


T = TypeVar("T")


async def pause(attempts: Attempts, attempt: tuple[Attempt, ...]) -> Response | None:
    """Count a request; gives the answer to one too many."""
    seconds = await attempts.take(attempt)
    if not seconds:
        return None
    text = _("Too many checks from here. Try again in %(minutes)s min.")
    response = error_json(429, text % {"minutes": -(-seconds // 60)})
    response.headers["Retry-After"] = str(seconds)
    return response


async def read(shape: type[T], most: int) -> T | Response:
    """Read the JSON of a request, of so many bytes at most; else the refusal."""
    body = await request.get_data()
    if len(body) > most:
        abort(413)
    try:
        return msgspec.json.decode(body, type=shape)
    except msgspec.DecodeError as wrong:
        return error_json(422, str(wrong)[:200])
