"""Prometheus and its exporters as test services."""

import json
import os
import urllib.parse
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from tests.services import LOOPBACK, Service, find_program


class Exporter(Service):
    """One exporter, with options and what it needs in its environment."""

    def __init__(self, folder: Path, name: str, *options: str, **env: str) -> None:
        super().__init__(folder)
        self.program = f"prometheus-{name}-exporter"
        self.log = folder / f"{name}.log"
        self.options, self.env = options, env

    def command(self) -> list[str]:
        address = f"--web.listen-address={self.host}:{self.port}"
        return [find_program(self.program), address, *self.options]

    def environment(self) -> Mapping[str, str]:
        return os.environ | self.env


class Prometheus(Service):
    """Measures targets by job: `{"node": [9100]}`."""

    program = "prometheus"

    def __init__(self, folder: Path, rules: Path, jobs: dict[str, list[int]]) -> None:
        super().__init__(folder)
        self.rules, self.jobs = rules, jobs

    def command(self) -> list[str]:
        config = self.folder / "prometheus.yml"
        config.write_text(yaml.safe_dump(self._config()))
        options = [f"--config.file={config}", f"--storage.tsdb.path={self.folder}/tsdb"]
        options.append(f"--web.listen-address={self.host}:{self.port}")
        return [find_program(self.program), *options]

    def ready(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self._url}/-/ready", timeout=2) as answer:  # noqa: S310
                return bool(answer.status == 200)
        except OSError:
            return False

    def ask(self, path: str, **arguments: str) -> Any:
        """Return the data of an answer of its API; an error of it is raised."""
        query = urllib.parse.urlencode(arguments)
        url = f"{self._url}/api/v1/{path}?{query}"
        with urllib.request.urlopen(url, timeout=10) as answer:  # noqa: S310
            return json.load(answer)["data"]

    @property
    def _url(self) -> str:
        return f"http://{self.host}:{self.port}"

    def _config(self) -> dict[str, Any]:
        jobs = [
            {
                "job_name": name,
                "static_configs": [
                    {
                        "targets": [f"{LOOPBACK}:{port}" for port in ports],
                        "labels": {"host": "a"},
                    }
                ],
            }
            for name, ports in self.jobs.items()
        ]
        pace = {"scrape_interval": "1s", "evaluation_interval": "1s"}
        return {
            "global": pace,
            "rule_files": [str(self.rules)],
            "scrape_configs": jobs,
        }
