"""Everything about a host that would make a deployment fail, found before it begins.

Collects problems, each a sentence that says what to do; does not stop at the first.
Arguments are the role's variables without their prefix.
"""

from __future__ import annotations

import errno
import ipaddress
import re
import secrets
import socket
import time
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from ansible.module_utils.parsing.convert_bool import boolean
from ansible.plugins.action import ActionBase


DOMAIN = re.compile(r"(?=.{4,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}")
EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s.]+")
EXAMPLE = re.compile(r"(^|\.)example\.(org|com|net)$")
CERTIFICATES = ("acme", "files", "internal")
NEEDED_GROUPS = ("web", "app", "redis", "postgres", "relay")
SINGLE_GROUPS = ("redis", "postgres")
# Who may have a port that a group needs.
PORTS = {
    "web": {"tcp/80": "nginx", "tcp/443": "nginx"},
    "relay": {
        "tcp/443": "nginx",
        "tcp/3478": "nginx",
        "tcp/5349": "nginx",
        "udp/3478": "turnserver",
    },
    "redis": {"tcp/6379": "redis-server"},
    "postgres": {"tcp/5432": "postgres"},
}
PUBLIC_GROUPS = ("web", "relay")
REACH_SECONDS = 4


class ActionModule(ActionBase):  # type: ignore[misc]
    """The action; each check is a function below."""

    _supports_check_mode = True

    def run(
        self, tmp: str | None = None, task_vars: dict[str, Any] | None = None
    ) -> dict[str, Any]:
        """Give `problems`, a list of sentences."""
        super().run(tmp, task_vars)
        known = task_vars or {}
        want = self._task.args
        host = Host(known, want)
        problems = [*variable_problems(want), *group_problems(host, want)]
        problems += system_problems(known["ansible_facts"], want)
        problems += self.probed(host, want, known)
        return {"changed": False, "problems": problems}

    def probed(
        self, host: Host, want: Mapping[str, Any], known: dict[str, Any]
    ) -> list[str]:
        """What shows only on the host itself, and on the way to it."""
        asked = time.time()
        found = self.probe(known, names=host.names, folders=list(want["disk"]))
        clock = clock_problems(
            found["time"], asked, time.time(), float(want["clock_seconds"])
        )
        resolved = {name: host.resolve(name, found) for name in host.names}
        return [
            *clock,
            *disk_problems(found["free_mb"], want["disk"]),
            *port_problems(host, found["taken"]),
            *dns_problems(host, resolved),
            *self.reach_problems(host, found, resolved, known),
        ]

    def probe(self, known: dict[str, Any], **arguments: Any) -> dict[str, Any]:
        """Ask the host."""
        answer: dict[str, Any] = self._execute_module(
            module_name="deskside_probe", module_args=arguments, task_vars=known
        )
        if answer.get("failed"):
            raise RuntimeError(answer.get("msg", "the host gives no answer"))
        return answer

    def reach_problems(
        self,
        host: Host,
        found: Mapping[str, Any],
        resolved: Mapping[str, list[str]],
        known: dict[str, Any],
    ) -> list[str]:
        """Public ports that nobody gets to from here; free ones get an ear first.

        Once our own firewall is up it was reachable before, and a port may be closed
        until its service comes: then only those in use are tried.
        """
        if not host.reachable:
            return []
        targets = list(host.public_targets(resolved))
        free = [port for port, _ in targets if port not in found["taken"]]
        token = secrets.token_hex(8)
        if found["firewall"]:
            targets = [each for each in targets if each[0] not in free]
            free = []
        elif free:
            self.probe(known, listen=sorted(set(free)), token=token)
        with ThreadPoolExecutor(16) as pool:
            said = [token if port in free else "" for port, _ in targets]
            ports, addresses = zip(*targets, strict=True) if targets else ((), ())
            reached = list(pool.map(reach, ports, addresses, said))
        missed = [each for each, ok in zip(targets, reached, strict=True) if not ok]
        return [reach_problem(*each) for each in missed]


class Host:
    """What the inventory says about one host."""

    def __init__(self, known: Mapping[str, Any], want: Mapping[str, Any]) -> None:
        """Read it from the variables."""
        self.name = str(known["inventory_hostname"])
        self.all_groups: Mapping[str, list[str]] = known["groups"]
        self.groups = [g for g in (*PORTS, "app") if self.name in self.members(g)]
        self.domains = {"web": want["domain"], "relay": want["turn_domain"]}
        self.resolve_on_host = want["resolve_on"] == "host"
        self.reachable = boolean(want["reachable"])
        self.declared = as_list(want["public_address"])
        facts = known["ansible_facts"]
        self.own = [
            *facts.get("all_ipv4_addresses", []),
            *facts.get("all_ipv6_addresses", []),
        ]

    def members(self, group: str) -> list[str]:
        """The hosts of a group."""
        return self.all_groups.get(f"deskside_{group}", [])

    @property
    def names(self) -> list[str]:
        """The names under which browsers come to this host."""
        found = {self.domains[g] for g in PUBLIC_GROUPS if g in self.groups}
        return sorted(name for name in found if is_domain(name))

    def resolve(self, name: str, found: Mapping[str, Any]) -> list[str]:
        """The addresses of a name, as seen from here or from the host."""
        if self.resolve_on_host:
            return list(found["addresses"][name])
        try:
            answers = socket.getaddrinfo(name, None, type=socket.SOCK_STREAM)
        except OSError:
            return []
        return sorted({str(answer[4][0]) for answer in answers})

    def public_targets(
        self, resolved: Mapping[str, list[str]]
    ) -> Iterator[tuple[str, str]]:
        """Each public port with each address that browsers would use."""
        targets = {
            (port, address)
            for group in PUBLIC_GROUPS
            if group in self.groups
            for port in PORTS[group]
            for address in resolved.get(self.domains[group], [])
        }
        yield from sorted(targets)


