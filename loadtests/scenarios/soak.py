"""The same for a long time: memory and descriptors of the service must stay flat."""

from locust import task

from loadtests.harness import scenario
from loadtests.journey import Caller


HARNESS = scenario("soak")


class SoakUser(Caller):
    """Who calls again and again."""

    harness = HARNESS

    @task
    def call(self) -> None:
        """One call."""
        self.journey()
