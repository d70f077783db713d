"""Network namespaces, and threads that live in them."""

import ctypes
import os
import shutil
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

from tests.deploy.lab.programs import inside, run


PREFIX = "dsnet"
NAMED, NAMES = Path("/run/netns"), Path("/etc/netns")
CLONE_NEWNET = 0x40000000

T = TypeVar("T")


class Namespace:
    """A network namespace with its own host names; made at once, gone after `remove`.

    Its thread lives in it: what is opened or started by `do` is in there, too.
    """

    def __init__(self, name: str) -> None:
        self.name = f"{PREFIX}{os.getpid()}-{name}"
        run("ip", "netns", "add", self.name)
        self._thread = ThreadPoolExecutor(1, initializer=self._enter)
        self.hosts = NAMES / self.name / "hosts"
        self.hosts.parent.mkdir(parents=True, exist_ok=True)
        self.hosts.write_text(LOCAL)
        # Nobody is asked for a name: it is in the file, or there is none.
        (self.hosts.parent / "resolv.conf").write_text("nameserver 127.0.0.1\n")
        self.ip("link set lo up")

    def ip(self, *commands: str) -> None:
        """Run `ip` for each of these, in one go. Raises ServiceError."""
        batch = "".join(f"{command}\n" for command in commands)
        run("ip", "-netns", self.name, "-batch", "-", text=batch)

    def run(self, *command: str, text: str = "") -> str:
        """Run a program in it, with its names. Raises ServiceError."""
        return run(*inside(self.name), *command, text=text)

    def nft(self, rules: str) -> None:
        """Load rules of the firewall."""
        self.run("nft", "-f", "-", text=rules)

    def sysctl(self, *settings: str) -> None:
        """Set what the kernel does here: `net.ipv4.ip_forward=1`."""
        self.run("sysctl", "-qw", *settings)

    def do(self, work: Callable[[], T]) -> T:
        """Do something in its thread; gives what that gives, or raises it."""
        return self._thread.submit(work).result()

    def know(self, names: Mapping[str, str]) -> None:
        """Let whoever is started in it know these names and their addresses, alone."""
        # The same file is written again: running programs see it through a mount.
        lines = [f"{address} {name}\n" for name, address in names.items()]
        self.hosts.write_text(LOCAL + "".join(lines))

    def remove(self) -> None:
        """Take it away, with its links; its programs must have ended."""
        self._thread.shutdown()
        forget(self.name)

    def _enter(self) -> None:
        libc = ctypes.CDLL(None, use_errno=True)
        with (NAMED / self.name).open() as file:
            if libc.setns(file.fileno(), CLONE_NEWNET):
                raise OSError(ctypes.get_errno(), "setns")


LOCAL = "127.0.0.1 localhost\n::1 localhost\n"


def forget(name: str) -> None:
    """Take away a namespace and its names, if they are there."""
    if (NAMED / name).exists():
        run("ip", "netns", "delete", name)
    shutil.rmtree(NAMES / name, ignore_errors=True)


def clear() -> None:
    """Take away what killed runs left."""
    for folder in (NAMED, NAMES):
        for path in folder.glob(f"{PREFIX}*-*"):
            number = path.name.removeprefix(PREFIX).partition("-")[0]
            if not Path("/proc", number).exists():
                forget(path.name)
