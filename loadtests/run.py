"""Runs a load test and gives a verdict: `make load SCENARIO=… HOST=…`.

Without HOST it starts a private service on this machine, and ends it afterwards. Exit
code 0 is good, 1 beyond the thresholds, 2 not run.
"""

import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from loadtests import verdict
from tests.services import ROOT, Node, ServiceError, Turn, private_folder, run


SCENARIOS = Path(__file__).parent / "scenarios"
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
    except (Wrong, verdict.ThresholdsError, ServiceError) as wrong:
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


# A service of our own.


@contextlib.contextmanager
def private(name: str) -> Iterator[Target]:
    """A service for this run alone, that allows load tests."""
    with contextlib.ExitStack() as stack:
        node = Node(stack.enter_context(private_folder("load")), load_tests=1)
        node.settings |= {"public_url": node.url, "log_level": "warning"}
        if name == "relay":
            turn = stack.enter_context(
                Turn(stack.enter_context(private_folder("turn")))
            )
            node.settings["turn_urls"] = f"{turn.url},{turn.tcp_url}"
            node.settings["turn_secret"] = turn.secret
        say("Starting a private service (HOST=https://… KEY=… tests another) …")
        node.migrate()
        key = make_key(node)
        stack.enter_context(node)
        yield Target(node.url, key)


def make_key(node: Node) -> str:
    """An agent, and a key of theirs for load tests."""
    command, environment = node.command()[:-1], dict(node.environment())
    password = node.folder / "password"
    password.write_text(os.urandom(12).hex())
    who = ["load@deskside.invalid", "--name", "Load test"]
    run(
        [*command, "agent", "add", *who, "--password-file", str(password)],
        env=environment,
    )
    add = [*command, "apikey", "add", who[0], "--scope", "loadtest"]
    return run(add, env=environment).split()[-1]


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
    done = subprocess.run(command, check=False, cwd=ROOT, env={**environ, **secret})  # noqa: S603
    say(f"Reports: {folder.relative_to(ROOT)}/ (report.html, verdict.json, *.csv)")
    return done.returncode


def locust(name: str, url: str) -> list[str]:
    """The program, with the scenario and where it goes."""
    program = [sys.executable, "-m", "locust", "-f", str(SCENARIOS / f"{name}.py")]
    return [*program, "--host", url, "--stop-timeout", "5"]


def options(wanted: verdict.Thresholds, environ: Mapping[str, str]) -> list[str]:
    """How it is run: by the thresholds, or as the environment says."""
    by_default = {"USERS": wanted.users, "SPAWN_RATE": wanted.spawn_rate}
    asked = {name: environ.get(name) or value for name, value in by_default.items()}
    asked["RUN_TIME"] = environ.get("RUN_TIME") or wanted.run_time
    names = ("PACE", "PLAN", "AGENTS", "METRICS", "THRESHOLDS")
    asked |= {name: environ.get(name, "") for name in names}
    if environ.get("WORKERS"):
        asked["PROCESSES"] = environ["WORKERS"]
    return [
        f"--{name.lower().replace('_', '-')}={value}"
        for name, value in asked.items()
        if value
    ]


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
