"""Fetches the wheels that hosts install: one folder for every Python they may have."""

import re
from collections.abc import Iterator
from pathlib import Path

from packaging.requirements import Requirement

from tools import setup


PYTHONS = ("3.11", "3.12", "3.13")
"""Debian 12, Ubuntu 24.04 and Debian 13 bring one each."""

OLDEST_GLIBC, NEWEST_GLIBC = 5, 36
"""Wheels for glibc 2.5 to 2.36 (Debian 12) run on all of them."""

LEGACY = ("manylinux1", "manylinux2010", "manylinux2014")
"""What glibc 2.5, 2.12 and 2.17 were called before."""


def fetch(lock: Path, folder: Path) -> None:
    """Put every wheel of a lock file into a folder, for each Python, hashes checked."""
    folder.mkdir(parents=True, exist_ok=True)
    entries = read(lock)
    for python in PYTHONS:
        wanted = folder / f"python{python}.txt"
        chosen = [pinned(entry) for entry in entries if is_for(entry, python)]
        wanted.write_text("\n".join(chosen) + "\n", encoding="utf-8")
        setup.say(f"Fetching {len(chosen)} wheels for Python {python} …")
        download(wanted, python, folder)
        wanted.unlink()


def read(lock: Path) -> list[str]:
    """Each package of a lock file, with its marker and hashes, as one line."""
    text = lock.read_text(encoding="utf-8").replace("\\\n", " ")
    lines = (re.sub(r"(^|\s)#.*", "", line).strip() for line in text.splitlines())
    return [re.sub(r"\s+", " ", line) for line in lines if "==" in line]


def is_for(entry: str, python: str) -> bool:
    """Whether any patch release of this Python needs the package.

    The markers are asked about the hosts' Pythons, not about the one running here:
    3.11.2 of Debian 12 needs what 3.11.3 does not.
    """
    marker = Requirement(entry.partition(" --hash")[0]).marker
    return marker is None or any(marker.evaluate(one) for one in hosts(python))


def hosts(python: str) -> Iterator[dict[str, str]]:
    """What markers see on a host with the first, or the newest, of this Python."""
    for patch in ("0", "99"):
        yield {
            "python_version": python,
            "python_full_version": f"{python}.{patch}",
            "sys_platform": "linux",
            "platform_system": "Linux",
            "platform_machine": "x86_64",
            "platform_python_implementation": "CPython",
            "implementation_name": "cpython",
            "os_name": "posix",
            "extra": "",
        }


def pinned(entry: str) -> str:
    """The package without its marker: pip would ask the Python that runs here."""
    name, _, hashes = entry.partition(" --hash")
    return f"{name.partition(';')[0].strip()} --hash{hashes}"


def download(wanted: Path, python: str, folder: Path) -> None:
    """Run pip for one Python; raises setup.Trouble with the end of what it said."""
    command: list[Path | str] = [setup.PYTHON, "-m", "pip", "download", "--no-deps"]
    command += ["--only-binary=:all:", "--require-hashes", "-r", wanted, "-d", folder]
    command += ["--implementation=cp", f"--python-version={python}"]
    command += [f"--platform={platform}" for platform in platforms()]
    abis = (f"cp{python.replace('.', '')}", "abi3", "none")
    command += [f"--abi={abi}" for abi in abis]
    command += ["--disable-pip-version-check", "--no-input", "--progress-bar=off"]
    command += [f"--retries={setup.ATTEMPTS}", "--timeout=30"]
    log = folder / f"pip{python}.log"
    total = len(wanted.read_text(encoding="utf-8").splitlines())
    setup.show_progress(setup.pip_steps(command, log), total)
    log.unlink()


def platforms() -> list[str]:
    """The platform tags, those of the newest glibc first."""
    numbers = range(NEWEST_GLIBC, OLDEST_GLIBC - 1, -1)
    names = [f"manylinux_2_{minor}" for minor in numbers]
    return [f"{name}_x86_64" for name in [*names, *reversed(LEGACY)]]
