"""Runs playbooks of the project, and asks what a role says of itself."""

import importlib.util
import json
import os
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import yaml

from tests.services import ROOT


ANSIBLE = ROOT / "ansible"
ROLES = sorted(path for path in (ANSIBLE / "roles").iterdir() if path.is_dir())
PLAYBOOKS = sorted(ANSIBLE.glob("*.yml"))
INVENTORIES = sorted((ANSIBLE / "inventories").iterdir())
GROUPS = ("web", "app", "redis", "postgres", "relay", "monitoring", "backup")


@dataclass(frozen=True)
class Run:
    """What a playbook did."""

    code: int
    text: str


def play(
    playbook: Path | str,
    inventory: Path,
    *options: str,
    variables: Mapping[str, Any] | None = None,
    by: Sequence[str] = (),
) -> Run:
    """Run a playbook as an operator does, in the folder of the configuration.

    `by` is a program that runs it, such as `unshare`.
    """
    program = str(ROOT / ".venv/bin/ansible-playbook")
    command = [*by, program, "-i", str(inventory), str(playbook), *options]
    if variables:
        command += ["-e", json.dumps(dict(variables))]
    environment = {**os.environ, "NO_COLOR": "1"}
    done = subprocess.run(
        command,
        cwd=ANSIBLE,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    return Run(done.returncode, done.stdout + done.stderr)


def this_machine(folder: Path, **variables: Any) -> Path:
    """An inventory whose one host is the machine of the tests."""
    host = {
        "ansible_connection": "local",
        "ansible_python_interpreter": "{{ ansible_playbook_python }}",
        "ansible_become": False,
    }
    members: dict[str, Any] = {"hosts": {"desk": {}}}
    groups = {f"deskside_{name}": members for name in GROUPS}
    inventory = {"deskside": {"hosts": {"desk": host | variables}, "children": groups}}
    path = folder / "hosts.yml"
    path.write_text(yaml.safe_dump(inventory), encoding="utf-8")
    return path


def read(path: Path) -> Any:
    """A YAML file."""
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def load(path: Path) -> ModuleType:
    """A plugin, which no package holds, as a module."""
    specification = importlib.util.spec_from_file_location(path.stem, path)
    if specification is None or specification.loader is None:
        raise ImportError(path)
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module
