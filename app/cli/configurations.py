"""Renders the templates of nginx and coturn from the roles' own defaults."""

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml
from jinja2 import (
    Environment,
    FileSystemLoader,
    StrictUndefined,
    TemplateError,
    UndefinedError,
    meta,
)


ROOT = Path(__file__).resolve().parent.parent.parent
SERVERS = ("coturn", "nginx")
ONE_EXPRESSION = re.compile(r"\s*\{\{((?:(?!\}\}).)*)\}\}\s*", re.S)
"""A value that is one expression: it keeps its type, as it does in Ansible."""


class RenderError(Exception):
    """A configuration cannot be made; the text says what to do."""


class Configurations:
    """The configurations of both servers for one set of variables."""

    def __init__(self, given: Mapping[str, Any], root: Path = ROOT) -> None:
        """Raises RenderError for a variable that neither role knows."""
        if not (root / "ansible").is_dir():
            raise RenderError(
                f"{root} holds no templates. Run this in a checkout of the project."
            )
        self.root = root
        defaults = _defaults(root)
        _refuse_unknown(given, set(defaults) | _inputs(defaults))
        self._variables = _Variables({**defaults, **given})

    @classmethod
    def load(
        cls, files: Sequence[Path], settings: Sequence[str], root: Path = ROOT
    ) -> "Configurations":
        """Read variables from YAML files and from NAME=VALUE, the last one wins."""
        given: dict[str, Any] = {}
        for file in files:
            given |= _read(file)
        return cls(given | dict(map(_setting, settings)), root)

    def write(self, server: str, into: Path) -> Iterator[Path]:
        """Write the files of a server, readable by their owner: some hold secrets."""
        into.mkdir(parents=True, exist_ok=True)
        for name, text in self.texts(server):
            path = into / name
            path.touch(mode=0o600)
            path.write_text(text, encoding="utf-8")
            yield path

    def texts(self, server: str) -> Iterator[tuple[str, str]]:
        """The files of a server: names and what is in them."""
        if server == "coturn":
            yield "turnserver.conf", self._text("coturn/turnserver.conf.j2")
            return
        yield "nginx.conf", self._text("nginx/nginx.conf.j2")
        for language in self._variables["nginx_maintenance_texts"]:
            for kind in ("html", "json"):
                own = {"nginx_maintenance_language": language}
                text = self._text(f"nginx/maintenance.{kind}.j2", own)
                yield f"maintenance.{language}.{kind}", text

    def _text(self, name: str, own: Mapping[str, Any] | None = None) -> str:
        path = self.root / name
        environment = _environment(path.parent)
        used = set(own or {})
        wanted = _used(environment, path.parent, path.name) - used
        values = {name: self._variables[name] for name in sorted(wanted)}
        try:
            text = environment.get_template(path.name).render(values, **(own or {}))
        except TemplateError as error:
            raise RenderError(f"{name}: {error}") from None
        # As Ansible ends files; what is included ends without.
        return text if text.endswith("\n") else f"{text}\n"


class _Variables:
    """Values by name; what is a template is rendered when it is asked for."""

    def __init__(self, raw: Mapping[str, Any]) -> None:
        self._raw = raw
        self._done: dict[str, Any] = {}
        self._environment = _environment(None)

    def __getitem__(self, name: str) -> Any:
        if name not in self._raw:
            raise RenderError(f"{name} has no value. Give one: --set {name}=…")
        if name not in self._done:
            try:
                self._done[name] = self._value(self._raw[name])
            except UndefinedError as error:
                raise RenderError(f"{name} cannot be made: {error}") from None
        return self._done[name]

    def _value(self, raw: Any) -> Any:
        if isinstance(raw, dict):
            return {key: self._value(value) for key, value in raw.items()}
        if isinstance(raw, list):
            return [self._value(value) for value in raw]
        return self._rendered(raw) if isinstance(raw, str) and "{{" in raw else raw

    def _rendered(self, text: str) -> Any:
        names = meta.find_undeclared_variables(self._environment.parse(text))
        known = {name: self[name] for name in names if name in self._raw}
        if one := ONE_EXPRESSION.fullmatch(text):
            found = self._environment.compile_expression(
                " ".join(one[1].split()), undefined_to_none=False
            )(known)
            if isinstance(found, StrictUndefined):
                str(found)  # Says which name is missing.
            return found
        return self._environment.from_string(text).render(known)


def _environment(folder: Path | None) -> Environment:
    """Jinja as Ansible sets it up."""
    environment = Environment(
        loader=FileSystemLoader(folder) if folder else None,
        trim_blocks=True,
        undefined=StrictUndefined,
        autoescape=False,  # noqa: S701  (configurations; the page escapes itself)
    )
    environment.tests["search"] = lambda text, form: bool(re.search(form, text))
    return environment


def _used(environment: Environment, folder: Path, name: str) -> set[str]:
    """The variables of a template and of those it includes."""
    tree = environment.parse((folder / name).read_text(encoding="utf-8"))
    own = meta.find_undeclared_variables(tree)
    included = [other for other in meta.find_referenced_templates(tree) if other]
    names = own.union(*(_used(environment, folder, other) for other in included))
    # What a template sets itself, its includes may use.
    return {name for name in names if name.startswith(tuple(f"{s}_" for s in SERVERS))}


def _defaults(root: Path) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for server in SERVERS:
        found |= _read(root / "ansible/roles" / server / "defaults/main.yml")
    return found


def _inputs(defaults: Mapping[str, Any]) -> set[str]:
    """What defaults are made from: the names an operator sets."""
    environment = _environment(None)
    texts = [value for value in defaults.values() if isinstance(value, str)]
    trees = [environment.parse(text) for text in texts]
    names = set().union(*map(meta.find_undeclared_variables, trees))
    return {name for name in names if name.startswith("deskside_")}


def _refuse_unknown(given: Mapping[str, Any], known: set[str]) -> None:
    if unknown := sorted(set(given) - known):
        raise RenderError(
            f"Unknown: {', '.join(unknown)}. The variables are those of "
            "ansible/roles/{coturn,nginx}/defaults/main.yml."
        )


def _read(file: Path) -> dict[str, Any]:
    try:
        found = yaml.safe_load(file.read_text(encoding="utf-8"))
    except yaml.YAMLError as error:
        raise RenderError(f"{file} is not YAML: {error}") from None
    if not isinstance(found, dict):
        raise RenderError(f"{file} holds no variables (NAME: VALUE).")
    return found


def _setting(text: str) -> tuple[str, Any]:
    name, equals, value = text.partition("=")
    if not equals:
        raise RenderError(f"--set {text}: it must be NAME=VALUE.")
    return name, yaml.safe_load(value)
