"""For operators: alive, ready, metrics, and a log line for every request."""

import asyncio
import hmac
import ipaddress
import logging
import time
from collections.abc import Awaitable, Callable, Collection, Mapping

from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    generate_latest,
)
from quart import Blueprint, Response, abort, g, jsonify, request

from app.live.logs import short_address


log = logging.getLogger(__name__)

CHECK_SECONDS = 2.0

PROXIED = ("X-Forwarded-For", "X-Forwarded-Proto", "X-Real-IP", "Forwarded", "Via")
"""Headers by which a proxy can be told."""

Check = Callable[[], Awaitable[object]]
"""Returns if all is well, raises if not."""


def blueprint(
    checks: Mapping[str, Check],
    draining: Callable[[], bool],
    registry: CollectorRegistry,
    token: str | None,
) -> Blueprint:
    """The routes `/healthz`, `/readyz` and `/metrics`, and the log of requests."""
    ops = Blueprint("ops", __name__)
    _observe(ops, registry)
    readiness = Gauge(
        "deskside_ready", "Whether new visitors are welcome", registry=registry
    )

    async def find() -> tuple[bool, dict[str, str]]:
        names, outcomes = list(checks), await _run(checks.values())
        ready = not draining() and all(outcome == "ok" for outcome in outcomes)
        return ready, dict(zip(names, outcomes, strict=True))

    @ops.get("/healthz")
    async def healthz() -> Response:
        """Whether the process answers at all."""
        return jsonify({"status": "ok"})

    @ops.get("/readyz")
    async def readyz() -> Response:
        """Whether this node should get new visitors."""
        ready, found = await find()
        status = "draining" if draining() else "ready" if ready else "unavailable"
        response = jsonify({"status": status, "checks": found})
        response.status_code = 200 if ready else 503
        return response

    @ops.get("/metrics")
    async def metrics() -> Response:
        """Everything counted, for Prometheus."""
        if not may_read_metrics(token):
            abort(403)
        readiness.set((await find())[0])
        return Response(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)

    return ops


def may_read_metrics(token: str | None) -> bool:
    """Whether the asker has the token; where there is none, sits on this machine."""
    if token:
        given = request.headers.get("Authorization", "")
        return hmac.compare_digest(given.encode(), f"Bearer {token}".encode())
    try:
        address = ipaddress.ip_address(request.remote_addr or "")
    except ValueError:
        return False
    # A proxy on this machine speaks for others.
    return address.is_loopback and not any(name in request.headers for name in PROXIED)


async def _run(checks: Collection[Check]) -> list[str]:
    return list(await asyncio.gather(*(_outcome(check) for check in checks)))


async def _outcome(check: Check) -> str:
    try:
        await asyncio.wait_for(check(), CHECK_SECONDS)
    except Exception as error:  # noqa: BLE001  (whatever it is, it is not ready)
        log.warning("not ready", extra={"error": type(error).__name__})
        return "failed"
    return "ok"


def _observe(ops: Blueprint, registry: CollectorRegistry) -> None:
    """Count and log every request by its route: paths would show links."""
    requests = Counter(
        "deskside_http_requests",
        "Answered requests.",
        ["method", "route", "status"],
        registry=registry,
    )
    seconds = Histogram(
        "deskside_http_request_seconds",
        "From a request to the begin of its answer.",
        ["route"],
        registry=registry,
        buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
    )

    @ops.before_app_request
    async def begin() -> None:
        g.began = time.perf_counter()

    @ops.after_app_request
    async def end(response: Response) -> Response:
        took = time.perf_counter() - g.get("began", time.perf_counter())
        route = str(request.url_rule or "unknown")
        requests.labels(request.method, route, response.status_code).inc()
        seconds.labels(route).observe(took)
        _log_request(route, response.status_code, took)
        return response


def _log_request(route: str, status: int, took: float) -> None:
    quiet = route in ("/healthz", "/readyz", "/metrics") or route.startswith("/static/")
    log.log(
        logging.DEBUG if quiet else logging.INFO,
        "request",
        extra={
            "method": request.method,
            "route": route,
            "status": status,
            "ms": round(took * 1000, 1),
            "from": short_address(request.remote_addr),
        },
    )
