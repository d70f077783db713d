"""Runs checks together, bounded in time and number, and turns all into results."""

import asyncio
import logging
import ssl
import time
from collections.abc import Callable, Sequence

from app.adapters.turn_client import Refused, Silence
from app.doctor.http import HttpError
from app.doctor.registry import Check
from app.doctor.results import (
    Amiss,
    Finding,
    NotApplicable,
    Result,
    State,
    fail,
)
from app.doctor.target import Target
from app.doctor.websocket import Closed, Rejected


log = logging.getLogger(__name__)

AT_ONCE = 6
"""How many checks run together: a doctor is no load test, and no attack."""

SLOW = 60.0
"""Checks that may take longer mostly wait, so they take nobody's turn."""

REACH = (
    "Does the host run, and do name, firewall and provider let it be reached? Try it "
    "with curl -v or openssl s_client."
)

Told = Callable[[Result], None]


async def run(
    checks: Sequence[Check], target: Target, told: Told = lambda _result: None
) -> list[Result]:
    """Run all; `told` hears of each result as it comes. They come back in order."""
    turns = asyncio.Semaphore(AT_ONCE)

    async def one(check: Check) -> Result:
        if check.seconds > SLOW:
            result = await examine(check, target)
        else:
            async with turns:
                result = await examine(check, target)
        told(result)
        return result

    return list(await asyncio.gather(*map(one, checks)))


async def examine(check: Check, target: Target) -> Result:
    """Run one check to its result, whatever happens."""
    began = time.perf_counter()
    finding = await _find(check, target)
    return Result(
        name=check.name,
        state=finding.state,
        seen=finding.seen,
        fix=finding.fix,
        numbers=finding.numbers,
        seconds=round(time.perf_counter() - began, 3),
    )


async def _find(check: Check, target: Target) -> Finding:
    try:
        async with asyncio.timeout(check.seconds):
            return await check.ask(target)
    except Exception as error:  # noqa: BLE001  (whatever it is becomes words)
        return _told_by(error, check)


def _told_by(error: Exception, check: Check) -> Finding:
    match error:
        case NotApplicable():
            return Finding(State.SKIPPED, str(error))
        case Amiss(seen=seen, fix=fix):
            return fail(seen, fix)
        case TimeoutError():
            return fail(f"not done in {check.seconds:.0f} s: nobody answers", REACH)
        case ssl.SSLError():
            return fail(_words(error), "See `tls-web` and the other tls checks.")
        case OSError() | HttpError() | Refused() | Silence() | Closed() | Rejected():
            return fail(_words(error), REACH)
        case _:
            log.error("check %s", check.name, exc_info=error)
            seen = f"the check itself broke: {type(error).__name__}: {error}"
            return fail(seen, "A fault of the doctor; the lines above say where.")


def _words(error: Exception) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"the certificate is not trusted: {error.verify_message}"
    return str(error).strip() or type(error).__name__
