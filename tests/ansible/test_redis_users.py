"""Who may do what in Redis: the role's own file of users, in a real Redis."""

import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import redis

from tests.ansible.playbooks import ANSIBLE, play, this_machine
from tests.services import Redis, find_program


ROLE = ANSIBLE / "roles/redis"
PASSWORDS = {
    "default": "relay-relay-relay-1",
    "deskside": "service-service-1",
    "metrics": "metrics-metrics-1",
}
RENDER = """\
- name: Render
  hosts: desk
  gather_facts: false
  vars_files: [{role}/vars/main.yml]
  tasks:
    - name: Render
      ansible.builtin.template:
        src: {role}/templates/users.acl.j2
        dest: {target}
        mode: "0600"
"""


@pytest.fixture(scope="module")
def users(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file of users, with an exchange of passwords going on."""
    folder = tmp_path_factory.mktemp("users")
    target = folder / "users.acl"
    playbook = folder / "render.yml"
    playbook.write_text(RENDER.format(role=ROLE, target=target), encoding="utf-8")
    variables = {
        "redis_password": PASSWORDS["deskside"],
        "redis_password_previous": "service-before-1",
        "redis_relay_password": PASSWORDS["default"],
        "redis_relay_password_previous": "",
        "redis_metrics_password": PASSWORDS["metrics"],
    }
    done = play(playbook, this_machine(folder), variables=variables)
    assert done.code == 0, done.text
    return target


class RedisWithUsers(Redis):
    """Redis as the role runs it, as far as users go."""

    def __init__(self, folder: Path, users: Path) -> None:
        super().__init__(folder)
        self.users = users

    def command(self) -> list[str]:
        return [*super().command(), "--aclfile", str(self.users)]

    def ready(self) -> bool:
        try:
            return self._ask(b"PING").startswith(b"-NOAUTH")
        except OSError:
            return False

    def client(self, user: str, password: str | None = None) -> redis.Redis:
        """A connection of that user."""
        return redis.Redis(
            port=self.port, username=user, password=password or PASSWORDS[user]
        )


@pytest.fixture(scope="module")
def server(
    users: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RedisWithUsers]:
    """One for all tests here."""
    with RedisWithUsers(tmp_path_factory.mktemp("redis"), users) as running:
        yield running


def refused(client: Any, *command: str) -> bool:
    """Whether that user may not do that."""
    with client, pytest.raises(redis.exceptions.NoPermissionError):
        client.execute_command(*command)
    return True


def test_nobody_comes_in_without_a_password(server: RedisWithUsers) -> None:
    """There is no user without one."""
    denied = pytest.raises(redis.exceptions.AuthenticationError)
    with redis.Redis(port=server.port) as client, denied:
        client.get("key")


def test_no_password_stands_in_the_file(users: Path) -> None:
    """Only what it hashes to."""
    text = users.read_text(encoding="utf-8")
    assert [p for p in PASSWORDS.values() if p in text] == []


def test_the_relay_tells_of_its_relays(server: RedisWithUsers) -> None:
    """Keys and messages of its own; a client that knows a password and no name."""
    with redis.Redis(port=server.port, db=2, password=PASSWORDS["default"]) as client:
        assert client.set("turn/realm/a/user/b/allocation/1/status", "new")
        assert client.publish("turn/realm/a/user/b/allocation/1/traffic", "1") == 0
        assert client.delete("turn/realm/a/user/b/allocation/1/status") == 1


@pytest.mark.parametrize(
    "command",
    [
        ("GET", "turn/realm/a"),
        ("SET", "room:1", "x"),
        ("PUBLISH", "rooms", "x"),
        ("KEYS", "*"),
        ("EVAL", "return 1", "0"),
        ("FLUSHALL",),
        ("CONFIG", "GET", "*"),
    ],
)
def test_the_relay_may_do_no_more(
    server: RedisWithUsers, command: tuple[str, ...]
) -> None:
    """Whoever breaks into coturn learns nothing here and breaks nothing."""
    assert refused(server.client("default"), *command)


def test_the_service_reads_what_the_relay_tells(server: RedisWithUsers) -> None:
    """Live state in one database, statistics in the other."""
    with redis.Redis(port=server.port, db=2, password=PASSWORDS["default"]) as relay:
        relay.set("turn/1", "new")
    password = PASSWORDS["deskside"]
    with redis.Redis(
        port=server.port, db=2, username="deskside", password=password
    ) as service:
        assert service.get("turn/1") == b"new"


@pytest.mark.parametrize(
    "command",
    [
        ("FLUSHALL",),
        ("CONFIG", "SET", "dir", "/tmp"),  # noqa: S108
        ("ACL", "LIST"),
        ("SHUTDOWN",),
        ("REPLICAOF", "no", "one"),
        ("MODULE", "LIST"),
    ],
)
def test_the_service_does_not_administrate(
    server: RedisWithUsers, command: tuple[str, ...]
) -> None:
    """Whoever breaks into a node gets no further by Redis."""
    assert refused(server.client("deskside"), *command)


def test_both_passwords_hold_during_an_exchange(server: RedisWithUsers) -> None:
    """Nodes that still have the one before go on."""
    for password in (PASSWORDS["deskside"], "service-before-1"):
        with server.client("deskside", password) as client:
            assert client.ping()


def test_the_exporter_reads_numbers(server: RedisWithUsers) -> None:
    """And no key."""
    with server.client("metrics") as client:
        assert "used_memory" in client.info()
        assert client.config_get("maxmemory")
        assert client.slowlog_len() >= 0
    assert refused(server.client("metrics"), "GET", "turn/1")
    assert refused(server.client("metrics"), "CONFIG", "SET", "maxmemory", "1")


def test_the_validation_refuses_a_wrong_file(tmp_path: Path) -> None:
    """What the role asks before it replaces the file does find a mistake."""
    wrong = tmp_path / "users.acl"
    wrong.write_text("user deskside on nonsense\n", encoding="utf-8")
    program = find_program("redis-server")
    command = [program, "--port", "0", "--unixsocket", f"{wrong}.sock"]
    command += ["--aclfile", str(wrong), "--save", "", "--dir", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, timeout=10, check=False)
    assert done.returncode == 1
