"""What is deployed in the laboratory, and what tests ask of it."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from tests.deploy.lab.hosts import Host
from tests.deploy.lab.laboratory import Laboratory
from tests.deploy.lab.playbooks import Inventory, Played


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

    def add_agent(self, email: str, name: str, password: str) -> None:
        """Add somebody who may log in, as an operator does on the host."""
        add = f"deskside agent add {email} --name '{name}' --password-file -"
        self.desk.run(add, text=password)


@contextmanager
def measured(times: list[str], what: str) -> Iterator[None]:
    """Note how long something took."""
    begun = time.monotonic()
    yield
    times.append(f"{what}: {time.monotonic() - begun:.1f} s")
