"""Chromiums at clients of the laboratory, with its authorities in their store."""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from pathlib import Path

from playwright.sync_api import Browser, Playwright

from tests.deploy.lab.programs import run
from tests.e2e.conftest import CHROMIUM_FLAGS
from tests.services import find_program


WRAPPER = """\
#!/bin/sh
HOME='{home}'
export HOME
exec ip netns exec '{client}' '{chromium}' "$@"
"""


def launch(
    driver: Playwright, client: str, folder: Path, trusted: Sequence[Path]
) -> AbstractContextManager[Browser]:
    """Start a Chromium at a client."""
    home = folder / client
    trust(home, trusted)
    program = home / "chromium"
    program.write_text(
        WRAPPER.format(home=home, client=client, chromium=find_program("chromium"))
    )
    program.chmod(0o755)
    return driver.chromium.launch(executable_path=program, args=CHROMIUM_FLAGS)


def trust(home: Path, trusted: Sequence[Path]) -> None:
    """Make the store of certificates of whoever has this home."""
    store = home / ".pki" / "nssdb"
    store.mkdir(parents=True)
    database = ["-d", f"sql:{store}"]
    run("certutil", *database, "-N", "--empty-password")
    for certificate in trusted:
        new = ["-A", "-t", "C,,", "-n", certificate.stem]
        run("certutil", *database, *new, "-i", certificate)
