"""`deskside doctor` as it is typed."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.doctor.deployment import Deployment
from tests.services import LOOPBACK, ROOT, free_port


Done = subprocess.CompletedProcess[str]


def doctor(
    *arguments: str, given: str = "", environment: Mapping[str, str] | None = None
) -> Done:
    """Run the command; `given` is its standard input."""
    plain = {k: v for k, v in os.environ.items() if not k.startswith("DESKSIDE_")}
    return subprocess.run(
        [sys.executable, "-m", "app", "doctor", *arguments],
        cwd=ROOT,
        env=plain | dict(environment or {}),
        input=given,
        capture_output=True,
        text=True,
        check=False,
        timeout=100,
    )


@pytest.fixture
def common(deployment: Deployment) -> list[str]:
    """Where the deployment is, and whom to trust."""
    authority = str(deployment.authority.ca_file)
    port = str(deployment.ports.http)
    return [deployment.url, "--ca-file", authority, "--http-port", port]


def test_well_is_zero_and_told_in_words(
    deployment: Deployment, common: list[str], tmp_path: Path
) -> None:
    """A line for each check, and the verdict last."""
    key = tmp_path / "key"
    key.write_text(f"{deployment.key}\n")
    only = "--only", "health,key", "--only", "turn"
    done = doctor(*common, "--key-file", str(key), *only)
    assert done.returncode == 0, done.stdout + done.stderr
    lines = done.stdout.splitlines()
    assert sorted(line.split()[:2] for line in lines[:-1]) == [
        ["ok", "health"],
        ["ok", "key"],
        ["ok", "stun"],
        ["ok", "turn-443"],
        ["ok", "turn-tcp"],
        ["ok", "turn-tls"],
        ["ok", "turn-udp"],
    ]
    assert lines[-1] == "7 checks done, 0 skipped. All is well."
    assert deployment.key not in done.stdout + done.stderr


def test_key_may_come_by_standard_input_or_from_systemd(
    deployment: Deployment, common: list[str], tmp_path: Path
) -> None:
    """No file with a secret has to be made for it."""
    asked = doctor(*common, "--key-file", "-", "--only", "key", given=deployment.key)
    assert asked.returncode == 0
    assert "ok      key" in asked.stdout
    (tmp_path / "doctor_key").write_text(deployment.key)
    handed = {"CREDENTIALS_DIRECTORY": str(tmp_path)}
    asked = doctor(*common, "--only", "key", environment=handed)
    assert "ok      key" in asked.stdout


def test_failure_is_one_with_the_fix_and_the_metrics(
    deployment: Deployment, tmp_path: Path
) -> None:
    """Without the authority nothing is trusted; metrics say so."""
    path = tmp_path / "doctor.prom"
    only = "--only", "tls-web", "--metrics", str(path)
    done = doctor(deployment.url, *only)
    assert done.returncode == 1
    assert "FAIL    tls-web" in done.stdout
    assert "->" in done.stdout
    assert "FAILED: tls-web." in done.stdout
    text = path.read_text()
    assert 'deskside_doctor_check_ok{check="tls-web"} 0.0' in text
    assert "deskside_doctor_ok 0.0" in text
    assert 'deskside_tls_not_after_timestamp_seconds{endpoint="web"}' in text


def test_json_is_the_whole_output(common: list[str]) -> None:
    """Programs read standard output and the exit code."""
    done = doctor(*common, "--json", "--only", "health", "--only", "redis")
    assert done.returncode == 0
    document = json.loads(done.stdout)
    assert document["ok"] is True
    states = {check["name"]: check["state"] for check in document["checks"]}
    assert states == {"health": "ok", "redis": "skipped"}


def test_beside_the_service_its_settings_are_enough(deployment: Deployment) -> None:
    """No URL, no key: records and relay are examined all the same."""
    environment = dict(deployment.node.environment())
    authority = str(deployment.authority.ca_file)
    only = "--only", "records,disk,turn-udp", "--ca-file", authority
    done = doctor(*only, environment=environment)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.splitlines()[-1].startswith("5 checks done, 0 skipped.")


def test_relay_can_be_examined_by_its_secret_alone(
    deployment: Deployment, tmp_path: Path
) -> None:
    """Where the service is down, the relay is not: only usual ports can be guessed."""
    secret = tmp_path / "secret"
    secret.write_text(deployment.relay.secret)
    url = f"https://{LOOPBACK}:{free_port()}"
    only = "--turn-secret-file", str(secret), "--only", "turn-udp"
    done = doctor(url, *only, "--turn-host", "192.0.2.77")
    assert done.returncode == 1
    assert "turn:192.0.2.77:3478?transport=udp" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["ftp://a.example"], "no https:// URL"),
        (["https://a.example", "--only", "nothing"], "no check nothing"),
        (["https://a.example", "--key-file", "/nowhere"], "does not exist"),
        (["https://a.example", "--ca-file", __file__], "holds no certificate"),
        ([], "Give the URL of a service"),
    ],
)
def test_what_cannot_be_examined_is_two(
    arguments: list[str], words: str, tmp_path: Path
) -> None:
    """It says why, and claims nothing of the service."""
    environment = {"DESKSIDE_SECRET": "short"}
    done = doctor(*arguments, environment=environment)
    assert done.returncode == 2
    assert words in done.stderr
    assert not done.stdout


def test_metrics_that_cannot_be_written_are_two(common: list[str]) -> None:
    """Prometheus would see an old verdict."""
    done = doctor(*common, "--only", "health", "--metrics", "/proc/doctor.prom")
    assert done.returncode == 2
    assert "cannot be written" in done.stderr
