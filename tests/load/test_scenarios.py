"""Every scenario for some seconds, faster than people are, against a real node."""

import subprocess
import sys
from pathlib import Path

import gevent.monkey
import pytest
import requests

from loadtests import private
from loadtests.private import make_key
from loadtests.run import NOT_RUN, Target
from tests.load.conftest import Run, play
from tests.services import ROOT, Node, private_folder


WHOLE = '"join" = 60000\n"offer to answer" = 60000\n"candidate relay" = 60000\n'
WHOLE += '"state" = 60000\n"end" = 60000\n"history" = 60000\n'
FAST = ("--users=3", "--spawn-rate=3", "--pace=12")


def good(run: Run) -> Run:
    """Expect a good verdict and nothing that failed."""
    assert run.code == 0, run.output
    assert run.verdict["good"]
    assert "Traceback" not in run.output
    return run


def left(target: Target) -> int:
    """How many made-up agents the service still has."""
    headers = {"Authorization": f"Bearer {target.key}"}
    answer = requests.get(f"{target.url}/api/v1/load-test", headers=headers, timeout=10)
    return int(answer.json()["agents"])


def test_signaling_is_whole_journeys_and_leaves_nothing(
    target: Target, tmp_path: Path
) -> None:
    """From the log-in to the history; what was made is gone afterwards."""
    wanted = f"[signaling.p99_ms]\n{WHOLE}"
    run = good(
        play("signaling", target, tmp_path, *FAST, "--run-time=20s", thresholds=wanted)
    )
    assert run.count("whole journey") >= 1
    assert left(target) == 0


def test_beyond_its_thresholds_is_exit_code_1(target: Target, tmp_path: Path) -> None:
    """And the verdict names what was too slow."""
    wanted = '[signaling.p99_ms]\n"log in" = 0.001\n'
    run = play("signaling", target, tmp_path, *FAST, "--run-time=4s", thresholds=wanted)
    assert run.code == 1
    (line,) = [line for line in run.verdict["lines"] if not line["good"]]
    assert line["what"] == "log in, p99 in ms"
    assert "not good enough" in run.output


def test_capacity_answers_how_many_rooms(target: Target, tmp_path: Path) -> None:
    """The ramp holds what it reached."""
    wanted = """[capacity.plan]
    step = 2
    hold_seconds = 6
    most_rooms = 4
    most_seconds = 60
    p99_ms = 60000
    failures = 0
    memory_mib = 4000
    spawn_rate = 4
    [capacity.least]
    "rooms held" = 4
    """
    run = good(play("capacity", target, tmp_path, "--pace=20", thresholds=wanted))
    assert run.verdict["found"]["rooms held"] == 4
    assert run.count("candidate relay") >= 4


def test_surge_brings_all_at_once(target: Target, tmp_path: Path) -> None:
    """Customers come when the gate opens, and calls end."""
    wanted = '[surge.plan]\nevery_seconds = 3\n[surge.p99_ms]\n"join" = 60000\n'
    run = good(
        play("surge", target, tmp_path, *FAST, "--run-time=10s", thresholds=wanted)
    )
    assert run.count("join") >= 3


def test_storm_keeps_every_seat(target: Target, tmp_path: Path) -> None:
    """All sockets are cut, and all seats are taken back."""
    wanted = '[storm.plan]\nevery_seconds = 3\n[storm.p99_ms]\n"resume" = 60000\n'
    run = good(
        play("storm", target, tmp_path, *FAST, "--run-time=20s", thresholds=wanted)
    )
    assert run.count("resume") >= 6


def test_mixed_day_is_over_when_it_is_evening(target: Target, tmp_path: Path) -> None:
    """The shape ends the run itself."""
    wanted = f"[mixed_day.p99_ms]\n{WHOLE}"
    run = good(
        play("mixed_day", target, tmp_path, *FAST, "--run-time=22s", thresholds=wanted)
    )
    assert run.count("end") >= 1


def test_abuse_is_answered_as_described(target: Target, tmp_path: Path) -> None:
    """Good users have their calls, abusers what they asked for."""
    wanted = f"""[abuse.p99_ms]
    {WHOLE}
    [abuse.most]
    "abuses not answered as described" = 0
    [abuse.least]
    "abuses answered as described" = 2
    """
    options = ("--users=6", "--spawn-rate=6", "--pace=12", "--run-time=16s")
    good(play("abuse", target, tmp_path, *options, thresholds=wanted))


