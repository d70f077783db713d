"""Programs run to their end, each within its time."""

import os
import signal
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import TextIO

from tests.services import ROOT, ServiceError


CACHE = ROOT / "var" / "cache" / "deploy"
"""What is slow to make and stays for the next run."""
ARTIFACTS = ROOT / "tests" / "artifacts" / "deploy"
"""Logs of this run, for people to look at."""


def inside(namespace: str) -> list[str]:
    """What runs a command in a network namespace, with its own names."""
    return ["ip", "netns", "exec", namespace]


def run(
    *command: str | Path,
    seconds: float = 60,
    text: str = "",
    env: Mapping[str, str] | None = None,
    log: Path | None = None,
    where: Path = ROOT,
) -> str:
    """Run a program to its end; gives what it wrote.

    Raises ServiceError with the end of its output if it fails or takes too long.
    """
    # A file, not a pipe: it can be watched, and a daemon that keeps it open is no
    # reason to wait.
    with open_log(log) as output:
        process = subprocess.Popen(
            list(map(str, command)),
            cwd=where,
            env=dict(os.environ if env is None else env),
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,  # So that its children can be ended with it.
        )
        late = _late(process, text, seconds)
        output.seek(0)
        written = output.read()
    if late or process.returncode:
        how = f"took over {seconds:.0f} s" if late else f"gave {process.returncode}"
        said = tail(written) + (f"\nAll of it: {log}" if log else "")
        raise ServiceError(f"{' '.join(map(str, command))} {how}\n{said}")
    return written


def open_log(path: Path | None) -> TextIO:
    """A file to write into and read from, without a name if there is none."""
    if path is None:
        return tempfile.TemporaryFile("w+", errors="replace")
    path.parent.mkdir(parents=True, exist_ok=True)
    return path.open("w+", errors="replace")


def succeeds(*command: str | Path, seconds: float = 20) -> bool:
    """Whether a program can be run and succeeds."""
    try:
        run(*command, seconds=seconds)
    except (OSError, ServiceError):
        return False
    return True


def tail(text: str, lines: int = 60) -> str:
    """The last lines of a text."""
    return "\n".join(text.splitlines()[-lines:])


def _late(process: subprocess.Popen[str], text: str, seconds: float) -> bool:
    """Wait for the end, however it comes; says whether it had to be made."""
    try:
        process.communicate(text, timeout=seconds)
    except subprocess.TimeoutExpired:
        _end(process)
        return True
    except BaseException:
        _end(process)
        raise
    return False


def _end(process: subprocess.Popen[str]) -> None:
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
