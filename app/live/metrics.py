"""What the running service counts, for Prometheus."""

import resource
from pathlib import Path

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    Info,
)

from app import __version__
from app.protocol.messages import ConnectedMessage, NotConnectedMessage


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
            ["path"],
            registry=registry,
        )
        for path in ("direct", "relay"):
            self.connected.labels(path)
        self.not_connected = Counter(
            "deskside_calls_not_connected",
            "Calls whose two pages tried in vain, as the agent's page tells",
            registry=registry,
        )
        self.connect_seconds = Histogram(
            "deskside_call_connect_seconds",
            "From the first attempt to the connection of the two pages",
            registry=registry,
            buckets=(0.1, 0.2, 0.3, 0.5, 0.75, 1, 1.5, 2, 3, 5, 10, 15),
        )

    def count(self, outcome: ConnectedMessage | NotConnectedMessage) -> None:
        """Count whether the pages of a call came together, and how soon."""
        if isinstance(outcome, NotConnectedMessage):
            self.not_connected.inc()
            return
        self.connected.labels("relay" if outcome.relayed else "direct").inc()
        self.connect_seconds.observe(outcome.after)


def _resident_bytes() -> float:
    # prometheus-client's own collector wants /proc/stat, which a hardened unit hides.
    try:
        pages = Path("/proc/self/statm").read_text(encoding="ascii").split()[1]
    except OSError:
        return 0.0
    return float(int(pages) * resource.getpagesize())
