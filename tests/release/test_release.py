"""What is in a release, and that the same sources give the same one."""

import json
import os
import subprocess
import zipfile
from pathlib import Path

import pytest
from packaging.tags import Tag, compatible_tags, cpython_tags
from packaging.utils import canonicalize_name, parse_wheel_filename
from packaging.version import Version

from app import __version__
from tests.services import ROOT
from tools import release, vendor, wheelhouse
from tools.setup import Trouble


def wheel_of(folder: Path) -> Path:
    """Our wheel in a folder of wheels."""
    (wheel,) = folder.glob("deskside-*.whl")
    return wheel


def tags(python: str) -> set[Tag]:
    """The wheels that a host with this Python can install."""
    version = (3, int(python.partition(".")[2]))
    platforms = wheelhouse.platforms()
    interpreter = f"cp{python.replace('.', '')}"
    return {
        *cpython_tags(version, platforms=platforms),
        *compatible_tags(version, interpreter, platforms),
    }


def test_every_file_has_its_checksum(unpacked: Path) -> None:
    """sha256sum is content, and no file is left out."""
    check = ["sha256sum", "--check", "--strict", "--quiet", "SHA256SUMS"]
    subprocess.run(check, cwd=unpacked, check=True)
    lines = (unpacked / "SHA256SUMS").read_text().splitlines()
    named = {line.split("  ", 1)[1] for line in lines} | {"SHA256SUMS"}
    files = (path for path in unpacked.rglob("*") if path.is_file())
    assert {str(path.relative_to(unpacked)) for path in files} == named


def test_version_is_said(unpacked: Path) -> None:
    """By the file, by the wheel's name and by the list of materials."""
    assert (unpacked / "VERSION").read_text().strip() == __version__
    assert f"-{__version__}-" in wheel_of(unpacked / "wheelhouse").name
    materials = json.loads((unpacked / "sbom.json").read_text())
    assert materials["metadata"]["component"]["version"] == __version__


def test_requirements_hold_our_wheel_by_its_hash(unpacked: Path) -> None:
    """Also what we made ourselves is checked when it is installed."""
    own = release.sha256(wheel_of(unpacked / "wheelhouse"))
    text = (unpacked / "requirements.txt").read_text()
    assert f"deskside=={__version__} --hash=sha256:{own}\n" in text
    assert all("--hash=sha256:" in line for line in text.splitlines())
    assert "://" not in text, "no package index is named"


@pytest.mark.parametrize("python", wheelhouse.PYTHONS)
def test_every_python_finds_its_wheels(unpacked: Path, python: str) -> None:
    """For each requirement that holds for this Python there is a wheel it can take."""
    wheels = [parse_wheel_filename(p.name) for p in unpacked.glob("wheelhouse/*.whl")]
    usable = tags(python)
    there = {(name, version) for name, version, _, own in wheels if own & usable}
    entries = wheelhouse.read(unpacked / "requirements.txt")
    wanted = [wheelhouse.pinned(e) for e in entries if wheelhouse.is_for(e, python)]
    pairs = (entry.partition(" ")[0].split("==") for entry in wanted)
    missing = {(canonicalize_name(n), Version(v)) for n, v in pairs} - there
    assert not missing


def test_markers_are_asked_of_the_hosts() -> None:
    """Python 3.11.2 of Debian 12 needs what the Python of this machine may not."""
    entry = "async-timeout==5.0.1 ; python_full_version < '3.11.3' --hash=sha256:0"
    assert wheelhouse.is_for(entry, "3.11")
    assert not wheelhouse.is_for(entry, "3.12")
    assert wheelhouse.pinned(entry) == "async-timeout==5.0.1 --hash=sha256:0"


def test_materials_name_python_and_browser_libraries(unpacked: Path) -> None:
    """Whoever asks what is in it finds all of it."""
    materials = json.loads((unpacked / "sbom.json").read_text())
    found = {part["purl"].partition("@")[0] for part in materials["components"]}
    browser = {source.partition("/")[0] for source in vendor.COPIES}
    python = {e.partition("==")[0] for e in wheelhouse.read(release.LOCK)}
    assert found == {
        *(f"pkg:npm/{name}" for name in browser),
        *(f"pkg:pypi/{name}" for name in python),
    }


def test_wheel_holds_all_that_is_ours(unpacked: Path) -> None:
    """Templates, scripts, styles, translations and libraries; nothing else."""
    with zipfile.ZipFile(wheel_of(unpacked / "wheelhouse")) as wheel:
        packed = {name for name in wheel.namelist() if ".dist-info/" not in name}
    paths = [*release.files("app"), *release.browser_files()]
    ours = {path.relative_to(ROOT).as_posix() for path in paths}
    assert packed == {name for name in ours if not name.endswith("README.md")}


def test_same_sources_give_the_same_wheel(tmp_path: Path) -> None:
    """Whoever builds it, wherever and when."""
    built = []
    for name, umask in (("one", 0o022), ("other", 0o077)):
        before = os.umask(umask)
        try:
            source, target = tmp_path / name / "source", tmp_path / name / "wheels"
            target.mkdir(parents=True)
            built.append(release.build_wheel("1.2.3", source, target).read_bytes())
        finally:
            os.umask(before)
    assert built[0] == built[1]


def test_unchanged_release_is_not_built_again(archive: Path) -> None:
    """`make release` costs nothing where nothing has changed."""
    before = archive.stat()
    assert release.build(__version__, release.DIST) == archive
    assert archive.stat().st_mtime_ns == before.st_mtime_ns


def test_wrong_version_is_refused() -> None:
    """A version becomes a folder's name: only a version will do."""
    assert release.checked("0.2.0.dev1") == "0.2.0.dev1"
    with pytest.raises(Trouble, match="is no version"):
        release.checked("../0.2.0")


def test_released_version_is_not_built_from_other_sources(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One version is one thing; the text names the file and says what to do."""
    clone = tmp_path / "clone"
    subprocess.run(["git", "clone", "-q", str(ROOT), str(clone)], check=True)
    subprocess.run(["git", "-C", str(clone), "tag", "v9.8.7"], check=True)
    monkeypatch.setattr(release, "ROOT", clone)
    release.refuse_changed_release("9.8.7")
    (clone / "app" / "server.py").write_text("")
    with pytest.raises(Trouble, match=r"app/server\.py[\s\S]*Raise __version__"):
        release.refuse_changed_release("9.8.7")
