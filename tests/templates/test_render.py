"""`deskside render` and Ansible make the same files, and the servers take them."""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner

from app.cli import main
from tests.services import ROOT, run


ROLES = ROOT / "ansible" / "roles"

BASICS: dict[str, Any] = {
    "deskside_domain": "desk.test",
    "deskside_secrets": {"turn_secret": "a-secret-of-these-tests"},
    "coturn_addresses": ["198.51.100.7"],
    "coturn_redis_host": "",
}

CASES: dict[str, dict[str, Any]] = {
    "one-host": {},
    "two-names": {"deskside_turn_domain": "turn.test", "deskside_workers": 4},
    "web-alone": {"nginx_relay": False, "nginx_static_root": ""},
    "relay-alone": {"nginx_web": False, "nginx_listen": ["0.0.0.0", "[::]"]},
    "behind-nat": {
        "coturn_addresses": ["10.0.0.5"],
        "coturn_external_ip": "198.51.100.7",
        "coturn_bps_capacity": 125_000_000,
    },
    "ipv6": {
        "coturn_addresses": ["198.51.100.7", "2001:db8::7"],
        "nginx_listen": ["0.0.0.0", "[::]"],
    },
    "rotation": {
        "deskside_secrets": {
            "turn_secret": "a-secret-of-these-tests",
            "turn_secret_previous": "the-secret-before-that",
            "redis_relay_password": "for-redis",
        },
        "coturn_redis_host": "127.0.0.1",
    },
    "newer-servers": {"nginx_version": "1.26.3", "coturn_version": "4.7.0"},
    "elsewhere": {
        "nginx_app_addresses": ["10.0.0.8", "10.0.0.9"],
        "nginx_app_ports": [8001, 8002, 8003],
        "nginx_ocsp": True,
        "nginx_resolvers": ["192.0.2.53", "2001:db8::53", "[2001:db8::54]:5353"],
        "nginx_https_port": 8443,
        "nginx_log": "",
        "nginx_brand_name": "Bank & <Sons>",
        "nginx_contact": "Call us",
        "coturn_log": "stdout",
        "coturn_userdb": "/var/lib/turn/own.db",
    },
}

PLAY = """\
- hosts: all
  connection: local
  gather_facts: false
  roles: [render]
"""

TASKS = """\
- name: Render what the roles render
  ansible.builtin.template:
    {src: "{{ item.src }}", dest: "{{ into }}/{{ item.dest }}", mode: "0600"}
  loop:
    - {src: ROOT/coturn/turnserver.conf.j2, dest: turnserver.conf}
    - {src: ROOT/nginx/nginx.conf.j2, dest: nginx.conf}
- name: Render the pages
  ansible.builtin.template:
    src: ROOT/nginx/maintenance.{{ item.1 }}.j2
    dest: "{{ into }}/maintenance.{{ item.0 }}.{{ item.1 }}"
    mode: "0600"
  loop: "{{ nginx_maintenance_texts | product(['html', 'json']) }}"
  vars: {nginx_maintenance_language: "{{ item.0 }}"}
  when: inventory_hostname in ["one-host", "elsewhere"]
"""


