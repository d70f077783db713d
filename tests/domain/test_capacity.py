"""What a deployment needs for so many calls."""

from itertools import pairwise
from math import exp, factorial, isclose

import pytest

from app.domain.capacity import (
    HEADROOM,
    Cost,
    Demand,
    Figures,
    Host,
    Machine,
    agents_for,
    erlang_b,
    held,
    load,
    plan,
    quantile,
    wire_kbps,
)


MIB = 2**20


def cost(app_cpu: float, operations: float = 0, rows: float = 0) -> Cost:
    """A cost whose other parts follow from the first."""
    return Cost(
        app_cpu=app_cpu,
        redis_cpu=app_cpu / 10,
        postgres_cpu=app_cpu / 10,
        redis_operations=operations,
        rows=rows,
        row_bytes=rows * 200,
    )


FIGURES = Figures(
    machine=Machine(
        processor="made up",
        cores=2,
        memory_gib=4,
        system="-",
        python="-",
        redis="-",
        postgres="-",
        deskside="-",
    ),
    measured_on="2026-11-01",
    measured_by="hand",
    call=cost(0.2, operations=100, rows=10),
    minute=cost(0.01, operations=20, rows=12),
    process=cost(0.02, operations=50),
    process_memory=100 * MIB,
    call_memory=MIB / 2,
    console_memory=MIB / 4,
    room_memory=2_000,
    inbox_memory=20 * MIB,
)
DEMAND = Demand(agents=100, calls_per_hour=300, minutes=12)
HOST = Host()


def test_calls_at_once_follow_from_rate_and_length() -> None:
    """Little's law, and how far chance exceeds the mean."""
    traffic = plan(FIGURES, DEMAND, HOST).traffic
    assert isclose(traffic.mean_calls, 60, rel_tol=1e-3)
    assert traffic.peak_calls == 85
    assert traffic.starts == 13
    assert isclose(traffic.calls_per_hour, 300, rel_tol=1e-3)


def test_nobody_has_two_calls() -> None:
    """Agents bound the calls at once, and it is told how many would be enough."""
    few = Demand(agents=40, calls_per_hour=300, minutes=12)
    made = plan(FIGURES, few, HOST)
    assert made.traffic.peak_calls == 40
    assert made.traffic.mean_calls <= 40
    assert isclose(made.traffic.blocked, erlang_b(60, 40))
    assert made.traffic.enough_agents == 75
    first = made.parts[0]
    assert (first.name, first.used) == ("agents", 75 / 40)


@pytest.mark.parametrize(("offered", "agents"), [(0.5, 1), (3, 5), (10, 10), (60, 75)])
def test_erlang_b_is_its_definition(offered: float, agents: int) -> None:
    """The recursion gives what Erlang's formula says."""
    terms = [offered**busy / factorial(busy) for busy in range(agents + 1)]
    assert isclose(erlang_b(offered, agents), terms[-1] / sum(terms))


def test_erlang_b_bears_many_agents() -> None:
    """Where nearly nobody calls, nobody is turned away."""
    assert erlang_b(0.01, 100_000) == 0


def test_agents_are_just_enough() -> None:
    """One less would turn away more than one of a hundred."""
    enough = agents_for(60)
    assert erlang_b(60, enough) <= 0.01 < erlang_b(60, enough - 1)


@pytest.mark.parametrize("mean", [0.01, 1.0, 60.0, 600.0])
def test_quantile_is_its_definition(mean: float) -> None:
    """The first number at which the sum of Poisson's terms is enough."""
    term, number = exp(-mean), 0
    below = term
    while below < 0.999:
        number += 1
        term *= mean / number
        below += term
    assert quantile(mean) == number


def test_quantile_bears_nothing_and_much() -> None:
    """No calls are none; a large mean neither overflows nor takes long."""
    assert quantile(0) == 0
    assert 1_000_000 < quantile(1_000_000) < 1_005_000


def test_costs_add_up() -> None:
    """What a second costs is its beginnings, its calls, and the processes."""
    second = load(FIGURES, starts=0.5, calls=60, processes=2)
    assert isclose(second.app_cpu, 0.5 * 0.2 + 60 * 0.01 / 60 + 2 * 0.02)
    assert isclose(second.redis_operations, 0.5 * 100 + 20 + 2 * 50)
    assert isclose(second.cpu, second.app_cpu * 1.2)


