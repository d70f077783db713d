"""Pages that say one thing to anybody: privacy, an old browser, no network."""

from urllib.parse import urlsplit

from quart import Blueprint, Response, render_template, request

from app.web.auth import own_path
from app.web.i18n import gettext as _
from app.web.static import StaticFiles


def blueprint(files: StaticFiles) -> Blueprint:
    """The pages that need neither agent nor room."""
    notes = Blueprint("notes", __name__)

    @notes.get("/privacy")
    async def privacy() -> str:
        return await render_template("privacy.html")

    @notes.get("/too-old")
    async def too_old() -> str:
        return await render_template(
            "message.html",
            heading=_("This browser cannot make video calls"),
            paragraphs=[
                _("It is too old, or video calls are switched off in it."),
                _(
                    "Open your link in a current Chrome, Edge, Firefox or Safari, or "
                    "on another phone or computer."
                ),
            ],
            picture="globe",
            tone="warn",
        )

    @notes.get("/no-script")
    async def no_script() -> str:
        return await render_template(
            "message.html",
            heading=_("This page needs JavaScript"),
            paragraphs=[
                _("The video call is made by it, and it is switched off here."),
                _("Switch it on in the settings of your browser, then try again."),
            ],
            picture="globe",
            tone="warn",
            way=(_came_from(), _("Try again")),
        )

    @notes.get("/offline")
    async def offline() -> str:
        return await render_template("offline.html")

    @notes.get("/offline-worker.js")
    async def worker() -> Response:
        # At the root, because a worker serves only what is below its own address.
        asset = files.assets["js/offline-worker.js"]
        response = Response(asset.body, content_type=asset.type)
        response.headers["Cache-Control"] = "no-cache"
        return response

    return notes


def _came_from() -> str:
    """The page of ours that led here, else the start."""
    before = urlsplit(request.referrer or "")
    return own_path(before.path) if before.netloc == request.host else "/"
