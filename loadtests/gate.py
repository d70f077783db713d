"""A gate: everybody waits before it, and goes through at the same moment."""

import time

import gevent


class Gate:
    """Opens every so many seconds, by the clock: workers elsewhere open it too."""

    def __init__(self, every_seconds: float) -> None:
        self.every = every_seconds

    def wait(self) -> None:
        """Return when it opens next."""
        gevent.sleep(self.every - time.time() % self.every)
