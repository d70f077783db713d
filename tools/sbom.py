"""Writes what a release is made of: a CycloneDX list of Python and browser packages."""

import base64
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tools import setup, vendor


def write(requirements: Path, version: str, epoch: int, target: Path) -> None:
    """Write the list for a release; the same requirements give the same bytes."""
    cyclonedx: list[Path | str] = [setup.VENV / "bin" / "cyclonedx-py"]
    cyclonedx += ["requirements", requirements, "--output-reproducible"]
    cyclonedx += ["--sv=1.6", "--of=JSON", "-o", target]
    setup.run(cyclonedx, {"SOURCE_DATE_EPOCH": str(epoch)}, quiet=True)
    made = json.loads(target.read_text(encoding="utf-8"))
    text = json.dumps(completed(made, version), indent=2, sort_keys=True)
    target.write_text(text + "\n", encoding="utf-8")


def completed(made: dict[str, Any], version: str) -> dict[str, Any]:
    """The list with the service itself on top and the browser libraries in it."""
    own = {"type": "application", "bom-ref": "deskside", "name": "deskside"}
    python = [part for part in made["components"] if part["name"] != "deskside"]
    parts = [*map(plain, python), *browser_libraries()]
    refs = [part["bom-ref"] for part in parts]
    depends = {"ref": "deskside", "dependsOn": sorted(refs)}
    return made | {
        "metadata": made["metadata"] | {"component": own | {"version": version}},
        "components": parts,
        "dependencies": [depends, *({"ref": ref} for ref in sorted(refs))],
    }


def plain(part: dict[str, Any]) -> dict[str, Any]:
    """A component without the line and the place it happened to come from."""
    purl = part["purl"].partition("?")[0]
    kept = {key: part[key] for key in ("type", "name", "version")}
    return kept | {"purl": purl, "bom-ref": purl}


def browser_libraries() -> Iterator[dict[str, Any]]:
    """The packages whose files are copied to app/static/vendor."""
    path = vendor.ROOT / "package-lock.json"
    locked = json.loads(path.read_text(encoding="utf-8"))["packages"]
    for name in sorted({source.partition("/")[0] for source in vendor.COPIES}):
        yield npm_component(name, locked[f"node_modules/{name}"])


def npm_component(name: str, locked: dict[str, Any]) -> dict[str, Any]:
    """One npm package as the lockfile has it."""
    purl = f"pkg:npm/{name}@{locked['version']}"
    algorithm, _, digest = locked["integrity"].partition("-")
    content = base64.b64decode(digest).hex()
    return {
        "type": "library",
        "bom-ref": purl,
        "name": name,
        "version": locked["version"],
        "purl": purl,
        "licenses": [{"license": {"id": locked["license"]}}],
        "hashes": [{"alg": algorithm.replace("sha", "SHA-"), "content": content}],
    }
