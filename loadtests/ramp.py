"""A ramp of rooms: one step after the other, each held and judged. Pure."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass
class Ramp:
    """Where a ramp stands.

    ``plan`` has: step, most_rooms, hold_seconds, p99_ms, failures, memory_mib.
    ``held`` is the largest number of rooms that was held well.
    """

    plan: Mapping[str, float]
    held: int = 0
    why: str = ""
    target: int = 0
    _since: float | None = None
    _times: Counter[float] = field(default_factory=Counter)
    _requests: int = 0
    _failures: int = 0

    def step(
        self,
        *,
        now: float,
        users: int,
        times: Mapping[float, int],
        requests: int,
        failures: int,
        memory_mib: float | None,
    ) -> int | None:
        """Return how many rooms there shall be now; None when the ramp is over.

        ``times`` counts response times in milliseconds since the start of the run, as
        ``requests`` and ``failures`` count; the step sees only what it added.
        """
        if self.target == 0 or (self._since is None and users >= self.target):
            self._hold(now, times, requests, failures)
        if self._since is None or now - self._since < self.plan["hold_seconds"]:
            return self.target
        lately = Counter(times)
        lately.subtract(self._times)
        share = (failures - self._failures) / max(1, requests - self._requests)
        self.why = self._trouble(percentile(lately, 0.99), share, memory_mib)
        if not self.why:
            self.held = self.target
            if self.target >= self.plan["most_rooms"]:
                self.why = f"{self.held} rooms, as many as were asked for"
        if self.why:
            return None
        self._since = None
        self.target = self._next()
        return self.target

    def _hold(
        self, now: float, times: Mapping[float, int], requests: int, failures: int
    ) -> None:
        if self.target == 0:
            self.target = self._next()
            return
        self._since, self._times = now, Counter(times)
        self._requests, self._failures = requests, failures

    def _next(self) -> int:
        return int(min(self.target + self.plan["step"], self.plan["most_rooms"]))

    def _trouble(
        self, p99: float | None, share: float, memory_mib: float | None
    ) -> str:
        rooms = f"at {self.target} rooms"
        if p99 is None:
            return f"nothing was relayed {rooms}"
        if p99 > self.plan["p99_ms"]:
            return f"p99 of the relay is {p99:.0f} ms {rooms}"
        if share > self.plan["failures"]:
            return f"{share:.2%} failed {rooms}"
        if memory_mib is not None and memory_mib > self.plan["memory_mib"]:
            return f"the service has {memory_mib:.0f} MiB {rooms}"
        return ""


def percentile(times: Mapping[float, int], share: float) -> float | None:
    """The time that so many are not above; None for no times."""
    total = sum(count for count in times.values() if count > 0)
    seen = 0
    for time in sorted(times):
        seen += max(0, times[time])
        if total and seen >= share * total:
            return time
    return None
