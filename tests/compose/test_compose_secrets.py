"""What `make compose-secrets` makes, and leaves alone."""

import shutil
import stat
from pathlib import Path

import pytest
from cryptography import x509

from tests.compose.project import make_secrets
from tools import authority
from tools.compose_secrets import Choices
from tools.setup import Trouble


@pytest.fixture
def folder(checkout: Path) -> Path:
    """The checkout, as if it were new."""
    shutil.rmtree(checkout / "var", ignore_errors=True)
    (checkout / ".env").unlink(missing_ok=True)
    return checkout


def contents(folder: Path) -> dict[str, bytes]:
    """Everything it has made."""
    paths = [*(folder / "var").rglob("*"), folder / ".env"]
    return {str(path): path.read_bytes() for path in paths if path.is_file()}


def test_it_tells_how_to_begin(folder: Path) -> None:
    """Where to look, how to log in, and what browsers are to trust."""
    made = make_secrets(folder, ADDRESS="192.0.2.7")
    password = (folder / "var/compose/secrets/admin_password").read_text()
    assert made.returncode == 0
    for text in ("https://localhost", "admin@localhost", password, "deskside-ca.pem"):
        assert text in made.stdout


def test_again_changes_nothing(folder: Path) -> None:
    """What was made and chosen stays; the password is not shown a second time."""
    make_secrets(folder, ADDRESS="192.0.2.7", DOMAIN="help.example.org")
    before = contents(folder)
    again = make_secrets(folder, ADDRESS="192.0.2.7")
    assert contents(folder) == before
    assert (
        folder / "var/compose/secrets/admin_password"
    ).read_text() not in again.stdout


def test_secrets_are_for_their_owner(folder: Path) -> None:
    """Nobody else can read them; what browsers are to trust, everybody can."""
    make_secrets(folder, ADDRESS="192.0.2.7")
    made = [path for path in (folder / "var/compose").rglob("*") if path.is_file()]
    assert made
    assert {stat.S_IMODE(path.stat().st_mode) for path in made} == {0o600}
    assert {path.stat().st_uid for path in made if path.name != "ca.key"} != {0}
    assert stat.S_IMODE((folder / "var/deskside-ca.pem").stat().st_mode) == 0o644


def test_dotenv_holds_no_secret(folder: Path) -> None:
    """Compose shows its values to anybody who asks."""
    make_secrets(folder, ADDRESS="192.0.2.7")
    text = (folder / ".env").read_text()
    for path in (folder / "var/compose/secrets").iterdir():
        assert path.read_text() not in text, path.name


def test_own_lines_of_dotenv_stay(folder: Path) -> None:
    """It changes what it must, and no more."""
    (folder / ".env").write_text(
        "# Ours.\nDESKSIDE_WORKERS=4\nCOMPOSE_PROFILES=relay\n"
    )
    make_secrets(folder, ADDRESS="192.0.2.7")
    lines = (folder / ".env").read_text().splitlines()
    assert lines[:2] == ["# Ours.", "DESKSIDE_WORKERS=4"]
    assert "COMPOSE_PROFILES=relay" in lines


def test_another_domain_keeps_secrets(folder: Path) -> None:
    """Names, configurations and the certificate follow; secrets and authority stay."""
    make_secrets(folder, ADDRESS="192.0.2.7")
    before = contents(folder)
    make_secrets(folder, ADDRESS="192.0.2.7", DOMAIN="help.example.org")
    after = contents(folder)
    changed = {Path(name).name for name in after if after[name] != before.get(name)}
    assert {"fullchain.pem", "privkey.pem", "nginx.conf", ".env"} <= changed
    assert changed <= {
        *("fullchain.pem", "privkey.pem", "nginx.conf", ".env", "turnserver.conf")
    }


def test_certificate_is_of_the_authority_and_for_the_names(folder: Path) -> None:
    """For the name, the address and this machine itself."""
    make_secrets(folder, ADDRESS="192.0.2.7", DOMAIN="help.example.org")
    read = x509.load_pem_x509_certificate
    ca = read((folder / "var/deskside-ca.pem").read_bytes())
    served = read((folder / "var/compose/tls/fullchain.pem").read_bytes())
    served.verify_directly_issued_by(ca)
    assert authority.serves(served, ["help.example.org", "192.0.2.7", "localhost"])
    assert not authority.serves(served, ["other.example.org"])


def test_certificate_of_somebody_else_stays(folder: Path) -> None:
    """A real certificate put in place is not overwritten, whatever it is for."""
    make_secrets(folder, ADDRESS="192.0.2.7")
    other = authority.issue(authority.make("Another"), ["help.example.org"])
    chain = folder / "var/compose/tls/fullchain.pem"
    chain.write_text(other.certificate_pem)
    (folder / "var/compose/tls/privkey.pem").write_text(other.key_pem)
    make_secrets(folder, ADDRESS="192.0.2.7", DOMAIN="help.example.org")
    assert chain.read_text() == other.certificate_pem


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DOMAIN", "https://help.example.org"),
        ("DOMAIN", "help_me"),
        ("ADDRESS", "here"),
        ("EXTERNAL_IP", "::1"),
        ("STATE_SUBNET", "10.0.0.0/30"),
    ],
)
def test_wrong_choice_is_named(name: str, value: str) -> None:
    """The answer says what was wrong and what would do."""
    with pytest.raises(Trouble, match="Example") as trouble:
        Choices.of({"ADDRESS": "192.0.2.7", name: value}, {})
    assert f"{name}={value}" in str(trouble.value)


def test_trouble_makes_nothing(folder: Path) -> None:
    """Whoever chose wrongly can simply choose again."""
    done = make_secrets(folder, ADDRESS="here")
    assert done.returncode == 1
    assert "ADDRESS=here" in done.stdout
    assert not (folder / ".env").exists()
