"""The file of secrets beside the inventory: made once, completed, changed when told.

Runs on the control host, where alone the file lies. Arguments:

path    the file
renew   kinds of secrets to exchange: the old ones are remembered where both must hold
forget  kinds whose old secrets hold no longer
"""

from __future__ import annotations

import re
import secrets
import tempfile
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import yaml
from ansible.errors import AnsibleError
from ansible.parsing.vault import is_encrypted_file
from ansible.plugins.action import ActionBase
from pyrage import x25519


HEADER = """\
# Secrets of this installation, made once by the playbook. Keep a copy in a safe place:
# without `backup_identity` no backup can be read. They may be encrypted as a whole:
# ansible-vault encrypt FILE
"""
# Hexadecimal where a secret becomes part of an address.
MAKERS: dict[str, Callable[[], str]] = {
    "app_secret": lambda: secrets.token_urlsafe(36),
    "turn_secret": lambda: secrets.token_hex(24),
    "turn_secret_previous": str,
    "postgres_password": lambda: secrets.token_hex(24),
    "redis_password": lambda: secrets.token_hex(24),
    "redis_password_previous": str,
    "redis_relay_password": lambda: secrets.token_hex(24),
    "redis_relay_password_previous": str,
    "redis_metrics_password": lambda: secrets.token_hex(24),
    "metrics_token": lambda: secrets.token_hex(24),
    "admin_password": lambda: secrets.token_urlsafe(15),
    "doctor_key": str,
}
# Empty until something fills them; an empty one of the others is a mistake.
MAY_BE_EMPTY = {name for name, make in MAKERS.items() if make is str}
# What is exchanged together. With a `…_previous` that is not empty, both hold.
KINDS = {
    "turn": ("turn_secret",),
    "redis": ("redis_password", "redis_relay_password", "redis_metrics_password"),
    "postgres": ("postgres_password",),
    "metrics": ("metrics_token",),
    "app_secret": ("app_secret",),
}
BACKUP_PAIR = ("backup_identity", "backup_recipient")


class ActionModule(ActionBase):  # type: ignore[misc]
    """The action; what it decides stands in the functions below."""

    _VALID_ARGS = frozenset(("path", "renew", "forget"))
    _requires_connection = False
    _supports_check_mode = True

    def run(
        self, tmp: str | None = None, task_vars: dict[str, Any] | None = None
    ) -> dict[str, Any]:
        """Give all secrets as `secrets`; the file is changed if need be.

        What is wrong is given as `problem`, for a task that may speak: the one that
        gets the secrets has `no_log`, and its failure would say nothing.
        """
        super().run(tmp, task_vars)
        path = Path(self._task.args["path"])
        try:
            return self.complete(path)
        except (ValueError, AnsibleError) as problem:
            return {"changed": False, "problem": str(problem), "secrets": {}}

    def complete(self, path: Path) -> dict[str, Any]:
        """Read, add what is missing, change what was asked, write if that differs."""
        known = self.read(path)
        wanted = with_missing(known)
        wanted |= renewed(wanted, self._task.args.get("renew") or [])
        wanted |= forgotten(self._task.args.get("forget") or [])
        refuse_empty(path, wanted)
        changes = {k: v for k, v in wanted.items() if known.get(k) != v}
        if changes:
            refuse_encrypted(path, changes)
        if changes and not self._task.check_mode:
            write(path, changed_text(text_of(path), changes))
        return {"changed": bool(changes), "problem": "", "secrets": wanted}

    def read(self, path: Path) -> dict[str, str]:
        """What the file holds; an encrypted one is opened with the vault's password."""
        if not path.exists():
            return {}
        known = self._loader.load_from_file(str(path), cache="none") or {}
        if not isinstance(known, dict):
            raise ValueError(f"{path} holds no names with values: see its first lines.")
        return {str(name): str(value or "") for name, value in known.items()}


def with_missing(known: Mapping[str, str]) -> dict[str, str]:
    """All secrets: the known ones as they are, the others made."""
    made = {name: make() for name, make in MAKERS.items() if name not in known}
    return {**known, **made, **missing_pair(known)}


