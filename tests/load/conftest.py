"""Locust in a process of its own, since it patches the standard library."""

import json
import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from loadtests import private, run as make_load
from loadtests.run import Target
from tests.services import ROOT


@pytest.fixture(scope="session")
def target() -> Iterator[Target]:
    """A private service that allows load tests, as `make load` starts it."""
    with private.service("tests") as target:
        yield target


@dataclass
class Run:
    """A run of a scenario that is over."""

    code: int
    output: str
    verdict: dict[str, Any]

    @property
    def figures(self) -> dict[str, Any]:
        """What was waited for, by name."""
        return dict(self.verdict["figures"])

    def count(self, name: str) -> int:
        """How often it was waited for."""
        return int(self.figures.get(name, {"count": 0})["count"])


def play(
    scenario: str, target: Target, folder: Path, *options: str, thresholds: str
) -> Run:
    """Run Locust to its end, with thresholds of the test."""
    bounds, told = folder / "thresholds.toml", folder / "verdict.json"
    bounds.write_text(thresholds, encoding="utf-8")
    command = [*make_load.locust(scenario, target.url), "--headless", "--only-summary"]
    command += [f"--thresholds={bounds}", f"--verdict={told}", "--agents=3", *options]
    done = subprocess.run(
        command,
        check=False,
        cwd=ROOT,
        env=os.environ | {"LOAD_KEY": target.key, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=100,
    )
    verdict = json.loads(told.read_text()) if told.exists() else {}
    return Run(done.returncode, done.stdout, verdict)
