"""Sees that lock files hold hashes and no address of where a package came from."""

import re
import sys
from pathlib import Path


ROOT = Path(__file__).resolve().parent.parent
ADDRESS = re.compile(r"--(extra-)?index-url|--find-links|\"resolved\"|@ https?:")


def main() -> int:
    """Name every line with an address; gives the exit code."""
    locks = [ROOT / "package-lock.json", *sorted(ROOT.glob("requirements/*.txt"))]
    found = [line for lock in locks for line in addresses(lock)]
    for line in found:
        print(line)
    return 1 if found else 0


def addresses(lock: Path) -> list[str]:
    """The lines that name a registry, as `file:line: text`."""
    lines = enumerate(lock.read_text(encoding="utf-8").splitlines(), 1)
    name = lock.relative_to(ROOT)
    return [
        f"{name}:{number}: {line}" for number, line in lines if ADDRESS.search(line)
    ]


if __name__ == "__main__":
    sys.exit(main())
