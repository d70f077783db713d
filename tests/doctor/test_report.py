"""What people, programs and Prometheus are told."""

import json
import stat
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from app.doctor import report
from app.doctor.results import Result, State


def result(name: str, state: State, **numbers: float) -> Result:
    """A result with words."""
    fix = "Do this." if state in (State.WARN, State.FAIL) else ""
    return Result(name, state, "what was seen", fix, numbers, 1.5)


GOOD = result("tls-web", State.OK, not_after=2_000_000_000.0)
ODD = result("dns-web", State.WARN)
BAD = result("call", State.FAIL)
LEFT = result("redis", State.SKIPPED)


def samples(results: list[Result], now: float = 1000.0) -> dict[str, float]:
    """The metrics by name and label."""
    text = report.metrics(results, now).decode()
    return {
        " ".join([sample.name, *sample.labels.values()]): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def test_line_has_state_name_words_and_seconds() -> None:
    """A failure stands out and is followed by its fix."""
    first, fix = report.line(BAD).splitlines()
    assert first.split() == ["FAIL", "call", "what", "was", "seen", "(1.5", "s)"]
    assert fix.strip() == "-> Do this."
    assert len(report.line(GOOD).splitlines()) == 1


def test_verdict_names_what_failed() -> None:
    """The last line is enough to know what to look at."""
    verdict = report.verdict([GOOD, ODD, BAD, LEFT])
    assert "3 checks done, 1 skipped" in verdict
    assert "To look at: dns-web" in verdict
    assert "FAILED: call" in verdict
    assert report.verdict([GOOD]).endswith("All is well.")


def test_only_a_failure_is_not_well() -> None:
    """A warning or a skipped check breaks no deployment."""
    assert report.well([GOOD, ODD, LEFT])
    assert not report.well([GOOD, BAD])


def test_json_has_verdict_and_results() -> None:
    """Programs get everything by name."""
    document = json.loads(report.as_json("https://a.example", [GOOD, BAD]))
    assert (document["url"], document["ok"]) == ("https://a.example", False)
    assert [check["state"] for check in document["checks"]] == ["ok", "fail"]
    assert document["checks"][0]["numbers"] == {"not_after": 2_000_000_000.0}


def test_metrics_tell_verdict_checks_and_certificates() -> None:
    """Alerts can be made of them; what was skipped says nothing."""
    found = samples([GOOD, ODD, BAD, LEFT])
    assert found["deskside_doctor_ok"] == 0
    assert found["deskside_doctor_last_run_timestamp_seconds"] == 1000
    assert found["deskside_doctor_check_ok tls-web"] == 1
    assert found["deskside_doctor_check_ok dns-web"] == 1
    assert found["deskside_doctor_check_ok call"] == 0
    assert "deskside_doctor_check_ok redis" not in found
    assert found["deskside_tls_not_after_timestamp_seconds web"] == 2_000_000_000
    assert samples([GOOD])["deskside_doctor_ok"] == 1


def test_metrics_are_written_whole_or_not_at_all(tmp_path: Path) -> None:
    """Others read the file, and never half of it or a leftover."""
    path = tmp_path / "doctor.prom"
    report.write_metrics(path, [GOOD])
    report.write_metrics(path, [BAD])
    assert "deskside_doctor_ok 0.0" in path.read_text()
    assert stat.S_IMODE(path.stat().st_mode) == 0o644
    assert list(tmp_path.iterdir()) == [path]
    folder = tmp_path / "folder"
    folder.mkdir()
    with pytest.raises(OSError, match="folder"):
        report.write_metrics(folder, [GOOD])
    assert set(tmp_path.iterdir()) == {path, folder}
