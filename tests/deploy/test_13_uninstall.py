"""The way out: nothing of it stays but what was asked to stay."""

from tests.deploy.deployment import Deployment, look_at
from tests.deploy.test_11_restore import rows_of


YES = ["-e", "uninstall_confirm=yes"]
GONE = ["/opt/deskside", "/usr/local/bin/deskside", "/etc/deskside/secrets"]
GONE += ["/usr/local/share/ca-certificates/deskside.crt"]
SERVERS = ["nginx", "coturn"]


def test_uninstall_asks_first(single: Deployment) -> None:
    """It ends all calls, so it has to be meant."""
    said = single.inventory.refuses("uninstall")
    assert "uninstall_confirm=yes" in said
    assert single.desk.works("test -e /opt/deskside/current")


def test_uninstall_leaves_the_records(single: Deployment) -> None:
    """Programs, settings, secrets, units and rules are gone; the records stay."""
    before = rows_of(single)
    single.inventory.play("uninstall", *YES)
    assert rows_of(single) == before
    for machine in single.hosts:
        host = look_at(machine)
        assert [path for path in GONE if host.file(path).exists] == []
        units = host.run("systemctl list-unit-files 'deskside*' --no-legend")
        assert units.stdout == ""
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
