"""The site: everything people see, put into the app."""

from dataclasses import dataclass
from pathlib import Path

from quart import Quart

from app.adapters.sql.records import Records
from app.live.fleet import FleetWatch
from app.protocol.tickets import Tickets
from app.web import brand, i18n, static, templating
from app.web.auth import Sessions
from app.web.brand import Brand
from app.web.i18n import Languages
from app.web.limits import Attempts
from app.web.news import AgentNews, Bells, Changes
from app.web.pages import (
    check,
    check_reports,
    console,
    customers,
    history,
    join,
    notes,
    relays,
    rooms,
    settings,
)
from app.web.rooms import Rooms
from app.web.static import StaticFiles
from app.web.visits import Visits


PUBLIC = frozenset({"brand.*", "check.*", "files.*", "join.*", "notes.*"})
"""Blueprints that need no agent."""

HERE = Path(__file__).resolve().parent.parent


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """What the pages are made of."""

    records: Records
    rooms: Rooms
    tickets: Tickets
    sessions: Sessions
    visits: Visits
    attempts: Attempts
    changes: Changes
    brand: Brand
    public_url: str
    country: str
    most_video_kbps: int
    fleet: FleetWatch
    relay_secret: bool
    report_days: int
    default_locale: str = i18n.SOURCE
    pseudo_locale: bool = False


def install(app: Quart, site: Site) -> None:
    """Register languages, templates, static files and every page.

    Raises FileNotFoundError where the browser libraries are not yet copied, and
    ValueError for a default locale without a catalog.
    """
    files = StaticFiles(HERE / "static")
    languages = Languages(
        HERE / "locale", site.default_locale, pseudo=site.pseudo_locale
    )
    secure = site.public_url.startswith("https:")
    i18n.install(app, languages, secure=secure)
    templating.install(app, files, languages, site.brand)
    news = AgentNews(site.changes, site.records.rooms)
    relay_news = Bells()
    site.fleet.listen(relay_news.ring_all)
    for blueprint in (
        static.blueprint(files),
        brand.blueprint(site.brand),
        notes.blueprint(files),
        console.blueprint(site.records, news),
        rooms.blueprint(
            rooms.RoomPages(
                site.rooms,
                site.tickets,
                news,
                site.public_url,
                site.country,
                site.most_video_kbps,
            )
        ),
        join.blueprint(
            join.JoinPages(
                site.rooms,
                site.tickets,
                site.visits,
                site.attempts,
                site.country,
                site.most_video_kbps,
            )
        ),
        customers.blueprint(site.records, site.country),
        customers.json_blueprint(site.records, site.country),
        history.blueprint(site.records),
        relays.blueprint(
            relays.RelayPages(
                site.records,
                lambda: site.fleet.current,
                site.fleet.look,
                relay_news,
                site.relay_secret,
            )
        ),
        check.blueprint(
            check.CheckPages(
                site.records,
                site.attempts,
                lambda: site.fleet.current,
                site.report_days,
            )
        ),
        check_reports.blueprint(site.records.check_reports, site.report_days),
        settings.blueprint(
            settings.SettingsPages(
                site.records, site.rooms, site.sessions, site.attempts, languages
            )
        ),
    ):
        app.register_blueprint(blueprint)
