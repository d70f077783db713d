"""Wires one node: which part is given which."""

import asyncio
import logging
import secrets
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager, nullcontext

from prometheus_client import CollectorRegistry, ProcessCollector
from quart import Quart, websocket

from app import __version__
from app.adapters.memory import Memory, MemoryBackplane
from app.adapters.redis_backplane import RedisBackplane
from app.adapters.relay_probe import probe_relay
from app.adapters.relay_statistics import RedisRelayStatistics
from app.adapters.sql.migrations import obstacle
from app.adapters.sql.records import Records
from app.domain.ids import NodeId
from app.domain.relays import Fleet, declared
from app.live.duties import end
from app.live.fleet import FleetWatch
from app.live.hub import Hub
from app.live.keeper import Keeper
from app.live.ledger import Ledger
from app.live.metrics import Metrics
from app.live.relay_probes import RelayProbes
from app.live.relay_watch import RelayWatch
from app.live.transact import Transactor
from app.ports import Backplane
from app.protocol.tickets import Tickets
from app.settings import Settings
from app.web import (
    api,
    auth,
    errors,
    listener,
    load_api,
    openapi,
    ops,
    proxy,
    security,
    site,
    socket,
    templating,
)
from app.web.brand import Brand
from app.web.idle import Idle
from app.web.limits import Attempts
from app.web.rooms import Rooms
from app.web.visits import Visits


log = logging.getLogger(__name__)

PUBLIC = site.PUBLIC | {"auth.*", "ops.*", "socket.*", "api.*", "load.*", "openapi"}
"""Endpoints and blueprints that need no agent; `api` and `load` ask for keys."""

FLUSH_SECONDS = 5.0


def create(settings: Settings) -> Quart:  # noqa: PLR0915  (a list of parts)
    """Make the app of one node; it comes to life when it is served."""
    clock = time.time
    registry = CollectorRegistry()
    metrics = Metrics(registry)
    ProcessCollector(registry=registry)
    tickets = Tickets(settings.secret)
    cookies = security.Cookies(settings.secure)

    records = Records.open(settings.database_url)
    attempts = Attempts(settings.redis_url)
    backplane = _backplane(settings)

    transactor = Transactor(backplane, clock, metrics)
    fleet = _fleet(settings, backplane, records)
    hub = Hub(backplane, transactor, tickets, lambda: fleet.current, clock, metrics)
    fleet.listen(hub.relays_changed)
    rooms = _rooms(settings, records, hub)
    keeper = Keeper(backplane, transactor, hub, records.rooms, rooms.terms_until, clock)
    ledger = Ledger(backplane, records, metrics)
    probes = RelayProbes(backplane, lambda: fleet.current, probe_relay, clock, registry)
    runs = [keeper.run, ledger.run, fleet.run, probes.run]
    if settings.relay_statistics_url:
        runs.append(_relay_watch(settings, backplane, registry).run)
    sessions = auth.Sessions(records.sessions, cookies, settings.secret)

    app = Quart("app", static_folder=None, template_folder="web/templates")
    app.extensions["hub"] = hub
    checks = {"database": lambda: _migrated(records), "live": backplane.ping}
    # First, so that it sees every request and every answer.
    app.register_blueprint(
        ops.blueprint(checks, lambda: hub.draining, registry, settings.metrics_token)
    )
    security.install(app, settings.public_url)
    errors.install(app)
    pages = site.Site(
        records=records,
        rooms=rooms,
        tickets=tickets,
        sessions=sessions,
        visits=Visits(settings.secret, cookies),
        attempts=attempts,
        changes=hub.changes,
        brand=_brand(settings),
        public_url=settings.public_url,
        country=settings.default_country,
        most_video_kbps=settings.max_video_kbps,
        fleet=fleet,
        relay_secret=bool(settings.turn_secret),
        report_days=settings.report_days,
        default_locale=settings.default_locale,
        pseudo_locale=settings.pseudo_locale,
    )
    site.install(app, pages)
    app.register_blueprint(
        auth.blueprint(
            records.agents,
            sessions,
            attempts,
            public=PUBLIC,
            load_tests=settings.load_tests,
        )
    )
    app.register_blueprint(
        socket.blueprint(hub, Idle(records), _own_origin(settings.public_url))
    )
    app.register_blueprint(
        api.blueprint(
            records,
            rooms,
            tickets=tickets,
            fleet=lambda: fleet.current,
            public_url=settings.public_url,
            country=settings.default_country,
        )
    )
    app.register_blueprint(
        load_api.blueprint(records, rooms, allowed=settings.load_tests)
    )
    openapi.install(app, __version__)
    templating.run_in_the_loop(app)
    if settings.proxy_hops:
        proxied = proxy.behind(app.asgi_app, settings.proxy_hops)
        app.asgi_app = proxied  # type: ignore[method-assign]

    @app.while_serving
    async def life() -> AsyncGenerator[None, None]:
        duties = [asyncio.create_task(run()) for run in runs]
        async with hub.running(), _listening(settings, hub):
            yield
        # To the end of each: a database connection must not be left half closed.
        await end(duties)
        await _flush(ledger)
        await attempts.close()
        await backplane.close()
        await records.close()

    return app


def _listening(settings: Settings, hub: Hub) -> AbstractAsyncContextManager[None]:
    """The port for sockets alone, where there is one."""
    if settings.socket_port is None:
        return nullcontext()
    address = settings.host, settings.socket_port
    return listener.listening(hub, address, settings.proxy_hops, settings.public_url)


def _backplane(settings: Settings) -> Backplane:
    # The name of a node that died must not come back before its seats are given up.
    node = NodeId(f"{settings.node}.{secrets.token_hex(3)}")
    if settings.redis_url:
        return RedisBackplane(settings.redis_url, node)
    return MemoryBackplane(Memory(), node)


def _relay_watch(
    settings: Settings, backplane: Backplane, registry: CollectorRegistry
) -> RelayWatch:
    statistics = RedisRelayStatistics(settings.relay_statistics_url or "")
    return RelayWatch(backplane, statistics, settings.relay_quota, registry)


def _fleet(settings: Settings, backplane: Backplane, records: Records) -> FleetWatch:
    base = Fleet(
        stun_urls=settings.stun_urls,
        secret=settings.turn_secret or "",
        ttl=settings.turn_ttl,
    )
    named = tuple(declared(settings.stun_urls, settings.turn_urls))
    return FleetWatch(backplane, records.relays, base, named)


def _rooms(settings: Settings, records: Records, hub: Hub) -> Rooms:
    return Rooms(
        records,
        hub,
        lifetime_hours=settings.room_lifetime_hours,
        no_show_minutes=settings.no_show_minutes,
        max_call_minutes=settings.max_call_minutes,
        grace_seconds=settings.grace_seconds,
    )


def _brand(settings: Settings) -> Brand:
    return Brand(settings.brand_name, settings.brand_accent, settings.brand_logo_file)


def _own_origin(public_url: str) -> Callable[[str | None], bool]:
    def own(origin: str | None) -> bool:
        return security.origin_allowed(
            origin, websocket.scheme, websocket.host, public_url
        )

    return own


async def _migrated(records: Records) -> None:
    if wrong := await obstacle(records.engine):
        raise RuntimeError(wrong)


async def _flush(ledger: Ledger) -> None:
    """Write the facts of the last moments."""
    try:
        async with asyncio.timeout(FLUSH_SECONDS):
            while await ledger.write_some():
                pass
    except Exception as error:  # noqa: BLE001  (with Redis another node writes them)
        log.warning("facts left unwritten", extra={"error": type(error).__name__})
