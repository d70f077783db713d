"""What lasts, what works alone, and what is left."""

import json
from collections.abc import Iterator

import pytest

from tests.compose.project import DOMAIN, Project, make_secrets
from tests.e2e.conftest import People
from tests.services import run


SAY = "REDISCLI_AUTH=$(cat /run/secrets/redis_password) redis-cli --user deskside"


def test_what_lasts(running: Project, people: People) -> None:
    """Records and live state are there after `down` and `up`, and logins are good."""
    agent = people.agent()
    agent.create_room("Kept for later")
    running.execute("redis", "sh", "-c", f"{SAY} set kept 7")
    running.down()
    assert running.names("--all") == []
    running.up()
    agent.go(agent.room_url)
    agent.sees("Kept for later")
    assert running.execute("redis", "sh", "-c", f"{SAY} get kept") == (0, "7\n")


def test_what_is_made_anew_is_used(running: Project, people: People) -> None:
    """A password and a certificate that were thrown away: `up` brings in others."""
    made = running.folder / "var/compose"
    before = running.container("nginx")["Id"]
    running.up()
    assert running.container("nginx")["Id"] == before
    for name in ("secrets/postgres_password", "tls/fullchain.pem", "tls/privkey.pem"):
        (made / name).unlink()
    done = make_secrets(running.folder, running.docker.machine)
    assert done.returncode == 0, done.stdout
    running.up()
    assert running.container("nginx")["Id"] != before
    people.agent()


def test_down_leaves_what_lasts(running: Project) -> None:
    """Containers and networks end; volumes and images stay."""
    running.down()
    assert running.docker.run("ps", "--all", "--quiet") == ""
    assert set(names(running, "network")) == {"bridge", "host", "none"}
    assert set(names(running, "volume")) == {"deskside_postgres", "deskside_redis"}


@pytest.fixture
def alone(built: Project) -> Iterator[Project]:
    """No containers before, none after."""
    assert built.names("--all") == []
    yield built
    built.down()


def up(project: Project, profile: str) -> set[str]:
    """Start one part; gives the services that run then."""
    project.compose("--profile", profile, "up", "--detach", "--wait", seconds=180)
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


def test_down_with_volumes_leaves_nothing(built: Project) -> None:
    """What lasts goes when that is said."""
    built.down("--volumes")
    assert names(built, "volume") == []


def names(project: Project, kind: str) -> list[str]:
    """What Docker has of a kind."""
    listed = project.docker.run(kind, "ls", "--format={{json .}}").splitlines()
    return [json.loads(line)["Name"] for line in listed]
