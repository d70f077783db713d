"""This machine's addresses and ports."""

import contextlib
import fcntl
import ipaddress
import socket
import struct


SIOCGIFADDR = 0x8915  # linux/sockios.h


def addresses() -> list[str]:
    """The IPv4 addresses that others reach this machine by, the main one first."""
    found = [main_address(), *map(_address_of, _interfaces())]
    return list(dict.fromkeys(a for a in found if a and not _is_loopback(a)))


def main_address() -> str | None:
    """The address that connections to elsewhere come from, if there is one."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # Sends nothing: it only picks a route.
        except OSError:
            return None
        address: str = probe.getsockname()[0]
        return address


def is_free(host: str, port: int) -> bool:
    """Whether nobody listens there, over TCP or UDP."""
    for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
        with socket.socket(socket.AF_INET, kind) as probe:
            try:
                probe.bind((host, port))
            except OSError:
                return False
    return True


def free_port(host: str) -> int:
    """A port that nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind((host, 0))
        port: int = probe.getsockname()[1]
        return port


def _interfaces() -> list[str]:
    return [name for _number, name in socket.if_nameindex()]


def _address_of(interface: str) -> str | None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asker:
        request = struct.pack("256s", interface.encode()[:15])
        with contextlib.suppress(OSError):
            answer = fcntl.ioctl(asker.fileno(), SIOCGIFADDR, request)
            return socket.inet_ntoa(answer[20:24])
    return None


def _is_loopback(address: str) -> bool:
    return ipaddress.ip_address(address).is_loopback
