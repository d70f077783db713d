"""Boots a file system as a host: `python boot.py NAME ROOT BRIDGE`.

Runs in a mount namespace of its own, where /sys/fs/cgroup is the pure version 2
hierarchy that systemd wants. SIGTERM switches the host off, SIGKILL is a power cut.
It needs nothing but Python, and stays until the host is off.
"""

import os
import signal
import subprocess
import sys
from pathlib import Path


GROUPS = Path("/sys/fs/cgroup")
REBOOT = 133
"""What systemd-nspawn ends with when the host asks to be booted again."""


def main(name: str, root: str, bridge: str) -> int:
    """Boot it, again and again as long as it reboots; gives the exit code."""
    own_groups(name)
    environment = os.environ | {"SYSTEMD_NSPAWN_UNIFIED_HIERARCHY": "1"}
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the tests.
    code = REBOOT
    while code == REBOOT:
        host = subprocess.Popen(
            command(name, root, bridge), env=environment, start_new_session=True
        )
        signal.signal(signal.SIGTERM, lambda *_: host.terminate())  # noqa: B023
        code = host.wait()
    return code


def own_groups(name: str) -> None:
    """Have control groups of version 2, and be in one of our own."""
    run("umount", "-R", str(GROUPS))
    run("mount", "-t", "cgroup2", "cgroup2", str(GROUPS))
    state = Path("/run/systemd/nspawn")
    state.mkdir(parents=True, exist_ok=True)
    run("mount", "-t", "tmpfs", "-o", "mode=755", "tmpfs", str(state))
    group = GROUPS / name
    group.mkdir(exist_ok=True)
    (group / "cgroup.procs").write_text(str(os.getpid()))


def command(name: str, root: str, bridge: str) -> list[str]:
    """What boots it."""
    return [
        *["setpriv", "--pdeathsig", "KILL", "--"],
        *["systemd-nspawn", "--quiet", "--boot", f"--directory={root}"],
        *[f"--machine={name}", f"--network-bridge={bridge}", "--private-users=no"],
        *["--register=no", "--keep-unit", "--link-journal=no", "--console=pipe"],
        *["--resolv-conf=off", "--timezone=off"],
        # bpf, or the filters of addresses in units are not in force.
        "--system-call-filter=bpf @keyring",
    ]


def run(*arguments: str) -> None:
    """Run a program that has to succeed."""
    subprocess.run(arguments, check=True, timeout=20)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
