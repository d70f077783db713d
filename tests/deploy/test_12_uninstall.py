"""The way out: nothing of it stays but what was asked to stay."""

import pytest

from tests.deploy.deployment import Deployment, look_at
from tests.deploy.test_11_restore import COUNTS


YES = ["-e", "uninstall_confirm=yes"]
GONE = ["/opt/deskside", "/usr/local/bin/deskside", "/etc/deskside/secrets"]
SERVERS = ["nginx", "coturn"]


@pytest.fixture(scope="module")
def rows(single: Deployment) -> str:
    """The records before; the command that counts them goes with the rest."""
    return single.desk.run(COUNTS)


def test_uninstall_asks_first(single: Deployment) -> None:
    """It ends all calls, so it has to be meant."""
    said = single.inventory.refuses("uninstall")
    assert "uninstall_confirm=yes" in said
    assert single.desk.works("test -e /opt/deskside/current")


def test_uninstall_leaves_the_records(single: Deployment, rows: str) -> None:
    """Programs, settings, secrets, units and rules are gone; the records stay."""
    query = single.desk.run("cat /usr/local/lib/deskside/counts.sql")
    single.inventory.play("uninstall", *YES)
    ask = "su postgres -c 'psql -d deskside -Atq'"
    assert single.desk.run(ask, text=query) == rows
    for machine in single.hosts:
        host = look_at(machine)
        assert [path for path in GONE if host.file(path).exists] == []
        units = host.check_output("systemctl list-unit-files 'deskside*' --no-legend")
        assert units == ""
        assert host.run("nft list table inet deskside").rc != 0
        assert not any(host.service(name).is_running for name in SERVERS)


def test_uninstall_twice_changes_nothing(single: Deployment) -> None:
    """What is gone is not removed again."""
    assert single.inventory.play("uninstall", *YES).what_changed == []


def test_uninstall_removes_records_when_told_so(single: Deployment) -> None:
    """With -e uninstall_data=yes there is nothing left to lose."""
    single.inventory.play("uninstall", *YES, "-e", "uninstall_data=yes")
    databases = single.desk.run("su postgres -c 'psql -Atqc \"\\l\"'")
    assert "deskside" not in databases
    for path in ("/var/lib/deskside", "/var/backups/deskside", "/etc/deskside"):
        assert not single.desk.works(f"test -e {path}"), path
