"""What would make a deployment fail is found before it begins."""

import socket
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from tests.ansible.playbooks import ANSIBLE, GROUPS, Run, load, play, read, this_machine
from tests.services import LOOPBACK, free_port


ROLE = ANSIBLE / "roles/preflight"
GOOD: Mapping[str, Any] = {
    "domain": "help.example.test",
    "turn_domain": "turn.example.test",
    "admin_email": "it@example.test",
    "certificate": "acme",
    "certificate_files": [],
    "acme_directory": "https://acme.example.test/directory",
    "workers": 2,
    "public_address": [],
    "private_address": [],
    "memory_mb": 900,
    "systems": ["Debian 12", "Ubuntu 24.04"],
    "python": [3, 11],
    "architecture": "x86_64",
    "reachable": True,
    "resolve_on": "control",
}
FACTS: Mapping[str, Any] = {
    "distribution": "Debian",
    "distribution_version": "12.11",
    "distribution_major_version": "12",
    "python": {"version": {"major": 3, "minor": 11}},
    "architecture": "x86_64",
    "memtotal_mb": 2000,
    "all_ipv4_addresses": ["192.0.2.7"],
    "all_ipv6_addresses": ["2001:db8::7"],
}


@pytest.fixture(scope="module")
def plugin() -> ModuleType:
    """The checks."""
    return load(ROLE / "action_plugins/deskside_preflight.py")


@pytest.fixture(scope="module")
def probe() -> ModuleType:
    """What runs on the host."""
    return load(ROLE / "library/deskside_probe.py")


def host(plugin: ModuleType, *groups: str, **want: Any) -> Any:
    """A host in these groups, or in all."""
    known = {
        "inventory_hostname": "desk",
        "groups": {f"deskside_{name}": ["desk"] for name in groups or GROUPS},
        "ansible_facts": FACTS,
    }
    return plugin.Host(known, {**GOOD, **want})


def preflight(folder: Path, **variables: Any) -> Run:
    """The real playbook against this machine."""
    return play("preflight.yml", this_machine(folder), variables=variables)


def test_all_problems_are_told_together(tmp_path: Path) -> None:
    """One run names everything that is wrong, with the host, and changes nothing."""
    done = preflight(
        tmp_path,
        deskside_domain="https://help.example.org/",
        deskside_admin_email="nobody",
        deskside_certificate="magic",
        deskside_workers="many",
        preflight_memory_mb=10**9,
        preflight_disk={"/var": 10**9},
        preflight_reachable=False,
    )
    assert done.code != 0
    said = " ".join(done.text.split())
    for expected in (
        "desk: deskside_domain is `https://help.example.org/`",
        "deskside_admin_email is `nobody`",
        "deskside_certificate is `magic`",
        "deskside_workers is `many`",
        "at least 1000000000 MB are needed. Take a larger host.",
        "/var has",
    ):
        assert expected in said


def test_a_missing_name_is_told(tmp_path: Path) -> None:
    """An inventory that nobody filled in."""
    said = " ".join(preflight(tmp_path, preflight_reachable=False).text.split())
    assert "deskside_domain is missing: set it to a full name" in said
    assert "deskside_admin_email is missing" in said


def test_good_variables_have_no_problem(plugin: ModuleType) -> None:
    """Nobody is told off without a reason."""
    assert list(plugin.variable_problems(GOOD)) == []
    assert list(plugin.group_problems(host(plugin), GOOD)) == []
    assert list(plugin.system_problems(FACTS, GOOD)) == []


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("domain", "help"),
        ("domain", "Help.Example.test"),
        ("domain", "help.example.org"),
        ("turn_domain", "203.0.113.7"),
        ("admin_email", ["it@example.test"]),
        ("acme_directory", "http://acme.example.test/directory"),
        ("workers", 65),
        ("workers", 0),
        ("public_address", "203.0.113"),
        ("private_address", "10.0.0.300"),
    ],
)
def test_a_wrong_variable_is_named(plugin: ModuleType, name: str, value: Any) -> None:
    """Exactly the one that is wrong."""
    (problem,) = plugin.variable_problems({**GOOD, name: value})
    assert problem.startswith(f"deskside_{name} is ")


def test_a_certificate_that_is_not_there_is_told(
    plugin: ModuleType, tmp_path: Path
) -> None:
    """Only where it is to be one's own, and only the file that is missing."""
    chain, key = tmp_path / "fullchain.pem", tmp_path / "privkey.pem"
    chain.touch()
    files = {"certificate_files": [str(chain), str(key)]}
    assert list(plugin.variable_problems({**GOOD, **files})) == []
    own = {**GOOD, **files, "certificate": "files"}
    (problem,) = plugin.variable_problems(own)
    assert problem.startswith(f"There is no file {key} on the control host")


def test_a_part_without_a_host_is_named(plugin: ModuleType) -> None:
    """Every part needs a host."""
    some = host(plugin, "web", "app", "redis", "relay")
    (problem,) = plugin.group_problems(some, GOOD)
    assert "deskside_postgres" in problem


def test_records_that_nobody_keeps_are_told(plugin: ModuleType) -> None:
    """A backup on another host than that of the records would be one without them."""
    apart = host(plugin)
    apart.all_groups["deskside_postgres"] = ["other"]
    (problem,) = plugin.group_problems(apart, GOOD)
    assert "deskside_postgres into deskside_backup" in problem
    apart.all_groups["deskside_backup"] = ["desk", "other"]
    assert list(plugin.group_problems(apart, GOOD)) == []


