"""Checks run together, bounded, and each ends in a result."""

import asyncio
import ssl

import pytest

from app.doctor import registry, runner
from app.doctor.addresses import Site
from app.doctor.registry import Check, choose
from app.doctor.results import Amiss, Finding, NotApplicable, Result, State, ok
from app.doctor.target import Target


NOWHERE = Target(site=Site.of("https://nothing.invalid"))


def check_that(outcome: Finding | Exception, seconds: float = 5) -> Check:
    """A check that comes to this."""

    async def ask(_target: Target) -> Finding:
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    return Check("this", ask, seconds)


async def outcome_of(outcome: Finding | Exception) -> Result:
    """How the runner tells it."""
    (result,) = await runner.run([check_that(outcome)], NOWHERE)
    return result


async def test_finding_becomes_a_result() -> None:
    """Words and numbers are kept; the time is measured."""
    result = await outcome_of(ok("fine", speed=3.0))
    assert (result.name, result.state, result.seen) == ("this", State.OK, "fine")
    assert result.numbers == {"speed": 3.0}
    assert result.seconds >= 0


@pytest.mark.parametrize(
    ("error", "state", "words"),
    [
        (NotApplicable("no key"), State.SKIPPED, "no key"),
        (Amiss("it is red", "paint it"), State.FAIL, "it is red"),
        (ConnectionRefusedError(111, "refused"), State.FAIL, "refused"),
        (ssl.SSLError(1, "bad record"), State.FAIL, "bad record"),
        (ZeroDivisionError("oh"), State.FAIL, "the check itself broke"),
    ],
)
async def test_whatever_happens_is_told_in_words(
    error: Exception, state: State, words: str
) -> None:
    """No error ends the run, and each failure has a fix."""
    result = await outcome_of(error)
    assert (result.state, words in result.seen) == (state, True)
    assert bool(result.fix) is (state is State.FAIL)


async def test_check_that_takes_too_long_has_failed() -> None:
    """Nothing waits for ever."""

    async def sleep(_target: Target) -> Finding:
        await asyncio.sleep(60)
        return ok("never")

    (result,) = await runner.run([Check("slow", sleep, 0.05)], NOWHERE)
    assert result.state is State.FAIL
    assert "nobody answers" in result.seen


async def test_checks_run_together_but_not_all() -> None:
    """Some at once; results are told as they come and returned in order."""
    running, most = 0, 0

    async def ask(_target: Target) -> Finding:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await asyncio.sleep(0.02)
        running -= 1
        return ok("done")

    told: list[str] = []
    checks = [Check(f"c{number}", ask) for number in range(20)]
    results = await runner.run(checks, NOWHERE, lambda result: told.append(result.name))
    assert most == runner.AT_ONCE
    assert [result.name for result in results] == [check.name for check in checks]
    assert sorted(told) == sorted(check.name for check in checks)


def test_checks_are_chosen_by_name_or_subject() -> None:
    """Of no names all; the call can be left out; what there is not is told."""
    assert choose([]) == list(registry.CHECKS)
    assert [check.name for check in choose(["disk"])] == ["disk"]
    assert {check.name for check in choose(["tls", "stun"])} == {
        "tls-web",
        "tls-turns",
        "tls-turn-443",
        "tls-no-name",
        "tls-same",
        "stun",
    }
    assert "call" not in {check.name for check in choose([], with_call=False)}
    with pytest.raises(ValueError, match="no check tsl; there are dns-web"):
        choose(["tsl"])


def test_names_are_one_each_and_every_check_explains_itself() -> None:
    """Metrics and `--only` go by the name; its docstring says what must be."""
    names = [check.name for check in registry.CHECKS]
    assert len(set(names)) == len(names)
    assert all(check.ask.__doc__ for check in registry.CHECKS)
