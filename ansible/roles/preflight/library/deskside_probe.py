"""What a host can tell before anything is changed on it, and ears at its free ports.

Arguments:

listen  `tcp/443` and the like: answer there with `token`, each once, for `seconds`
"""

from __future__ import annotations

import fcntl
import os
import re
import select
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path

from ansible.module_utils.basic import AnsibleModule


EARS = Path("/run/deskside-preflight")
"""Holds the number of the process with ears, and is locked by it."""

PROCESS = re.compile(r'"([^"]+)",pid=(\d+)')
KINDS = {"tcp": socket.SOCK_STREAM, "udp": socket.SOCK_DGRAM}


def main() -> None:
    """Answer what was asked."""
    module = AnsibleModule(
        argument_spec={
            "names": {"type": "list", "elements": "str", "default": []},
            "folders": {"type": "list", "elements": "str", "default": []},
            "listen": {"type": "list", "elements": "str", "default": []},
            "token": {"type": "str", "default": "", "no_log": False},
            "seconds": {"type": "int", "default": 15},
        },
        supports_check_mode=True,
    )
    asked = module.params
    end_earlier()
    if asked["listen"]:
        ears = listeners(asked["listen"])
        in_background(
            ears, asked["token"].encode(), time.monotonic() + asked["seconds"]
        )
    module.exit_json(
        time=time.time(),
        free_mb={folder: free_mb(folder) for folder in asked["folders"]},
        taken=taken_ports(),
        addresses={name: addresses(name) for name in asked["names"]},
        firewall=has_our_firewall(),
    )


def free_mb(folder: str) -> int:
    """Free space where the folder is, or will be."""
    path = Path(folder)
    while not path.exists():
        path = path.parent
    return shutil.disk_usage(path).free // 2**20


def taken_ports() -> dict[str, str]:
    """Which program listens at which port: `tcp/443` -> `nginx (pid 7)`."""
    program = shutil.which("ss") or "/usr/sbin/ss"
    done = subprocess.run(  # noqa: S603  # A fixed command.
        [program, "-H", "-l", "-t", "-u", "-n", "-p"],
        capture_output=True,
        text=True,
        check=False,
    )
    return dict(map(port_and_program, done.stdout.splitlines()))


def port_and_program(line: str) -> tuple[str, str]:
    """Read one line of `ss`."""
    proto, _state, _in, _out, local, *rest = line.split()
    found = PROCESS.search(" ".join(rest))
    who = f"{found[1]} (pid {found[2]})" if found else "an unknown program"
    return f"{proto}/{local.rpartition(':')[2]}", who


def addresses(name: str) -> list[str]:
    """What the host thinks the name's addresses are."""
    try:
        found = socket.getaddrinfo(name, None, type=socket.SOCK_STREAM)
    except OSError:
        return []
    return sorted({str(address[4][0]) for address in found})


def has_our_firewall() -> bool:
    """Whether an earlier run has closed the ports that are not needed."""
    program = shutil.which("nft") or "/usr/sbin/nft"
    if not Path(program).exists():
        return False
    asked = [program, "list", "table", "inet", "deskside"]
    done = subprocess.run(asked, capture_output=True, check=False)  # noqa: S603
    return done.returncode == 0


def listeners(ports: list[str]) -> list[socket.socket]:
    """A socket for each port that is free."""
    ears = []
    for port in ports:
        try:
            ears.append(listener(port))
        except OSError:
            continue  # Taken meanwhile: whoever asks will see that.
    return ears


def listener(port: str) -> socket.socket:
    """One socket for both families where there is IPv6."""
    proto, number = port.split("/")
    both = socket.has_dualstack_ipv6()
    ear = socket.socket(socket.AF_INET6 if both else socket.AF_INET, KINDS[proto])
    try:
        ear.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if both:
            ear.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        ear.bind(("::" if both else "0.0.0.0", int(number)))  # noqa: S104  # To be found.
        if proto == "tcp":
            ear.listen(4)
    except OSError:
        ear.close()
        raise
    return ear


def in_background(ears: list[socket.socket], token: bytes, end: float) -> None:
    """Answer in a process of its own, so that this one can report."""
    if os.fork():
        return
    os.setsid()
    nothing = os.open(os.devnull, os.O_RDWR)
    for stream in range(3):
        os.dup2(nothing, stream)
    try:
        with EARS.open("w") as known:
            fcntl.flock(known, fcntl.LOCK_EX)
            known.write(str(os.getpid()))
            known.flush()
            answer(ears, token, end)
    finally:
        os._exit(0)


def end_earlier() -> None:
    """End the ears of a run before this one: they are no program that takes ports."""
    try:
        with EARS.open() as known:
            try:
                fcntl.flock(known, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:  # Held by them, so the number is theirs.
                os.kill(int(known.read()), signal.SIGKILL)
                fcntl.flock(known, fcntl.LOCK_SH)
    except (OSError, ValueError):
        return  # There are none, or they have just ended.


def answer(ears: list[socket.socket], token: bytes, end: float) -> None:
    """Say the token once at each port, or until it is late."""
    while ears and (left := end - time.monotonic()) > 0:
        for ear in select.select(ears, [], [], left)[0]:
            answer_one(ear, token)
            ears.remove(ear)
            ear.close()


def answer_one(ear: socket.socket, token: bytes) -> None:
    """Say the token to whoever came."""
    if ear.type == socket.SOCK_DGRAM:
        ear.sendto(token, ear.recvfrom(64)[1])
        return
    caller, _ = ear.accept()
    with caller:
        caller.sendall(token)


if __name__ == "__main__":
    main()