def test_a_relay_of_its_own_needs_a_name(plugin: ModuleType) -> None:
    """Two hosts cannot share one name."""
    apart = host(plugin)
    apart.all_groups["deskside_relay"] = ["other"]
    want = {**GOOD, "turn_domain": GOOD["domain"]}
    (problem,) = plugin.group_problems(apart, want)
    assert "set deskside_turn_domain" in problem


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        ({"distribution": "Fedora"}, "take a fresh host with one of Debian 12"),
        ({"distribution_major_version": "11"}, "The system is Debian 11"),
        ({"python": {"version": {"major": 3, "minor": 9}}}, "Python is 3.9"),
        ({"architecture": "aarch64"}, "programs for x86_64"),
        ({"memtotal_mb": 512}, "at least 900 MB"),
    ],
)
def test_an_unfit_host_is_told(
    plugin: ModuleType, facts: Mapping[str, Any], expected: str
) -> None:
    """What the host is, and which one to take."""
    (problem,) = plugin.system_problems({**FACTS, **facts}, GOOD)
    assert expected in problem


@pytest.mark.parametrize(("offset", "way"), [(-60, "behind"), (60, "ahead")])
def test_a_wrong_clock_is_told(plugin: ModuleType, offset: float, way: str) -> None:
    """By how much, and in which direction."""
    (problem,) = plugin.clock_problems(1000 + offset, 1000, 1002, 5)
    assert way in problem
    assert "60 s" in problem or "58 s" in problem


def test_a_slow_answer_is_no_wrong_clock(plugin: ModuleType) -> None:
    """A loaded host takes seconds to say what time it is."""
    assert list(plugin.clock_problems(1010, 1000, 1020, 5)) == []


def test_a_taken_port_is_told(plugin: ModuleType) -> None:
    """Whose it is; one that our own program has is no problem."""
    taken = {"tcp/80": "apache2 (pid 7)", "tcp/443": "nginx (pid 8)"}
    (problem,) = plugin.port_problems(host(plugin), taken)
    assert problem.startswith("Port tcp/80 is taken by apache2 (pid 7)")


def test_names_must_lead_to_the_host(plugin: ModuleType) -> None:
    """IPv4 and IPv6; a name without an address is none."""
    some = host(plugin)
    good = {"a.test": ["192.0.2.7", "2001:db8::7"]}
    assert list(plugin.dns_problems(some, good)) == []
    (problem,) = plugin.dns_problems(some, {"a.test": ["192.0.2.7", "2001:db8::8"]})
    assert "a.test leads to 2001:db8::8" in problem
    (problem,) = plugin.dns_problems(some, {"a.test": []})
    assert "a.test has no address" in problem


def test_an_address_outside_may_be_declared(plugin: ModuleType) -> None:
    """Behind 1:1 NAT no interface has the public address."""
    resolved = {"a.test": ["203.0.113.7"]}
    (problem,) = plugin.dns_problems(host(plugin), resolved)
    assert "set deskside_public_address" in problem
    declared = host(plugin, public_address="203.0.113.7")
    assert list(plugin.dns_problems(declared, resolved)) == []


@pytest.mark.parametrize("proto", ["tcp", "udp"])
def test_a_free_port_is_reached(
    plugin: ModuleType, probe: ModuleType, proto: str
) -> None:
    """An ear answers with its token; with another token it was somebody else."""
    ports = [f"{proto}/{free_port()}" for _ in range(2)]
    ears = probe.listeners(ports)
    end = time.monotonic() + 20
    listening = threading.Thread(target=probe.answer, args=(ears, b"token", end))
    listening.start()
    assert plugin.reach(ports[0], LOOPBACK, "token")
    assert not plugin.reach(ports[1], LOOPBACK, "another")
    listening.join()


@pytest.mark.parametrize("proto", ["tcp", "udp"])
def test_a_closed_port_is_not_reached(plugin: ModuleType, proto: str) -> None:
    """And the words say which, and where to open it."""
    port = f"{proto}/{free_port()}"
    assert not plugin.reach(port, LOOPBACK, "")
    assert "provider's firewall" in plugin.reach_problem(port, LOOPBACK)


def test_a_port_in_use_gets_no_ear(probe: ModuleType) -> None:
    """A service that runs is left alone."""
    with socket.create_server((LOOPBACK, 0)) as used:
        assert probe.listeners([f"tcp/{used.getsockname()[1]}"]) == []


def test_the_probe_knows_who_listens(probe: ModuleType) -> None:
    """A port of this very process, with its number."""
    with socket.create_server((LOOPBACK, 0)) as used:
        taken = probe.taken_ports()
        assert "(pid " in taken[f"tcp/{used.getsockname()[1]}"]


def test_every_public_port_is_tried(plugin: ModuleType) -> None:
    """Pages and relay, at each address of their names."""
    resolved = {"help.example.test": ["192.0.2.7"], "turn.example.test": ["192.0.2.8"]}
    targets = list(host(plugin).public_targets(resolved))
    assert ("tcp/80", "192.0.2.7") in targets
    assert ("udp/3478", "192.0.2.8") in targets
    assert ("udp/3478", "192.0.2.7") not in targets


def test_the_same_systems_as_the_base() -> None:
    """What preflight lets pass, the roles know."""
    base = read(ANSIBLE / "roles/base/vars/main.yml")["base_systems"]
    assert read(ROLE / "vars/main.yml")["preflight_systems"] == base
    releases = read(ANSIBLE / "roles/postgres/vars/main.yml")["postgres_versions"]
    assert [name.split(".")[0].replace(" ", "-") for name in base] == list(releases)
