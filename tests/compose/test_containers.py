"""What the containers may do, and who reaches them."""

import ipaddress
import socket
import struct

import pytest

from tests.compose.machine import LINK, OUTSIDE
from tests.compose.project import SERVICES, Project
from tests.services import accepts, run


MAGIC = 0x2112A442  # RFC 8489 section 5
BINDING_REQUEST = struct.pack("!HHI12s", 1, 0, MAGIC, b"twelve bytes")


@pytest.fixture(params=SERVICES)
def service(request: pytest.FixtureRequest) -> str:
    """Each of the services."""
    return str(request.param)


def test_all_are_healthy(stack: Project) -> None:
    """`up --wait` has waited for each, and what runs once has ended well."""
    assert stack.names() == sorted(SERVICES)
    for name in SERVICES:
        assert stack.container(name)["State"]["Health"]["Status"] == "healthy", name
    assert stack.container("prepare")["State"]["ExitCode"] == 0


def test_declared(stack: Project, service: str) -> None:
    """Bounds, and what is done when it ends, as Docker has understood them."""
    host = stack.container(service)["HostConfig"]
    assert host["ReadonlyRootfs"]
    assert host["CapDrop"] == ["ALL"]
    assert not host["CapAdd"]
    assert not host["Privileged"]
    assert "no-new-privileges:true" in host["SecurityOpt"]
    assert 0 < host["Memory"] <= 2**30
    assert 0 < host["PidsLimit"] <= 256
    assert host["RestartPolicy"]["Name"] == "unless-stopped"
    assert host["LogConfig"]["Config"] == {"max-size": "10m", "max-file": "3"}


def test_in_force(stack: Project, service: str) -> None:
    """The kernel agrees: nobody, no capability now or ever, no way to get one."""
    code, text = stack.execute(service, "cat", "/proc/1/status")
    assert code == 0, text
    status = dict(line.split(":\t", 1) for line in text.splitlines() if ":\t" in line)
    assert "0" not in status["Uid"].split()
    assert "0" not in status["Gid"].split()
    for kind in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"):
        assert int(status[kind], 16) == 0, kind
    assert status["NoNewPrivs"] == "1"
    assert status["Seccomp"] == "2"


@pytest.mark.parametrize("path", ["/x", "/etc/x", "/usr/bin/x", "/run/x"])
def test_nothing_is_written(stack: Project, service: str, path: str) -> None:
    """Not even where the user's rights would do: the disk is read-only."""
    code, said = stack.execute(service, "sh", "-c", f"echo x > {path}")
    assert code != 0
    assert "Read-only file system" in said or "Permission denied" in said


def test_disk_is_read_only_for_root_too(stack: Project, service: str) -> None:
    """It is the disk that refuses, not the rights of the user."""
    _code, mounts = stack.execute(service, "cat", "/proc/1/mounts")
    (root,) = [line.split() for line in mounts.splitlines() if line.split()[1] == "/"]
    assert "ro" in root[3].split(",")


def test_memory_is_bounded(stack: Project, service: str) -> None:
    """The kernel counts with the bound that is declared."""
    files = "/sys/fs/cgroup/memory/memory.limit_in_bytes /sys/fs/cgroup/memory.max"
    _code, said = stack.execute(service, "sh", "-c", f"cat {files} 2>/dev/null")
    assert int(said) == stack.container(service)["HostConfig"]["Memory"]


def test_secrets_are_seen_by_nobody(stack: Project) -> None:
    """Not in what Docker tells of containers, nor in an image or how it was made."""
    everything = [stack.docker.run("inspect", *ids(stack, "ps", "--all"))]
    for image in ids(stack, "images"):
        everything.append(stack.docker.run("inspect", image))
        everything.append(stack.docker.run("history", "--no-trunc", image))
    everything.append(stack.compose("config"))
    for name, value in stack.secrets():
        assert not any(value in text for text in everything), name


def test_secrets_are_not_logged(stack: Project) -> None:
    """None but one is ever written to a log.

    coturn writes its password for Redis, with which one can do nothing but count.
    """
    logs = stack.compose("logs", "--no-color")
    for name, value in stack.secrets():
        if name != "redis_relay_password":
            assert value not in logs, name


def ids(stack: Project, *command: str) -> list[str]:
    """What Docker lists."""
    return stack.docker.run(*command, "--quiet").split()


@pytest.mark.parametrize(
    ("port", "open_"),
    [(80, True), (443, True), (3478, True), (5349, True)]
    + [(port, False) for port in (5432, 6379, 8000, 8001, 8443)],
)
def test_port_from_outside(stack: Project, port: int, open_: bool) -> None:
    """Only nginx is there for others."""
    assert accepts(stack.docker.machine.address, port) is open_


@pytest.mark.parametrize(("service", "port"), [("redis", 6379), ("postgres", 5432)])
def test_neighbour_cannot_route_to(stack: Project, service: str, port: int) -> None:
    """Who is on the same network and knows the container's address gets no answer."""
    networks = stack.container(service)["NetworkSettings"]["Networks"].values()
    machine = stack.docker.machine
    for address in (network["IPAddress"] for network in networks):
        route = [f"{address}/32", "via", machine.address, "dev", LINK]
        run(["ip", "route", "add", *route])
        try:
            assert not accepts(address, port)
        finally:
            run(["ip", "route", "delete", *route])


def test_containers_see_only_whom_they_need(stack: Project) -> None:
    """nginx knows the app, and neither Redis nor PostgreSQL."""
    assert stack.execute("nginx", "getent", "hosts", "app.")[0] == 0
    for name in ("postgres.", "redis."):
        assert stack.execute("nginx", "getent", "hosts", name)[0] != 0


@pytest.mark.parametrize(
    ("service", "goes"),
    [("nginx", True), ("app", False), ("redis", False), ("postgres", False)],
)
def test_way_out(stack: Project, service: str, goes: bool) -> None:
    """Only nginx, which answers the world, could ask it anything."""
    assert stack.execute(service, "true") == (0, "")
    with socket.create_server((OUTSIDE, 0)) as listening:
        port = listening.getsockname()[1]
        connect = f"timeout 3 bash -c 'exec 3<>/dev/tcp/{OUTSIDE}/{port}'"
        code, _said = stack.execute(service, "sh", "-c", connect)
    assert (code == 0) is goes


def test_service_sees_real_addresses(stack: Project) -> None:
    """Docker's address translation keeps who asks; nginx passes it on."""
    run(["curl", "--silent", "--insecure", f"https://{stack.docker.machine.address}/"])
    network = OUTSIDE.rpartition(".")[0]
    assert f'"client":"{network}.0/24"' in stack.compose("logs", "nginx")


def test_relay_sees_real_addresses(stack: Project) -> None:
    """Also by TCP: what coturn says a browser's address is, is its address."""
    with socket.create_connection((stack.docker.machine.address, 3478), 5) as browser:
        browser.sendall(BINDING_REQUEST)
        assert mapped_address(browser.recv(500)) == browser.getsockname()


def mapped_address(answer: bytes) -> tuple[str, int]:
    """XOR-MAPPED-ADDRESS (RFC 8489 section 14.2) of a STUN answer, IPv4."""
    at = answer.index(b"\x00\x20\x00\x08\x00\x01") + 6
    port, address = struct.unpack_from("!HI", answer, at)
    plain = ipaddress.IPv4Address(address ^ MAGIC)
    return str(plain), port ^ MAGIC >> 16
