"""Network namespaces, and threads that live in them."""

import ctypes
import os
import shutil
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

from tests.deploy.lab.programs import inside, run


PREFIX = "dsnet"
NAMED, NAMES = Path("/run/netns"), Path("/etc/netns")
CLONE_NEWNET = 0x40000000

T = TypeVar("T")


class Namespace:
    """A network namespace; made at once, gone after `remove`.

    Its thread lives in it: what is opened or started by `do` is in there, too. What is
    run by `run` asks these servers for names.
    """

    def __init__(self, name: str, name_servers: Sequence[str] = ()) -> None:
        # Several laboratories may stand at once, also in one process.
        self.name = free(f"{PREFIX}{os.getpid()}-{name}")
        run("ip", "netns", "add", self.name)
        self._thread = ThreadPoolExecutor(1, initializer=self._enter)
        folder = NAMES / self.name
        folder.mkdir(parents=True, exist_ok=True)
        self.know({"localhost": ("127.0.0.1", "::1")})
        asked = [f"nameserver {server}\n" for server in name_servers]
        (folder / "resolv.conf").write_text("".join(asked))
        self.ip("link set lo up")

    def know(self, names: Mapping[str, Sequence[str]]) -> None:
        """Have programs run by `run`, or behind `inside`, know these alone by heart."""
        lines = (
            f"{a} {name}\n" for name, addresses in names.items() for a in addresses
        )
        (NAMES / self.name / "hosts").write_text("".join(lines))

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

    def remove(self) -> None:
        """Take it away, with its links; its programs must have ended."""
        self._thread.shutdown()
        forget(self.name)

    def _enter(self) -> None:
        libc = ctypes.CDLL(None, use_errno=True)
        with (NAMED / self.name).open() as file:
            if libc.setns(file.fileno(), CLONE_NEWNET):
                raise OSError(ctypes.get_errno(), "setns")


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


def free(name: str) -> str:
    """This name, or with a number behind it."""
    taken = {path.name for path in NAMED.iterdir()} if NAMED.exists() else set()
    numbered = (f"{name}.{number}" for number in range(2, 100))
    return next(each for each in (name, *numbered) if each not in taken)
