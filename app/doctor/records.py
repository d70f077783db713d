"""What the service keeps, as seen from its own host."""

import asyncio
import time

from sqlalchemy import make_url
from sqlalchemy.exc import SQLAlchemyError

from app.adapters.redis_backplane import RedisBackplane
from app.adapters.sql.migrations import is_current
from app.adapters.sql.records import Records
from app.doctor.results import Finding, NotApplicable, fail, ok
from app.doctor.target import Target
from app.domain.ids import NodeId
from app.ports import BackplaneError
from app.settings import Settings


MANY_FACTS = 1000
PATIENCE = 10.0
PAUSE = 0.5


async def database(target: Target) -> Finding:
    """The database answers and has the newest schema."""
    settings = _settings(target)
    shown = make_url(settings.database_url).render_as_string(hide_password=True)
    began = time.perf_counter()
    try:
        current = await _is_current(settings.database_url)
    except (SQLAlchemyError, OSError) as error:
        return fail(
            f"{shown}: {_brief(error)}",
            "Is it running, and may this host connect? systemctl status postgresql; "
            "the password is in DESKSIDE_DATABASE_URL.",
        )
    took = time.perf_counter() - began
    if not current:
        return fail(f"{shown} has an older schema", "Run: deskside migrate")
    return ok(f"{shown} answers", answered_seconds=took)


async def _is_current(url: str) -> bool:
    records = Records.open(url)
    try:
        return await is_current(records.engine)
    finally:
        await records.close()


async def redis(target: Target) -> Finding:
    """Redis answers to our password."""
    settings = _settings(target)
    if not settings.redis_url:
        raise NotApplicable("live rooms are in the memory of one process")
    began = time.perf_counter()
    try:
        await _ping(settings.redis_url)
    except BackplaneError as error:
        return fail(
            f"Redis: {_brief(error)}",
            "Is it running, and may this host connect? systemctl status redis-server; "
            "the password is in DESKSIDE_REDIS_URL.",
        )
    return ok("Redis answers", answered_seconds=time.perf_counter() - began)


async def _ping(url: str) -> None:
    backplane = RedisBackplane(url, NodeId("doctor"))
    try:
        await backplane.ping()
    finally:
        await backplane.close()


async def facts(target: Target) -> Finding:
    """What happened in calls gets written."""
    settings = _settings(target)
    if not settings.redis_url:
        raise NotApplicable("they wait in the memory of one process")
    backplane = RedisBackplane(settings.redis_url, NodeId("doctor"))
    try:
        first, last = await _watch(backplane)
    except BackplaneError as error:
        raise NotApplicable("Redis does not answer: see `redis`") from error
    finally:
        await backplane.close()
    if (last and last >= first) or last > MANY_FACTS:
        return fail(
            f"{last} facts of calls wait and are not written",
            "Does the database answer (see `database`), and does a node run? "
            "journalctl -u 'deskside@*' has the reason. They are written once it does.",
            unwritten=last,
        )
    return ok(f"{last} wait" if last else "all are written", unwritten=last)


async def _watch(backplane: RedisBackplane) -> tuple[int, int]:
    """Return how many waited at first, and after all the time they may need."""
    first = last = await backplane.unwritten()
    deadline = time.monotonic() + PATIENCE
    while last and time.monotonic() < deadline:
        await asyncio.sleep(PAUSE)
        last = await backplane.unwritten()
    return first, last


def _settings(target: Target) -> Settings:
    if target.settings is None:
        raise NotApplicable("only on the service's own host")
    return target.settings


def _brief(error: BaseException) -> str:
    cause = getattr(error, "orig", None) or error
    lines = str(cause).strip().splitlines()
    return lines[0] if lines else type(cause).__name__
