"""Pages that say one thing to anybody: privacy, an old browser, no network."""

from quart import Blueprint, Response, render_template

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
