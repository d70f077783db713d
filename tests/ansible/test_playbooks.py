"""Playbooks and inventories, read by Ansible itself."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.ansible.playbooks import ANSIBLE, GROUPS, INVENTORIES, PLAYBOOKS, play
from tests.services import ROOT


EXPECTED = {
    "site",
    "preflight",
    "upgrade",
    "rollback",
    "backup",
    "restore",
    "rotate_secrets",
    "doctor",
    "loadtest",
    "uninstall",
}
MOST_LINES_TO_FILL_IN = 15


def names(paths: list[Path]) -> list[str]:
    """For the names of tests."""
    return [path.stem for path in paths]


def test_every_playbook_is_there() -> None:
    """Nothing an operator needs is missing."""
    assert set(names(PLAYBOOKS)) >= EXPECTED


@pytest.mark.parametrize("playbook", PLAYBOOKS, ids=names(PLAYBOOKS))
def test_playbook_is_understood(playbook: Path) -> None:
    """Each playbook, with all it includes, is one to Ansible."""
    done = play(playbook, ANSIBLE / "inventories/example-split", "--syntax-check")
    assert done.code == 0, done.text


def hosts_of(inventory: Path) -> dict[str, Any]:
    """What Ansible makes of an inventory."""
    program = str(ROOT / ".venv/bin/ansible-inventory")
    command = [program, "-i", str(inventory), "--list"]
    done = subprocess.run(
        command, cwd=ANSIBLE, capture_output=True, text=True, check=True
    )
    assert "WARNING" not in done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@pytest.mark.parametrize("inventory", INVENTORIES, ids=names(INVENTORIES))
def test_inventory_has_every_part(inventory: Path) -> None:
    """Each part of the service has a host."""
    found = hosts_of(inventory)
    for group in GROUPS:
        assert found[f"deskside_{group}"]["hosts"], group


def test_secrets_beside_an_inventory_are_no_part_of_it(tmp_path: Path) -> None:
    """A folder can be given as the inventory although secrets lie in it."""
    for file in (ANSIBLE / "inventories/example-single").rglob("*.yml"):
        target = tmp_path / file.name
        target.write_bytes(file.read_bytes())
    (tmp_path / "all.yml").unlink()
    (tmp_path / "secrets.yml").write_text('turn_secret: "x"\n', encoding="utf-8")
    assert hosts_of(tmp_path)["deskside_web"]["hosts"] == ["desk"]


@pytest.mark.parametrize("inventory", INVENTORIES, ids=names(INVENTORIES))
def test_inventory_is_short_and_explained(inventory: Path) -> None:
    """Little is to be filled in, and a comment stands above each of its lines."""
    lines = (inventory / "group_vars/all.yml").read_text(encoding="utf-8").splitlines()
    variables = [n for n, line in enumerate(lines) if line and line[0] not in "#-"]
    assert all(lines[number - 1].startswith("#") for number in variables)
    filled = [line for line in lines if not line.startswith(("#", "-"))]
    hosts = (inventory / "hosts.yml").read_text(encoding="utf-8").splitlines()
    filled += [line for line in hosts if "ansible_" in line]
    assert len(filled) < MOST_LINES_TO_FILL_IN
