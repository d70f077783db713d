"""A Docker of the tests' own: its images, containers and networks end with it."""

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.compose.machine import Machine
from tests.compose.plugin import compose_plugin
from tests.services import Service, find_program


class Docker(Service):
    """dockerd with an own data folder, on an own machine, at an own socket."""

    program = "dockerd"

    def __init__(self, folder: Path, machine: Machine) -> None:
        super().__init__(folder)
        self.machine = machine
        plugins = folder / "client" / "cli-plugins"
        plugins.mkdir(parents=True)
        (plugins / "docker-compose").symlink_to(compose_plugin())
        (folder / "daemon.json").write_text("{}")

    @property
    def socket(self) -> str:
        """Where it listens."""
        return f"unix://{self.folder}/docker.sock"

    @property
    def client(self) -> list[str]:
        """The client, for this Docker only."""
        own = [f"--config={self.folder}/client", f"--host={self.socket}"]
        return [client_program(), *own]

    def command(self) -> list[str]:
        options = {
            "config-file": self.folder / "daemon.json",
            "data-root": self.folder / "data",
            "exec-root": self.folder / "run",
            "pidfile": self.folder / "docker.pid",
            "host": self.socket,
        }
        given = [f"--{name}={value}" for name, value in options.items()]
        return self.machine.inside([find_program(self.program), *given])

    def ready(self) -> bool:
        asked = [*self.client, "version"]
        return subprocess.run(asked, check=False, capture_output=True).returncode == 0

    def stop(self) -> int:
        """End it, and with it the mounts that it leaves: its folder can go then."""
        code = super().stop()
        mounts = Path("/proc/self/mounts").read_text().splitlines()
        left = [line.split()[1] for line in mounts]
        for path in reversed([path for path in left if is_in(path, self.folder)]):
            subprocess.run(["umount", path], check=False, capture_output=True)
        return code

    def environment(self) -> Mapping[str, str]:
        return {k: v for k, v in os.environ.items() if not k.startswith("DOCKER_")}

    def run(
        self, *arguments: str, seconds: float = 60, where: Path | None = None
    ) -> str:
        """Run the client to its end; gives what it wrote.

        Fails the test with its output if it fails.
        """
        done = self.attempt(*arguments, seconds=seconds, where=where)
        if done.returncode:
            shown = " ".join(arguments[:6])
            pytest.fail(f"docker {shown} … failed\n{done.stdout}{done.stderr}")
        return done.stdout

    def attempt(
        self,
        *arguments: str,
        seconds: float = 60,
        where: Path | None = None,
        text: str = "",
    ) -> subprocess.CompletedProcess[str]:
        """Run the client to its end, whatever that is."""
        return subprocess.run(
            [*self.client, *arguments],
            check=False,
            input=text,
            capture_output=True,
            text=True,
            timeout=seconds,
            cwd=where,
            env=self.environment(),
        )


def is_in(path: str, folder: Path) -> bool:
    """Whether a path is in a folder."""
    return Path(path).is_relative_to(folder)


def client_program() -> str:
    """Debian's client: another `docker` may be before it on the PATH."""
    debian = Path("/usr/bin/docker")
    return str(debian) if debian.exists() else find_program("docker")
