"""What the running service counts, for Prometheus."""

import resource
from pathlib import Path
from typing import assert_never

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    Info,
)

from app import __version__
from app.domain import quality
from app.domain.relays import Known
from app.protocol.messages import (
    ConnectedMessage,
    NotConnectedMessage,
    QualityMessage,
    RecoveredMessage,
    Telling,
    TroubleMessage,
)


class Metrics:
    """The counters of one node; one process is one node, so one registry."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.registry = registry
        memory = Gauge(
            "deskside_memory_bytes", "Memory this node holds", registry=registry
        )
        memory.set_function(_resident_bytes)
        build = Info("deskside_build", "What runs here", registry=registry)
        build.info({"version": __version__})
        self.connections = Gauge(
            "deskside_connections", "Sockets open at this node", registry=registry
        )
        self.frames = Counter(
            "deskside_frames", "Signaling frames", ["direction"], registry=registry
        )
        self.commits = Counter(
            "deskside_commits", "Decisions committed", ["command"], registry=registry
        )
        self.conflicts = Counter(
            "deskside_commit_conflicts",
            "Decisions made again because another node was faster",
            registry=registry,
        )
        self.refusals = Counter(
            "deskside_refusals", "Commands refused", ["code"], registry=registry
        )
        self.facts = Counter(
            "deskside_facts", "What happened in rooms", ["kind"], registry=registry
        )
        self.ends = Counter(
            "deskside_room_ends", "Rooms ended", ["reason"], registry=registry
        )
        self.unwritten = Gauge(
            "deskside_facts_unwritten",
            "Facts that wait for the database",
            registry=registry,
        )
        self.resyncs = Counter(
            "deskside_resyncs",
            "Times every socket of this node was asked to resume",
            registry=registry,
        )
        self.cuts = Counter(
            "deskside_slow_sockets_cut",
            "Sockets closed because their browser was too slow",
            registry=registry,
        )
        self.connected = Counter(
            "deskside_calls_connected",
            "Calls whose two pages came to be connected, as the agent's page tells",
            ["path", "protocol"],
            registry=registry,
        )
        for path in quality.Path:
            for protocol in quality.Transport:
                self.connected.labels(path.value, protocol.value)
        self.relays = Counter(
            "deskside_relay_chosen",
            "Times a page was given a relay as its first",
            ["relay"],
            registry=registry,
        )
        self.not_connected = Counter(
            "deskside_calls_not_connected",
            "Calls whose two pages tried in vain, as the agent's page tells",
            registry=registry,
        )
        self.connect_seconds = Histogram(
            "deskside_call_connect_seconds",
            "From the first attempt to the connection of the two pages",
            registry=registry,
            buckets=(0.1, 0.2, 0.3, 0.5, 0.75, 1, 1.5, 2, 3, 5, 10, 15, 30),
        )
        self._watch_quality()

    def _watch_quality(self) -> None:
        """What both pages of a call tell while it goes on."""
        self.mos = Histogram(
            "deskside_call_mos",
            "How good ten seconds of sound were to a side, from 1 to 4.5 (ITU-T G.107)",
            registry=self.registry,
            buckets=(1.5, 2, 2.5, 3, 3.3, 3.6, 3.8, 4, 4.2, 4.3, 4.4, 4.5),
        )
        self.recoveries = Counter(
            "deskside_call_recoveries",
            "Times media came back to a side, by what brought it back",
            ["step"],
            registry=self.registry,
        )
        for step in quality.Step:
            self.recoveries.labels(step.value)
        self.gap_seconds = Histogram(
            "deskside_call_gap_seconds",
            "How long no media came to a side, once it is back",
            registry=self.registry,
            buckets=(0.5, 1, 1.5, 2, 3, 4, 6, 8, 12, 20, 30, 60, 120),
        )
        self.troubles = Counter(
            "deskside_call_troubles",
            "What was wrong at a side, as its page found out",
            ["cause"],
            registry=self.registry,
        )
        for cause in set(quality.Cause) - {quality.Cause.OVER}:
            self.troubles.labels(cause.value)

    def count(self, message: Telling) -> None:
        """Count what a page tells of its media."""
        match message:
            case ConnectedMessage(after, path, protocol):
                self.connected.labels(path.value, protocol.value).inc()
                self.connect_seconds.observe(after)
            case NotConnectedMessage():
                self.not_connected.inc()
            case RecoveredMessage(gap, step):
                self.recoveries.labels(step.value).inc()
                self.gap_seconds.observe(gap)
            case TroubleMessage(cause):
                if cause is not quality.Cause.OVER:
                    self.troubles.labels(cause.value).inc()
            case QualityMessage():
                self.mos.observe(message.mos)
            case _:
                assert_never(message)

    def count_relay(self, known: Known | None) -> None:
        """Count that a call was given a relay, as its first."""
        if known is not None:
            self.relays.labels(known.relay.name).inc()


def _resident_bytes() -> float:
    # prometheus-client's own collector wants /proc/stat, which a hardened unit hides.
    try:
        pages = Path("/proc/self/statm").read_text(encoding="ascii").split()[1]
    except OSError:
        return 0.0
    return float(int(pages) * resource.getpagesize())
