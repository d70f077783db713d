"""A join surge: rooms are ready, and all customers come at once."""

from locust import task

from loadtests.client import Browser, Call, admit, host
from loadtests.gate import Gate
from loadtests.harness import Person, scenario


HARNESS = scenario("surge")


class SurgeUser(Person):
    """An agent who waits in a room, and a customer with the form filled in."""

    harness = HARNESS

    @task
    def come(self) -> None:
        """One surge."""
        gate = Gate(self.harness.override("every_seconds"))
        with self.trying("whole surge"):
            agent = self.harness.shared_agent(self.site)
            room = agent.create_room("Load test")
            seat = host(agent, room)
            try:
                browser = Browser(self.site)
                browser.get(room.link)
                gate.wait()
                call = Call(room, seat, admit(browser, room))
                try:
                    self.harness.think(1, 2)
                    call.end()
                finally:
                    call.go()
            finally:
                seat.go()
