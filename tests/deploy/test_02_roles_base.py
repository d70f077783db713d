"""What role `base` promises: closed, bounded, up to date, on time."""

import re

from testinfra.host import Host

from tests.deploy.deployment import Deployment


def test_settings_are_roots_own(host: Host) -> None:
    """Nobody but root writes what decides over the host."""
    paths = ["/etc/nftables.conf", "/etc/sysctl.d/60-deskside.conf"]
    paths += ["/etc/systemd/journald.conf.d/deskside.conf"]
    paths += ["/etc/systemd/system.conf.d/deskside.conf"]
    paths += ["/etc/apt/apt.conf.d/52deskside"]
    for path in paths:
        file = host.file(path)
        assert (file.user, file.group) == ("root", "root"), path
        assert file.mode & 0o022 == 0, path


def test_firewall_is_in_force_and_comes_back(host: Host) -> None:
    """The firewall is loaded now, drops by default, and is loaded at every boot."""
    rules = host.check_output("nft list table inet deskside")
    assert re.search(r"hook input .*policy drop", rules)
    assert host.service("nftables").is_enabled


def test_journal_is_bounded(host: Host) -> None:
    """The journal cannot fill the disk, and outlasts a boot."""
    settings = host.check_output("systemd-analyze cat-config systemd/journald.conf")
    assert re.search(r"^SystemMaxUse=\d+[MG]$", settings, re.MULTILINE)
    assert re.search(r"^MaxRetentionSec=\d+", settings, re.MULTILINE)
    assert host.file("/var/log/journal").is_directory
    assert "File" in host.check_output("journalctl --header --boot 0 | head -5")


def test_files_of_logs_are_rotated(host: Host) -> None:
    """Whoever writes files beside the journal has a rule, and somebody keeps it."""
    assert host.service("logrotate.timer").is_enabled
    assert host.service("logrotate.timer").is_running
    tried = host.run("logrotate --debug /etc/logrotate.conf")
    assert tried.rc == 0, tried.stderr
    for file in ("/var/log/postgresql/", "/var/log/letsencrypt/", "/var/log/dpkg"):
        assert f"considering log {file}" in tried.stderr, file


def test_security_updates_come_by_themselves(host: Host) -> None:
    """The timers run, and what they would install comes from security alone."""
    for timer in ("apt-daily.timer", "apt-daily-upgrade.timer"):
        assert host.service(timer).is_running
        assert host.service(timer).is_enabled
    settings = host.check_output("apt-config dump")
    assert 'APT::Periodic::Unattended-Upgrade "1";' in settings
    origins = re.findall(r'Unattended-Upgrade::Origins-Pattern:: "(.*)";', settings)
    assert origins
    assert all("security" in origin.lower() for origin in origins)
    dry = host.run("unattended-upgrade --dry-run --debug")
    assert dry.rc == 0, dry.stderr
    assert "Allowed origins are: origin=" in dry.stdout


def test_clock_is_kept(host: Host) -> None:
    """Time is synchronized wherever the host has a clock of its own."""
    assert host.service("systemd-timesyncd").is_enabled


def test_kernel_is_set(host: Host) -> None:
    """What the file says of the network is what the kernel does."""
    file = host.file("/etc/sysctl.d/60-deskside.conf").content_string
    wanted = re.findall(r"^(net\.\S+) = (\S+)$", file, re.MULTILINE)
    assert len(wanted) > 8
    names = " ".join(name for name, _ in wanted)
    assert host.check_output(f"sysctl -n {names}").split() == [v for _, v in wanted]


def test_nothing_of_a_crash_is_written_to_disk(host: Host) -> None:
    """Memory of programs holds secrets: none is dumped."""
    shown = host.check_output("systemctl show --property=DefaultLimitCORE")
    assert shown == "DefaultLimitCORE=0"


def test_nothing_failed(single: Deployment, host: Host) -> None:
    """No unit of the host has failed."""
    failed = host.check_output("systemctl --failed --no-legend --plain")
    assert failed == ""
