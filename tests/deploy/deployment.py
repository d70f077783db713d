"""What is deployed in the laboratory, and what tests ask of it."""

import json
import shlex
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import testinfra.host

from tests.deploy.lab.hosts import Host
from tests.deploy.lab.laboratory import Laboratory
from tests.deploy.lab.network import CONTROL
from tests.deploy.lab.playbooks import Inventory, Played
from tests.deploy.lab.programs import inside
from tests.services import ROOT, ServiceError


Verdict = dict[str, dict[str, Any]]
DOMAIN = "desk.deploy.test"


@dataclass
class Deployment:
    """A service on hosts of the laboratory."""

    lab: Laboratory
    inventory: Inventory
    first: Played
    """What the playbook did on the bare hosts."""
    url: str = field(default=f"https://{DOMAIN}")

    @property
    def desk(self) -> Host:
        """The host with everything, or with all but the relay."""
        return self.lab.desk

    @property
    def hosts(self) -> list[Host]:
        """All hosts of it."""
        both = (self.lab.desk, self.lab.relay)
        return [host for host in both if host.process]

    def add_agent(self, email: str, name: str, password: str) -> None:
        """Add somebody who may log in, as an operator does on the host."""
        add = f"deskside agent add {email} --name '{name}' --password-file -"
        self.desk.run(add, text=password)

    @property
    def version(self) -> str:
        """The release that the nodes run."""
        return self.desk.run("deskside --version").split()[-1]

    def examine(self, *only: str) -> Verdict:
        """Ask the doctor, on the control host: what it found, by its checks' names."""
        options = [self.url, "--key-file", "-", "--ca-file", str(self.lab.acme.root)]
        command = [sys.executable, "-m", "app", "doctor", *options, *DOCTOR]
        key = self.desk.run("cat /etc/deskside/secrets/doctor_key")
        names = [part for name in only for part in ("--only", name)]
        return verdict(*inside(CONTROL), *command, *names, text=key)

    def examine_inside(self, *only: str) -> Verdict:
        """Ask the doctor, on the host."""
        names = [part for name in only for part in ("--only", name)]
        command = shlex.join(["deskside", "doctor", *DOCTOR, *names])
        return verdict(*self.desk.ssh, command)


DOCTOR = ("--json", "--idle", "5")
"""JSON, and a socket that is silent for so many seconds instead of 90."""


def verdict(*command: str | Path, text: str = "") -> Verdict:
    """What the doctor writes; that it fails is an answer, too."""
    done = subprocess.run(
        list(map(str, command)),
        cwd=ROOT,
        input=text,
        capture_output=True,
        text=True,
        check=False,
        timeout=240,
    )
    if done.returncode not in (0, 1):
        raise ServiceError(f"The doctor could not run\n{done.stdout}{done.stderr}")
    checks = json.loads(done.stdout)["checks"]
    return {check["name"]: check for check in checks}


def look_at(host: Host) -> testinfra.host.Host:
    """A host as testinfra sees it."""
    options = shlex.join(host.ssh[1:-1])
    return testinfra.get_host(
        f"ssh://root@{host.host}", ssh_extra_args=options, controlpersist=0
    )
