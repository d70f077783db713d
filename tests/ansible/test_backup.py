"""The program that makes archives: the real one, with files alone."""

import os
import subprocess
import tarfile
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path

import pyrage
import pytest
from pyrage import x25519

from tests.ansible.playbooks import ANSIBLE
from tests.services import find_program


PROGRAM = ANSIBLE / "roles/backup/files/deskside-backup"
IDENTITY = x25519.Identity.generate()


@pytest.fixture
def settings(tmp_path: Path) -> dict[str, str]:
    """What the role writes into the settings, with folders of the test."""
    find_program("age")
    kept = tmp_path / "recordings"
    kept.mkdir()
    (kept / "call.webm").write_bytes(b"picture and sound")
    (tmp_path / "metrics").mkdir()
    return {
        "BACKUP_FOLDER": str(tmp_path / "backups"),
        "BACKUP_KEEP_DAYS": "3",
        "BACKUP_KEEP_WEEKS": "2",
        "BACKUP_RECIPIENT": str(IDENTITY.to_public()),
        "BACKUP_DATABASE": "",
        "BACKUP_COUNTS_QUERY": "",
        "BACKUP_PATHS": f"{kept} /nowhere/at/all",
        "BACKUP_METRICS": str(tmp_path / "metrics"),
    }


def back_up(settings: Mapping[str, str]) -> int:
    """Run it; gives its exit code."""
    environment = {**os.environ, **settings}
    return subprocess.run([PROGRAM], env=environment, check=False).returncode


def archives(settings: Mapping[str, str]) -> list[Path]:
    """What is kept."""
    return sorted(Path(settings["BACKUP_FOLDER"]).glob("*.tar.age"))


def metric(settings: Mapping[str, str], name: str) -> float:
    """What it tells the monitoring."""
    text = (Path(settings["BACKUP_METRICS"]) / "deskside_backup.prom").read_text()
    (line,) = [line for line in text.splitlines() if line.startswith(f"{name} ")]
    return float(line.split()[1])


def test_the_archive_is_for_the_recipient(settings: dict[str, str]) -> None:
    """The identity opens it, and everything is in it; another does not."""
    assert back_up(settings) == 0
    (archive,) = archives(settings)
    content = pyrage.decrypt(archive.read_bytes(), [IDENTITY])
    with tarfile.open(fileobj=BytesIO(content)) as opened:
        names = opened.getnames()
    assert "./about" in names
    assert any(name.endswith("recordings/call.webm") for name in names)
    with pytest.raises(pyrage.DecryptError):
        pyrage.decrypt(archive.read_bytes(), [x25519.Identity.generate()])


def test_nothing_else_is_left(settings: dict[str, str]) -> None:
    """No unencrypted copy, no half archive."""
    assert back_up(settings) == 0
    left = {path.name for path in Path(settings["BACKUP_FOLDER"]).iterdir()}
    assert left == {archives(settings)[0].name, ".lock"}


def test_days_and_weeks_are_kept(settings: dict[str, str]) -> None:
    """The newest of each of the last days and weeks; the rest goes."""
    folder = Path(settings["BACKUP_FOLDER"])
    folder.mkdir()
    now = datetime.now(UTC)
    for days in range(1, 30):
        made = now - timedelta(days=days)
        old = folder / f"deskside-desk-{made:%Y%m%dT%H%M%SZ}.tar.age"
        old.touch()
        os.utime(old, (made.timestamp(), made.timestamp()))
    assert back_up(settings) == 0
    kept = [path.stat().st_mtime for path in archives(settings)]
    ages = sorted(round((now.timestamp() - made) / 86400) for made in kept)
    assert ages[:3] == [0, 1, 2]
    weeks = {datetime.fromtimestamp(made, UTC).isocalendar()[:2] for made in kept}
    assert len(weeks) == 2
    assert len(kept) <= 4


def test_success_is_told(settings: dict[str, str]) -> None:
    """When, how large, and that it did not fail."""
    assert back_up(settings) == 0
    (archive,) = archives(settings)
    assert metric(settings, "deskside_backup_failed") == 0
    assert metric(settings, "deskside_backup_size_bytes") == archive.stat().st_size
    told = metric(settings, "deskside_backup_last_success_timestamp_seconds")
    assert told == int(archive.stat().st_mtime)


def test_failure_is_told_and_costs_nothing(settings: dict[str, str]) -> None:
    """The archives before stay, and the monitoring knows how old they are."""
    assert back_up(settings) == 0
    before = archives(settings)
    assert back_up({**settings, "BACKUP_RECIPIENT": "age1nobody"}) != 0
    assert archives(settings) == before
    assert metric(settings, "deskside_backup_failed") == 1
    assert metric(settings, "deskside_backup_last_success_timestamp_seconds") > 0


def test_one_at_a_time(settings: dict[str, str]) -> None:
    """A second one ends at once while the first is at work."""
    folder = Path(settings["BACKUP_FOLDER"])
    folder.mkdir()
    holder = ["flock", str(folder / ".lock"), "sleep", "30"]
    with subprocess.Popen(holder) as first:
        while (
            subprocess.run(
                ["flock", "--nonblock", folder / ".lock", "true"], check=False
            ).returncode
            == 0
        ):
            pass
        assert back_up(settings) != 0
        first.kill()
    assert archives(settings) == []
