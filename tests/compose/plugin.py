"""`docker compose`, from Debian 13: Debian 12 has Docker, but only Compose 1.

Unpacked beside the tests' own things; this machine's packages stay as they are.
"""

import shutil
from pathlib import Path

from tests.compose.base_image import CACHE, SUITE, mirror
from tests.services import run


PACKAGE = "docker-compose"
KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"


def compose_plugin() -> Path:
    """The program; downloaded once, with apt's own checks of its origin."""
    program = CACHE / "docker-compose"
    if not program.exists():
        _fetch(program)
    return program


def _fetch(program: Path) -> None:
    folder = CACHE / "apt"
    shutil.rmtree(folder, ignore_errors=True)
    for needed in ("lists/partial", "archives/partial", "download"):
        (folder / needed).mkdir(parents=True)
    (folder / "status").touch()
    (folder / "sources.list").write_text(
        f"deb [signed-by={KEYRING}] {mirror()} {SUITE} main\n"
    )
    try:
        apt = ["apt-get", "-q", *_options(folder)]
        run([*apt, "update"])
        run(["env", f"--chdir={folder}/download", *apt, "download", PACKAGE])
        (package,) = (folder / "download").glob("*.deb")
        run(["dpkg-deb", "--extract", str(package), str(folder / "root")])
        (found,) = (folder / "root").rglob("cli-plugins/docker-compose")
        shutil.copy(found, program.with_suffix(".part"))
        program.with_suffix(".part").rename(program)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _options(folder: Path) -> list[str]:
    """An apt that shares nothing with this machine's but how to reach the mirror."""
    settings = {
        "Dir::State": folder,
        "Dir::State::status": folder / "status",
        "Dir::State::lists": folder / "lists",
        "Dir::Cache": folder,
        "Dir::Etc::sourcelist": folder / "sources.list",
        "Dir::Etc::sourceparts": "/dev/null",
        "APT::Sandbox::User": "root",
        "APT::Update::Error-Mode": "any",
        "Acquire::Retries": 3,
    }
    return [f"-o={name}={value}" for name, value in settings.items()]
