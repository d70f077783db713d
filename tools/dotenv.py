"""The file `.env`: NAME=VALUE lines that Docker Compose reads."""

from collections.abc import Mapping
from pathlib import Path


HEAD = """\
# Settings of docker-compose.yml, without secrets; `make compose-secrets` keeps them.
# Also: DESKSIDE_WORKERS, DESKSIDE_LOG_LEVEL, DESKSIDE_BASE (base image).
"""


def read(path: Path) -> dict[str, str]:
    """What it says; nothing where there is none."""
    return dict(pair for line in _lines(path) if (pair := _pair(line)))


def update(path: Path, wanted: Mapping[str, str]) -> None:
    """Set these where they stand, new ones at the end; every other line stays."""
    before = read(path)
    if before | dict(wanted) == before:
        return
    lines = [_set(line, wanted) for line in _lines(path)]
    lines += [f"{name}={wanted[name]}\n" for name in wanted if name not in before]
    path.write_text("".join(lines), encoding="utf-8")


def _set(line: str, wanted: Mapping[str, str]) -> str:
    name = (_pair(line) or ("", ""))[0]
    return f"{name}={wanted[name]}\n" if name in wanted else line


def _lines(path: Path) -> list[str]:
    text = path.read_text(encoding="utf-8") if path.exists() else HEAD
    return [f"{line}\n" for line in text.splitlines()]


def _pair(line: str) -> tuple[str, str] | None:
    name, equals, value = line.partition("=")
    return None if line.startswith("#") or not equals else (name.strip(), value.strip())
