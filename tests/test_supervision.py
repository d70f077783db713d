"""What the process tells systemd, by a real socket."""

import asyncio
import os
import socket
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType

import pytest

from app.adapters.systemd import Supervision
from tests.services import Node, private_folder


PING = "WATCHDOG=1"


class Manager:
    """Stands where systemd stands: holds the socket, and reads what it is told."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(address.replace("@", "\0"))

    def asks(self, watchdog_seconds: float = 0, pid: str = "") -> dict[str, str]:
        """The variables by which it asks to be told."""
        usec = str(int(watchdog_seconds * 1_000_000))
        return {
            "NOTIFY_SOCKET": self.address,
            "WATCHDOG_USEC": usec,
            "WATCHDOG_PID": pid,
        }

    def told(self, within: float = 20.0) -> str:
        """The first line of the next thing it is told; nothing comes to nothing."""
        self.socket.settimeout(within)
        try:
            return self.socket.recv(4096).decode().partition("\n")[0]
        except TimeoutError:
            return ""

    def hears(self, wanted: str) -> list[str]:
        """All it is told up to this."""
        heard: list[str] = []
        while wanted not in heard:
            heard.append(said := self.told())
            assert said, f"never told {wanted}, only {heard}"
        return heard


@pytest.fixture(params=["file", "abstract"])
def manager(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Manager]:
    name = f"@deskside-{os.getpid()}"
    made = Manager(str(tmp_path / "notify") if request.param == "file" else name)
    yield made
    made.socket.close()


class WatchedNode(Node):
    """A node that a manager has started."""

    asked: Mapping[str, str] = MappingProxyType({})

    def environment(self) -> Mapping[str, str]:
        return {**super().environment(), **self.asked}


def test_node_tells_its_life(manager: Manager) -> None:
    """Ready once it serves, alive while it does, stopping when told to end."""
    with private_folder("node") as folder:
        node = WatchedNode(folder)
        node.migrate()
        node.asked = manager.asks(watchdog_seconds=0.3)
        with node:
            assert "READY=1" in manager.hears("READY=1")
            assert node.ready()
            assert [manager.told(), manager.told()] == [PING, PING]
            assert node.stop() == 0
        assert "STOPPING=1" in manager.hears("STOPPING=1")


async def test_hung_loop_does_not_ping(manager: Manager) -> None:
    """The pings come from the event loop: where it stands still, none comes."""
    pings = asyncio.create_task(Supervision(manager.asks(0.3)).keep_alive())
    await asyncio.sleep(0.25)
    assert [manager.told(0.01) for _ in range(3)] == [PING, PING, PING]
    time.sleep(0.5)  # noqa: ASYNC251  (it hangs)
    assert manager.told(0.01) == ""
    pings.cancel()


async def test_watchdog_of_another_process_is_not_ours(manager: Manager) -> None:
    """A worker does not answer for the process that started it."""
    await asyncio.wait_for(Supervision(manager.asks(0.3, "1")).keep_alive(), 1)
    assert manager.told(0.01) == ""


def test_variables_are_not_passed_on(manager: Manager) -> None:
    """What is started by us knows nothing of systemd."""
    environ = {**manager.asks(1), "PATH": "/bin"}
    Supervision(environ)
    assert environ == {"PATH": "/bin"}


async def test_without_systemd_nothing_is_said() -> None:
    """Started by hand, it neither fails nor waits."""
    supervision = Supervision({})
    supervision.ready()
    await asyncio.wait_for(supervision.keep_alive(), 1)
    supervision.stopping()
