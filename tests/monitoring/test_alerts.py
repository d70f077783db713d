"""Every alert fires when it must, is quiet when it must, and says what to do."""

import functools
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.services import ROOT, find_program, run


HERE = Path(__file__).parent
ROLE = ROOT / "ansible" / "roles" / "monitoring"
RULES = ROLE / "files" / "alerts.yml"
CASES = sorted(HERE.glob("*.yml"))
ALERTS: dict[str, dict[str, Any]] = {
    rule["alert"]: rule
    for group in yaml.safe_load(RULES.read_text())["groups"]
    for rule in group["rules"]
}


@functools.cache
def outcomes() -> list[tuple[str, bool]]:
    """Every case: its alert, and whether it is to fire."""
    files = [yaml.safe_load(path.read_text()) for path in CASES]
    return [
        (rule["alertname"], bool(rule["exp_alerts"]))
        for file in files
        for case in file["tests"]
        for rule in case["alert_rule_test"]
    ]


def test_rules_are_rules() -> None:
    """Prometheus would load them."""
    assert "SUCCESS" in run([find_program("promtool"), "check", "rules", str(RULES)])


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.stem)
def test_rules_do_what_is_said(case: Path) -> None:
    """With these numbers this is told, in these words."""
    assert "SUCCESS" in run([find_program("promtool"), "test", "rules", str(case)])


@pytest.mark.parametrize("alert", ALERTS)
@pytest.mark.parametrize("fires", [True, False])
def test_alert_is_tried_both_ways(alert: str, fires: bool) -> None:
    """Each has a case in which it fires, and one like it in which it does not."""
    assert (alert, fires) in outcomes()


@pytest.mark.parametrize("alert", ALERTS)
def test_alert_says_what_to_do(alert: str) -> None:
    """Each has words, a severity, and a heading in the ops handbook."""
    annotations = ALERTS[alert]["annotations"]
    assert set(annotations) == {"summary", "description", "runbook"}
    assert ALERTS[alert]["labels"]["severity"] in {"critical", "warning"}
    page, _hash, anchor = annotations["runbook"].partition("#")
    assert anchor == f"alert-{alert}"
    assert f'<a id="{anchor}"></a>' in (ROOT / page).read_text()


def test_handbook_explains_no_alert_that_is_none() -> None:
    """What was taken out of the rules is taken out there."""
    handbook = (ROOT / "ansible" / "README.md").read_text()
    assert set(re.findall(r'<a id="alert-(\w+)"></a>', handbook)) == set(ALERTS)