@pytest.fixture(scope="module")
def by_ansible(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The files of every case, rendered by ansible-playbook: a host for each case."""
    folder = tmp_path_factory.mktemp("ansible")
    role = folder / "roles" / "render"
    (role / "defaults" / "main").mkdir(parents=True)
    (role / "tasks").mkdir()
    (role / "tasks" / "main.yml").write_text(TASKS.replace("ROOT", str(ROOT)))
    for server in ("coturn", "nginx"):
        defaults = ROLES / server / "defaults" / "main.yml"
        (role / "defaults" / "main" / f"{server}.yml").symlink_to(defaults)
    (folder / "play.yml").write_text(PLAY)
    (folder / "ansible.cfg").touch()
    for name in CASES:
        (folder / name).mkdir()
    (folder / "hosts.yml").write_text(json.dumps(inventory(folder)))
    ansible(folder)
    return folder


def inventory(folder: Path) -> dict[str, Any]:
    """Every case as a host. Each serves everything, as compose does."""
    hosts = {
        name: {**BASICS, **case, "into": str(folder / name), **serving(case)}
        for name, case in CASES.items()
    }
    python = {"ansible_python_interpreter": "{{ ansible_playbook_python }}"}
    return {"all": {"hosts": hosts, "vars": python}}


def serving(case: Mapping[str, Any]) -> dict[str, Any]:
    """What the groups of an inventory say, and nothing says here."""
    everything = {"nginx_web": True, "nginx_relay": True}
    nodes = {"nginx_app_addresses": ["127.0.0.1"]}
    return {**everything, **nodes, **case}


def ansible(folder: Path) -> str:
    """Run ansible-playbook by itself, without anybody's settings."""
    program = ROOT / ".venv" / "bin" / "ansible-playbook"
    environment = {
        "PATH": f"{program.parent}:{os.environ['PATH']}",
        "HOME": str(folder),
        "ANSIBLE_CONFIG": str(folder / "ansible.cfg"),
        "ANSIBLE_ROLES_PATH": str(folder / "roles"),
        "LC_ALL": "C.UTF-8",
    }
    files = [str(folder / file) for file in ("hosts.yml", "play.yml")]
    return run([str(program), "-i", *files], env=environment)


def by_command(into: Path, case: Mapping[str, Any], *more: str) -> Path:
    """The files of a case, rendered by the command."""
    into.mkdir(exist_ok=True)
    given = into / "variables.yml"
    given.write_text(yaml.safe_dump({**BASICS, **case}))
    arguments = ["render", "--vars", str(given), "--into", str(into), *more]
    result = CliRunner().invoke(main, arguments)
    assert result.exit_code == 0, result.output
    given.unlink()
    return into


@pytest.mark.parametrize("name", CASES)
def test_both_render_the_same(by_ansible: Path, tmp_path: Path, name: str) -> None:
    """Byte by byte. The pages, which depend on little, in two cases."""
    ours = {p.name: p.read_text() for p in by_command(tmp_path, CASES[name]).iterdir()}
    theirs = {path.name: path.read_text() for path in (by_ansible / name).iterdir()}
    assert "nginx.conf" in theirs
    assert "turnserver.conf" in theirs
    assert len(theirs) == (6 if name in ("one-host", "elsewhere") else 2)
    for file, text in theirs.items():
        assert ours[file] == text, file


@pytest.mark.parametrize("name", CASES)
def test_nginx_takes_it(tmp_path: Path, name: str) -> None:
    """With what is here in the place of what a deployed host has."""
    chain, key = tmp_path / "fullchain.pem", tmp_path / "privkey.pem"
    run(
        [
            *("openssl", "req", "-x509", "-newkey", "ec", "-nodes", "-subj", "/CN=t"),
            *("-pkeyopt", "ec_paramgen_curve:P-256"),
            *("-out", str(chain), "-keyout", str(key)),
        ]
    )
    here = {
        "nginx_certificate_file": str(chain),
        "nginx_certificate_key_file": str(key),
        "nginx_pid": str(tmp_path / "pid"),
        "nginx_temp": str(tmp_path),
        "nginx_error_log": "stderr",
        "nginx_brotli": False,
        "nginx_user": "root" if os.geteuid() == 0 else "",
        # The installed nginx must know the words.
        "nginx_version": "1.22.1",
    }
    into = by_command(tmp_path, {**CASES[name], **here})
    run(["/usr/sbin/nginx", "-t", "-q", "-c", str(into / "nginx.conf")])


@pytest.mark.parametrize("name", CASES)
def test_coturn_takes_it(tmp_path: Path, name: str) -> None:
    """As the role tries it before it is used."""
    here = {"coturn_addresses": ["127.0.0.1"], "coturn_version": "4.6.1"}
    into = by_command(tmp_path, {**CASES[name], **here})
    run([str(ROLES / "coturn/files/try-turnserver"), str(into / "turnserver.conf")])


def test_coturn_is_tried_in_earnest(tmp_path: Path) -> None:
    """What it does not understand is found, though it would go on past it."""
    config = by_command(tmp_path, {"coturn_addresses": ["127.0.0.1"]})
    config /= "turnserver.conf"
    config.write_text(config.read_text() + "denied-pear-ip=10.0.0.1\n")
    with pytest.raises(Exception, match="denied-pear-ip"):
        run([str(ROLES / "coturn/files/try-turnserver"), str(config)])


def refusal(*arguments: str) -> str:
    """What the command says when it does not do it."""
    result = CliRunner().invoke(main, ["render", *arguments])
    assert result.exit_code == 1
    return result.output


def test_a_misspelt_variable_is_named(tmp_path: Path) -> None:
    said = refusal("--set", "coturn_secrit=x", "--into", str(tmp_path))
    assert "Unknown: coturn_secrit" in said


def test_a_missing_variable_is_named(tmp_path: Path) -> None:
    """The one to give, not the one it makes."""
    said = refusal("--into", str(tmp_path), "nginx")
    assert "deskside_domain" in said
    assert "nginx_domain" in said


def test_what_is_no_variables_is_refused(tmp_path: Path) -> None:
    wrong = tmp_path / "list.yml"
    wrong.write_text("- a\n- b\n")
    assert "holds no variables" in refusal(
        "--vars", str(wrong), "--into", str(tmp_path)
    )
    assert "NAME=VALUE" in refusal("--set", "alone", "--into", str(tmp_path))


def test_files_with_secrets_are_their_owners_alone(tmp_path: Path) -> None:
    into = by_command(tmp_path, {})
    assert (into / "turnserver.conf").stat().st_mode & 0o777 == 0o600
