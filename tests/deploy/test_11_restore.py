"""The host is lost: another is made, on two hosts this time, and history is intact."""

import re
from pathlib import Path

import pytest

from tests.deploy.calls import Call, media_path
from tests.deploy.deployment import Deployment
from tests.deploy.lab.laboratory import Laboratory
from tests.deploy.lab.network import NO_DIRECT, ONLY_443
from tests.measured import note, timed


# Hosts are deployed from bare here.
pytestmark = pytest.mark.timeout(20 * 60)


RECORDING = "/var/lib/deskside/recordings/kept"


DUMP = "cd / && su postgres -c 'pg_dump --data-only --inserts deskside'"
TABLES = ("agents", "rooms", "visitors", "calls", "call_events")
HISTORY = re.compile(rf"^INSERT INTO public\.({'|'.join(TABLES)}) .*")


def rows_of(deployment: Deployment) -> set[str]:
    """The rows of history, each as what would write it again."""
    lines = deployment.desk.run(DUMP).splitlines()
    return {line for line in lines if HISTORY.match(line)}


@pytest.fixture(scope="module")
def archive(single: Deployment) -> Path:
    """A backup of what all the tests before have left, fetched by the playbook."""
    put = f"install -o deskside -g deskside -m 640 /dev/stdin {RECORDING}"
    single.desk.run(put, text="what was recorded")
    with timed("backup"):
        single.inventory.play("backup")
    (found,) = (single.inventory.folder / "backups").glob("*.tar.age")
    return found


@pytest.fixture(scope="module")
def history(single: Deployment, archive: Path) -> set[str]:
    """The records when they were backed up."""
    rows = rows_of(single)
    assert {found[1] for row in rows if (found := HISTORY.match(row))} == set(TABLES)
    return rows


@pytest.fixture(scope="module")
def split(
    lab: Laboratory, single: Deployment, history: set[str], archive: Path
) -> Deployment:
    """Everything lost but inventory and archive; service and relay on two hosts."""
    lab.desk.wipe()
    lab.name(desk=lab.desk.host, turn=lab.relay.host)
    inventory = lab.inventory("example-split", "split")
    inventory.place(desk=lab.desk.host, relay=lab.relay.host)
    inventory.fill_in(
        deskside_domain="desk.deploy.test", deskside_turn_domain="turn.deploy.test"
    )
    inventory.keep_secrets_of(single.inventory)
    lab.desk.start()
    lab.relay.start()
    played = inventory.play("site", "--skip-tags", "doctor")
    note(f"two bare hosts to a service: {played.seconds:.0f} s")
    single.inventory = inventory
    return single


def test_archive_is_closed_to_the_host(single: Deployment, archive: Path) -> None:
    """What lies on the host cannot be read there."""
    assert archive.read_bytes().startswith(b"age-encryption.org/v1")
    identity = single.inventory.secrets["backup_identity"]
    assert not single.desk.works(f"grep -rqs {identity} /etc /opt /var/backups")


def test_restore_asks_first(split: Deployment, archive: Path) -> None:
    """It replaces everything, so it has to be meant."""
    said = split.inventory.refuses("restore", "-e", f"restore_archive={archive}")
    assert "restore_confirm=yes" in said


def test_history_is_intact(split: Deployment, archive: Path, history: set[str]) -> None:
    """Every row is back, and so is what was recorded."""
    assert not history <= rows_of(split)
    meant = ["-e", f"restore_archive={archive}", "-e", "restore_confirm=yes"]
    with timed("restore"):
        split.inventory.play("restore", *meant)
    assert history - rows_of(split) == set()
    assert split.desk.run(f"cat {RECORDING}") == "what was recorded"


def test_agent_finds_the_calls_of_before(split: Deployment, call: Call) -> None:
    """The account of before logs in, and history shows who called."""
    call.agent.go("/history")
    call.agent.sees("Budi Santoso")


def test_split_changes_nothing_twice(split: Deployment) -> None:
    """A second run over both hosts changes nothing."""
    again = split.inventory.play("site", "--skip-tags", "doctor")
    assert again.what_changed == []


def test_doctor_is_content_with_two_hosts(split: Deployment) -> None:
    """From the control host and from the service's own."""
    for verdict in (split.examine(), split.examine_inside()):
        failed = {n: c["seen"] for n, c in verdict.items() if c["state"] == "fail"}
        assert failed == {}
        assert len(verdict) > 20


@pytest.mark.parametrize("blocked", [NO_DIRECT, ONLY_443], ids=["udp", "443"])
def test_relay_on_a_host_of_its_own_carries_calls(
    split: Deployment, lab: Laboratory, call: Call, blocked: str
) -> None:
    """Over UDP, and over TLS where nothing but 443 passes."""
    lab.network.filter(blocked)
    call.begin()
    for person in call.people:
        person.talks()
    paths = [media_path(person) for person in call.people]
    assert all("relay" in (path.local, path.remote) for path in paths)
    assert all("turn.deploy.test" in path.relay_url for path in paths if path.relay_url)
    call.end()
