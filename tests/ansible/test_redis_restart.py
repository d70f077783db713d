"""What Redis was given survives a crash, though its user `default` may do nothing."""

import subprocess
from pathlib import Path

import redis

from tests.ansible.playbooks import ANSIBLE
from tests.services import Redis


PROGRAM = ANSIBLE / "roles/redis/files/redis-users"
USERS = """\
user default on >relay-relay-relay-1 resetkeys ~turn/* resetchannels -@all +auth +set
user deskside on >service-service-1 ~* &* +@all -@admin -@dangerous
"""
TRANSACTION = "redis.call('set', 'a', 1) redis.call('set', 'b', 2)"


class RedisOfTheRole(Redis):
    """Redis between the two steps that its unit has around it."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.file, self.used = folder / "users.acl", folder / "used.acl"
        self.file.write_text(USERS, encoding="utf-8")

    def command(self) -> list[str]:
        return [*super().command(), "--aclfile", str(self.used)]

    def ready(self) -> bool:
        try:
            return self._ask(b"PING").startswith(b"-NOAUTH")
        except OSError:
            return False

    def start(self, *, wait: bool = True) -> None:
        self.step("loading")
        super().start(wait=wait)

    def step(self, name: str) -> None:
        """Do what the unit does before and after the start."""
        command = ["sh", str(PROGRAM), name, str(self.file), str(self.used)]
        subprocess.run([*command, str(self.port)], check=True, timeout=20)

    def client(self, password: str, user: str | None = None) -> redis.Redis:
        """A connection."""
        return redis.Redis(port=self.port, username=user, password=password)


def test_transactions_survive_a_crash(tmp_path: Path) -> None:
    """They were in the file, and are in the memory again."""
    with RedisOfTheRole(tmp_path) as server:
        server.step("serving")
        with server.client("service-service-1", "deskside") as client:
            client.eval(TRANSACTION, 0)
        server.kill()
        server.start()
        server.step("serving")
        with server.client("service-service-1", "deskside") as client:
            assert client.mget("a", "b") == [b"1", b"2"]


def test_default_is_nobody_while_it_loads_and_little_afterwards(tmp_path: Path) -> None:
    """It has every right only while nobody can be it."""
    with RedisOfTheRole(tmp_path) as server:
        assert "NOAUTH" in said(server, "", "SET", "a", "1")
        assert "WRONGPASS" in said(server, "relay-relay-relay-1", "SET", "a", "1")
        server.step("serving")
        assert "OK" in said(server, "relay-relay-relay-1", "SET", "turn/a", "1")
        assert "NOPERM" in said(server, "relay-relay-relay-1", "SET", "a", "1")
        assert "user loader" not in server.used.read_text(encoding="utf-8")


def said(server: Redis, password: str, *command: str) -> str:
    """What redis-cli shows, as a client with a password and no name."""
    ask = ["redis-cli", "--no-auth-warning", "-p", str(server.port), *command]
    environment = {"PATH": "/usr/bin:/bin"} | (
        {"REDISCLI_AUTH": password} if password else {}
    )
    done = subprocess.run(
        ask, env=environment, capture_output=True, text=True, check=False, timeout=20
    )
    return done.stdout + done.stderr
