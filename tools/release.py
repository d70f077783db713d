"""Builds what hosts install: `dist/deskside-VERSION.tar`, once for the same sources.

In it: our wheel and every wheel it needs for each Python that hosts have, the list of
them with hashes, a bill of materials, checksums and the version. Hosts need no package
index, no compiler and no npm. `--version 0.2.0.dev1` builds under another version.
"""

import argparse
import contextlib
import fcntl
import hashlib
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterator
from pathlib import Path

from packaging.version import InvalidVersion, Version

from app import __version__
from tools import sbom, setup, static_files, vendor, wheelhouse
from tools.setup import Trouble


ROOT = setup.ROOT
DIST = ROOT / "dist"
LOCK = setup.REQUIREMENTS / "host.txt"

SOURCES = ("app", "pyproject.toml", "requirements/host.txt", "package-lock.json")
"""What decides what is installed."""

BUILDERS = (
    Path(__file__),
    Path(sbom.__file__),
    Path(static_files.__file__),
    Path(wheelhouse.__file__),
)

VERSION_LINE = re.compile(r'^__version__ = ".*"$', re.MULTILINE)


def main() -> int:
    """Build the release unless it is there; gives the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--version", default=__version__, help="build as this version")
    parser.add_argument("--dist", type=Path, default=DIST, help="folder to build into")
    arguments = parser.parse_args()
    try:
        version = checked(arguments.version)
        refuse_changed_release(version)
        vendor.main([])
        archive = build(version, arguments.dist.resolve())
    except Trouble as trouble:
        setup.say(f"\n{trouble}")
        return 1
    setup.say(f"{archive} is what hosts install.")
    return 0


def build(version: str, dist: Path) -> Path:
    """The archive of a version; what is built already is not built again."""
    archive = dist / f"deskside-{version}.tar"
    stamp = dist / f".{archive.name}.stamp"
    with only_one(dist):
        wanted = fingerprint(version)
        if archive.exists() and stamp.exists() and stamp.read_text() == wanted:
            return archive
        stamp.unlink(missing_ok=True)
        with tempfile.TemporaryDirectory(dir=dist, prefix=".build-") as folder:
            make(version, dist, Path(folder), archive)
        stamp.write_text(wanted)
    return archive


def make(version: str, dist: Path, folder: Path, archive: Path) -> None:
    """Fill a release folder in `folder` and pack it."""
    release = folder / f"deskside-{version}"
    wheels = release / "wheelhouse"
    wheels.mkdir(parents=True)
    setup.say(f"Building Deskside {version} …")
    own = build_wheel(version, folder / "source", wheels)
    for wheel in third_party(dist).glob("*.whl"):
        shutil.copyfile(wheel, wheels / wheel.name)
    requirements = release / "requirements.txt"
    write_requirements(requirements, version, own)
    setup.say("Packing the static files …")
    static_files.write(own, release / "static")
    setup.say("Writing the bill of materials and checksums …")
    sbom.write(requirements, version, epoch(), release / "sbom.json")
    (release / "VERSION").write_text(f"{version}\n")
    write_checksums(release)
    pack(release, archive)


# The version.


def checked(version: str) -> str:
    """A version in its one right form: it becomes the name of files and folders."""
    try:
        return str(Version(version))
    except InvalidVersion:
        raise Trouble(f"{version!r} is no version. Example: 0.2.0") from None


def refuse_changed_release(version: str) -> None:
    """One version is one thing: what was tagged must not be built from other sources.

    Raises Trouble with what to do.
    """
    tag = f"v{version}"
    if not git("tag", "--list", tag):
        return
    changed = git("diff", "--name-only", tag, "--", *SOURCES).splitlines()
    changed += git("ls-files", "--others", "--exclude-standard", "--", *SOURCES).split()
    if changed:
        first = "\n    ".join(changed[:5])
        raise Trouble(
            f"Version {version} was released (tag {tag}), and these files are not as "
            f"they were then:\n    {first}\nRaise __version__ in app/__init__.py, or "
            f"go back to it: git checkout {tag}"
        )


# The wheels.


def build_wheel(version: str, source: Path, target: Path) -> Path:
    """Our wheel, the same bytes for the same sources, whoever builds it and when."""
    stage(version, source)
    alone = ["--no-deps", "--no-build-isolation", "--no-index", "--quiet"]
    command: list[Path | str] = [setup.PYTHON, "-m", "pip", "wheel", *alone]
    command += ["-w", target, source]
    with everybody_may_read():
        setup.run(command, {"SOURCE_DATE_EPOCH": str(epoch())}, quiet=True)
    (wheel,) = target.glob("deskside-*.whl")
    return wheel


@contextlib.contextmanager
def everybody_may_read() -> Iterator[None]:
    """Give new files one set of permissions: they are part of the wheel's bytes."""
    before = os.umask(0o022)
    try:
        yield
    finally:
        os.umask(before)


