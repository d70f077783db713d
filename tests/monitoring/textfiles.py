"""What the doctor, the certificates and the backups leave for the node exporter."""

import importlib.util
import subprocess
import time
from pathlib import Path
from typing import Any

from app.doctor.report import write_metrics
from app.doctor.results import Result, State
from tests.services import ROOT
from tools import certificate


ROLES = ROOT / "ansible" / "roles"


def write_all(folder: Path) -> Path:
    """Have each write its file, by its own code; gives the folder of them."""
    target = folder / "textfiles"
    target.mkdir()
    _doctor(target)
    _certificate(target, folder)
    _backup(target, folder)
    return target


def _doctor(target: Path) -> None:
    ends = {"not_after": time.time() + 30 * 86_400}
    well = Result("tls-web", State.OK, "it is well", "", ends, 0.1)
    write_metrics(target / "deskside_doctor.prom", [well])


def _certificate(target: Path, folder: Path) -> None:
    chain, _key = certificate.ensure(folder / "certificate", ["127.0.0.1"])
    settings: dict[str, Any] = {
        "metrics": target / "deskside_certificate.prom",
        "doors": [{"door": "web"}],
    }
    path = ROLES / "nginx" / "files" / "deskside_certificate.py"
    spec = importlib.util.spec_from_file_location("deskside_certificate", path)
    assert spec is not None
    assert spec.loader is not None
    tool = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tool)
    tool.write_metrics(settings, chain, {})


def _backup(target: Path, folder: Path) -> None:
    script = ROLES / "backup" / "files" / "deskside-backup"
    archive = folder / "archive"
    archive.write_text("an archive")
    function = 'eval "$(sed -n "/^write_metrics()/,/^}/p" "$1")"; write_metrics 0 "$2"'
    subprocess.run(
        ["/bin/bash", "-euc", function, "-", script, archive],
        env={"BACKUP_METRICS": str(target), "started": "0", "PATH": "/usr/bin:/bin"},
        check=True,
    )
