"""The names of the laboratory, by one real name server for everybody in it."""

import shutil
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.deploy.lab.network import CLIENTS, CONTROL, GATEWAY
from tests.deploy.lab.programs import inside
from tests.services import Service, find_program


ZONE = "deploy.test"


class Dns(Service):
    """dnsmasq: our zone from a file, everything else from this machine's servers."""

    program = "dnsmasq"

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.host, self.port = GATEWAY, 53
        self.names = folder / "names"
        self.names.touch()
        self.names.chmod(0o644)

    def command(self) -> list[str]:
        # "Debug mode": it keeps its account, and with that the promise to end with us.
        options = ["--no-daemon", "--conf-file=/dev/null"]
        options += [f"--listen-address={GATEWAY}", "--bind-interfaces", "--no-hosts"]
        options += [f"--addn-hosts={self.names}", f"--local=/{ZONE}/"]
        options += ["--pid-file=", "--no-resolv"]
        options += [f"--server={server}" for server in name_servers()]
        return [*inside(CONTROL), find_program(self.program), *options]

    def name(self, **hosts: str) -> None:
        """Give our names these addresses: `desk="203.0.113.11"`."""
        lines = [f"{address} {name}.{ZONE}\n" for name, address in hosts.items()]
        self.names.write_text("".join(lines))
        if self.process:
            # It reads the file again, and forgets what it knew.
            self.process.send_signal(signal.SIGHUP)


def name_servers() -> list[str]:
    """The name servers of this machine, as seen from another namespace."""
    files = [Path("/run/systemd/resolve/resolv.conf"), Path("/etc/resolv.conf")]
    text = next(file for file in files if file.exists()).read_text()
    words = [line.split() for line in text.splitlines()]
    return [word[1] for word in words if word[:1] == ["nameserver"]]


@contextmanager
def resolvers() -> Iterator[None]:
    """Have every namespace ask our name server."""
    folders = [Path("/etc/netns", name) for name in [CONTROL, *CLIENTS]]
    try:
        for folder in folders:
            folder.mkdir(parents=True, exist_ok=True)
            (folder / "resolv.conf").write_text(f"nameserver {GATEWAY}\n")
            (folder / "hosts").write_text("127.0.0.1 localhost\n::1 localhost\n")
        yield
    finally:
        for folder in folders:
            shutil.rmtree(folder, ignore_errors=True)
