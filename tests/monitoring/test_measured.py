"""What alerts and dashboard ask for is what the servers of a deployment tell."""

import json
import re
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest
import yaml
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.cog.plugins import register_default_plugins
from grafana_foundation_sdk.models.dashboard import Dashboard

from tests.monitoring.servers import Exporter, Prometheus
from tests.monitoring.textfiles import write_all
from tests.services import ROOT, Node, Postgres, Redis, private_folder, wait_until


FILES = ROOT / "ansible" / "roles" / "monitoring" / "files"
RULES = FILES / "alerts.yml"
DASHBOARD: dict[str, Any] = json.loads((FILES / "grafana-dashboard.json").read_text())
PANELS = [panel for panel in DASHBOARD["panels"] if panel["type"] != "row"]
ASKED_BY_ALERTS = {
    rule["alert"]: rule["expr"]
    for group in yaml.safe_load(RULES.read_text())["groups"]
    for rule in group["rules"]
}
ASKED_BY_PANELS = {
    f"{panel['title']} {target['refId']}": target["expr"]
    for panel in PANELS
    for target in panel["targets"]
}
ASKED = ASKED_BY_ALERTS | ASKED_BY_PANELS
NAME = re.compile(r"\b(?:deskside|node|redis|pg|process|prometheus)_[a-z0-9_]+\b")

OF_SYSTEMD = {"node_systemd_unit_state", "node_systemd_service_restart_total"}
"""Only where systemd runs, so they are looked for on booted hosts."""

VARIABLES = {
    "$__rate_interval": "1m",
    "$__range": "1h",
    "$host": ".*",
}
"""What Grafana puts in their place."""


@pytest.fixture(scope="module")
def prometheus(postgres_service: Postgres) -> Iterator[Prometheus]:
    """A Prometheus that measures a node, its servers and this machine."""
    with private_folder("monitoring") as folder, ExitStack() as stack:
        redis = stack.enter_context(Redis(folder))
        textfiles = write_all(folder)
        database = postgres_service.create_database()
        node = Node(
            folder,
            redis_url=redis.url,
            database_url=database,
            relay_statistics_url=redis.url.replace("/0", "/2"),
        )
        node.migrate()
        of_postgres = database.replace("+asyncpg", "") + "?sslmode=disable"
        exporters = [
            Exporter(folder, "node", f"--collector.textfile.directory={textfiles}"),
            Exporter(folder, "redis", f"--redis.addr={redis.url}"),
            Exporter(folder, "postgres", DATA_SOURCE_NAME=of_postgres),
        ]
        for service in (node, *exporters):
            stack.enter_context(service)
        names = ("deskside", "node", "redis", "postgres")
        jobs = {
            name: [service.port]
            for name, service in zip(names, (node, *exporters), strict=True)
        }
        made = Prometheus(folder, RULES, jobs)
        made.jobs["prometheus"] = [made.port]
        stack.enter_context(made)
        assert wait_until(lambda: measured(made) == set(made.jobs), 20)
        yield made


def measured(prometheus: Prometheus) -> set[str]:
    """The jobs whose targets have answered."""
    targets = prometheus.ask("targets")["activeTargets"]
    return {each["labels"]["job"] for each in targets if each["health"] == "up"}


def filled_in(expression: str) -> str:
    for name, value in VARIABLES.items():
        expression = expression.replace(name, value)
    return expression


@pytest.mark.parametrize("expression", ASKED.values(), ids=list(ASKED))
def test_expression_is_understood(prometheus: Prometheus, expression: str) -> None:
    """Prometheus answers it."""
    answer = prometheus.ask("query", query=filled_in(expression))
    assert answer["resultType"] in {"vector", "scalar"}


def test_every_name_is_told(prometheus: Prometheus) -> None:
    """No alert is quiet, and no panel empty, because a name is wrong."""
    told = set(prometheus.ask("metadata"))
    told |= {f"{name}_{part}" for name in told for part in ("bucket", "sum", "count")}
    asked = {name for each in ASKED.values() for name in NAME.findall(each)}
    assert len(asked) > 40
    assert asked - told == OF_SYSTEMD


@pytest.mark.parametrize("kind", ["CertificateEnds", "BackupOld", "DoctorNotRun"])
def test_alert_has_something_to_compare(prometheus: Prometheus, kind: str) -> None:
    """What is compared with a bound is there, from the files of its writers."""
    left = re.split(r" (?:<=|>) \d", filled_in(ASKED_BY_ALERTS[kind]))[0]
    assert wait_until(lambda: bool(prometheus.ask("query", query=left)["result"]), 10)


def test_nothing_is_amiss_where_all_is_well(prometheus: Prometheus) -> None:
    """A service that works raises none of the alarms of calls, relay and servers."""
    # The host of the tests may be full, or keep no time.
    of_hosts = {"DiskNearlyFull", "DiskFull", "MemoryLow", "ClockOff"}
    assert wait_until(lambda: bool(rules(prometheus)), 10)
    assert {rule["health"] for rule in rules(prometheus)} == {"ok"}
    assert wait_until(lambda: not amiss(prometheus) - of_hosts, 20), amiss(prometheus)


def rules(prometheus: Prometheus) -> list[dict[str, Any]]:
    groups = prometheus.ask("rules")["groups"]
    known = [rule for group in groups for rule in group["rules"]]
    return [rule for rule in known if rule["health"] != "unknown"]


def amiss(prometheus: Prometheus) -> set[str]:
    return {rule["name"] for rule in rules(prometheus) if rule["state"] != "inactive"}


def test_dashboard_is_one_of_grafana() -> None:
    """Grafana's own types read it, and nothing of it is unknown to them."""
    register_default_plugins()
    read = Dashboard.from_json(DASHBOARD)
    again = json.loads(JSONEncoder().encode(read))
    assert lost(DASHBOARD, again) == []


def lost(there: Any, again: Any, at: str = "") -> list[str]:
    """Name what is not the same any more; defaults may come to it."""
    if isinstance(there, dict) and isinstance(again, dict):
        return [
            place
            for key, value in there.items()
            for place in lost(value, again.get(key), f"{at}.{key}")
        ]
    if isinstance(there, list) and isinstance(again, list) and len(there) == len(again):
        pairs = enumerate(zip(there, again, strict=True))
        return [place for i, pair in pairs for place in lost(*pair, f"{at}[{i}]")]
    return [] if there == again else [at]


def test_dashboard_tells_what_it_shows() -> None:
    """Every panel has a name of its own, words, and its place; none lie on another."""
    titles = [panel["title"] for panel in PANELS]
    assert len(set(titles)) == len(titles) == len({p["id"] for p in PANELS})
    assert all(panel["description"].endswith(".") for panel in PANELS)
    taken: set[tuple[int, int]] = set()
    for place in (panel["gridPos"] for panel in DASHBOARD["panels"]):
        cells = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert not taken & cells
        assert max(x for x, _ in cells) < 24
        taken |= cells
