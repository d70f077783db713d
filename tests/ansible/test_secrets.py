"""The file of secrets beside the inventory, made by the real playbook."""

import stat
import subprocess
from pathlib import Path
from types import ModuleType

import pytest
from pyrage import x25519

from tests.ansible.playbooks import ANSIBLE, Run, load, play, read, this_machine
from tests.services import ROOT


VAULT_PASSWORD = "open sesame"


@pytest.fixture
def inventory(tmp_path: Path) -> Path:
    """An inventory without secrets yet."""
    return this_machine(tmp_path)


@pytest.fixture
def secrets_file(inventory: Path) -> Path:
    """Where its secrets will be."""
    return inventory.parent / "secrets.yml"


@pytest.fixture(scope="module")
def plugin() -> ModuleType:
    """What makes the secrets, as a module."""
    return load(ANSIBLE / "action_plugins/deskside_secrets.py")


def prepare(inventory: Path, *options: str) -> Run:
    """Make the secrets known."""
    return play("prepare.yml", inventory, *options)


def prepared(inventory: Path, *options: str) -> None:
    """The same, which must succeed."""
    done = prepare(inventory, *options)
    assert done.code == 0, done.text


def test_secrets_are_made_once(inventory: Path, secrets_file: Path) -> None:
    """They are long, for their owner alone, and the same ever after."""
    prepared(inventory)
    first = secrets_file.read_bytes()
    made = read(secrets_file)
    assert stat.S_IMODE(secrets_file.stat().st_mode) == 0o600
    assert len(made["app_secret"]) > 40
    prepared(inventory)
    assert secrets_file.read_bytes() == first


def test_secrets_are_not_told(inventory: Path, secrets_file: Path) -> None:
    """No secret is in what the playbook says, however much it says."""
    done = prepare(inventory, "-vvv")
    assert [k for k, v in read(secrets_file).items() if v and v in done.text] == []


def test_check_mode_writes_nothing(inventory: Path, secrets_file: Path) -> None:
    """Who only looks leaves nothing behind."""
    prepared(inventory, "--check")
    assert not secrets_file.exists()


def test_only_a_missing_secret_is_added(inventory: Path, secrets_file: Path) -> None:
    """The others, and the operator's own lines, stay as they are."""
    prepared(inventory)
    lines = secrets_file.read_text(encoding="utf-8").splitlines()
    kept = [line for line in lines if not line.startswith("metrics_token")]
    kept.append("# A line of the operator's own.")
    secrets_file.write_text("\n".join(kept), encoding="utf-8")
    prepared(inventory)
    now = secrets_file.read_text(encoding="utf-8").splitlines()
    assert now[:-1] == kept
    assert now[-1].startswith("metrics_token: ")


def test_an_empty_secret_is_refused(inventory: Path, secrets_file: Path) -> None:
    """Everybody knows an empty secret."""
    secrets_file.write_text('turn_secret: ""\n', encoding="utf-8")
    done = prepare(inventory)
    assert done.code != 0
    assert "turn_secret is empty" in done.text


def encrypt(file: Path) -> list[str]:
    """Encrypt it as the operator does; gives the options to open it."""
    password = file.parent / "password"
    password.write_text(VAULT_PASSWORD, encoding="utf-8")
    option = f"--vault-password-file={password}"
    command = [str(ROOT / ".venv/bin/ansible-vault"), "encrypt", option, str(file)]
    subprocess.run(command, check=True, capture_output=True)
    return [option]


def test_an_encrypted_file_is_read(inventory: Path, secrets_file: Path) -> None:
    """It is opened with the vault's password, and stays as it is."""
    prepared(inventory)
    opened = encrypt(secrets_file)
    before = secrets_file.read_bytes()
    prepared(inventory, *opened)
    assert secrets_file.read_bytes() == before


def test_an_encrypted_file_is_not_changed(inventory: Path, secrets_file: Path) -> None:
    """What it lacks is named, with the way to add it."""
    secrets_file.write_text('turn_secret: "0123456789abcdef"\n', encoding="utf-8")
    opened = encrypt(secrets_file)
    before = secrets_file.read_bytes()
    done = prepare(inventory, *opened)
    assert done.code != 0
    assert "metrics_token" in done.text
    assert "ansible-vault decrypt" in done.text
    assert secrets_file.read_bytes() == before


def test_an_encrypted_file_needs_its_password(
    inventory: Path, secrets_file: Path
) -> None:
    """Without it the playbook says what it lacks, and makes no new secrets."""
    prepared(inventory)
    encrypt(secrets_file)
    done = prepare(inventory)
    assert done.code != 0
    assert "vault" in done.text


def test_the_recipient_belongs_to_the_identity(plugin: ModuleType) -> None:
    """Whoever has the identity reads what is written to the recipient."""
    made = plugin.with_missing({})
    identity = x25519.Identity.from_str(made["backup_identity"])
    assert str(identity.to_public()) == made["backup_recipient"]


def test_an_identity_may_be_kept_elsewhere(plugin: ModuleType) -> None:
    """Who takes the identity away gets no new pair."""
    known = plugin.with_missing({})
    del known["backup_identity"]
    assert plugin.with_missing(known) == known


def test_exchanging_remembers_the_one_before(plugin: ModuleType) -> None:
    """During the exchange both are known."""
    known = plugin.with_missing({})
    new = plugin.renewed(known, ["turn"])
    assert new["turn_secret_previous"] == known["turn_secret"] != new["turn_secret"]


def test_an_interrupted_exchange_goes_on(plugin: ModuleType) -> None:
    """A second run makes no third secret, or the first would be forgotten in use."""
    known = plugin.with_missing({})
    known |= plugin.renewed(known, ["turn"])
    assert plugin.renewed(known, ["turn"]) == {}
    known |= plugin.forgotten(["turn"])
    assert known["turn_secret_previous"] == ""
    assert plugin.renewed(known, ["turn"]) != {}


def test_every_kind_is_exchanged(plugin: ModuleType) -> None:
    """Each secret of a kind is a new one afterwards."""
    known = plugin.with_missing({})
    for kind, names in plugin.KINDS.items():
        new = plugin.renewed(known, [kind])
        assert all(new[name] != known[name] for name in names)


def test_an_unknown_kind_is_refused(plugin: ModuleType) -> None:
    """Nobody believes to have exchanged what was misspelled."""
    with pytest.raises(ValueError, match="turn! is none of turn"):
        plugin.renewed(plugin.with_missing({}), ["turn!"])
