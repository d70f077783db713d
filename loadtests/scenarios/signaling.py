"""Whole journeys, from the log-in over a recorded call to the history."""

from locust import task

from loadtests.harness import scenario
from loadtests.journey import Caller


HARNESS = scenario("signaling")


class SignalingUser(Caller):
    """An agent who takes one call after the other, and the customers."""

    harness = HARNESS

    @task
    def call(self) -> None:
        """One call."""
        self.journey()
