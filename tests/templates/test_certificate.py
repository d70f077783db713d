"""The program that installs certificates on hosts, beside a real nginx."""

import importlib.util
import json
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from tests.services import ROOT
from tests.templates.conftest import an_edge
from tests.templates.edge import TURN, WEB, Edge
from tests.templates.pki import Authority


PROGRAM = ROOT / "ansible" / "roles" / "nginx" / "files" / "deskside_certificate.py"


def load() -> ModuleType:
    """The program, as a module: it belongs to no package of ours."""
    spec = importlib.util.spec_from_file_location("deskside_certificate", PROGRAM)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def program(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The program, which waits no longer than a test likes."""
    module = load()
    monkeypatch.setattr(module, "PATIENCE_SECONDS", 3)
    return module


@pytest.fixture
def settings(tmp_path: Path) -> dict[str, Any]:
    """A host with folders of its own."""
    (tmp_path / "store").mkdir()
    (tmp_path / "metrics").mkdir()
    return {
        "names": [WEB, TURN],
        "served": str(tmp_path / "tls"),
        "store": str(tmp_path / "store"),
        "doors": [],
        "metrics": str(tmp_path / "metrics" / "deskside_certificate.prom"),
    }


def test_what_is_there_to_begin_with_is_kept(
    program: ModuleType, settings: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    program.begin(settings)
    first = (Path(settings["served"]) / "fullchain.pem").read_text()
    program.begin(settings)
    assert (Path(settings["served"]) / "fullchain.pem").read_text() == first
    assert capsys.readouterr().out.count("installed") == 1


@pytest.mark.parametrize(
    ("names", "days", "complaint"),
    [
        ([WEB], 30, f"does not name {TURN}"),
        (["other.test"], 30, f"does not name {WEB}, {TURN}"),
        ([WEB, TURN], -1, "has ended"),
    ],
)
def test_a_certificate_that_browsers_refuse_is_refused(
    program: ModuleType,
    settings: dict[str, Any],
    authority: Authority,
    tmp_path: Path,
    names: list[str],
    days: int,
    complaint: str,
) -> None:
    chain, key = authority.pair(tmp_path, names, days)
    with pytest.raises(program.Wrong, match=complaint):
        program.install(settings, chain, key)
    assert not Path(settings["served"]).exists()


def test_a_wildcard_is_good_for_both(
    program: ModuleType, authority: Authority, tmp_path: Path
) -> None:
    chain, key = authority.pair(tmp_path, ["*.desk.test"])
    program.refuse_unfit(["web.desk.test", "turn.desk.test"], chain, key)
    with pytest.raises(program.Wrong, match=r"does not name desk\.test"):
        program.refuse_unfit(["desk.test"], chain, key)


def test_a_key_that_does_not_fit_is_refused(
    program: ModuleType, settings: dict[str, Any], authority: Authority, tmp_path: Path
) -> None:
    other = tmp_path / "other"
    other.mkdir()
    chain, _key = authority.pair(tmp_path, [WEB, TURN])
    _chain, key = authority.pair(other, [WEB, TURN])
    with pytest.raises(program.Wrong, match="key does not fit"):
        program.install(settings, chain, key)


def test_pairs_change_at_once_and_few_are_kept(
    program: ModuleType, settings: dict[str, Any], authority: Authority, tmp_path: Path
) -> None:
    """The link turns to a folder with both; the key is root's alone."""
    for _ in range(6):
        program.use(settings, *authority.pair(tmp_path, [WEB, TURN]))
    served = Path(settings["served"])
    assert served.is_symlink()
    assert program.same(settings, tmp_path / "fullchain.pem", tmp_path / "privkey.pem")
    assert (served / "privkey.pem").stat().st_mode & 0o777 == 0o600
    assert len(list(Path(settings["store"]).iterdir())) == program.KEPT


# With a real nginx.


@pytest.fixture
def door(
    authority: Authority, program: ModuleType, settings: dict[str, Any]
) -> Iterator[Edge]:
    """A door that serves what the program has installed."""
    with ExitStack() as stack:
        folder = Path(settings["store"]).parent
        program.use(settings, *authority.pair(folder, [WEB, TURN]))
        served = settings["served"]
        edge = an_edge(
            stack,
            authority,
            nginx_certificate_file=f"{served}/fullchain.pem",
            nginx_certificate_key_file=f"{served}/privkey.pem",
        )
        settings["doors"] = doors(edge)
        yield edge


def doors(edge: Edge) -> list[dict[str, Any]]:
    """What the role writes for a host that serves everything."""
    web = {"door": "web", "port": edge.nginx_https_port, "name": WEB}
    turn = {"door": "turn-443", "port": edge.nginx_https_port, "name": TURN}
    turns = {"door": "turn-5349", "port": edge.nginx_turns_port, "name": TURN}
    found = [web | {"alpn": ["h2"]}, turn | {"alpn": []}, turns | {"alpn": []}]
    return [door | {"host": edge.host} for door in found]


def test_a_renewal_that_is_not_served_is_found(
    door: Edge,
    program: ModuleType,
    settings: dict[str, Any],
    authority: Authority,
    tmp_path: Path,
) -> None:
    """On every port; it is said, it is measured, and a reload cures it."""
    metrics = Path(settings["metrics"])
    program.check(settings)
    assert 'deskside_certificate_served{door="turn-5349"} 1' in metrics.read_text()
    program.use(settings, *authority.pair(tmp_path, [WEB, TURN]))
    with pytest.raises(program.Wrong) as wrong:
        program.check(settings)
    for name in ("web", "turn-443", "turn-5349"):
        assert f"{name}: another certificate is served" in str(wrong.value)
        assert f'deskside_certificate_served{{door="{name}"}} 0' in metrics.read_text()
    door.door.reload()
    program.check(settings)
    assert "} 0" not in metrics.read_text()
    assert "deskside_certificate_ends_timestamp_seconds 1" in metrics.read_text()


def test_a_port_that_is_closed_is_found(
    door: Edge, program: ModuleType, settings: dict[str, Any]
) -> None:
    door.door.stop()
    with pytest.raises(program.Wrong, match="no TLS on port"):
        program.check(settings)


def test_it_is_a_command(
    program: ModuleType,
    settings: dict[str, Any],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Which says what is wrong, and fails."""
    file = tmp_path / "certificate.json"
    file.write_text(json.dumps(settings))
    monkeypatch.setattr(program, "SETTINGS", file)
    assert program.main(["begin"]) == 0
    assert program.main(["install", str(PROGRAM), str(PROGRAM)]) == 1
    assert program.main(["dance"]) == 1
    assert "deskside-certificate install CHAIN KEY" in capsys.readouterr().err
