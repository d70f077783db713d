"""The way out: nothing of it stays but what was asked to stay."""

from tests.deploy.deployment import Deployment, look_at
from tests.deploy.test_11_restore import COUNTS


def test_uninstall_asks_first(single: Deployment) -> None:
    """It ends all calls, so it has to be meant."""
    said = single.inventory.refuses("uninstall")
    assert "uninstall_confirm=yes" in said
    assert single.desk.works("test -e /opt/deskside/current")


def test_uninstall_leaves_records_and_nothing_else(single: Deployment) -> None:
    """Programs, settings, secrets, units and rules are gone; the records stay."""
    query = single.desk.run("cat /usr/local/lib/deskside/counts.sql")
    before = single.desk.run(COUNTS)
    single.inventory.play("uninstall", "-e", "uninstall_confirm=yes")
    host = look_at(single.desk)
    for path in ("/opt/deskside", "/usr/local/bin/deskside", "/etc/deskside/secrets"):
        assert not host.file(path).exists, path
    assert host.check_output("systemctl list-unit-files 'deskside*' --no-legend") == ""
    assert host.run("nft list table inet deskside").rc != 0
    ask = "su postgres -c 'psql -d deskside -Atq'"
    assert single.desk.run(ask, text=query) == before
    again = single.inventory.play("uninstall", "-e", "uninstall_confirm=yes")
    assert again.changed == 0


def test_uninstall_removes_records_when_told_so(single: Deployment) -> None:
    """With -e uninstall_data=yes there is nothing left to lose."""
    yes = ["-e", "uninstall_confirm=yes", "-e", "uninstall_data=yes"]
    single.inventory.play("uninstall", *yes)
    databases = single.desk.run("su postgres -c 'psql -Atqc \"\\l\"'")
    assert "deskside" not in databases
    for path in ("/var/lib/deskside", "/var/backups/deskside", "/etc/deskside"):
        assert not single.desk.works(f"test -e {path}"), path
