"""Whoever asks the nodes, or counts what they need, knows all of them."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.ansible.playbooks import ANSIBLE, play, this_machine


ASKED = {
    "app_ports": ["app/defaults", "app/vars"],
    "nginx_app_ports": ["nginx/defaults"],
    "nginx_app_socket_ports": ["nginx/defaults"],
    "postgres_connections": ["postgres/defaults"],
}
"""A variable of each role, and what of the role is needed for it."""
OF_A_NODE, OTHERS = 15, 40
"""Connections to PostgreSQL."""


def known(folder: Path, processors: int, **variables: Any) -> dict[str, Any]:
    """What each role makes of it on a host with so many processors."""
    (folder / "group_vars").symlink_to(ANSIBLE / "group_vars")
    facts = {"processor_vcpus": processors, "memtotal_mb": 4000, "cacheable": True}
    first = {"hosts": "desk", "gather_facts": False}
    plays: list[dict[str, Any]] = [
        first | {"tasks": [{"name": "Know facts", "ansible.builtin.set_fact": facts}]}
    ]
    for name, parts in ASKED.items():
        text = {"content": f"{{{{ {name} | to_json }}}}", "mode": "0600"}
        task = {"name": "Write", "ansible.builtin.copy": text}
        text["dest"] = str(folder / name)
        files = [str(ANSIBLE / "roles" / part / "main.yml") for part in parts]
        plays.append(first | {"vars_files": files, "tasks": [task]})
    book = folder / "play.yml"
    book.write_text(yaml.safe_dump(plays))
    # With -e: else the manual, read as a file, would come before it.
    done = play(book, this_machine(folder), variables=variables)
    assert done.code == 0, done.text
    return {name: json.loads((folder / name).read_text()) for name in ASKED}


@pytest.mark.parametrize(
    ("processors", "variables", "ports"),
    [
        (1, {}, range(8001, 8003)),
        (12, {}, range(8001, 8013)),
        (12, {"deskside_workers": 3}, range(8001, 8004)),
        (2, {"app_workers": 7, "app_first_port": 9001}, range(9001, 9008)),
    ],
)
def test_all_roles_know_the_same_nodes(
    tmp_path: Path, processors: int, variables: dict[str, Any], ports: range
) -> None:
    """By the processors of the host, or by what the operator says."""
    found = known(tmp_path, processors, **variables)
    assert found["app_ports"] == found["nginx_app_ports"] == list(ports)
    assert found["nginx_app_socket_ports"] == [10_000 + port for port in ports]
    enough = max(100, len(ports) * OF_A_NODE + OTHERS)
    assert int(found["postgres_connections"]) == enough