def as_list(value: Any) -> list[str]:
    """One address or several, as a list."""
    if isinstance(value, str):
        return [value] if value else []
    return [str(each) for each in value or []]


def is_domain(value: Any) -> bool:
    """Whether it is a full name of a host."""
    return isinstance(value, str) and bool(DOMAIN.fullmatch(value))


def variable_problems(want: Mapping[str, Any]) -> Iterator[str]:
    """What the operator wrote, or did not."""
    yield from domain_problems("deskside_domain", want["domain"])
    if want["turn_domain"] != want["domain"]:
        yield from domain_problems("deskside_turn_domain", want["turn_domain"])
    email = want["admin_email"]
    if not isinstance(email, str) or not EMAIL.fullmatch(email):
        yield wrong("deskside_admin_email", email, "an address like it@example.org")
    if want["certificate"] not in CERTIFICATES:
        expected = f"one of {', '.join(CERTIFICATES)}"
        yield wrong("deskside_certificate", want["certificate"], expected)
    if want["certificate"] == "files":
        yield from file_problems(want["certificate_files"])
    if not str(want["acme_directory"]).startswith("https://"):
        yield wrong("deskside_acme_directory", want["acme_directory"], "an https URL")
    if not re.fullmatch(r"[1-9]|[1-5][0-9]|6[0-4]", str(want["workers"])):
        yield wrong("deskside_workers", want["workers"], "a number from 1 to 64")
    yield from address_problems(want)


def file_problems(paths: Iterable[str]) -> Iterator[str]:
    """A certificate of one's own that is not there."""
    for path in paths:
        if not Path(path).is_file():
            yield (
                f"There is no file {path} on the control host: put chain and key there,"
                " or let deskside_certificate_file and deskside_certificate_key_file"
                " name them (group_vars/all.yml)."
            )


def address_problems(want: Mapping[str, Any]) -> Iterator[str]:
    """Addresses that are none."""
    for name in ("public_address", "private_address"):
        for address in as_list(want[name]):
            if not is_address(address):
                yield wrong(f"deskside_{name}", address, "an IP address")


def domain_problems(variable: str, value: Any) -> Iterator[str]:
    """A name that is none, or that nobody filled in."""
    if not is_domain(value):
        yield wrong(variable, value, "a full name in small letters, help.example.org")
    elif EXAMPLE.search(value):
        yield f"{variable} is still the example's, {value}: write your own name there."


def wrong(variable: str, value: Any, expected: str) -> str:
    """One sentence for a wrong variable."""
    given = f"is `{value}`" if value not in (None, "") else "is missing"
    return f"{variable} {given}: set it to {expected} (group_vars/all.yml)."


def is_address(value: str) -> bool:
    """Whether it is an IPv4 or IPv6 address."""
    try:
        ipaddress.ip_address(value)
    except ValueError:
        return False
    return True


def group_problems(host: Host, want: Mapping[str, Any]) -> Iterator[str]:
    """Parts that no host has, or too many."""
    for group in NEEDED_GROUPS:
        if not host.members(group):
            yield f"No host is in the group deskside_{group}: add one to the inventory."
    for group in SINGLE_GROUPS:
        if len(host.members(group)) > 1:
            yield f"The group deskside_{group} has several hosts: leave one of them."
    backed_up = set(host.members("backup"))
    if backed_up and backed_up.isdisjoint(host.members("postgres")):
        yield (
            "No host of deskside_backup has the records: put the host of"
            " deskside_postgres into deskside_backup, too."
        )
    apart = set(host.members("web")).isdisjoint(host.members("relay"))
    if apart and host.members("relay") and want["turn_domain"] == want["domain"]:
        yield (
            "The relay is on a host of its own and needs a name of its own:"
            " set deskside_turn_domain (group_vars/all.yml)."
        )


