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
    """Set these; every other line stays, and the file too where nothing changes."""
    before = read(path)
    if before | dict(wanted) == before:
        return
    kept = [line for line in _lines(path) if (_pair(line) or ("",))[0] not in wanted]
    lines = [*kept, *(f"{name}={value}\n" for name, value in wanted.items())]
    path.write_text("".join(lines), encoding="utf-8")


def _lines(path: Path) -> list[str]:
    text = path.read_text(encoding="utf-8") if path.exists() else HEAD
    return [f"{line}\n" for line in text.splitlines()]


def _pair(line: str) -> tuple[str, str] | None:
    name, equals, value = line.partition("=")
    return None if line.startswith("#") or not equals else (name.strip(), value.strip())
