"""A reconnect storm: every socket is cut at once, and every seat must be kept."""

import random
import time

import gevent
from locust import task

from loadtests import recording
from loadtests.client import Call, Seat, Trouble
from loadtests.gate import Gate
from loadtests.harness import TROUBLES, Person, scenario


HARNESS = scenario("storm")
CANDIDATES = recording.candidates(recording.load())[0]
JITTER_SECONDS = 1.0
"""Pages come back with a jittered backoff, as the description of the wire asks."""


class StormUser(Person):
    """A call whose sockets are cut again and again."""

    harness = HARNESS

    @task
    def weather(self) -> None:
        """A call, until something fails in it."""
        gate = Gate(self.harness.override("every_seconds"))
        with self.trying("whole storm"):
            call = self.meet(self.harness.shared_agent(self.site))
            try:
                while True:
                    gate.wait()
                    self._storm(call)
            finally:
                call.go()

    def _storm(self, call: Call) -> None:
        for seat in call.parts:
            seat.cut()
        cut = time.perf_counter()
        back = [gevent.spawn(self._resume, seat, cut) for seat in call.parts]
        try:
            gevent.joinall(back)
        finally:
            gevent.killall(back)
        if not all(greenlet.value for greenlet in back):
            raise Trouble("a seat was lost")
        frame = CANDIDATES["candidates"]
        call.agent.say("candidates", candidates=frame, end=False)

    def _resume(self, seat: Seat, cut: float) -> bool:
        """What the person waits for begins when the socket is lost."""
        gevent.sleep(random.uniform(0, JITTER_SECONDS))  # noqa: S311
        try:
            seat.resume()
        except TROUBLES as error:
            self.site.report("resume", time.perf_counter() - cut, 0, error)
            return False
        self.site.report("resume", time.perf_counter() - cut, 0, None)
        return True
