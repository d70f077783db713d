"""What role `app` promises: nodes that can do little, secrets out of sight."""

import re

import pytest
from testinfra.host import Host

from app import __version__
from tests.deploy.deployment import Deployment
from tests.deploy.lab.network import CLIENTS, address


SECRETS = ["app_secret", "database_url", "redis_url", "turn_secret", "metrics_token"]
TOLD = {
    "backup_recipient",  # Public: what archives are encrypted for.
    "redis_relay_password",  # coturn 4.6 logs it; it only opens statistics of relays.
}
NODES = ["deskside@8001", "deskside@8002"]


def property_of(host: Host, unit: str, name: str) -> str:
    """A property of a unit, as systemd knows it."""
    shown: str = host.check_output(f"systemctl show --value --property={name} {unit}")
    return shown


def attempt(host: Host, code: str) -> str:
    """Run Python where and as a node runs; gives what it printed.

    In its mount namespace and control group, under its account.
    """
    pid = property_of(host, NODES[0], "MainPID")
    group = property_of(host, NODES[0], "ControlGroup")
    enter = f"nsenter --target {pid} --mount --ipc --"
    become = "setpriv --reuid=deskside --regid=deskside --clear-groups --"
    move = f"echo $$ > /sys/fs/cgroup{group}/cgroup.procs"
    script = f"{move}; exec {enter} {become} python3 -c"
    printed: str = host.check_output(f"sh -c '{script} \"$1\"' sh %s", code)
    return printed


def error_of(host: Host, statement: str) -> str:
    """The error a node would get, by its name; empty where it gets none."""
    return attempt(
        host,
        "import errno, socket, pathlib\n"
        f"try: {statement}\n"
        "except OSError as error: print(errno.errorcode.get(error.errno, error))",
    )


def test_release_is_roots(host: Host) -> None:
    """The nodes run what they cannot change."""
    current = host.file("/opt/deskside/current")
    assert current.linked_to == f"/opt/deskside/releases/{__version__}"
    theirs = host.check_output(
        "find /opt/deskside ! -user root -o ! -type l -perm /022"
    )
    assert theirs == ""


def test_command_says_its_version(host: Host) -> None:
    """The command line is that of the current release."""
    assert __version__ in host.check_output("deskside --version")


def test_account_is_nobody(host: Host) -> None:
    """The account has no shell and no password."""
    user = host.user("deskside")
    assert user.shell.endswith(("nologin", "false"))
    assert user.password in ("!", "*", "!*", "!!")


@pytest.mark.parametrize("name", SECRETS)
def test_secret_is_roots_alone(host: Host, name: str) -> None:
    """Secrets are files of root, handed to nodes by systemd."""
    file = host.file(f"/etc/deskside/secrets/{name}")
    assert (file.user, file.group, file.mode) == ("root", "root", 0o600)
    assert file.size > 0


def test_secrets_are_in_no_environment_and_no_settings(
    host: Host, single: Deployment
) -> None:
    """Neither the file of settings, nor a process, nor a journal shows one."""
    settings = host.file("/etc/deskside/deskside.env")
    assert (settings.user, settings.group, settings.mode) == ("root", "deskside", 0o640)
    shown = settings.content_string
    for node in NODES:
        pid = property_of(host, node, "MainPID")
        shown += host.check_output(f"tr '\\0' '\\n' < /proc/{pid}/environ")
        shown += host.check_output(f"tr '\\0' ' ' < /proc/{pid}/cmdline")
    shown += host.check_output("journalctl --no-pager --output=cat")
    for name, secret in single.inventory.secrets.items():
        if len(str(secret)) >= 16 and name not in TOLD:
            assert secret not in shown, name


@pytest.mark.parametrize("node", NODES)
def test_nodes_run_and_come_back(host: Host, node: str) -> None:
    """Each node runs and is started at boot."""
    assert host.service(node).is_running
    assert host.service(node).is_enabled
    pid = property_of(host, node, "MainPID")
    assert host.check_output(f"ps -o user= -p {pid}") == "deskside"


def test_unit_is_hardened(host: Host) -> None:
    """systemd's own judgement of the unit: 2.0 at most (0 is nothing to attack)."""
    said = host.check_output(f"systemd-analyze security --no-pager {NODES[0]}")
    found = re.search(r"Overall exposure level.*?: ([\d.]+)", said)
    assert found
    assert float(found[1]) <= 2.0


def test_process_has_no_rights(host: Host) -> None:
    """What the kernel says of the process itself."""
    pid = property_of(host, NODES[0], "MainPID")
    status = host.file(f"/proc/{pid}/status").content_string
    assert re.search(r"^NoNewPrivs:\s+1$", status, re.MULTILINE)
    assert re.search(r"^Seccomp:\s+2$", status, re.MULTILINE)
    for kind in ("Prm", "Eff", "Bnd", "Amb"):
        assert re.search(rf"^Cap{kind}:\s+0+$", status, re.MULTILINE), kind


@pytest.mark.parametrize(
    "path", ["/etc/x", "/opt/deskside/x", "/var/lib/x", "/usr/x", "/home/x"]
)
def test_node_cannot_write_elsewhere(host: Host, path: str) -> None:
    """Everything but its recordings is closed to it."""
    error = error_of(host, f"pathlib.Path({path!r}).write_text('')")
    assert error in ("EROFS", "EACCES", "EPERM", "ENOENT")


def test_node_can_write_its_recordings(host: Host) -> None:
    """What it is for."""
    path = "pathlib.Path('/var/lib/deskside/recordings/x')"
    assert error_of(host, f"{path}.write_text(''); {path}.unlink()") == ""


@pytest.mark.parametrize("path", ["/etc/deskside/secrets", "/root"])
def test_node_cannot_look_into_folders_of_others(host: Host, path: str) -> None:
    """Secrets come by systemd; it cannot fetch them."""
    assert error_of(host, f"list(pathlib.Path({path!r}).iterdir())") == "EACCES"


def test_node_cannot_read_files_of_others(host: Host) -> None:
    """Nor those of the host."""
    assert error_of(host, "pathlib.Path('/etc/shadow').read_text()") == "EACCES"


def test_node_speaks_with_nobody_outside(host: Host) -> None:
    """The kernel drops what it would send elsewhere; its servers here answer.

    Relays and name servers it may ask, but not a stranger, who would refuse.
    """
    here = "socket.create_connection(('127.0.0.1', 6379), 2)"
    assert error_of(host, here) == ""
    stranger = address(CLIENTS["deskside-customer"])
    outside = f"socket.create_connection(('{stranger}', 53), 2)"
    refused = error_of(host, outside)
    assert refused == "EPERM" or "timed out" in refused
    # The same from beside the node: it is the node that may not, not the host.
    beside = host.run("python3 -c %s", f"import socket; {outside}")
    assert "ConnectionRefusedError" in beside.stderr
