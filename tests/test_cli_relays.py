"""`deskside relay`, as typed."""

from pathlib import Path

import pytest

from tests.test_cli import Shell


ADD = ("relay", "add", "jakarta-1", "--host", "turn1.example.org")


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    """An installation with a database."""
    shell = Shell(tmp_path)
    shell.ok("migrate")
    return shell


def test_relay_is_added_once(shell: Shell) -> None:
    """The same again changes nothing, and says so: playbooks repeat themselves."""
    assert "Added" in shell.ok(*ADD, "--region", "jakarta")
    assert "as it was" in shell.ok(*ADD, "--region", "jakarta")
    assert "as it was" in shell.ok("relay", "add", "jakarta-1")
    assert "Changed" in shell.ok(*ADD, "--weight", "50", "--tls", "443")
    line = shell.ok("relay", "list").splitlines()[1]
    seen = "jakarta-1 turn1.example.org udp 3478 tcp 3478 tls 443 jakarta 50 live - -"
    assert " ".join(line.split()) == seen


def test_relay_is_drained_used_and_removed(shell: Shell) -> None:
    """By its name."""
    shell.ok(*ADD)
    shell.ok("relay", "drain", "jakarta-1")
    assert " draining " in shell.ok("relay", "list")
    shell.ok("relay", "live", "jakarta-1")
    assert " live " in shell.ok("relay", "list")
    shell.ok("relay", "remove", "jakarta-1")
    assert "jakarta-1" not in shell.ok("relay", "list")
    for verb in ("drain", "live", "remove"):
        assert "no relay" in shell.fails("relay", verb, "jakarta-1")


def test_wrong_option_is_named(shell: Shell) -> None:
    """As the form of the page would."""
    assert "host" in shell.fails("relay", "add", "jakarta-1")
    assert "udp" in shell.fails(*ADD, "--udp", "many")
    assert "weight" in shell.fails(*ADD, "--weight", "0")


def test_relay_list_tells_what_nodes_know(shell: Shell, redis_url: str) -> None:
    """With Redis; nobody has looked at this one yet."""
    shell.settings["DESKSIDE_REDIS_URL"] = redis_url
    shell.ok(*ADD)
    assert shell.ok("relay", "list").splitlines()[1].endswith("live   -       -")
