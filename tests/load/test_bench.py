"""The benchmark measures what it says: one tiny round of every system, for real."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest

from loadtests.bench import figures, systems
from loadtests.bench.plot import draw
from loadtests.bench.systems import System
from loadtests.bench.table import table


@pytest.fixture(params=systems.ALL, ids=lambda make: make.__name__)
def system(request: pytest.FixtureRequest) -> Iterator[System]:
    """A running system."""
    with request.param() as system:
        yield system


async def test_small_round(system: System) -> None:
    """Calls connect and end, messages arrive, and both cost the server something."""
    assert 0 < await figures.call_setup(system, 20) < 1
    async with figures.held(system, 4) as pairs:
        relayed = await figures.relay(system, pairs, 80, 0.5)
        sides = [side for pair in pairs for side in pair.sides.values()]
        assert sum(side.relayed for side in sides) > 20
    assert 0 < relayed["p50"] <= relayed["p99"] < 5


async def test_everybody_comes_back(system: System) -> None:
    """After the server died everybody is seated again; seats last as rooms do."""
    found = await figures.storm(system, 6, restart=True)
    assert found["seconds"] < 60
    assert found["kept"] == float(system.name == "Deskside on Redis")


async def test_storm_keeps_seats() -> None:
    """Whose sockets were cut sits where they sat."""
    with systems.deskside() as system:
        assert (await figures.storm(system, 20, restart=False))["kept"] == 1


async def test_rooms_are_spread_over_processes() -> None:
    """Each process gets some, and what they say is kept in one history."""
    with systems.deskside_four() as system:
        async with figures.held(system, 40) as pairs:
            ports = {system.port_of(pair.room) for pair in pairs}
            relayed = await figures.relay(system, pairs, 80, 0.5)
    assert len(ports) == 4
    assert 0 < relayed["p50"] < 5


async def test_call_is_written_down() -> None:
    """What a call costs includes its history."""
    with systems.deskside() as system:
        await figures.call_setup(system, 3)
        file = system.server.folder / "deskside.db"
        with closing(sqlite3.connect(file)) as database:
            ended = database.execute("SELECT count(ended_at) FROM calls").fetchone()
    assert ended == (3,)


GROWTH = [{"rooms": n, "cpu": 4e-5, "p99": 0.01, "memory": 4e8} for n in (1, 5_000)]
FOUND: dict[str, dict[str, Any]] = {
    "Deskside": {"call": 0.001, "p99": 0.002, "growth": GROWTH},
    "PeerJS": {"call": 0.002, "p99": 0.001},
}


def test_table_tells_ratios_and_targets() -> None:
    """Ratios are to ours, and each target is met or missed."""
    lines = table(FOUND).splitlines()
    assert any(
        line.split() == ["PeerJS", "/", "Deskside", "2.00", "0.50"] for line in lines
    )
    assert "met     a call, times PeerJS: 0.5 (at most 1)" in lines
    assert "met     10,000 sockets of one process, MB: 400 (at most 500)" in lines


def test_plot_shows_every_system() -> None:
    """It is one picture with every system and every number of rooms in it."""
    drawn = draw(FOUND)
    assert drawn.startswith("<svg")
    assert all(f">{text}</text>" in drawn for text in (*FOUND, "5,000"))
