"""TURN allocations and throughput for each transport, with credentials as seats get."""

from locust import task

from loadtests.client import Trouble, host
from loadtests.harness import Person, scenario
from loadtests.turn_load import Relayed, Way, relay, ways


HARNESS = scenario("relay")


class RelayUser(Person):
    """An agent in a room, whose credentials are used for talking through the relay."""

    harness = HARNESS

    @task
    def talk(self) -> None:
        """One time over each transport that the seat was given."""
        with self.trying("whole relay test"):
            agent = self.harness.shared_agent(self.site)
            room = agent.create_room("Load test")
            seat = host(agent, room)
            try:
                given = ways(seat.welcome["ice_servers"])
                if not given:
                    raise Trouble("the service gives no relay")
                for way in given:
                    self._relay(way)
            finally:
                seat.go()

    def _relay(self, way: Way) -> None:
        name = f"relay {way.transport}, round trip"
        plan = {each: int(self.harness.override(each)) for each in PLAN}
        try:
            done = relay(
                way,
                clients=plan["clients"],
                messages=plan["messages"],
                size=plan["size"],
                interval_ms=plan["interval_ms"],
            )
        except Trouble as trouble:
            self.site.report(name, 0.0, 0, trouble)
            return
        self.site.report(name, done.round_trip / 1000, done.received_bytes, None)
        self._count(way.transport, done)

    def _count(self, transport: str, done: Relayed) -> None:
        """Keep sums, so that shares of several workers can be made of them."""
        count = self.harness.count
        count("packets sent", done.sent)
        count("packets lost", max(0, done.sent - done.received))
        count(f"{transport}: bytes relayed", done.received_bytes)
        count(f"{transport}: seconds", done.seconds)


PLAN = ("clients", "messages", "size", "interval_ms")


def _shares(counts: dict[str, float]) -> dict[str, float]:
    found = {}
    if sent := counts.get("packets sent"):
        found["packets lost, share"] = counts.get("packets lost", 0) / sent
    for transport in ("udp", "tcp", "tls"):
        if seconds := counts.get(f"{transport}: seconds"):
            total = counts[f"{transport}: bytes relayed"]
            found[f"relay {transport}, kbit/s a user"] = total * 8 / 1000 / seconds
    return found


HARNESS.sums.append(_shares)
