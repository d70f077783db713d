"""Hosts that boot: a Debian with systemd and ssh, on the bridge."""

import os
import shutil
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from tests.deploy.lab.network import (
    BITS,
    BRIDGE,
    CONTROL,
    GATEWAY,
    address,
    address6,
)
from tests.deploy.lab.programs import CACHE, run, succeeds
from tests.deploy.lab.rootfs import KEY, SUITE, unpack
from tests.services import Service, ServiceError, wait_until


ARCHIVES = "var/cache/apt/archives"
DISKS = CACHE / "disks"
PACKAGES = CACHE / "packages"
"""What hosts have fetched from their mirror, for those that come after them."""
BOOT = Path(__file__).parent / "boot.py"

LINK = """\
[Match]
Name=host0
[Network]
Address={address}/{bits}
Address={address6}/64
Gateway={gateway}
LinkLocalAddressing=ipv6
IPv6AcceptRA=no
"""


class Host(Service):
    """One host; its disk stays through `stop` and `start`, until `wipe`."""

    program = "systemd-nspawn"

    def __init__(
        self, folder: Path, name: str, number: int, trusted: Sequence[Path] = ()
    ) -> None:
        super().__init__(folder)
        self.name, self.number = name, number
        self.host, self.port = address(number), 22
        self.trusted, self.suite = trusted, SUITE
        self.root = DISKS / name
        self.log = folder / f"{name}.log"
        self.socket = folder / f"{name}.ssh"
        self.group = f"deskside-lab-{name}"

    @property
    def ssh(self) -> list[str]:
        """What runs a command there."""
        # One connection for all commands: hosts bound how many are opened.
        options = {"ControlPath": str(self.socket), "ControlMaster": "auto"}
        kept = ssh_options(ControlPersist="yes", **options)
        return ["ssh", *kept, f"root@{self.host}"]

    def command(self) -> list[str]:
        namespaces = [f"--net=/run/netns/{CONTROL}", "--"]
        mounts = ["unshare", "--mount", "--propagation", "private", "--"]
        boot = [sys.executable, str(BOOT), self.group, str(self.root), BRIDGE]
        return ["nsenter", *namespaces, *mounts, *boot]

    def start(self, *, wait: bool = True) -> None:
        """Boot it, from a bare Debian if it has no disk."""
        if not self.root.exists():
            unpack(self.suite, self.root)
            self._make_own()
            share(PACKAGES, self.root / ARCHIVES)
        super().start(wait=wait)

    def stop(self) -> int:
        """Switch it off."""
        try:
            return super().stop()
        finally:
            self._clear()

    def kill(self) -> None:
        """Cut its power."""
        super().kill()
        self._clear()

    def hang_up(self) -> None:
        """Close the connection that is kept open."""
        if self.socket.exists():
            succeeds(*self.ssh, "-O", "exit")
            self.socket.unlink(missing_ok=True)

    def _clear(self) -> None:
        end_group(self.group)
        self.hang_up()

    def wipe(self) -> None:
        """Cut its power and take its disk; the next start is a bare Debian."""
        self.kill()
        if self.root.exists():
            share(self.root / ARCHIVES, PACKAGES)
            shutil.rmtree(self.root)

    def __exit__(self, *_: object) -> None:
        self.wipe()

    def run(self, command: str, seconds: float = 60, text: str = "") -> str:
        """Run a line of shell there; gives what it wrote, or raises ServiceError."""
        return run(*self.ssh, command, seconds=seconds, text=text)

    def works(self, command: str) -> bool:
        """Whether a line of shell succeeds there."""
        try:
            self.run(command)
        except ServiceError:
            return False
        return True

    def reboot(self) -> float:
        """Have it boot again; gives the seconds until ssh answered."""
        before, begun = self._boot_id(), time.monotonic()
        self.works("systemctl reboot")  # It cuts us off before it has answered.
        self.hang_up()

        def booted() -> bool:
            return self.ready() and self._boot_id() not in ("", before)

        if not wait_until(booted, 60):
            raise ServiceError(f"{self.name} did not come back\n{self.tail()}")
        return time.monotonic() - begun

    def _boot_id(self) -> str:
        # The kernel is shared, so its own boot id would never change.
        try:
            return self.run("stat -c %Z /proc/1", seconds=10)
        except ServiceError:
            return ""

    def _make_own(self) -> None:
        """What makes this host another than the next."""
        files = {
            "etc/hostname": f"{self.name}\n",
            "etc/hosts": f"127.0.0.1 localhost\n127.0.1.1 {self.name}\n",
            "etc/resolv.conf": f"nameserver {GATEWAY}\n",
            "etc/systemd/network/10-host0.network": LINK.format(
                address=address(self.number),
                bits=BITS,
                address6=address6(self.number),
                gateway=GATEWAY,
            ),
        }
        for path, text in files.items():
            (self.root / path).write_text(text)
        for certificate in self.trusted:
            place = "usr/local/share/ca-certificates"
            shutil.copy(certificate, self.root / place / f"lab-{certificate.name}")
        chroot = ["chroot", str(self.root)]
        run(*chroot, "ssh-keygen", "-A")
        run(*chroot, "update-ca-certificates")


def ssh_options(**more: str) -> list[str]:
    """How to reach hosts that are made anew all the time."""
    options = more | {
        "IdentityFile": str(KEY),
        "IdentitiesOnly": "yes",
        "StrictHostKeyChecking": "no",
        "UserKnownHostsFile": "/dev/null",
        "LogLevel": "ERROR",
        "ConnectTimeout": "10",
        "ServerAliveInterval": "5",
    }
    return [part for key, value in options.items() for part in ("-o", f"{key}={value}")]


def share(source: Path, target: Path) -> None:
    """Have the packages of one folder in the other, too."""
    target.mkdir(parents=True, exist_ok=True)
    for package in source.glob("*.deb"):
        if not (target / package.name).exists():
            os.link(package, target / package.name)


def end_group(name: str) -> None:
    """End what is left in a host's control group, and remove it."""
    for base in (Path("/sys/fs/cgroup"), Path("/sys/fs/cgroup/unified")):
        group = base / name
        if (group / "cgroup.kill").exists():
            (group / "cgroup.kill").write_text("1")
            wait_until(lambda group=group: _removed(group), 10)  # type: ignore[misc]


def _removed(group: Path) -> bool:
    """Whether a control group is gone, with all in it."""
    folders = [Path(found) for found, _, _ in os.walk(group, topdown=False)]
    try:
        for folder in folders:
            folder.rmdir()
    except OSError:
        return False
    return True
