"""The systemd unit of a node, as the role writes it, judged by systemd itself."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from app.settings import declarations
from tests.services import ROOT, find_program


MOST_EXPOSED = 2.0
"""As `systemd-analyze security` counts, from 0 (best) to 10."""

PLAY = """
- hosts: localhost
  connection: local
  gather_facts: false
  vars_files: [{role}/defaults/main.yml, {role}/vars/main.yml]
  tasks:
    - name: Know what facts would say
      ansible.builtin.set_fact:
        systemd: {{version: {systemd}}}
        cacheable: true
    - name: Render
      ansible.builtin.template:
        src: {role}/templates/{{{{ item }}}}.j2
        dest: {folder}/{{{{ item }}}}
        mode: "0644"
      loop: [deskside@.service, deskside.target]
"""


@pytest.fixture(scope="module", params=[252, 257], ids=["debian12", "debian13"])
def units(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """A folder with the units, and with something to start."""
    folder = tmp_path_factory.mktemp("units")
    program = folder / "current" / "venv" / "bin" / "deskside"
    program.parent.mkdir(parents=True)
    program.touch(0o755)
    play = folder / "render.yml"
    role = ROOT / "ansible" / "roles" / "app"
    play.write_text(PLAY.format(role=role, folder=folder, systemd=request.param))
    chosen = {
        "app_home": str(folder),
        "app_peers": ["10.0.0.2"],
        "ansible_python_interpreter": sys.executable,
    }
    ansible = ROOT / ".venv" / "bin" / "ansible-playbook"
    done = subprocess.run(
        [ansible, "-i", "localhost,", "-e", json.dumps(chosen), play],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


def analyze(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Ask systemd about a unit, without running it."""
    command = [find_program("systemd-analyze"), "--no-pager", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_systemd_understands_the_unit(units: Path) -> None:
    """Every line means something to it, as far as this machine's systemd is as new."""
    unit = units / "deskside@.service"
    done = analyze("verify", "--man=no", f"{unit}:deskside@8001.service")
    newer = ("RestartSteps", "RestartMaxDelaySec")
    said = done.stderr.splitlines()
    assert [line for line in said if not any(name in line for name in newer)] == []
    assert done.returncode == 0


def test_unit_is_hardened(units: Path) -> None:
    """Little is left that a node which was taken over could do."""
    options = ("--offline=true", "--json=short", f"--threshold={MOST_EXPOSED * 10:.0f}")
    done = analyze("security", *options, units / "deskside@.service")
    worst = [one for one in json.loads(done.stdout) if one["exposure"]]
    assert done.returncode == 0, worst


def test_unit_hands_over_secrets_as_files(units: Path) -> None:
    """No secret is in the environment, where children and logs would get it."""
    text = (units / "deskside@.service").read_text()
    handed = dict(re.findall(r"^Environment=(DESKSIDE_\w+)=%d/(\w+)$", text, re.M))
    for file in handed.values():
        assert f"LoadCredential={file}:/etc/deskside/secrets/{file}\n" in text
    secret = {f"{name}_FILE" for name, _, known in declarations() if known.secret}
    # The password of the first administrator is none of the nodes' business.
    assert set(handed) == secret - {"DESKSIDE_ADMIN_PASSWORD_FILE"}


def test_node_speaks_with_its_peers_only(units: Path) -> None:
    """The kernel drops what goes elsewhere."""
    text = (units / "deskside@.service").read_text()
    assert "IPAddressDeny=any\nIPAddressAllow=localhost 10.0.0.2\n" in text
