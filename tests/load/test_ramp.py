"""A ramp goes on while all is well, and says why it ends."""

import pytest

from loadtests.ramp import Ramp, percentile


PLAN = {
    "step": 100,
    "most_rooms": 250,
    "hold_seconds": 10,
    "p99_ms": 50,
    "failures": 0.01,
    "memory_mib": 500,
}


def climb(
    ramp: Ramp,
    at: float,
    *,
    times: dict[float, int],
    failures: int = 0,
    memory: float | None = 100,
) -> int | None:
    """Arrive at the target, and hold it; gives what follows."""
    told = {"requests": 1000 + int(at), "memory_mib": memory}
    ramp.step(now=at, users=ramp.target, times={}, failures=0, **told)  # type: ignore[arg-type]
    return ramp.step(
        now=at + 10,
        users=ramp.target,
        times=times,
        requests=2000 + int(at),
        failures=failures,
        memory_mib=memory,
    )


@pytest.fixture
def ramp() -> Ramp:
    """A ramp that has begun."""
    ramp = Ramp(PLAN)
    assert (
        ramp.step(now=0, users=0, times={}, requests=0, failures=0, memory_mib=1) == 100
    )
    return ramp


def test_ramp_goes_on_to_what_was_asked_for(ramp: Ramp) -> None:
    """Each step is held; the last is the most."""
    assert climb(ramp, 10, times={5: 100}) == 200
    assert ramp.held == 100
    assert climb(ramp, 30, times={5: 100}) == 250
    assert climb(ramp, 50, times={5: 100}) is None
    assert (ramp.held, ramp.why) == (250, "250 rooms, as many as were asked for")


def test_ramp_waits_for_its_rooms(ramp: Ramp) -> None:
    """While rooms are still opened nothing is judged."""
    told = {"times": {900.0: 50}, "requests": 50, "failures": 0, "memory_mib": 1.0}
    assert ramp.step(now=60, users=99, **told) == 100  # type: ignore[arg-type]
    assert ramp.held == 0


@pytest.mark.parametrize(
    ("trouble", "why"),
    [
        ({"times": {60: 100}}, "p99"),
        ({"times": {5: 98, 60: 2}}, "p99"),
        ({"times": {}}, "nothing was relayed"),
        ({"times": {5: 100}, "failures": 11}, "failed"),
        ({"times": {5: 100}, "memory": 501}, "MiB"),
    ],
)
def test_ramp_ends_where_it_is_too_much(
    ramp: Ramp, trouble: dict[str, object], why: str
) -> None:
    """The step before is what is held."""
    assert climb(ramp, 10, times={5: 100}) == 200
    assert climb(ramp, 30, **trouble) is None  # type: ignore[arg-type]
    assert ramp.held == 100
    assert why in ramp.why


def test_percentile_counts() -> None:
    """Of a histogram; what is gone from it does not count."""
    assert percentile({1: 99, 7: 1}, 0.99) == 1
    assert percentile({1: 98, 7: 2}, 0.99) == 7
    assert percentile({1: 0, 7: -3}, 0.99) is None