def system_problems(facts: Mapping[str, Any], want: Mapping[str, Any]) -> Iterator[str]:
    """What kind of host it is."""
    found = system_name(facts)
    if found not in want["systems"]:
        supported = ", ".join(want["systems"])
        yield f"The system is {found}: take a fresh host with one of {supported}."
    version = facts["python"]["version"]
    if (version["major"], version["minor"]) < tuple(want["python"]):
        least = ".".join(map(str, want["python"]))
        given = f"{version['major']}.{version['minor']}"
        yield (
            f"Python is {given}: at least {least} is needed. Let"
            " ansible_python_interpreter name the system's own /usr/bin/python3."
        )
    if facts["architecture"] != want["architecture"]:
        yield (
            f"The processor is {facts['architecture']}: a release holds programs for"
            f" {want['architecture']}. Take a host with that."
        )
    if facts["memtotal_mb"] < int(want["memory_mb"]):
        yield (
            f"There are {facts['memtotal_mb']} MB of memory: at least"
            f" {want['memory_mb']} MB are needed. Take a larger host."
        )


def system_name(facts: Mapping[str, Any]) -> str:
    """Like `Debian 12` or `Ubuntu 24.04`."""
    name = facts["distribution"]
    version = "version" if name == "Ubuntu" else "major_version"
    return f"{name} {facts[f'distribution_{version}']}"


def clock_problems(
    there: float, before: float, after: float, tolerance: float
) -> Iterator[str]:
    """A clock that differs from ours by more than the question took."""
    early, late = before - there, there - after
    if max(early, late) > tolerance:
        way = "behind" if early > late else "ahead"
        yield (
            f"The clock is {max(early, late):.0f} s {way} of the control host's:"
            " set both right, for example with `timedatectl set-ntp true`."
        )


def disk_problems(free: Mapping[str, int], least: Mapping[str, int]) -> Iterator[str]:
    """Too little space."""
    for folder, megabytes in least.items():
        if free[folder] < int(megabytes):
            yield (
                f"{folder} has {free[folder]} MB free: at least {megabytes} MB are"
                " needed. Make room, or take a larger disk."
            )


def port_problems(host: Host, taken: Mapping[str, str]) -> Iterator[str]:
    """Ports that other programs than ours have."""
    needed = {port: who for g in host.groups for port, who in PORTS.get(g, {}).items()}
    for port, who in sorted(needed.items()):
        if port in taken and not taken[port].startswith(who):
            program = taken[port].partition(" ")[0]
            yield (
                f"Port {port} is taken by {taken[port]}: remove that program, or"
                f" `systemctl disable --now {program}`."
            )


def dns_problems(host: Host, resolved: Mapping[str, list[str]]) -> Iterator[str]:
    """Names that lead elsewhere, or nowhere."""
    known = {
        ipaddress.ip_address(a) for a in (*host.declared, *host.own) if is_address(a)
    }
    own = ", ".join(sorted(map(str, known)))
    for name, found in resolved.items():
        advice = record_advice(name, host)
        if not found:
            yield f"{name} has no address: {advice}"
        for address in strangers(found, known):
            yield (
                f"{name} leads to {address}, and the host has {own}: {advice} If"
                " it is behind NAT, set deskside_public_address to the address outside."
            )


def strangers(found: Iterable[str], known: Iterable[Any]) -> list[str]:
    """The addresses of a name which are not the host's."""
    return [each for each in found if ipaddress.ip_address(each) not in known]


def record_advice(name: str, host: Host) -> str:
    """Which record to make."""
    public = ", ".join(host.declared) or "the host's public address"
    return f"let the DNS records of {name} (A, AAAA) say {public} and nothing else."


def reach(port: str, address: str, token: str) -> bool:
    """Whether who should answers; IPv6 counts as reached where this side has none."""
    proto, number = port.split("/")
    asked = reach_udp if proto == "udp" else reach_tcp
    try:
        return asked(address, int(number), token.encode())
    except OSError as problem:
        return ":" in address and problem.errno in UNROUTED


UNROUTED = (errno.ENETUNREACH, errno.EADDRNOTAVAIL)
# A STUN binding request, which coturn answers as well as our ear.
STUN = bytes.fromhex("000100002112a442") + b"deskside-pre"


def reach_tcp(address: str, port: int, token: bytes) -> bool:
    """Whether somebody is there, and says the token if there is one to say."""
    with socket.create_connection((address, port), REACH_SECONDS) as asking:
        return not token or asking.recv(64) == token


def reach_udp(address: str, port: int, token: bytes) -> bool:
    """Whether the token or an answer comes back; a datagram may be lost."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as asking:
        asking.settimeout(REACH_SECONDS / 4)
        asking.connect((address, port))
        return any(answered(asking, token) for _ in range(4))


def answered(asking: socket.socket, token: bytes) -> bool:
    """One question, one answer."""
    try:
        asking.send(STUN)
        said = asking.recv(512)
    except (TimeoutError, ConnectionRefusedError):
        time.sleep(0.1)
        return False
    return said == token or not token


def reach_problem(port: str, address: str) -> str:
    """Where to look for what closes a port."""
    return (
        f"Port {port} of {address} cannot be reached from the control host: open it in"
        " the provider's firewall or security group, and forward it where there is NAT."
        " If only the control host is shut out, set preflight_reachable: false."
    )