def test_memory_is_of_processes_calls_and_consoles() -> None:
    """A console beside a call is counted with the call."""
    assert held(FIGURES, calls=10, consoles=4, processes=2) == (200 + 5 + 1) * MIB


def test_service_has_two_processes_at_least() -> None:
    """One serves while the other restarts."""
    service = plan(FIGURES, DEMAND, HOST).service
    assert service.processes == 2
    assert isclose(service.app_memory, held(FIGURES, 85, 15, 2))
    assert isclose(service.rows_a_day, 3000 * (10 + 12 * 12), rel_tol=1e-3)
    redis_memory = 3000 * 2_000 + 2 * 20 * MIB
    assert isclose(service.redis_memory, redis_memory, rel_tol=1e-3)


def test_processes_are_enough_for_the_peak() -> None:
    """None is busier than the headroom allows, with what it does without calls."""
    much = Demand(agents=20_000, calls_per_hour=50_000, minutes=12)
    service = plan(FIGURES, much, HOST).service
    assert service.app_cores / service.processes <= HEADROOM
    fewer = service.processes - 1
    assert service.app_cores - 0.02 > HEADROOM * fewer


def test_relay_carries_both_sides_in_each_direction() -> None:
    """What comes in goes out: twice the rate of a side, with headers."""
    relaying = plan(FIGURES, DEMAND, HOST).relaying
    assert relaying.calls == quantile(60 * 0.2)
    assert isclose(relaying.mbps, relaying.calls * 2 * wire_kbps(1_500) / 1_000)
    a_day = 3000 * 12 * 60 * 0.2 * 2 * wire_kbps(1_500) * 1_000 / 8
    assert isclose(relaying.bytes_a_day, a_day, rel_tol=1e-3)


def test_headers_weigh_more_where_packets_are_small() -> None:
    """Sound alone nearly doubles; a picture grows by some percent."""
    assert isclose(wire_kbps(32), 32 + (50 + 32_000 / 8 / 1_100) * 62 * 8 / 1_000)
    assert 1.05 < wire_kbps(1_500) / 1_500 < 1.1


def test_every_call_takes_allocations() -> None:
    """Of both browsers, at every URL, whether they are needed or not."""
    none_relayed = Demand(agents=100, calls_per_hour=300, minutes=12, relayed=0)
    relaying = plan(FIGURES, none_relayed, HOST).relaying
    assert (relaying.calls, relaying.mbps, relaying.hosts) == (0, 0, 1)
    assert relaying.allocations == 85 * 2 * 4


@pytest.mark.parametrize("host", [Host(line_mbps=100), Host(quota=400)])
def test_more_relays_come_when_one_is_full(host: Host) -> None:
    """By its line or its quota; a second one is given to calls as a spare, too."""
    relaying = plan(FIGURES, DEMAND, host).relaying
    assert relaying.hosts >= 2
    assert relaying.allocations == 85 * 2 * 6
    assert relaying.mbps / relaying.hosts <= host.line_mbps * HEADROOM
    assert relaying.allocations / relaying.hosts <= host.quota * 0.8


def test_first_part_is_the_shortest() -> None:
    """In falling order, and each at its turn."""
    made = plan(FIGURES, DEMAND, HOST)
    assert all(one.used >= other.used for one, other in pairwise(made.parts))
    many = Demand(agents=1_000, calls_per_hour=300, minutes=12)

    def first(host: Host) -> str:
        return plan(FIGURES, many, host).parts[0].name

    assert first(Host(memory_gib=0.5)) == "memory"
    assert first(Host(line_mbps=10)) == "relay's line"
    assert first(Host(quota=50)) == "relay's quota"
    busy = Demand(agents=60_000, calls_per_hour=200_000, minutes=12, relayed=0)
    roomy = Host(memory_gib=16_000, quota=1_000_000)
    assert plan(FIGURES, busy, roomy).parts[0].name == "processors"
    assert (
        plan(FIGURES, busy, Host(cores=1024, memory_gib=16_000, quota=1_000_000))
        .parts[0]
        .name
        == "Redis"
    )
