"""A router's line to the internet, made poor for a while."""

import os
import subprocess
import sys
from typing import IO, Self, cast

from tests.deploy.lab.programs import inside
from tests.network.lab.internet import BRIDGE, Internet
from tests.network.lab.poor_line import Line, told
from tests.services import ROOT, ServiceError


TICKS = os.sysconf("SC_CLK_TCK")


class PoorLine:
    """The program of `poor_line`; use it in `with`."""

    def __init__(self, internet: Internet, number: int) -> None:
        self.internet, self.bridge = internet, f"poor{number}"
        self._near, self._far = f"near{number}", f"far{number}"
        self._program: subprocess.Popen[str] | None = None

    def __enter__(self) -> Self:
        own = [sys.executable, "-m", "tests.network.lab.poor_line"]
        self._program = subprocess.Popen(
            [*inside(self.internet.name), *own, self._near, self._far],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        if not cast("IO[str]", self._program.stdout).readline():
            raise ServiceError("the poor line did not start")
        self.internet.ip(
            f"link add {self.bridge} type bridge",
            f"link set {self.bridge} up",
            f"link set {self._near} master {self.bridge} up",
            f"link set {self._far} master {BRIDGE} up",
        )
        return self

    def __exit__(self, *_: object) -> None:
        if self._program:
            self._program.communicate(timeout=10)  # Its input ends, and so it does.
        self.internet.ip(f"link delete {self.bridge}")

    def become(self, up: Line, down: Line | None = None) -> None:
        """Be like this from now on; both ways alike if only one is given."""
        told_to = cast("IO[str]", cast("subprocess.Popen[str]", self._program).stdin)
        told_to.write(told(up, down or up))
        told_to.flush()

    @property
    def cpu(self) -> float:
        """Seconds of CPU it has used."""
        pid = cast("subprocess.Popen[str]", self._program).pid
        with open(f"/proc/{pid}/stat") as file:  # noqa: PTH123
            fields = file.read().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / TICKS
