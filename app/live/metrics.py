"""What the running service counts, for Prometheus."""

from prometheus_client import CollectorRegistry, Counter, Gauge


class Metrics:
    """The counters of one node; one process is one node, so one registry."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.registry = registry
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
