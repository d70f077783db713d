"""How many rooms are held open: a ramp until latency, errors or memory are too much."""

import logging

import gevent
from locust import LoadTestShape, constant, task

from loadtests import recording
from loadtests.client import Call
from loadtests.harness import TROUBLES, Person, scenario
from loadtests.ramp import Ramp


HARNESS = scenario("capacity")
log = logging.getLogger(__name__)
CANDIDATES = recording.candidates(recording.load())[0]
SAY_SECONDS = 5.0
"""How often each room relays something: a call that goes on says less."""


class RoomUser(Person):
    """One room, held open, with a word through it now and then."""

    harness = HARNESS
    wait_time = constant(0)
    call: Call | None = None

    @task
    def hold(self) -> None:
        """Open a room, and hold it until the end."""
        with self.trying("open room"):
            self.call = self.meet(self.harness.shared_agent(self.site))
        try:
            while self.call and not self._lost(self.call):
                self.call.agent.say(
                    "candidates", candidates=CANDIDATES["candidates"], end=False
                )
                gevent.sleep(SAY_SECONDS)
            if self.call:
                error = ConnectionError("a socket was closed by the service")
                self.site.report("room held", 0.0, 0, error)
        except TROUBLES as trouble:
            self.site.report("room held", 0.0, 0, trouble)
        finally:
            self.on_stop()

    def on_stop(self) -> None:
        """Let the room go."""
        call, self.call = self.call, None
        if call:
            call.go()

    @staticmethod
    def _lost(call: Call) -> bool:
        return any(seat.closed.is_set() for seat in call.parts)


def rooms_open() -> int:
    """How many rooms were opened, or failed to be: those are judged, too."""
    return HARNESS.environment.stats.get("open room", "call").num_requests


class Shape(LoadTestShape):
    """Locust asks it every second how many rooms there shall be."""

    def __init__(self) -> None:
        super().__init__()
        self.ramp: Ramp | None = None

    def tick(self) -> tuple[int, float] | None:
        """Go on with the ramp; None ends the run."""
        if self.ramp is None:
            plan = dict(HARNESS.wanted.plan)
            for name in ("step", "hold_seconds", "most_rooms"):
                plan[name] = HARNESS.override(name, plan[name])
            self.ramp = Ramp(plan)
        entry = HARNESS.environment.stats.get("candidate relay", "call")
        total = HARNESS.environment.stats.total
        memory = HARNESS.watch.latest("memory") if HARNESS.watch else None
        rooms = self.ramp.step(
            now=self.get_run_time(),
            users=rooms_open(),
            times={float(ms): n for ms, n in entry.response_times.items()},
            requests=total.num_requests,
            failures=total.num_failures,
            memory_mib=memory / 2**20 if memory is not None else None,
        )
        HARNESS.found["rooms held"] = self.ramp.held
        if self.get_run_time() > HARNESS.wanted.plan["most_seconds"]:
            log.warning("The ramp ends: the time is over")
            return None
        if rooms is None:
            log.warning("The ramp ends: %s", self.ramp.why)
            return None
        return rooms, HARNESS.wanted.plan["spawn_rate"]
