"""docker-compose.yml, before any container runs."""

import subprocess
from pathlib import Path

import pytest

from tests.compose.plugin import compose_plugin
from tests.compose.project import make_secrets
from tests.services import ROOT


def config(folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """Have Compose read the file; it asks no Docker."""
    return subprocess.run(
        [str(compose_plugin()), "config", *options],
        check=False,
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=60,
    )


def test_without_secrets_it_says_what_to_do(checkout: Path) -> None:
    """Whoever begins with `up` is told the command that comes before."""
    done = config(checkout, "--quiet")
    assert done.returncode != 0
    assert "make compose-secrets" in done.stderr


@pytest.fixture(scope="module")
def ready(checkout: Path) -> Path:
    """The checkout, with what `up` needs."""
    make_secrets(checkout, ADDRESS="192.0.2.7")
    return checkout


def test_with_secrets_it_is_whole(ready: Path) -> None:
    """Nothing is missing, and nothing is worth a warning."""
    done = config(ready, "--quiet")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.parametrize(
    ("profile", "services"),
    [
        ("redis", {"redis"}),
        ("postgres", {"postgres"}),
        ("app", {"app", "postgres", "prepare", "redis"}),
        ("web", {"nginx"}),
        ("relay", {"coturn", "nginx"}),
    ],
)
def test_profile(ready: Path, profile: str, services: set[str]) -> None:
    """A profile starts one part, with what it cannot do without."""
    command = [str(compose_plugin()), "--profile", profile, "config", "--services"]
    done = subprocess.run(
        command, cwd=ready, capture_output=True, text=True, check=True
    )
    assert set(done.stdout.split()) == services


def test_load_tests_ask_for_what_they_need() -> None:
    """Their own file needs the service and a key, and names both."""
    command = [str(compose_plugin()), "-f", "docker-compose.load.yml", "config"]
    given = {"PATH": "/usr/bin:/bin", "LOAD_HOST": "https://help.test"}
    without = subprocess.run(
        [*command, "--quiet"],
        check=False,
        cwd=ROOT,
        env=given,
        capture_output=True,
        text=True,
    )
    assert "a key of the scope loadtest" in without.stderr
    whole = subprocess.run(
        [*command[:3], "--profile", "load", "config", "--services"],
        check=False,
        cwd=ROOT,
        env=given | {"LOAD_KEY": "dsl_x"},
        capture_output=True,
        text=True,
    )
    assert whole.returncode == 0, whole.stderr
    assert set(whole.stdout.split()) == {"master", "worker"}
