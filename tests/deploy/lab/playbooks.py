"""Playbooks as an operator runs them: an inventory of the examples, filled in."""

import os
import re
import shutil
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from tests.deploy.lab.hosts import ssh_options
from tests.deploy.lab.network import CONTROL
from tests.deploy.lab.programs import ARTIFACTS, inside, run, succeeds
from tests.services import ROOT, ServiceError


ANSIBLE = ROOT / "ansible"
RECAP = re.compile(
    r"^(?P<host>\S+)\s*: ok=\d+\s+changed=(?P<changed>\d+)\s+"
    r"unreachable=(?P<unreachable>\d+)\s+failed=(?P<failed>\d+)",
    re.MULTILINE,
)
CHANGED = re.compile(r"^TASK \[(.*?)\]|^changed: ", re.MULTILINE)


@dataclass
class Played:
    """What a playbook did."""

    output: str
    seconds: float

    @property
    def changed(self) -> int:
        """How many tasks changed something, on all hosts."""
        return sum(int(found["changed"]) for found in RECAP.finditer(self.output))

    @property
    def what_changed(self) -> list[str]:
        """The names of the tasks that changed something."""
        names, task = [], ""
        for found in CHANGED.finditer(self.output):
            if found[1]:
                task = found[1]
            elif task not in names:
                names.append(task)
        return names


class Inventory:
    """A folder of its own for the hosts, made out of one of the examples."""

    def __init__(self, folder: Path, example: str, trust: Path) -> None:
        self.folder, self.trust = folder, trust
        self.sockets = folder.parent / "ssh"
        self._runs = 0
        shutil.copytree(ANSIBLE / "inventories" / example, folder)

    @property
    def secrets(self) -> dict[str, Any]:
        """What the first run made up."""
        text = (self.folder / "secrets.yml").read_text()
        made: dict[str, Any] = yaml.safe_load(text)
        return made

    def keep_secrets_of(self, other: "Inventory") -> None:
        """Use the secrets of another inventory: what its backups can be read with."""
        shutil.copy(other.folder / "secrets.yml", self.folder)

    def fill_in(self, **values: str) -> None:
        """Write variables for all hosts: those of the example, and further ones."""
        file = self.folder / "group_vars" / "all.yml"
        known: dict[str, Any] = yaml.safe_load(file.read_text())
        file.write_text(yaml.safe_dump(known | values))

    def place(self, **addresses: str) -> None:
        """Write the addresses of the hosts, in the place of the example's."""
        file = self.folder / "hosts.yml"
        text = file.read_text()
        for name, address in addresses.items():
            form = rf"(\b{name}:\n\s+ansible_host: )[0-9.]+"
            text, found = re.subn(form, rf"\g<1>{address}", text)
            assert found == 1, f"{file} has no host {name}"
        file.write_text(text)

    def play(self, playbook: str, *options: str, seconds: float = 900) -> Played:
        """Run a playbook; raises ServiceError with the end of its log if it fails."""
        program = Path(sys.executable).parent / "ansible-playbook"
        self._runs += 1
        log = ARTIFACTS / f"{self.folder.name}-{self._runs:02}-{playbook}.log"
        begun = time.monotonic()
        try:
            output = run(
                *inside(CONTROL),
                program,
                *["-i", str(self.folder), f"{playbook}.yml", *options],
                seconds=seconds,
                env=self._environment(),
                log=log,
                where=ANSIBLE,
            )
        finally:
            self._hang_up()
        took = time.monotonic() - begun
        return Played(output, took)

    def refuses(self, playbook: str, *options: str) -> str:
        """Run a playbook that has to fail; gives what it said."""
        try:
            self.play(playbook, *options)
        except ServiceError as refusal:
            return str(refusal)
        raise AssertionError(f"{playbook} did not fail")

    def _environment(self) -> dict[str, str]:
        self.sockets.mkdir(exist_ok=True)
        return os.environ | {
            "ANSIBLE_CONFIG": str(ANSIBLE / "ansible.cfg"),
            "ANSIBLE_HOST_KEY_CHECKING": "0",  # Hosts are made anew all the time.
            "ANSIBLE_SSH_COMMON_ARGS": " ".join(ssh_options()),
            "ANSIBLE_SSH_CONTROL_PATH_DIR": str(self.sockets),
            "ANSIBLE_NOCOLOR": "1",
            "ANSIBLE_FORCE_COLOR": "0",
            "PYTHONDONTWRITEBYTECODE": "1",
            # The laboratory's authorities are to this host what the world's are.
            "SSL_CERT_FILE": str(self.trust),
            "REQUESTS_CA_BUNDLE": str(self.trust),
        }

    def _hang_up(self) -> None:
        """Close the connections kept open: the next host there may be another."""
        for socket in self.sockets.glob("*"):
            succeeds("ssh", "-o", f"ControlPath={socket}", "-O", "exit", "anybody")
