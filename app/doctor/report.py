"""Results in words, as JSON, and as metrics for Prometheus."""

import contextlib
import os
import tempfile
import textwrap
import time
from collections.abc import Sequence
from pathlib import Path

import msgspec
from prometheus_client import CollectorRegistry, Gauge, generate_latest

from app.doctor.results import Result, State


SIGNS = {
    State.OK: "ok",
    State.WARN: "WARN",
    State.FAIL: "FAIL",
    State.SKIPPED: "skipped",
}
WIDTH = 100


def well(results: Sequence[Result]) -> bool:
    """Whether nothing has failed."""
    return all(result.state is not State.FAIL for result in results)


# Words.


def line(result: Result) -> str:
    """One result, and its fix below."""
    head = f"{SIGNS[result.state]:<8}{result.name:<16}"
    text = [f"{head}{result.seen}  ({result.seconds:.1f} s)"]
    if result.fix:
        indent = " " * 24
        fix = textwrap.fill(
            f"-> {result.fix}",
            WIDTH,
            initial_indent=indent,
            subsequent_indent=f"{indent}   ",
            break_on_hyphens=False,
            break_long_words=False,
        )
        text.append(fix)
    return "\n".join(text)


def verdict(results: Sequence[Result]) -> str:
    """The last line: how it stands with the whole."""
    failed = [result.name for result in results if result.state is State.FAIL]
    warned = [result.name for result in results if result.state is State.WARN]
    done = len(results) - sum(result.state is State.SKIPPED for result in results)
    parts = [f"{done} checks done, {len(results) - done} skipped."]
    if warned:
        parts.append(f"To look at: {', '.join(warned)}.")
    parts.append(f"FAILED: {', '.join(failed)}." if failed else "All is well.")
    return " ".join(parts)


# JSON.


def as_json(url: str, results: Sequence[Result]) -> str:
    """One object: the verdict, and every result."""
    document = {
        "url": url,
        "at": round(time.time(), 3),
        "ok": well(results),
        "checks": results,
    }
    return msgspec.json.format(msgspec.json.encode(document), indent=2).decode()


# Metrics.


def write_metrics(path: Path, results: Sequence[Result]) -> None:
    """Write a textfile for the node exporter, whole or not at all."""
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(metrics(results, time.time()))
            file.flush()
            os.fsync(file.fileno())
            os.fchmod(file.fileno(), 0o644)
        Path(name).replace(path)
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            Path(name).unlink()
        raise


def metrics(results: Sequence[Result], now: float) -> bytes:
    """Return the results as Prometheus reads them; what was skipped is left out."""
    registry = CollectorRegistry()
    _gauge(registry, "ok", "Whether no check failed").set(well(results))
    _gauge(registry, "last_run_timestamp_seconds", "When the doctor last ran").set(now)
    by_check = _gauge(registry, "check_ok", "Whether a check is well", "check")
    took = _gauge(registry, "check_seconds", "How long a check took", "check")
    ends = Gauge(
        "deskside_tls_not_after_timestamp_seconds",
        "When the certificate that is served ends",
        ["endpoint"],
        registry=registry,
    )
    for result in results:
        if result.state is State.SKIPPED:
            continue
        by_check.labels(result.name).set(result.state is not State.FAIL)
        took.labels(result.name).set(result.seconds)
        if "not_after" in result.numbers:
            endpoint = result.name.removeprefix("tls-")
            ends.labels(endpoint).set(result.numbers["not_after"])
    return generate_latest(registry)


def _gauge(registry: CollectorRegistry, name: str, help_: str, *labels: str) -> Gauge:
    return Gauge(f"deskside_doctor_{name}", help_, labels, registry=registry)
