"""Two check pages that look whether they reach each other: their mailbox.

One page makes a pair and shows its link; whoever opens that link first is the other
side. Both show a key (`X-Check-Key`) with each request, and read by asking again.
"""

from datetime import UTC, datetime

import msgspec
from quart import Blueprint, Response, jsonify, request

from app.adapters.sql.records.check_pairs import CheckPairs, Full
from app.domain.checks import Side
from app.web.errors import error_json
from app.web.i18n import gettext as _
from app.web.limits import Attempts, pair_attempt
from app.web.pages.check_requests import pause, read
from app.web.pages.check_shapes import Letter


LETTER_BYTES = 32 * 1024
KEY = "X-Check-Key"


def add_routes(check: Blueprint, pairs: CheckPairs, attempts: Attempts) -> None:
    """Add what the pages of a pair ask for."""

    @check.post("/pairs")
    async def begin() -> Response:
        attempt = pair_attempt(request.remote_addr)
        if refusal := await pause(attempts, attempt):
            return refusal
        try:
            pair, key = await pairs.begin(_now())
        except Full:
            return _full()
        return jsonify(pair=pair, key=key)

    @check.post("/pairs/<pair>/join")
    async def join(pair: str) -> Response:
        attempt = pair_attempt(request.remote_addr)
        if refusal := await pause(attempts, attempt):
            return refusal
        key = await pairs.join(pair, _now())
        if key is None:
            text = _("This link was used already, or is too old. Ask for a new one.")
            return error_json(410, text, "pair_over")
        return jsonify(pair=pair, key=key)

    @check.post("/pairs/<pair>/letters")
    async def post(pair: str) -> Response:
        side = await _side(pairs, pair)
        if isinstance(side, Response):
            return side
        letter = await read(Letter, LETTER_BYTES)
        if isinstance(letter, Response):
            return letter
        try:
            await pairs.post(pair, side, msgspec.json.encode(letter).decode())
        except Full:
            return _full()
        return Response("", 204)

    @check.get("/pairs/<pair>/letters")
    async def letters(pair: str) -> Response:
        side = await _side(pairs, pair)
        if isinstance(side, Response):
            return side
        after = request.args.get("after", 0, type=int)
        found = await pairs.letters(pair, side, min(max(after, 0), 2**31 - 1))
        return jsonify(
            letters=[
                {"number": letter.number, **msgspec.json.decode(letter.body)}
                for letter in found
            ]
        )


def _now() -> datetime:
    return datetime.now(UTC)


async def _side(pairs: CheckPairs, pair: str) -> Side | Response:
    side = await pairs.side(pair, request.headers.get(KEY, ""), _now())
    if side is None:
        text = _("This check has ended. Begin a new one.")
        return error_json(410, text, "pair_over")
    return side


def _full() -> Response:
    return error_json(503, _("Too many checks are going on. Try again later."))
