"""Writes docs/settings.md from app/settings.py; `--check` only compares."""

import argparse
import itertools
import sys
from dataclasses import Field
from pathlib import Path
from typing import Any

from app.settings import Declared, declarations, shown_default


PAGE = Path(__file__).resolve().parent.parent / "docs" / "settings.md"

HEAD = """\
# Settings

<!-- Made by `make docs` from app/settings.py: change that. -->

Settings are environment variables. A secret may also come from a file, so that it is
not seen in the environment: give the path in the variable with `_FILE` at its end. An
empty variable counts as unset. Anything wrong, missing or misspelled stops the start
and is named; `deskside check` tells without starting, and also tries the connections.
"""


def main() -> int:
    """Write or compare; gives the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="fail if it would change")
    if not parser.parse_args().check:
        PAGE.parent.mkdir(exist_ok=True)
        PAGE.write_text(page(), encoding="utf-8")
        return 0
    if PAGE.exists() and PAGE.read_text(encoding="utf-8") == page():
        return 0
    print("docs/settings.md is not what app/settings.py says: run `make docs`")
    return 1


def page() -> str:
    """The whole page."""
    groups = itertools.groupby(declarations(), key=lambda each: each[2].group)
    return "\n".join([HEAD, *(group(name, list(rows)) for name, rows in groups)])


def group(name: str, rows: list[tuple[str, Field[Any], Declared]]) -> str:
    """One heading with its settings."""
    entries = (entry(*row) for row in rows)
    return "\n".join([f"## {name}\n", *entries])


def entry(name: str, item: Field[Any], declared: Declared) -> str:
    """One setting."""
    example = declared.example
    facts = [
        f"- Default: {shown_default(item, declared)}",
        f"- Example: {example if example.startswith('`') else f'`{example}`'}",
    ]
    if declared.secret:
        facts.append(f"- From a file: `{name}_FILE`")
    return "\n".join([f"### `{name}`\n\n{declared.help}\n", *facts, ""])


if __name__ == "__main__":
    sys.exit(main())
