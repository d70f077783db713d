"""Tells systemd how the process is: ready, alive, stopping (sd_notify(3)).

A datagram each; where no systemd started us nothing is sent.
"""

import asyncio
import os
import socket
from collections.abc import MutableMapping


PINGS_PER_DEADLINE = 3
"""So that a ping or two may come late."""

MICRO = 1_000_000


class Supervision:
    """What systemd asked of this process; children are not to answer for it."""

    def __init__(self, environ: MutableMapping[str, str]) -> None:
        """Take the variables out of the environment."""
        self._address = _address(environ.pop("NOTIFY_SOCKET", ""))
        deadline = int(environ.pop("WATCHDOG_USEC", "") or 0) / MICRO
        meant = environ.pop("WATCHDOG_PID", "") in ("", str(os.getpid()))
        self._pause = deadline / PINGS_PER_DEADLINE if meant else 0.0

    def ready(self) -> None:
        """It serves: whoever waits for it may go on."""
        self._send("READY=1\nSTATUS=serving")

    def stopping(self) -> None:
        """It was told to end, and is about it."""
        self._send("STOPPING=1\nSTATUS=draining")

    async def keep_alive(self) -> None:
        """Ping for ever from the event loop: a loop that hangs does not."""
        while self._pause:
            self._send("WATCHDOG=1")
            await asyncio.sleep(self._pause)

    def _send(self, text: str) -> None:
        if not self._address:
            return
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as out:
            try:
                out.sendto(text.encode(), self._address)
            except OSError:
                return  # The service is no worse for a supervisor that went away.


def _address(text: str) -> str:
    """The name of a socket; a leading @ stands for a null byte (abstract)."""
    return f"\0{text[1:]}" if text.startswith("@") else text
