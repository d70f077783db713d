"""A working day in some minutes: a morning peak, a lull at noon, an afternoon."""

from locust import LoadTestShape, task

from loadtests.harness import scenario
from loadtests.journey import Caller


HARNESS = scenario("mixed_day")

DAY = (0.10, 0.45, 1.00, 0.85, 0.60, 0.35, 0.50, 0.65, 0.55, 0.40, 0.20, 0.08)
"""The share of all callers, hour by hour from 7 to 19 o'clock."""


class DayUser(Caller):
    """Who calls when others do."""

    harness = HARNESS

    @task
    def call(self) -> None:
        """One call."""
        self.journey()


class Shape(LoadTestShape):
    """Locust asks it every second how many callers there shall be."""

    use_common_options = True

    def tick(self) -> tuple[int, float] | None:
        """As many as at this hour; None after the last."""
        options = HARNESS.options
        seconds = float(options.run_time or 240)
        hour = int(self.get_run_time() / seconds * len(DAY))
        if hour >= len(DAY):
            return None
        users = int(options.num_users or HARNESS.wanted.users)
        rate = float(options.spawn_rate or HARNESS.wanted.spawn_rate)
        return max(1, round(DAY[hour] * users)), rate
