"""What every role owes its reader."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.ansible.playbooks import ANSIBLE, ROLES, read


each_role = pytest.mark.parametrize("role", ROLES, ids=lambda role: role.name)

TYPES: Mapping[str, tuple[type, ...]] = {
    "str": (str,),
    "path": (str,),
    "int": (int,),
    "float": (float, int),
    "bool": (bool,),
    "list": (list,),
    "dict": (dict,),
    "raw": (object,),
}


def options(role: Path) -> dict[str, dict[str, Any]]:
    """The variables of its argument specification."""
    specification = read(role / "meta/argument_specs.yml")
    found: dict[str, dict[str, Any]] = specification["argument_specs"]["main"][
        "options"
    ]
    return found


def defaults(role: Path) -> dict[str, Any]:
    """The variables of its manual."""
    return dict(read(role / "defaults/main.yml"))


def is_template(value: Any) -> bool:
    """Whether the value is known only on a host."""
    return "{{" in str(value)


@each_role
def test_role_has_its_files(role: Path) -> None:
    """A reader finds the manual, its check, and the table of contents."""
    for name in ("defaults/main.yml", "meta/argument_specs.yml", "tasks/main.yml"):
        assert (role / name).is_file(), f"{role.name} lacks {name}"


@each_role
def test_role_checks_before_it_changes(role: Path) -> None:
    """The first thing a role does is to look whether it can."""
    first = read(role / "tasks/main.yml")[0]
    looks = first.get("ansible.builtin.import_tasks", "deskside_preflight")
    assert "preflight" in looks


@each_role
def test_what_a_role_is_told_is_looked_at_before_any_role_begins(role: Path) -> None:
    """What the last role would stumble over stops the first."""
    looked_at = [
        task["ansible.builtin.import_role"]["name"]
        for play in read(ANSIBLE / "preflight.yml")
        for task in play.get("tasks", ())
    ]
    told = (role / "tasks/variables.yml").is_file()
    assert looked_at.count(role.name) == int(told)


@each_role
def test_manual_and_specification_name_the_same_variables(role: Path) -> None:
    """No variable is missing in one of them, unless it has no default."""
    required = {
        name for name, option in options(role).items() if option.get("required")
    }
    assert set(options(role)) == set(defaults(role)) | required


@each_role
def test_manual_and_specification_agree_on_values(role: Path) -> None:
    """A default that the specification repeats is the one of the manual."""
    values = defaults(role)
    for name, option in options(role).items():
        if "default" in option:
            assert option["default"] == values[name], name


@each_role
def test_defaults_are_of_their_type(role: Path) -> None:
    """A default passes the role's own check."""
    for name, option in options(role).items():
        value = defaults(role).get(name)
        if value is not None and not is_template(value):
            assert isinstance(value, TYPES[option.get("type", "str")]), name


@each_role
def test_variables_bear_the_name_of_their_role(role: Path) -> None:
    """Nobody wonders whose a variable is."""
    assert [n for n in defaults(role) if not n.startswith(f"{role.name}_")] == []


@each_role
def test_every_variable_is_described(role: Path) -> None:
    """The specification says what each variable is."""
    lacking = [
        n for n, option in options(role).items() if not option.get("description")
    ]
    assert lacking == []


@each_role
def test_no_secret_has_a_default(role: Path) -> None:
    """What is secret comes from the file of secrets, or is missing."""
    for name, option in options(role).items():
        value = defaults(role).get(name)
        if option.get("no_log"):
            assert not value or is_template(value), name