def stage(version: str, target: Path) -> None:
    """Copy the sources: only what is ours, with one set of permissions."""
    for path in [*files("app", "pyproject.toml"), *browser_files()]:
        copy = target / path.relative_to(ROOT)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, copy)
        copy.chmod(0o644)
    head = target / "app" / "__init__.py"
    text = head.read_text(encoding="utf-8")
    head.write_text(VERSION_LINE.sub(f'__version__ = "{version}"', text))


def third_party(dist: Path) -> Path:
    """The folder of all other wheels, kept until the lock file changes."""
    name = hashlib.sha256(LOCK.read_bytes() + wheelhouse_code()).hexdigest()[:12]
    kept = dist / f"wheels-{name}"
    if not kept.exists():
        for old in dist.glob("wheels-*"):
            shutil.rmtree(old)
        fetching = dist / f".fetching-{name}"
        wheelhouse.fetch(LOCK, fetching)
        fetching.rename(kept)
    return kept


def wheelhouse_code() -> bytes:
    """What decides which wheels are fetched."""
    return Path(wheelhouse.__file__).read_bytes()


def write_requirements(path: Path, version: str, own: Path) -> None:
    """The list that pip installs from, each file with its hash, our own among them."""
    entries = [f"deskside=={version} --hash=sha256:{sha256(own)}"]
    entries += wheelhouse.read(LOCK)
    path.write_text("".join(f"{entry}\n" for entry in entries), encoding="utf-8")


# The archive.


def write_checksums(release: Path) -> None:
    """SHA256SUMS for every file, as sha256sum reads it."""
    paths = sorted(path for path in release.rglob("*") if path.is_file())
    lines = [f"{sha256(path)}  {path.relative_to(release)}\n" for path in paths]
    (release / "SHA256SUMS").write_text("".join(lines))


def pack(release: Path, archive: Path) -> None:
    """Pack a folder so that the same files give the same bytes."""
    packing = archive.with_suffix(".tar.part")
    with tarfile.open(packing, "w", format=tarfile.GNU_FORMAT) as tar:
        for path in [release, *sorted(release.rglob("*"))]:
            name = path.relative_to(release.parent).as_posix()
            tar.add(path, name, recursive=False, filter=anonymous)
    packing.rename(archive)


def anonymous(entry: tarfile.TarInfo) -> tarfile.TarInfo:
    """An entry of the archive that does not say who packed it, and when."""
    entry.uid = entry.gid = 0
    entry.uname = entry.gname = "root"
    entry.mtime = epoch()
    entry.mode = 0o755 if entry.isdir() else 0o644
    return entry


# The sources.


def fingerprint(version: str) -> str:
    """All that the archive depends on, as one hash."""
    digest = hashlib.sha256(f"{version} {epoch()}".encode())
    for path in [*files(*SOURCES), *browser_files(), *BUILDERS]:
        digest.update(f"{path.relative_to(ROOT)}\0{sha256(path)}\n".encode())
    return digest.hexdigest()


def files(*where: str) -> list[Path]:
    """Our files below these paths, also those not committed yet."""
    named = git("ls-files", "--cached", "--others", "--exclude-standard", "--", *where)
    paths = (ROOT / name for name in sorted(set(named.splitlines())))
    return [path for path in paths if path.is_file()]


def browser_files() -> list[Path]:
    """The browser libraries that tools/vendor.py has copied."""
    paths = sorted(vendor.VENDOR.rglob("*"))
    return [path for path in paths if path.is_file() and path != vendor.STAMP]


def epoch() -> int:
    """When the sources were last committed: the only time a release knows."""
    return int(git("log", "-1", "--format=%ct", "--", *SOURCES))


def git(*arguments: str) -> str:
    """What git says of this folder; raises Trouble where it is no checkout."""
    command = ["git", "-C", str(ROOT), *arguments]
    try:
        done = subprocess.run(command, check=True, capture_output=True, text=True)
    except (OSError, subprocess.CalledProcessError) as error:
        said = getattr(error, "stderr", None) or error
        raise Trouble(f"A release is built from a git checkout: {said}") from None
    return done.stdout.strip()


def sha256(path: Path) -> str:
    """The checksum of a file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


@contextlib.contextmanager
def only_one(dist: Path) -> Iterator[None]:
    """Wait while another build writes into the same folder."""
    dist.mkdir(parents=True, exist_ok=True)
    with (dist / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


if __name__ == "__main__":
    sys.exit(main())
