"""Runs a load test and gives a verdict: `make load SCENARIO=… HOST=…`.

Without HOST it starts a private service on this machine, and ends it afterwards. Exit
code 0 is good, 1 beyond the thresholds, 2 not run.
"""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from loadtests import verdict


ROOT = Path(__file__).resolve().parent.parent
SCENARIOS = ROOT / "loadtests" / "scenarios"
REPORTS = ROOT / "var" / "load"
UI_ADDRESS, UI_PORT = "127.0.0.1", "8089"
NOT_RUN = 2


class Target(NamedTuple):
    """Where the load goes, and with what key."""

    url: str
    key: str


class Wrong(Exception):
    """What was asked for cannot be done; the text says what to do instead."""


def main() -> int:
    """Run what the environment asks for; gives the exit code."""
    environ = os.environ
    name = environ.get("SCENARIO") or "signaling"
    try:
        wanted = chosen(name, environ)
        with contextlib.ExitStack() as stack:
            target = given(environ) or stack.enter_context(private(name))
            return play(name, wanted, target, environ)
    except (Wrong, verdict.ThresholdsError) as wrong:
        say(f"\n{wrong}")
        return NOT_RUN
    except KeyboardInterrupt:
        return NOT_RUN


def chosen(name: str, environ: Mapping[str, str]) -> verdict.Thresholds:
    """The thresholds of the scenario; raises Wrong where there is none."""
    known = sorted(path.stem for path in SCENARIOS.glob("[a-z]*.py"))
    if name not in known:
        raise Wrong(f"There is no scenario {name!r}. SCENARIO= is {', '.join(known)}.")
    return verdict.load(name, Path(environ.get("THRESHOLDS") or verdict.PATH))


def given(environ: Mapping[str, str]) -> Target | None:
    """The service of HOST and KEY; None to start one."""
    host = environ.get("HOST", "").rstrip("/")
    if "://" not in host:
        # Some shells put the machine's name into HOST; make tells what was typed.
        if "HOST=" in environ.get("MAKEFLAGS", ""):
            raise Wrong(f"HOST={host} is no URL: HOST=https://{host or 'help.example'}")
        return None
    key = environ.get("KEY", "")
    if not key:
        raise Wrong(
            "KEY= is missing. On the service's host, with DESKSIDE_LOAD_TESTS=1:\n"
            "    deskside apikey add EMAIL --scope loadtest"
        )
    return Target(host, key)


@contextlib.contextmanager
def private(name: str) -> Iterator[Target]:
    """A service of our own; hosts that only make load for others have none."""
    from loadtests import private as own
    from tests.services import ServiceError

    say("Starting a private service (HOST=https://… KEY=… tests another) …")
    try:
        with own.service(name) as target:
            yield target
    except ServiceError as error:
        raise Wrong(str(error)) from error


# Locust.


def play(
    name: str, wanted: verdict.Thresholds, target: Target, environ: Mapping[str, str]
) -> int:
    """Run Locust to its end, and say where the reports are."""
    folder = REPORTS / f"{name}-{time.strftime('%Y%m%d-%H%M%S')}"
    folder.mkdir(parents=True)
    command = [*locust(name, target.url), *options(wanted, environ)]
    command += reports(folder)
    if environ.get("UI"):
        say(f"Locust's pages: http://{UI_ADDRESS}:{UI_PORT} (Ctrl-C gives the verdict)")
        command += ["--web-host", UI_ADDRESS, "--web-port", UI_PORT]
    else:
        command += ["--headless", "--only-summary"]
    secret = {
        "LOAD_KEY": target.key,
        "LOAD_METRICS_TOKEN": environ.get("METRICS_TOKEN", ""),
        "LOAD_CA_FILE": environ.get("CA_FILE", ""),
        "PYTHONPATH": str(ROOT),
    }
    code = to_its_end(command, {**environ, **secret})
    say(f"Reports: {folder.relative_to(ROOT)}/ (report.html, verdict.json, *.csv)")
    return code


def to_its_end(command: list[str], environment: Mapping[str, str]) -> int:
    """Run a program; Ctrl-C is for it alone, since it ends with a verdict."""
    with subprocess.Popen(command, cwd=ROOT, env=environment) as program:  # noqa: S603
        before = signal.signal(signal.SIGINT, signal.SIG_IGN)
        try:
            return program.wait()
        finally:
            signal.signal(signal.SIGINT, before)


def locust(name: str, url: str) -> list[str]:
    """The program, with the scenario and where it goes."""
    program = [sys.executable, "-m", "locust", "-f", str(SCENARIOS / f"{name}.py")]
    return [*program, "--host", url]


def options(wanted: verdict.Thresholds, environ: Mapping[str, str]) -> list[str]:
    """How it is run: by the thresholds, or as the environment says."""
    by_default = {"USERS": wanted.users, "SPAWN_RATE": wanted.spawn_rate}
    asked = {name: environ.get(name) or value for name, value in by_default.items()}
    asked["RUN_TIME"] = environ.get("RUN_TIME") or wanted.run_time
    names = ("PACE", "PLAN", "AGENTS", "METRICS", "THRESHOLDS")
    asked |= {name: environ.get(name, "") for name in names}
    asked |= {"PROCESSES": environ.get("WORKERS", "")}
    given = [
        f"--{name.lower().replace('_', '-')}={value}"
        for name, value in asked.items()
        if value
    ]
    return given + of_a_master(environ)


def of_a_master(environ: Mapping[str, str]) -> list[str]:
    """Workers of other hosts, or other containers, are told where the master is."""
    expected = environ.get("EXPECT_WORKERS")
    if not expected:
        return []
    bind = environ.get("MASTER_ADDRESS") or UI_ADDRESS
    return ["--master", f"--expect-workers={expected}", f"--master-bind-host={bind}"]


def reports(folder: Path) -> list[str]:
    """Where Locust writes what."""
    return [
        f"--html={folder}/report.html",
        f"--csv={folder}/figures",
        "--csv-full-history",
        f"--json-file={folder}/figures",
        f"--verdict={folder}/verdict.json",
    ]


def say(text: str) -> None:
    """A line for the reader, at once."""
    print(text, flush=True)  # noqa: T201


if __name__ == "__main__":
    sys.exit(main())
