"""Pages that say one thing to anybody: privacy, an old browser, no network."""

from quart import Blueprint, render_template

from app.web.i18n import gettext as _


def blueprint() -> Blueprint:
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

    return notes
