"""The release as it stands, built once, and unpacked for tests to look into."""

import tarfile
from pathlib import Path

import pytest

from app import __version__
from tools import release, vendor


@pytest.fixture(scope="session")
def archive() -> Path:
    """The archive that hosts would get."""
    vendor.main([])
    return release.build(__version__, release.DIST)


@pytest.fixture(scope="session")
def unpacked(archive: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Its folder, as a host has it."""
    folder = tmp_path_factory.mktemp("release")
    with tarfile.open(archive) as tar:
        tar.extractall(folder, filter="data")
    return folder / f"deskside-{__version__}"