def missing_pair(known: Mapping[str, str]) -> dict[str, str]:
    """The keys of backups, unless known; the recipient follows from the identity."""
    if all(name in known for name in BACKUP_PAIR):
        return {}
    if BACKUP_PAIR[0] in known:
        identity = x25519.Identity.from_str(known[BACKUP_PAIR[0]])
    elif BACKUP_PAIR[1] in known:
        return {}  # The operator keeps the identity elsewhere: only restoring needs it.
    else:
        identity = x25519.Identity.generate()
    pair = str(identity), str(identity.to_public())
    return dict(zip(BACKUP_PAIR, pair, strict=True))


def renewed(known: Mapping[str, str], kinds: Iterable[str]) -> dict[str, str]:
    """New secrets of these kinds, and what was there before.

    An exchange that was begun and not ended goes on with the secrets it has made.
    """
    made = {}
    for name in names(kinds):
        previous = f"{name}_previous"
        if known.get(previous):
            continue
        made[name] = MAKERS[name]()
        if previous in MAKERS:
            made[previous] = known[name]
    return made


def forgotten(kinds: Iterable[str]) -> dict[str, str]:
    """No previous secrets of these kinds."""
    previous = [f"{name}_previous" for name in names(kinds)]
    return {name: "" for name in previous if name in MAKERS}


def names(kinds: Iterable[str]) -> list[str]:
    """The secrets of some kinds."""
    unknown = sorted(set(kinds) - set(KINDS))
    if unknown:
        raise ValueError(f"{', '.join(unknown)} is none of {', '.join(KINDS)}.")
    return [name for kind in kinds for name in KINDS[kind]]


def refuse_empty(path: Path, wanted: Mapping[str, str]) -> None:
    """An empty secret is one that everybody knows."""
    empty = sorted(k for k, v in wanted.items() if not v and k not in MAY_BE_EMPTY)
    if empty:
        raise ValueError(
            f"{path}: {', '.join(empty)} is empty."
            " Remove the line to get a new one made."
        )


def refuse_encrypted(path: Path, changes: Mapping[str, str]) -> None:
    """An encrypted file is the operator's to change."""
    if not path.exists():
        return
    with path.open("rb") as file:
        encrypted = is_encrypted_file(file)
    if encrypted:
        raise ValueError(
            f"{path} is encrypted, and these must change or are missing:"
            f" {', '.join(sorted(changes))}. Run `ansible-vault decrypt {path}`, then"
            f" this playbook again, then `ansible-vault encrypt {path}`."
        )


def text_of(path: Path) -> str:
    """The file as it is, or the beginning of a new one."""
    return path.read_text(encoding="utf-8") if path.exists() else HEADER


def changed_text(text: str, changes: Mapping[str, str]) -> str:
    """The text with these values; every other line stays as it was."""
    for name, value in changes.items():
        line = f'{name}: "{value}"'
        old = re.search(rf"^{name}:.*$", text, re.MULTILINE)
        if old:
            text = text[: old.start()] + line + text[old.end() :]
        else:
            text = text.rstrip("\n") + f"\n{line}\n"
    return checked(text, changes)


def checked(text: str, changes: Mapping[str, str]) -> str:
    """The text, once it says what it should; a value of several lines would not."""
    try:
        found = yaml.safe_load(text)
    except yaml.YAMLError:
        found = {}
    wrong = [name for name, value in changes.items() if found.get(name) != value]
    if wrong:
        raise ValueError(
            f"Could not change {', '.join(wrong)} in the file of secrets: write each"
            " secret as one line, and encrypt the file as a whole if at all."
        )
    return text


def write(path: Path, text: str) -> None:
    """Replace the file at once; nobody else may ever read it."""
    with tempfile.NamedTemporaryFile(
        "w", encoding="utf-8", dir=path.parent, prefix=f".{path.name}.", delete=False
    ) as file:
        file.write(text)
    Path(file.name).chmod(0o600)
    Path(file.name).replace(path)