def test_soak_reads_memory_and_descriptors(target: Target, tmp_path: Path) -> None:
    """From /metrics; how much they grow in a real soak is for a long run."""
    wanted = '[soak.most]\n"memory growth" = 5\n"descriptor growth" = 50\n'
    run = good(
        play("soak", target, tmp_path, *FAST, "--run-time=18s", thresholds=wanted)
    )
    assert run.verdict["found"]["memory, most MiB"] > 30
    assert run.verdict["found"]["descriptors, most"] > 10


def test_relay_carries_over_each_transport(tmp_path: Path) -> None:
    """With what seats are given, through a real relay."""
    wanted = """[relay.plan]
    clients = 2
    messages = 25
    size = 500
    interval_ms = 20
    [relay.p99_ms]
    "relay udp, round trip" = 60000
    "relay tcp, round trip" = 60000
    [relay.most]
    "packets lost, share" = 0.2
    """
    with private.service("relay") as target:
        options = ("--users=1", "--spawn-rate=1", "--run-time=22s")
        run = good(play("relay", target, tmp_path, *options, thresholds=wanted))
    assert run.verdict["found"]["relay udp, kbit/s a user"] > 1


def test_workers_do_it_for_a_master(target: Target, tmp_path: Path) -> None:
    """Two processes make the load; the master has the verdict of both."""
    wanted = f"[signaling.p99_ms]\n{WHOLE}"
    options = (*FAST, "--run-time=20s", "--processes=2", "--expect-workers=2")
    good(play("signaling", target, tmp_path, *options, thresholds=wanted))
    assert left(target) == 0


class TestRefusal:
    """Where there is to be no load there is none, and the reason is said."""

    def test_service_that_does_not_allow_it(self, tmp_path: Path) -> None:
        """The default."""
        with private_folder("load") as folder:
            node = Node(folder)
            node.migrate()
            key = make_key(node)
            with node:
                run = self._try(Target(node.url, key), tmp_path)
        assert "DESKSIDE_LOAD_TESTS=1" in run.output
        assert run.code == NOT_RUN

    def test_wrong_key(self, target: Target, tmp_path: Path) -> None:
        """A key that is not known."""
        run = self._try(Target(target.url, "dsl_nobody"), tmp_path)
        assert run.code == NOT_RUN
        assert "valid API key" in run.output

    def test_nobody_there(self, tmp_path: Path) -> None:
        """A host that does not answer."""
        run = self._try(Target("http://127.0.0.1:9", "dsl_x"), tmp_path)
        assert run.code == NOT_RUN
        assert "cannot be asked" in run.output

    def _try(self, target: Target, folder: Path) -> Run:
        wanted = '[signaling.p99_ms]\n"join" = 1\n'
        run = play(
            "signaling", target, folder, *FAST, "--run-time=10s", thresholds=wanted
        )
        assert "Verdict" not in run.output
        return run


@pytest.mark.parametrize(
    ("environment", "said"),
    [
        ({"SCENARIO": "nonsense"}, "SCENARIO= is abuse, capacity"),
        ({"HOST": "https://help.example.org"}, "apikey add EMAIL --scope loadtest"),
        ({"HOST": "help.example.org", "MAKEFLAGS": " -- HOST=x"}, "is no URL"),
        ({"THRESHOLDS": "/nowhere.toml"}, "/nowhere.toml"),
    ],
)
def test_make_load_says_what_is_missing(environment: dict[str, str], said: str) -> None:
    """Before anything is started."""
    done = subprocess.run(
        [sys.executable, "-m", "loadtests.run"],
        check=False,
        cwd=ROOT,
        env={"PATH": "/usr/bin:/bin", **environment},
        capture_output=True,
        text=True,
        timeout=30,
    )
    assert done.returncode == NOT_RUN
    assert said in done.stdout


def test_tests_are_not_patched() -> None:
    """Locust's patches of the standard library stay in its own process."""
    assert not gevent.monkey.is_module_patched("socket")
