"""The base image of the Dockerfiles, made here: tests need no image registry.

It also knows the package sources of this machine, so that builds reach them; the
project's own files name none.
"""

import shutil
import subprocess
from pathlib import Path

from tests.services import ROOT, run


CACHE = ROOT / "var" / "cache" / "compose"
SUITE = "trixie"
TAG = f"deskside-test/debian:{SUITE}"
KEPT_DAYS = 7
"""Older ones miss too many updates."""

_SOURCES = (
    "/etc/apt/apt.conf.d",
    "/etc/apt/keyrings",
    "/usr/local/share/ca-certificates",
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pip.conf",
    "/etc/npmrc",
)
_CERTIFICATES = "/etc/ssl/certs/ca-certificates.crt"
_UNUSED = ("usr/share/doc", "usr/share/man", "usr/share/locale", "var/lib/apt/lists")


def archive() -> Path:
    """The image as an archive, made once and kept for a while."""
    path = CACHE / f"{SUITE}.tar.zst"
    if not path.exists() or _is_old(path):
        _make(path)
    return path


def load(docker: list[str]) -> None:
    """Give the image to Docker."""
    settings = [
        'CMD ["bash"]',
        "ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        f"ENV SSL_CERT_FILE={_CERTIFICATES} PIP_CERT={_CERTIFICATES}",
        f"ENV NODE_EXTRA_CA_CERTS={_CERTIFICATES}",
    ]
    changes = [part for line in settings for part in ("--change", line)]
    load = [*docker, "import", *changes, "-", TAG]
    unpack = ["zstd", "-dc", str(archive())]
    with subprocess.Popen(unpack, stdout=subprocess.PIPE) as unpacking:
        subprocess.run(load, stdin=unpacking.stdout, check=True, capture_output=True)
    assert unpacking.returncode == 0


def mirror() -> str:
    """Where this machine's own apt finds Debian."""
    wanted = ["apt-get", "indextargets", "--format", "$(REPO_URI) $(SUITE)"]
    for line in run([*wanted, "Created-By: Packages", "Component: main"]).splitlines():
        address, _, suite = line.partition(" ")
        if suite in ("stable", "oldstable", "bookworm", "trixie"):
            return address
    raise AssertionError("this machine's apt has no source of Debian itself")


def _is_old(path: Path) -> bool:
    found = run(["find", str(path), "-mtime", f"+{KEPT_DAYS}"])
    return bool(found)


def _make(path: Path) -> None:
    CACHE.mkdir(parents=True, exist_ok=True)
    root, packed = CACHE / "root", path.with_suffix(".part")
    shutil.rmtree(root, ignore_errors=True)
    try:
        own = ["--variant=minbase", "--include=ca-certificates"]
        run(["debootstrap", *own, SUITE, str(root), mirror()])
        _prepare(root)
        tar = ["tar", "--numeric-owner", "-C", str(root), "-I", "zstd -3", "-cf"]
        run([*tar, str(packed), "."])
    finally:
        shutil.rmtree(root, ignore_errors=True)
    packed.rename(path)


def _prepare(root: Path) -> None:
    for source in map(Path, _SOURCES):
        target = root / source.relative_to("/")
        if source.is_dir():
            shutil.copytree(source, target, dirs_exist_ok=True)
        elif source.exists():
            shutil.copy(source, target)
    suites = f"{SUITE} {SUITE}-updates"
    (root / "etc/apt/sources.list").write_text(_sources(suites))
    # As in the image it stands for: packages must not start servers in a build.
    policy = root / "usr/sbin/policy-rc.d"
    policy.write_text("#!/bin/sh\nexit 101\n")
    policy.chmod(0o755)
    for folder in _UNUSED:
        shutil.rmtree(root / folder, ignore_errors=True)


def _sources(suites: str) -> str:
    address = mirror()
    security = address.rstrip("/").removesuffix("debian") + "debian-security"
    return "".join(
        [f"deb {address} {suite} main\n" for suite in suites.split()]
        + [f"deb {security} {SUITE}-security main\n"]
    )
