"""How much a deployment needs for so many calls, from what single ones were measured.

Three costs make everything: what a call costs once, what each minute of it costs, and
what a process costs while nobody calls. `plan` multiplies them by the demand at its
peak, and says which part of a host is short first.
"""

from collections.abc import Iterator
from math import ceil, exp, lgamma, log, sqrt

from msgspec import Struct


PEAK = 0.999
"""The share of time in which there are no more calls than are planned for."""

HEADROOM = 0.6
"""How busy a processor or a line may be at the peak. At 0.6 what waits for it waits 1.5
times as long as its own work takes (M/M/1), and a burst has somewhere to go."""

FILLED = 0.8
"""How full memory and relays may be at the peak: they do not get slower, they end."""

LEAST_PROCESSES = 2
"""One serves while the other restarts."""

BLOCKED = 0.01
"""The share of calls that may find every agent in a call, before more are advised."""

GATHERED = 4
"""URLs of a relay as playbooks make it (UDP, TCP, TLS on 5349 and on 443): a browser
makes an allocation at each when a call begins, whether it will need it or not. Only
where both sides are a few milliseconds apart is it connected before it asks any."""

SPARE = 2
"""URLs of the second relay that a call is given where there are several."""

SOUND_PACKETS = 50
"""Packets of sound a second, each way: Opus speaks every 20 ms (RFC 7587)."""

PAYLOAD = 1_100
"""Bytes of picture in a packet: WebRTC fills packets to about 1,200 with headers."""

HEADERS = 12 + 8 + 10 + 4 + 8 + 20
"""Bytes that each packet has besides: RTP (RFC 3550), its extensions (RFC 8285), the
tag of SRTP (RFC 3711), ChannelData (RFC 8656), UDP, IPv4."""


class Cost(Struct, frozen=True, kw_only=True):
    """What something costs: seconds of processor time, Redis operations, rows, bytes.

    Operations are those that Redis counts, so each command in a script is one.
    """

    app_cpu: float
    redis_cpu: float
    postgres_cpu: float
    redis_operations: float
    rows: float
    row_bytes: float

    def __mul__(self, times: float) -> "Cost":
        """Return what it costs so many times."""
        return Cost(**{n: times * getattr(self, n) for n in self.__struct_fields__})

    def __add__(self, other: "Cost") -> "Cost":
        """Return what both cost together."""
        names = self.__struct_fields__
        return Cost(**{n: getattr(self, n) + getattr(other, n) for n in names})

    @property
    def cpu(self) -> float:
        """Seconds of processor time of all servers."""
        return self.app_cpu + self.redis_cpu + self.postgres_cpu


class Machine(Struct, frozen=True, kw_only=True):
    """Where figures come from."""

    processor: str
    cores: int
    memory_gib: float
    system: str
    python: str
    redis: str
    postgres: str
    deskside: str


class Figures(Struct, frozen=True, kw_only=True):
    """What was measured, on one machine; memory in bytes.

    ``call`` is once for each call, with every page and form; ``minute`` each minute of
    one; ``process`` each second of a process without calls. ``call_memory`` is what a
    process holds for a call and the console beside it, ``console_memory`` for a console
    alone. In Redis ``room_memory`` is kept of a room for a day after its end, and
    ``inbox_memory`` is the most that letters to a process fill.
    """

    machine: Machine
    measured_on: str
    measured_by: str
    call: Cost
    minute: Cost
    process: Cost
    process_memory: float
    call_memory: float
    console_memory: float
    room_memory: float
    inbox_memory: float


class Demand(Struct, frozen=True, kw_only=True):
    """What is wanted in the busiest hour.

    ``hours`` such hours make a day, ``relayed`` is the share of calls that need a
    relay, ``kbps`` what a side sends of picture and sound.
    """

    agents: int
    calls_per_hour: float
    minutes: float
    hours: float = 10
    relayed: float = 0.2
    kbps: float = 1_500

    @property
    def offered(self) -> float:
        """Calls at once on average, if nobody had to wait, in Erlang (Little's law)."""
        return self.calls_per_hour * self.minutes / 60


