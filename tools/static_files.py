"""Writes the static files of a wheel as nginx serves them: by fingerprint, packed."""

import gzip
import tempfile
import zipfile
from pathlib import Path

import brotli  # type: ignore[import-untyped]

from app.web.static import Asset, StaticFiles


STATIC = "app/static/"


def write(wheel: Path, into: Path) -> None:
    """Fill `into` with `FINGERPRINT/…`: each file, and packed what packs well.

    From the wheel, because nodes make the fingerprint from what it installs.
    """
    with tempfile.TemporaryDirectory() as folder, zipfile.ZipFile(wheel) as archive:
        names = [name for name in archive.namelist() if name.startswith(STATIC)]
        archive.extractall(folder, names)
        files = StaticFiles(Path(folder) / STATIC)
    for path, asset in files.assets.items():
        _write(into / files.version / path, asset)


def _write(target: Path, asset: Asset) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    versions = {"": asset.body}
    if asset.gzipped:
        versions[".gz"] = gzip.compress(asset.body, 9, mtime=0)
        versions[".br"] = brotli.compress(asset.body, mode=brotli.MODE_TEXT)
    for suffix, body in versions.items():
        # A longer name would be a copy that nobody is better off with.
        if not suffix or len(body) < len(asset.body):
            target.with_name(target.name + suffix).write_bytes(body)
