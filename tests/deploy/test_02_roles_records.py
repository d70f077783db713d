"""What roles `redis`, `postgres` and `backup` promise: each user has what it needs."""

import re
import socket

import pytest
from testinfra.host import Host

from tests.deploy.deployment import Deployment


LOCAL = ("127.0.0.1", "::1", "[::1]")


def ask_redis(host: Host, password: str, command: str, user: str = "") -> str:
    """What Redis answers; errors are answers, too."""
    name = f"--user {user}" if user else ""
    how = f"REDISCLI_AUTH={password} redis-cli --no-auth-warning {name}"
    answer: str = host.run(f"{how} {command}").stdout.strip()
    return answer


def ask_postgres(host: Host, password: str, query: str, user: str = "deskside") -> str:
    """What PostgreSQL answers, or why it does not."""
    where = f"-h 127.0.0.1 -U {user} -d deskside -Atqc"
    done = host.run(f"PGPASSWORD={password} psql {where} %s", query)
    answer: str = (done.stdout + done.stderr).strip()
    return answer


@pytest.mark.parametrize("port", [6379, 5432])
def test_servers_listen_on_loopback_alone(host: Host, port: int) -> None:
    """On one host nobody outside can even try."""
    lines = host.check_output(f"ss -Hltn sport = :{port}").splitlines()
    addresses = {line.split()[3].rpartition(":")[0] for line in lines}
    assert addresses
    assert addresses <= set(LOCAL)


@pytest.mark.parametrize("name", ["redis-server", "postgresql"])
def test_servers_run_and_come_back(host: Host, name: str) -> None:
    """They run, and are started at boot."""
    assert host.service(name).is_running
    assert host.service(name).is_enabled


def test_redis_refuses_strangers(host: Host) -> None:
    """Without a password Redis tells nothing."""
    assert "NOAUTH" in host.run("redis-cli ping").stdout


def test_application_has_its_keys_but_no_say_over_redis(
    host: Host, single: Deployment
) -> None:
    """The application reads and writes; it does not administer."""
    password = single.inventory.secrets["redis_password"]
    for command in ("SET test:role 1", "DEL test:role"):
        assert ask_redis(host, password, command, "deskside") in ("OK", "1")
    for command in ("CONFIG GET dir", "FLUSHALL", "SHUTDOWN", "ACL LIST"):
        assert "NOPERM" in ask_redis(host, password, command, "deskside"), command


def test_relay_writes_its_statistics_and_nothing_else(
    host: Host, single: Deployment
) -> None:
    """coturn's user cannot see the application's keys."""
    password = single.inventory.secrets["redis_relay_password"]
    assert ask_redis(host, password, "-n 2 SET turn/test 1 EX 5") == "OK"
    for command in ("GET anything", "KEYS '*'", "SET anything 1", "CONFIG GET dir"):
        assert "NOPERM" in ask_redis(host, password, f"-n 2 {command}"), command


def test_redis_keeps_what_it_was_given(host: Host) -> None:
    """Its data are its own, on disk every second, and bounded."""
    folder = host.file("/var/lib/redis")
    assert (folder.user, folder.mode & 0o007) == ("redis", 0)
    settings = host.file("/etc/redis/redis.conf").content_string
    for line in (r"appendonly yes", r"appendfsync everysec", r"maxmemory \d+mb"):
        assert re.search(rf"^{line}$", settings, re.MULTILINE), line
    for path in ("/etc/redis/redis.conf", "/etc/redis/users.acl"):
        file = host.file(path)
        assert (file.user, file.mode) == ("root", 0o640), path


def test_secrets_of_redis_are_not_readable_in_its_file(
    host: Host, single: Deployment
) -> None:
    """The file of users holds hashes."""
    users = host.file("/etc/redis/users.acl").content_string
    for name in ("redis_password", "redis_relay_password"):
        assert single.inventory.secrets[name] not in users


def test_postgres_knows_its_one_user_by_password(
    host: Host, single: Deployment
) -> None:
    """The right password opens, a wrong one does not, and no other user comes in."""
    right = single.inventory.secrets["postgres_password"]
    assert ask_postgres(host, right, "select current_user") == "deskside"
    assert "authentication failed" in ask_postgres(host, "wrong", "select 1")
    refused = ask_postgres(host, right, "select 1", user="postgres")
    assert "no pg_hba.conf entry" in refused


def test_postgres_user_owns_its_tables_and_no_more(
    host: Host, single: Deployment
) -> None:
    """It is no superuser, reads no files, makes no roles."""
    password = single.inventory.secrets["postgres_password"]
    rights = "select rolsuper, rolcreatedb, rolcreaterole from pg_roles"
    where = "where rolname = 'deskside'"
    assert ask_postgres(host, password, f"{rights} {where}") == "f|f|f"
    read = "select pg_read_file('/etc/passwd')"
    assert "permission denied" in ask_postgres(host, password, read)


def test_postgres_stores_passwords_as_scram(host: Host) -> None:
    """A copy of its catalogue is no list of passwords."""
    query = "select rolpassword from pg_authid where rolname = 'deskside'"
    ask = f'su postgres -c "psql -Atqc \\"{query}\\""'
    assert host.check_output(ask).startswith("SCRAM-SHA-256$")


def test_backups_come_by_themselves(host: Host) -> None:
    """The timer waits for its hour, and has one."""
    assert host.service("deskside-backup.timer").is_running
    assert host.service("deskside-backup.timer").is_enabled
    shown = host.check_output(
        "systemctl show deskside-backup.timer --property=NextElapseUSecRealtime"
    )
    assert shown.partition("=")[2]


def test_backup_program_can_do_little(host: Host) -> None:
    """It is root for reading; hardening takes the rest."""
    said = host.check_output("systemd-analyze security --no-pager deskside-backup")
    found = re.search(r"Overall exposure level.*?: ([\d.]+)", said)
    assert found
    assert float(found[1]) <= 3.0


@pytest.mark.parametrize("port", [6379, 5432])
def test_nobody_outside_reaches_them(single: Deployment, port: int) -> None:
    """From another host there is no answer at all."""
    with pytest.raises(OSError, match="timed out"):
        socket.create_connection((single.desk.host, port), 1)
