"""Static files under `/static/<version>/…`, kept by browsers for good."""

import gzip
import hashlib
import mimetypes
import posixpath
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from quart import Blueprint, Response, abort, request


FOR_GOOD = "public, max-age=31536000, immutable"
COMPRESSIBLE = {".css", ".js", ".svg", ".html", ".txt", ".webmanifest"}
_IMPORT = re.compile(r"""^(?:import|export)\b[^;]*?from\s+["'](\.[^"']+)["']""", re.M)


@dataclass(frozen=True, slots=True)
class Asset:
    """One file, read at the start: it does not change while the service runs."""

    body: bytes
    gzipped: bytes | None
    type: str


class StaticFiles:
    """Every file below a folder, by its path there."""

    def __init__(self, root: Path) -> None:
        """Read the folder. Raises FileNotFoundError where vendor/ is not yet made."""
        if not (root / "vendor").is_dir():
            raise FileNotFoundError(
                f"{root}/vendor: run `python tools/vendor.py` first"
            )
        self.assets = {path: _read(root / path) for path in _paths(root)}
        self.version = self._fingerprint()

    def _fingerprint(self) -> str:
        digest = hashlib.sha256()
        for path, asset in self.assets.items():
            digest.update(f"{path}\0{len(asset.body)}\0".encode())
            digest.update(asset.body)
        return digest.hexdigest()[:12]

    def url(self, path: str) -> str:
        """The address of a file. Raises LookupError for one that is not there."""
        if path not in self.assets:
            raise LookupError(f"no static file {path}")
        return f"/static/{self.version}/{path}"

    def modules(self, path: str) -> tuple[str, ...]:
        """This ES module and all it imports, itself first, each once."""
        found: dict[str, None] = {}
        waiting = [path]
        while waiting:
            module = waiting.pop(0)
            if module not in found:
                found[module] = None
                waiting += self._imports(module)
        return tuple(found)

    def _imports(self, module: str) -> list[str]:
        folder = posixpath.dirname(module)
        source = self.assets[module].body.decode()
        return [
            posixpath.normpath(posixpath.join(folder, target))
            for target in _IMPORT.findall(source)
        ]


def _paths(root: Path) -> Iterator[str]:
    for path in sorted(root.rglob("*")):
        if path.is_file() and not path.name.startswith("."):
            yield path.relative_to(root).as_posix()


def _read(path: Path) -> Asset:
    body = path.read_bytes()
    kind = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    if path.suffix == ".js":
        kind = "text/javascript"
    if path.suffix not in COMPRESSIBLE:
        return Asset(body, None, kind)
    return Asset(body, gzip.compress(body, mtime=0), f"{kind}; charset=utf-8")


def blueprint(files: StaticFiles) -> Blueprint:
    """The route of the static files; anything outside the folder is not found."""
    static = Blueprint("files", __name__)

    @static.get("/static/<version>/<path:path>")
    async def read(version: str, path: str) -> Response:
        asset = files.assets.get(path)
        if asset is None:
            abort(404)
        response = _answer(asset)
        # Another version is asked for while nodes of two releases run side by side:
        # serve what is here, but let nobody keep it under that name.
        known = version == files.version
        response.headers["Cache-Control"] = FOR_GOOD if known else "no-store"
        return response

    return static


def _answer(asset: Asset) -> Response:
    if asset.gzipped is None:
        return Response(asset.body, content_type=asset.type)
    packed = request.accept_encodings.quality("gzip") > 0
    body = asset.gzipped if packed else asset.body
    response = Response(body, content_type=asset.type)
    response.headers["Vary"] = "Accept-Encoding"
    if packed:
        response.headers["Content-Encoding"] = "gzip"
    return response