class Host(Struct, frozen=True, kw_only=True):
    """A host that carries everything; ``quota`` is coturn's `total-quota`."""

    cores: int = 2
    memory_gib: float = 4
    line_mbps: float = 1_000
    quota: int = 4_000


class Traffic(Struct, frozen=True, kw_only=True):
    """What agents and customers do in the busiest hour.

    ``blocked`` is the share of calls that would find every agent in one; the others
    are ``calls_per_hour``. ``starts`` is for the busiest minute.
    """

    blocked: float
    enough_agents: int
    calls_per_hour: float
    mean_calls: float
    peak_calls: int
    starts: int

    @classmethod
    def of(cls, demand: Demand) -> "Traffic":
        """Return what follows from a demand.

        Calls come by chance and independently (Poisson), so that the calls at once are
        distributed by Poisson, however long each lasts (M/G/infinity), cut off where no
        agent is left.
        """
        blocked = erlang_b(demand.offered, demand.agents)
        carried = demand.calls_per_hour * (1 - blocked)
        return cls(
            blocked=blocked,
            enough_agents=agents_for(demand.offered),
            calls_per_hour=carried,
            mean_calls=demand.offered * (1 - blocked),
            peak_calls=min(demand.agents, quantile(demand.offered)),
            starts=quantile(carried / 60),
        )


class Service(Struct, frozen=True, kw_only=True):
    """What processes, Redis and PostgreSQL need; a second is one at the peak.

    ``cores`` are all of their processor time, memory is in bytes.
    """

    processes: int
    cores: float
    app_cores: float
    redis_cores: float
    app_memory: float
    redis_memory: float
    redis_operations: float
    rows_a_day: float
    row_bytes_a_day: float


class Relaying(Struct, frozen=True, kw_only=True):
    """What the relays need; each allocation takes a port.

    ``mbps`` is in each direction, at the network card. ``bytes_a_day`` leave it.
    """

    calls: int
    mbps: float
    bytes_a_day: float
    hosts: int
    allocations: int


class Part(Struct, frozen=True):
    """A part of the host: how much of what may be used is used, and what to add."""

    name: str
    used: float
    advice: str


class Plan(Struct, frozen=True, kw_only=True):
    """What a demand needs; ``parts`` begins with what is short first."""

    traffic: Traffic
    service: Service
    relaying: Relaying
    parts: tuple[Part, ...]


def plan(figures: Figures, demand: Demand, host: Host) -> Plan:
    """Return what a demand needs, and what of the host is short first."""
    traffic = Traffic.of(demand)
    service = serve(figures, demand, traffic)
    relaying = relay(demand, traffic, host)
    parts = sorted(
        _parts(demand, host, traffic, service, relaying), key=lambda one: -one.used
    )
    return Plan(traffic=traffic, service=service, relaying=relaying, parts=tuple(parts))


def load(figures: Figures, starts: float, calls: float, processes: int) -> Cost:
    """Return what a second costs: so many calls that begin in it, and that go on."""
    talking = figures.minute * (calls / 60)
    return figures.call * starts + talking + figures.process * processes


def held(figures: Figures, calls: float, consoles: float, processes: int) -> float:
    """Return the bytes that processes hold; ``consoles`` are those without a call."""
    people = calls * figures.call_memory + consoles * figures.console_memory
    return people + processes * figures.process_memory


def serve(figures: Figures, demand: Demand, traffic: Traffic) -> Service:
    """Return what everything but the relays needs."""
    starts, calls = traffic.starts / 60, traffic.peak_calls
    busy = load(figures, starts, calls, 0).app_cpu
    share = HEADROOM - figures.process.app_cpu
    processes = max(LEAST_PROCESSES, ceil(busy / share))
    second = load(figures, starts, calls, processes)
    calls_a_day = traffic.calls_per_hour * demand.hours
    day = figures.call * calls_a_day + figures.minute * (calls_a_day * demand.minutes)
    rooms = calls_a_day * figures.room_memory
    return Service(
        processes=processes,
        cores=second.cpu,
        app_cores=second.app_cpu,
        redis_cores=second.redis_cpu,
        app_memory=held(figures, calls, demand.agents - calls, processes),
        redis_memory=rooms + processes * figures.inbox_memory,
        redis_operations=second.redis_operations,
        rows_a_day=day.rows,
        row_bytes_a_day=day.row_bytes,
    )


