"""The release installed as on a host: elsewhere, offline, and it serves its pages."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import httpx
import pytest

from app import __version__
from tests.services import Node, private_folder, run


pytestmark = pytest.mark.timeout(400)
"""The first waits for the release to be built."""

EMAIL, PASSWORD = "agent@example.org", "correct horse battery"
PAGES = ("/", "/rooms/new", "/customers", "/history", "/settings")
ADDRESS = re.compile(r"""(?:href|src)="(/static/[^"#]+)""")


class InstalledNode(Node):
    """A node of the installed release; nothing of this folder is in its way."""

    venv: Path

    @property
    def program(self) -> str:  # type: ignore[override]
        return str(self.venv / "bin" / "deskside")

    @property
    def where(self) -> Path:  # type: ignore[override]
        return self.folder

    def command(self) -> list[str]:
        return [self.program, "serve"]

    def environment(self) -> Mapping[str, str]:
        names = ("PYTHONPATH", "VIRTUAL_ENV")
        return {k: v for k, v in super().environment().items() if k not in names}

    def tell(self, *arguments: str) -> str:
        """Run a command of the release; gives what it says."""
        done = subprocess.run(
            [self.program, *arguments],
            cwd=self.folder,
            env=dict(self.environment()),
            input=PASSWORD,
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout


@pytest.fixture(scope="module")
def venv(unpacked: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A fresh environment with the release in it, as the role installs it."""
    folder = tmp_path_factory.mktemp("host") / "venv"
    run([sys.executable, "-m", "venv", str(folder)])
    pip = [str(folder / "bin" / "python"), "-m", "pip", "install", "--isolated"]
    pip += ["--quiet", "--no-index", "--find-links", str(unpacked / "wheelhouse")]
    pip += ["--only-binary=:all:", "--require-hashes", "--no-compile"]
    environment = os.environ | {"PIP_CONFIG_FILE": os.devnull}
    run([*pip, "-r", str(unpacked / "requirements.txt")], env=environment)
    return folder


@pytest.fixture(scope="module")
def node(venv: Path) -> Iterator[InstalledNode]:
    with private_folder("installed") as folder:
        node = InstalledNode(folder)
        node.venv = venv
        assert "Migrated" in node.tell("migrate")
        node.tell("agent", "add", EMAIL, "--password-file", "-")
        with node:
            yield node


@pytest.fixture
def browser(node: InstalledNode) -> Iterator[httpx.Client]:
    """An agent who has logged in."""
    headers = {"Sec-Fetch-Site": "same-origin"}
    with httpx.Client(base_url=node.url, headers=headers) as client:
        form = {"email": EMAIL, "password": PASSWORD}
        assert client.post("/login", data=form).status_code == 303
        yield client


def test_version(node: InstalledNode) -> None:
    """It is the one of this folder."""
    assert node.tell("--version").split()[-1] == __version__


@pytest.mark.parametrize("page", PAGES)
def test_pages_come_with_all_they_use(browser: httpx.Client, page: str) -> None:
    """Styles, scripts, icons and libraries of each page are there."""
    answer = browser.get(page, follow_redirects=True)
    assert answer.status_code == 200
    addresses = set(ADDRESS.findall(answer.text))
    assert len(addresses) > 5
    found = {address: browser.get(address).status_code for address in addresses}
    assert set(found.values()) == {200}, found


def test_pages_are_translated(browser: httpx.Client) -> None:
    """The catalogs came along, for pages and for scripts."""
    english = browser.get("/rooms/new").text
    indonesian = browser.get("/rooms/new?lang=id").text
    assert '<html lang="id"' in indonesian
    texts = re.compile(r"<h1[^>]*>(.*?)</h1>", re.DOTALL)
    assert texts.findall(english) != texts.findall(indonesian)
