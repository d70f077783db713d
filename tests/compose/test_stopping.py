"""What lasts, what works alone, and what is left."""

import json
from collections.abc import Iterator

import pytest

from tests.compose.project import DOMAIN, Project, make_secrets
from tests.e2e.conftest import People
from tests.services import run


def test_records_last(running: Project, people: People) -> None:
    """Rooms and accounts are there after `down` and `up`."""
    agent = people.agent()
    agent.create_room("Kept for later")
    running.down()
    assert running.names("--all") == []
    running.up()
    agent.go(agent.room_url)
    agent.sees("Kept for later")


def test_live_state_lasts(running: Project) -> None:
    """What Redis holds is there after `down` and `up`."""
    say = "REDISCLI_AUTH=$(cat /run/secrets/redis_password) redis-cli --user deskside"
    running.execute("redis", "sh", "-c", f"{say} set kept 7")
    running.down()
    running.up()
    assert running.execute("redis", "sh", "-c", f"{say} get kept") == (0, "7\n")


def test_password_is_what_the_secret_says(running: Project) -> None:
    """Made anew, the app and PostgreSQL have the new one after `up`."""
    secret = running.folder / "var/compose/secrets/postgres_password"
    before = secret.read_text()
    secret.unlink()
    make_secrets(running.folder, running.docker.machine)
    assert secret.read_text() != before
    running.up()
    ask = "deskside agent list"
    assert running.execute("app", "sh", "-c", ask)[0] == 0


def test_other_certificate_is_served_after_up(running: Project, people: People) -> None:
    """What `make compose-secrets` makes anew, `up` brings into the containers."""
    machine = running.docker.machine
    before = running.container("nginx")["Id"]
    made = make_secrets(running.folder, machine, ADMIN_EMAIL="it@deskside.test")
    assert made.returncode == 0, made.stdout
    running.up()
    assert running.container("nginx")["Id"] == before
    for name in ("fullchain.pem", "privkey.pem"):
        (running.folder / "var/compose/tls" / name).unlink()
    make_secrets(running.folder, machine)
    running.up()
    assert running.container("nginx")["Id"] != before
    people.agent()


@pytest.fixture
def alone(built: Project) -> Iterator[Project]:
    """No containers before, none after."""
    built.down()
    yield built
    built.down()


def up(project: Project, profile: str) -> set[str]:
    """Start one part; gives the services that run then."""
    arguments = ("--profile", profile, "up", "--detach", "--wait")
    project.compose(*arguments)
    return set(project.names())


def test_redis_alone(alone: Project) -> None:
    """Redis answers who has the password, and nobody else."""
    assert up(alone, "redis") == {"redis"}
    assert "NOAUTH" in alone.execute("redis", "redis-cli", "ping")[1]


def test_postgres_alone(alone: Project) -> None:
    """PostgreSQL has the database."""
    assert up(alone, "postgres") == {"postgres"}
    ask = "SELECT datname FROM pg_database WHERE datname = 'deskside'"
    psql = f'psql --host=/tmp --username=postgres -At --command="{ask}"'
    assert alone.execute("postgres", "sh", "-c", psql) == (0, "deskside\n")


def test_app_alone(alone: Project) -> None:
    """The app brings what it cannot do without, and nobody outside reaches it."""
    assert up(alone, "app") == {"app", "postgres", "redis"}


def test_web_alone(alone: Project) -> None:
    """nginx tells people that the service will be back."""
    assert up(alone, "web") == {"nginx"}
    address = alone.docker.machine.address
    ask = ["curl", "--silent", "--cacert", str(alone.authority), "--include"]
    there = ["--resolve", f"{DOMAIN}:443:{address}", f"https://{DOMAIN}/"]
    said = run([*ask, "--header", "Accept: text/html", *there])
    assert said.startswith("HTTP/2 503")
    assert "We will be right back" in said


@pytest.mark.parametrize("options", [[], ["-t"]])
def test_relay_alone(alone: Project, options: list[str]) -> None:
    """The relay carries what it is given, by UDP and by TCP, without a Redis."""
    assert up(alone, "relay") == {"coturn", "nginx"}
    secret = dict(alone.secrets())["turn_secret"]
    relay = ["turnutils_uclient", *options, "-y", "-c", "-n", "5", "-m", "1"]
    address = alone.docker.machine.address
    said = run([*relay, "-u", "test", "-W", secret, address])
    assert "Total lost packets 0 (0.000000%)" in said


def test_down_leaves_nothing(built: Project) -> None:
    """Containers and networks end; what lasts goes only when that is said."""
    built.up()
    built.down()
    docker = built.docker
    assert docker.run("ps", "--all", "--quiet") == ""
    assert set(names(built, "network")) == {"bridge", "host", "none"}
    assert set(names(built, "volume")) == {"deskside_postgres", "deskside_redis"}
    built.down("--volumes")
    assert names(built, "volume") == []


def names(project: Project, kind: str) -> list[str]:
    """What Docker has of a kind."""
    listed = project.docker.run(kind, "ls", "--format={{json .}}").splitlines()
    return [json.loads(line)["Name"] for line in listed]
