"""`make run` after the installing: what it makes, says and leaves behind."""

import os
import re
import signal
import ssl
import stat
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import httpx
import pytest

from tests.services import (
    ROOT,
    Service,
    accepts,
    find_program,
    free_port,
    private_folder,
    wait_until,
)
from tools import certificate, network, run


class Trial(Service):
    """`python -m tools.run` in a folder of its own, as without a terminal."""

    program = "make run"
    stop_signal = signal.SIGINT

    def __init__(self, folder: Path, **given: str) -> None:
        super().__init__(folder)
        self.where = folder
        self.given = {"PORT": str(self.port), "TURN": "0", **given}

    def command(self) -> list[str]:
        return [sys.executable, "-m", "tools.run"]

    def environment(self) -> Mapping[str, str]:
        own = {"PYTHONPATH": str(ROOT), **self.given}
        return {k: v for k, v in os.environ.items() if k != "HOST"} | own

    def ready(self) -> bool:
        return "Ctrl-C" in self.tail() and super().ready()

    @property
    def password(self) -> str:
        """The password it has shown."""
        (shown,) = re.findall(r"Password  (\S+)", self.tail())
        return str(shown)


@pytest.fixture
def folder() -> Iterator[Path]:
    with private_folder("trial") as folder:
        yield folder


def mode(path: Path) -> int:
    """Who may do what with a file."""
    return stat.S_IMODE(path.stat().st_mode)


def can_log_in(trial: Trial, password: str, email: str = "admin@localhost") -> bool:
    """Whether the log-in form takes this password."""
    with httpx.Client(base_url=f"http://localhost:{trial.port}") as client:
        form = {"email": email, "password": password}
        headers = {"Sec-Fetch-Site": "same-origin"}
        return client.post("/login", data=form, headers=headers).status_code == 303


def test_first_start_makes_an_admin_and_shows_the_password_once(folder: Path) -> None:
    """What it shows logs in; the second start shows nothing and forgets nothing."""
    with Trial(folder) as trial:
        password = trial.password
        assert f"is at http://localhost:{trial.port}" in trial.tail()
        assert can_log_in(trial, password)
        assert trial.stop() == 0
        assert "Stopped." in trial.tail()
        trial.log.unlink()
        trial.start()
        assert "Password" not in trial.tail()
        assert can_log_in(trial, password)


def test_what_it_makes_is_for_its_user_only(folder: Path) -> None:
    """The secret, the log and the customers are nobody else's."""
    with Trial(folder):
        assert mode(folder / "var") == 0o700
        assert mode(folder / "var" / "secret") == 0o600
        log = folder / "var" / "deskside.log"
        assert wait_until(lambda: '"serving"' in log.read_text(encoding="utf-8"), 10)


def test_password_may_be_given(folder: Path) -> None:
    """From a file, as a deployment does it; then it is not shown."""
    file = folder / "password"
    file.write_text("correct horse battery\n")
    given = {"DESKSIDE_ADMIN_PASSWORD_FILE": str(file)}
    with Trial(folder, **given, DESKSIDE_ADMIN_EMAIL="it@example.org") as trial:
        assert "correct" not in trial.tail()
        assert can_log_in(trial, "correct horse battery", "it@example.org")


def test_taken_port_is_said_before_anything_else(folder: Path) -> None:
    """The second start in another folder says what to change."""
    with Trial(folder) as first, private_folder("other") as other:
        second = Trial(other, PORT=str(first.port))
        done = subprocess.run(
            second.command(),
            cwd=other,
            env=dict(second.environment()),
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 1
        assert "Address already in use. Choose another with PORT=" in done.stdout
        assert "Traceback" not in done.stderr


def test_wrong_settings_are_said(folder: Path) -> None:
    """With their names, and no traceback."""
    trial = Trial(folder, PORT="x", DESKSIDE_PROT="1")
    done = subprocess.run(
        trial.command(),
        cwd=folder,
        env=dict(trial.environment()),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "DESKSIDE_PORT: 'x' is not a whole number" in done.stdout
    assert "DESKSIDE_PROT: is no setting" in done.stdout
    assert "Traceback" not in done.stderr


def test_tls_is_for_the_whole_network(folder: Path) -> None:
    """With TLS=1 a phone can open the address that is shown."""
    with Trial(folder, TLS="1") as trial:
        (url,) = re.findall(r"is at (\S+)", trial.tail())
        assert url.startswith("https://")
        context = ssl.create_default_context(cafile=folder / "var/tls/cert.pem")
        with httpx.Client(verify=context) as client:
            assert client.get(f"{url}/login").status_code == 200
        assert mode(folder / "var" / "tls" / "key.pem") == 0o600


def test_turn_runs_as_long_as_the_service(folder: Path) -> None:
    """With TURN=1 coturn is started with a secret of its own, and ended."""
    find_program("turnserver")
    with Trial(folder, TURN="1") as trial:
        (address,) = re.findall(r"relays calls at (\S+)\.\n", trial.tail() + "\n")
        host, _colon, port = address.rpartition(":")
        assert wait_until(lambda: accepts(host, int(port)), 10)
        assert mode(folder / "var" / "turnserver.conf") == 0o600
        trial.stop()
        assert not accepts(host, int(port))


def test_certificate_is_kept_while_it_fits(tmp_path: Path) -> None:
    """Whoever accepted it once need not do so again; a new address needs a new one."""
    cert, _key = certificate.ensure(tmp_path, ["192.0.2.1"])
    first = cert.read_bytes()
    assert certificate.ensure(tmp_path, ["192.0.2.1"])[0].read_bytes() == first
    assert certificate.ensure(tmp_path, ["192.0.2.2"])[0].read_bytes() != first


@pytest.mark.parametrize(
    ("given", "host"),
    [
        ({}, "127.0.0.1"),
        ({"HOST": "0.0.0.0"}, "0.0.0.0"),
        ({"HOST": "::1"}, "::1"),
        ({"HOST": "localhost"}, "localhost"),
        ({"HOST": "my-laptop"}, "127.0.0.1"),
    ],
)
def test_host_is_an_address(given: dict[str, str], host: str) -> None:
    """The machine's name, which some shells keep in HOST, is not meant."""
    assert run.host_of(given, "127.0.0.1") == host


def test_port_is_free_or_not() -> None:
    """A port that somebody listens on is not free."""
    port = free_port()
    assert network.is_free("127.0.0.1", port)
