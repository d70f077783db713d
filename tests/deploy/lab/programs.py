"""Programs run to their end, each within its time."""

import os
import signal
import subprocess
from collections.abc import Mapping
from pathlib import Path

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
    process = subprocess.Popen(
        list(map(str, command)),
        cwd=where,
        env=dict(os.environ if env is None else env),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        start_new_session=True,  # So that its children can be ended with it.
    )
    written, late = _ended(process, text, seconds)
    if log:
        log.parent.mkdir(parents=True, exist_ok=True)
        log.write_text(written)
    if late or process.returncode:
        how = f"took over {seconds:.0f} s" if late else f"gave {process.returncode}"
        said = tail(written) + (f"\nAll of it: {log}" if log else "")
        raise ServiceError(f"{' '.join(map(str, command))} {how}\n{said}")
    return written


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


def _ended(
    process: subprocess.Popen[str], text: str, seconds: float
) -> tuple[str, bool]:
    """Wait for the end, however it comes; gives the output and whether it was late."""
    try:
        return process.communicate(text, timeout=seconds)[0], False
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        return process.communicate()[0], True
    except BaseException:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        raise