def relay(demand: Demand, traffic: Traffic, host: Host) -> Relaying:
    """Return what the relays need.

    What a side sends goes into the relay and out of it again, and so does what the
    other sends: twice the rate in each direction, whether one side uses the relay or
    both, as both are led to the same one. Allocations are made by every call, since
    browsers gather before they know, and are reckoned as held to its end.
    """
    calls = min(traffic.peak_calls, quantile(demand.offered * demand.relayed))
    each = 2 * wire_kbps(demand.kbps) / 1_000
    line, quota = host.line_mbps * HEADROOM, host.quota * FILLED
    sides, hosts, urls = 2 * traffic.peak_calls, 1, GATHERED
    if calls * each > line or sides * urls > quota:
        urls = GATHERED + SPARE
        hosts = max(2, ceil(calls * each / line), ceil(sides * urls / quota))
    minutes = traffic.mean_calls * 60 * demand.hours * demand.relayed
    return Relaying(
        calls=calls,
        mbps=calls * each,
        bytes_a_day=minutes * 60 * each * 1e6 / 8,
        hosts=hosts,
        allocations=sides * urls,
    )


def wire_kbps(kbps: float) -> float:
    """Return what a side's media take of a line, with all headers."""
    packets = SOUND_PACKETS + kbps * 1_000 / 8 / PAYLOAD
    return kbps + packets * HEADERS * 8 / 1_000


def erlang_b(offered: float, agents: int) -> float:
    """Return the share of calls that find all agents busy.

    Erlang's first formula (1917), by the recursion of its inverse: ITU-D, Teletraffic
    Engineering Handbook, section 7.3.
    """
    inverse = 1.0
    for busy in range(1, agents + 1):
        inverse = 1 + inverse * busy / offered
    return 1 / inverse


def agents_for(offered: float) -> int:
    """Return how many agents it takes until few calls find all of them busy."""
    agents, inverse = 0, 1.0
    while 1 / inverse > BLOCKED:
        agents += 1
        inverse = 1 + inverse * agents / offered
    return agents


def quantile(mean: float) -> int:
    """Return the number that chance, by Poisson, exceeds in one of a thousand cases."""
    if mean == 0:
        return 0
    # Ten deviations below the mean nothing is lost that a float could hold.
    number = max(0, int(mean - 10 * sqrt(mean)))
    below = _poisson(mean, number)
    while below < PEAK:
        number += 1
        below += _poisson(mean, number)
    return number


def _poisson(mean: float, number: int) -> float:
    return exp(number * log(mean) - mean - lgamma(number + 1))


def _parts(
    demand: Demand,
    host: Host,
    traffic: Traffic,
    service: Service,
    relaying: Relaying,
) -> Iterator[Part]:
    workers = max(LEAST_PROCESSES, host.cores)
    busy = max(service.cores / host.cores, service.app_cores / workers)
    memory = (service.app_memory + service.redis_memory) / 2**30
    yield Part(
        "agents",
        traffic.enough_agents / demand.agents,
        "agents, or make calls shorter",
    )
    yield Part(
        "processors",
        busy / HEADROOM,
        "vCPUs, and with them deskside_workers; then a host of its own for PostgreSQL",
    )
    yield Part(
        "Redis",
        service.redis_cores / HEADROOM,
        "a host with a faster processor in deskside_redis: Redis uses one core",
    )
    yield Part("memory", memory / host.memory_gib / FILLED, "memory")
    yield Part(
        "relay's line",
        relaying.mbps / host.line_mbps / HEADROOM,
        "a relay on a host of its own (inventories/example-split), then more of them",
    )
    yield Part(
        "relay's quota",
        relaying.allocations / host.quota / FILLED,
        "coturn_total_quota (50 kB of memory each), or more hosts in deskside_relay",
    )
