"""The rules of the firewall, made from who stands in which group, and read by nft."""

import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.ansible.playbooks import ANSIBLE, GROUPS, play
from tests.services import find_program


ROLE = ANSIBLE / "roles/base"
ADDRESSES = {"desk": "10.0.0.10", "relay": "2001:db8::20", "monitoring": "10.0.0.30"}
RENDER = """\
- name: Render
  hosts: all
  gather_facts: false
  vars_files: [{role}/defaults/main.yml, {role}/vars/main.yml]
  tasks:
    - name: Render
      ansible.builtin.template:
        src: {role}/templates/nftables.conf.j2
        dest: "{folder}/{{{{ inventory_hostname }}}}.nft"
        mode: "0600"
"""


def rendered(folder: Path, apart: str = "", **variables: Any) -> Mapping[str, str]:
    """The rules of each host; one group may stand apart, on a host of its name."""
    inventory = folder / "hosts.yml"
    inventory.write_text(yaml.safe_dump({"all": hosts(apart)}), encoding="utf-8")
    playbook = folder / "render.yml"
    playbook.write_text(RENDER.format(role=ROLE, folder=folder), encoding="utf-8")
    given = {"base_connection_port": [22], **variables}
    done = play(playbook, inventory, variables=given)
    assert done.code == 0, done.text
    return {path.stem: path.read_text() for path in folder.glob("*.nft")}


def hosts(apart: str) -> dict[str, Any]:
    """The inventory."""
    names = ["desk", apart] if apart else ["desk"]
    groups: dict[str, Any] = {
        f"deskside_{group}": {"hosts": {apart if group == apart else "desk": {}}}
        for group in GROUPS
    }
    return {"hosts": {name: host(name) for name in names}, "children": groups}


def host(name: str) -> dict[str, Any]:
    """One host; sshd's own answer is a port that Ansible does not come by."""
    return {
        "ansible_connection": "local",
        "ansible_python_interpreter": "{{ ansible_playbook_python }}",
        "deskside_address": ADDRESSES[name],
        "base_sshd": {"stdout": "port 22022\naddressfamily any"},
    }


@pytest.fixture(scope="module")
def split(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, str]:
    """The rules where the relay is on a host of its own."""
    return rendered(tmp_path_factory.mktemp("split"), apart="relay")


@pytest.fixture(scope="module")
def single(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The rules where everything is on one host, with rules of the operator."""
    folder = tmp_path_factory.mktemp("single")
    rules: dict[str, Any] = {
        "base_ssh_networks": ["192.0.2.0/24", "2001:db8::/32"],
        "base_firewall_rules": ["tcp dport 8080 ip saddr 192.0.2.9 accept"],
    }
    return rendered(folder, **rules)["desk"]


def understood(rules: str) -> bool:
    """Whether nft takes them, in a network of its own."""
    command = ["unshare", "--user", "--map-root-user", "--net"]
    command += [find_program("nft"), "--check", "--file", "-"]
    done = subprocess.run(
        command, input=rules, text=True, capture_output=True, check=False
    )
    return done.returncode == 0


def test_nft_understands_the_rules(split: Mapping[str, str], single: str) -> None:
    """On every host; and it would tell of a mistake."""
    assert understood(single)
    assert all(understood(rules) for rules in split.values())
    assert not understood(single.replace("accept", "no_verdict"))


def test_everything_else_is_dropped(split: Mapping[str, str], single: str) -> None:
    """What no rule names does not come in."""
    for rules in (single, *split.values()):
        assert "hook input priority filter; policy drop;" in rules


def test_ssh_stays_open(split: Mapping[str, str]) -> None:
    """On the port Ansible comes by, and on the one sshd names."""
    for rules in split.values():
        assert "tcp dport { 22, 22022 } ct state new jump ssh" in rules


def test_ssh_may_be_for_some(single: str) -> None:
    """Where networks are named, for nobody else."""
    assert "ip saddr 192.0.2.0/24 accept" in single
    assert "ip6 saddr 2001:db8::/32 accept" in single
    chain = single.partition("chain ssh {")[2].partition("}\n\n")[0]
    assert chain.rstrip().endswith("drop")


def test_one_host_lets_nobody_to_its_inner_parts(single: str) -> None:
    """Redis, PostgreSQL, nodes and exporters are for loopback."""
    for port in ("6379", "5432", "8001", "9100"):
        assert port not in single


def test_parts_apart_let_in_who_needs_them(split: Mapping[str, str]) -> None:
    """The relay writes to Redis; nobody on the relay's host needs the records."""
    assert (
        f"ip6 saddr {ADDRESSES['relay']} tcp dport {{ 6379 }} accept" in split["desk"]
    )
    assert "5432" not in split["desk"]
    assert f"ip saddr {ADDRESSES['desk']} tcp dport {{ 9100 }} accept" in split["relay"]


def test_who_watches_gets_numbers_and_nothing_else(tmp_path: Path) -> None:
    """Exporters and nodes, not Redis and PostgreSQL themselves."""
    rules = rendered(tmp_path, apart="monitoring")["desk"]
    let_in = f"ip saddr {ADDRESSES['monitoring']} tcp dport"
    for ports in ("9100", "9121", "9187", "8001-8064, 18001-18064"):
        assert f"{let_in} {{ {ports} }} accept" in rules
    assert rules.count(let_in) == 4


def test_each_host_opens_its_own_ports(split: Mapping[str, str]) -> None:
    """Pages here, relays there."""
    assert "udp dport" not in split["desk"].replace("udp dport 546", "")
    assert "tcp dport { 80, 443 } accept" in split["desk"]
    assert "udp dport { 3478, 49152-65535 } accept" in split["relay"]
    assert "6379" not in split["relay"]


def test_rules_of_the_operator_stand_last(single: str) -> None:
    """An opening of one's own."""
    assert "tcp dport 8080 ip saddr 192.0.2.9 accept" in single
