"""The whole laboratory: network, names, certificate authority and two hosts."""

import fcntl
import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.deploy.lab.acme import Acme
from tests.deploy.lab.dns import Dns, resolvers
from tests.deploy.lab.hosts import DISKS, Host, end_group
from tests.deploy.lab.network import GATEWAY, Network, network
from tests.deploy.lab.playbooks import Inventory
from tests.deploy.lab.programs import ARTIFACTS
from tests.services import ServiceError, private_folder


LOCK = Path("/run/lock/deskside-lab")
"""There is one laboratory a machine: its namespaces have fixed names."""
NUMBERS = {"desk": 11, "relay": 12}
"""The hosts, and the last number of their addresses."""


@dataclass
class Laboratory:
    """What tests may use; the hosts are off at first."""

    folder: Path
    network: Network
    dns: Dns
    acme: Acme
    desk: Host
    relay: Host

    @property
    def trusted(self) -> list[Path]:
        """The certificates of its authorities."""
        return [self.acme.own, self.acme.root]

    def name(self, **names: str) -> None:
        """Give names of our zone their addresses; the authority keeps its own."""
        self.dns.name(acme=GATEWAY, **names)

    def inventory(self, example: str, name: str) -> Inventory:
        """Make an inventory out of an example, with its hosts' addresses in it."""
        made = Inventory(self.folder / name, example, self.acme.bundle)
        made.fill_in(deskside_acme_directory=self.acme.directory)
        return made


@contextmanager
def laboratory() -> Iterator[Laboratory]:
    """Build it; afterwards there is no trace of it but its cache and logs."""
    with ExitStack() as stack:
        stack.enter_context(alone())
        clear()
        internet = stack.enter_context(network())
        stack.enter_context(resolvers())
        folder = stack.enter_context(private_folder("lab"))
        dns = stack.enter_context(Dns(folder))
        dns.name(acme=GATEWAY)
        acme = stack.enter_context(Acme(folder))
        trusted = [acme.own, acme.root]
        hosts = {
            name: Host(folder, name, number, trusted)
            for name, number in NUMBERS.items()
        }
        for host in hosts.values():
            stack.callback(host.wipe)
        yield Laboratory(folder, internet, dns, acme, **hosts)


@contextmanager
def alone() -> Iterator[None]:
    """Be the only run on this machine."""
    with LOCK.open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise ServiceError(
                f"Another run of tests/deploy goes on here ({LOCK} is locked): "
                "wait for it, or end it."
            ) from None
        yield


def clear() -> None:
    """Take away what a killed run left: its hosts, their disks, its logs."""
    for name in NUMBERS:
        end_group(f"deskside-lab-{name}")
    shutil.rmtree(DISKS, ignore_errors=True)
    shutil.rmtree(ARTIFACTS, ignore_errors=True)
