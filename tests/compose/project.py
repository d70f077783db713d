"""A checkout of its own with docker-compose.yml, as somebody has who tries it."""

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.compose.base_image import TAG
from tests.compose.dockerd import Docker
from tests.compose.machine import Machine
from tests.services import ROOT, run, wait_until


DOMAIN = "help.deskside.test"
SERVICES = ("app", "coturn", "nginx", "postgres", "redis")
BACK_SECONDS = 60.0


def check_out(folder: Path) -> Path:
    """Copy what git knows or would know: not what other runs have made."""
    listed = run(["git", "ls-files", "-z", "-co", "--exclude-standard"])
    for name in filter(None, listed.split("\0")):
        if (ROOT / name).is_file():
            target = folder / name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, target)
    return folder


def make_secrets(
    folder: Path, machine: Machine | None = None, **choices: str
) -> subprocess.CompletedProcess[str]:
    """What `make compose-secrets` does, on a machine of its own if one is given."""
    command = [sys.executable, "-m", "tools.compose_secrets"]
    known = ("DOMAIN", "ADDRESS", "EXTERNAL_IP", "ADMIN_EMAIL", "STATE_SUBNET")
    rest = {name: value for name, value in os.environ.items() if name not in known}
    return subprocess.run(
        machine.inside(command) if machine else command,
        check=False,
        cwd=folder,
        env=rest | choices,
        capture_output=True,
        text=True,
        timeout=60,
    )


class Project:
    """The containers of one checkout."""

    url = f"https://{DOMAIN}"

    def __init__(self, folder: Path, docker: Docker) -> None:
        self.folder, self.docker = folder, docker
        # There is no registry here: the base is one made by the tests.
        with (folder / ".env").open("a") as settings:
            settings.write(f"DESKSIDE_BASE={TAG}\n")

    @property
    def authority(self) -> Path:
        """The certificate that browsers are to trust."""
        return self.folder / "var" / "deskside-ca.pem"

    def secrets(self) -> Iterator[tuple[str, str]]:
        """Names and values of all secrets, keys too."""
        made = self.folder / "var" / "compose"
        for path in [*(made / "secrets").iterdir(), *(made / "tls").glob("*key*")]:
            yield path.name, path.read_text().strip()

    def compose(self, *arguments: str, seconds: float = 90) -> str:
        """Run `docker compose` to its end; gives what it wrote."""
        quiet = ("compose", "--progress=quiet")
        return self.docker.run(*quiet, *arguments, seconds=seconds, where=self.folder)

    def up(self, *options: str) -> None:
        """Start, and wait until all is healthy."""
        command = ("compose", "--progress=quiet", "up", "--detach", "--wait")
        wait = "--wait-timeout=120"
        done = self.docker.attempt(
            *command, wait, *options, seconds=180, where=self.folder
        )
        if done.returncode:
            logs = self.compose("logs", "--no-color", "--tail=15")
            pytest.fail(f"not up: {done.stderr}\n{logs}")

    def down(self, *options: str) -> None:
        """Stop and remove the containers."""
        self.compose("down", *options)

    def execute(self, service: str, *command: str, text: str = "") -> tuple[int, str]:
        """Run a command in a container; gives its exit code and what it wrote."""
        arguments = ("compose", "exec", "--no-TTY", service, *command)
        done = self.docker.attempt(*arguments, where=self.folder, text=text)
        return done.returncode, done.stdout + done.stderr

    def container(self, service: str) -> dict[str, Any]:
        """All that Docker knows of a container."""
        name = self.compose("ps", "--all", "--quiet", service).split()[0]
        (known,) = json.loads(self.docker.run("inspect", name))
        return dict(known)

    def names(self, *options: str) -> list[str]:
        """The services with a container, each as often as it has one."""
        found = self.compose("ps", *options, "--format={{.Service}}")
        return sorted(found.split())

    def crash(self, service: str) -> None:
        """Kill what runs in a container, as the kernel does where memory is short.

        Not by `docker kill`: Docker takes that for a wish.
        """
        before = self.container(service)
        os.kill(before["State"]["Pid"], signal.SIGKILL)

        def is_back() -> bool:
            now = self.container(service)
            health = now["State"].get("Health", {}).get("Status")
            again: bool = now["RestartCount"] > before["RestartCount"]
            return again and health == "healthy"

        assert wait_until(is_back, BACK_SECONDS), f"{service} has not come back"
