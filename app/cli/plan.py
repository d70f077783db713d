"""`deskside plan`: what a deployment needs for so many calls."""

import textwrap
from collections.abc import Iterator
from importlib.resources import files
from math import isnan
from typing import Any

import click
import msgspec

from app.cli.shared import table
from app.domain import capacity
from app.domain.capacity import Demand, Figures, Host, Plan


FIGURES = files("app") / "figures.json"
"""What was measured: see ``loadtests/capacity/measure.py``."""

WIDTH = 88
GIB, MIB, GB, MB = 2**30, 2**20, 1e9, 1e6
SOON = 0.05
"""A part of which less is used is left out where nothing is short."""


class Share(click.ParamType[float]):
    """A part of the whole: 20% or 0.2."""

    name = "share"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """Read it; ends where it is none."""
        if isinstance(value, float):
            return value
        text = str(value).strip()
        try:
            number = float(text.removesuffix("%"))
        except ValueError:
            number = -1.0
        share = number / 100 if text.endswith("%") else number
        if not 0 <= share <= 1:
            self.fail(f"{text!r} is no share: write 20% or 0.2.", param, ctx)
        return share


class Number(click.FloatRange):
    """A number of a range, of which NaN is none."""

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """Read it; ends where it is none."""
        number = super().convert(value, param, ctx)
        if isnan(number):
            self.fail(f"{value!r} is not a valid number.", param, ctx)
        return float(number)


@click.command()
@click.option(
    "--agents",
    type=click.IntRange(1, 100_000),
    required=True,
    help="Agents at work at once; each has one call at a time.",
)
@click.option(
    "--calls-per-hour",
    type=Number(0, 1_000_000, min_open=True),
    required=True,
    help="Calls of all agents in the busiest hour.",
)
@click.option(
    "--minutes",
    type=Number(0, 24 * 60, min_open=True),
    default=10,
    show_default=True,
    help="How long a call lasts on average.",
)
@click.option(
    "--hours",
    type=Number(0, 24, min_open=True),
    default=10,
    show_default=True,
    help="Busy hours a day.",
)
@click.option(
    "--relayed",
    type=Share(),
    default="20%",
    show_default=True,
    help="Share of calls that need the relay; the dashboard shows yours.",
)
@click.option(
    "--kbps",
    type=Number(8, 100_000),
    default=1_500,
    show_default=True,
    help="What each side sends of picture and sound, in kbit/s.",
)
@click.option(
    "--cores",
    type=click.IntRange(1, 1024),
    default=2,
    show_default=True,
    help="vCPUs of the host.",
)
@click.option(
    "--memory-gib",
    type=Number(0.5, 16_384),
    default=4,
    show_default=True,
    help="Memory of the host.",
)
@click.option(
    "--line-mbps",
    type=Number(1, 1_000_000),
    default=1_000,
    show_default=True,
    help="What its line carries, in Mbit/s each way.",
)
@click.option(
    "--quota",
    type=click.IntRange(1, 1_000_000),
    default=4_000,
    show_default=True,
    help="coturn_total_quota: allocations of one relay.",
)
@click.option("--json", "as_json", is_flag=True, help="Write JSON instead of words.")
def plan(*, as_json: bool, **given: Any) -> None:
    """Say what so many calls need, and what to add first.

    Reckoned from what single calls cost on the machine that is named at the end. All
    is for the worst moments of the busiest hour: those of one in a thousand.
    """
    figures = read_figures()
    demand = msgspec.convert(_of(Demand, given), Demand)
    host = msgspec.convert(_of(Host, given), Host)
    made = capacity.plan(figures, demand, host)
    if as_json:
        whole = {"demand": demand, "host": host, "plan": made, "figures": figures}
        text = msgspec.json.format(msgspec.json.encode(whole), indent=2)
        click.echo(text.decode())
        return
    table(*_rows(demand, made))
    click.echo()
    for paragraph in (*_first(demand, made), *_source(figures)):
        click.echo(textwrap.fill(paragraph, WIDTH, break_on_hyphens=False))


def read_figures() -> Figures:
    """Return what was measured, as it is shipped."""
    return msgspec.json.decode(FIGURES.read_bytes(), type=Figures)


def _of(kind: type[msgspec.Struct], given: dict[str, Any]) -> dict[str, Any]:
    return {name: given[name] for name in kind.__struct_fields__}


def _rows(demand: Demand, made: Plan) -> Iterator[tuple[str, str, str]]:
    traffic, service, relaying = made.traffic, made.service, made.relaying
    yield (
        "Calls at once",
        f"{traffic.peak_calls:,}",
        f"{traffic.mean_calls:,.1f} on average; up to {traffic.starts:,} begin in a "
        "minute",
    )
    yield (
        "App processes",
        f"{service.processes:,}",
        f"deskside_workers; they use {service.app_cores:.2f} cores",
    )
    yield (
        "Processors",
        f"{service.cores:.2f} cores",
        "with Redis and PostgreSQL, without nginx and the relay",
    )
    yield ("Memory of the app", size(service.app_memory), "")
    yield ("Memory of Redis", size(service.redis_memory), "rooms stay for a day")
    yield (
        "Redis operations",
        f"{service.redis_operations:,.0f} a second",
        f"{service.redis_cores:.1%} of a core",
    )
    yield (
        "PostgreSQL rows",
        f"{service.rows_a_day:,.0f} a day",
        f"{service.row_bytes_a_day / MB:,.0f} MB a day with indexes",
    )
    yield (
        "Relayed calls at once",
        f"{relaying.calls:,}",
        f"{demand.relayed:.0%} of all, each {demand.kbps:g} kbit/s from each side",
    )
    yield (
        "Relay bandwidth",
        f"{relaying.mbps:,.0f} Mbit/s",
        f"in, and as much out; {relaying.bytes_a_day / GB:,.0f} GB out a day",
    )
    yield (
        "Relay ports",
        f"{relaying.allocations:,}",
        "UDP; every call takes some, relayed or not",
    )
    yield ("Relays", f"{relaying.hosts:,}", "hosts in deskside_relay")


def _first(demand: Demand, made: Plan) -> Iterator[str]:
    traffic = made.traffic
    if traffic.blocked > capacity.BLOCKED:
        yield (
            f"{traffic.blocked:.0%} of the calls would find all {demand.agents:,} "
            "agents in one; what is above is for the others. "
            f"{traffic.enough_agents:,} agents would be enough for all."
        )
    first, *rest = made.parts
    word = "Too little" if first.used > 1 else "Short first"
    yield f"{word}: {first.name}, {_used(first.used)}. Add {first.advice}."
    then = [f"{part.name} {_used(part.used)}" for part in rest if part.used > SOON]
    if then:
        yield f"Then: {'; '.join(then)}."


def _used(used: float) -> str:
    return f"{used:.0%} of what may be used ({1 / used:.2g} times these calls)"


def _source(figures: Figures) -> Iterator[str]:
    machine = figures.machine
    yield ""
    yield (
        f"May be used: {capacity.HEADROOM:.0%} of processors and lines, "
        f"{capacity.FILLED:.0%} of memory and relays. Measured on "
        f"{figures.measured_on} with Deskside {machine.deskside} and Python "
        f"{machine.python} on {machine.cores} cores of {machine.processor}; "
        "there a plan comes within 25 % of a real run, and other processors differ."
    )


def size(count: float) -> str:
    """Return bytes as people say them."""
    return f"{count / GIB:,.1f} GiB" if count >= GIB else f"{count / MIB:,.0f} MiB"
