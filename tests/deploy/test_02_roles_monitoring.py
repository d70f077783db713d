"""What role `monitoring` promises: everything measured, nobody asked for a password."""

import re

import pytest
from testinfra.host import Host

from tests.services import wait_until


SERVICES = ["prometheus", "prometheus-node-exporter"]
SERVICES += ["prometheus-redis-exporter", "prometheus-postgres-exporter"]
JOBS = {"prometheus", "deskside", "node", "redis", "postgres"}
WHERE = "http://127.0.0.1:9090"


def ask(host: Host, query: str) -> dict[str, float]:
    """What Prometheus says: values by series."""
    said = host.check_output(f"promtool query instant {WHERE} %s", query)
    found = re.findall(r"^(.*) => (\S+) @", said, re.MULTILINE)
    return {series: float(value) for series, value in found}


@pytest.mark.parametrize("name", SERVICES)
def test_services_run_and_come_back(host: Host, name: str) -> None:
    """They run, and are started at boot."""
    assert host.service(name).is_running
    assert host.service(name).is_enabled


@pytest.mark.parametrize("port", [9090, 9100, 9121, 9187])
def test_numbers_are_for_this_host_alone(host: Host, port: int) -> None:
    """None of them asks for a password."""
    lines = host.check_output(f"ss -Hltn sport = :{port}").splitlines()
    assert {line.split()[3] for line in lines} == {f"127.0.0.1:{port}"}


def test_everything_is_measured(host: Host) -> None:
    """Every target answers, each node among them."""

    def complete() -> bool:
        up = ask(host, "up")
        jobs = {job for series in up for job in re.findall(r'job="(.*?)"', series)}
        return jobs == JOBS and set(up.values()) == {1.0}

    assert wait_until(complete, 60), ask(host, "up")
    assert len(ask(host, 'up{job="deskside"}')) == 2


def test_exporters_reach_what_they_measure(host: Host) -> None:
    """Redis and PostgreSQL answer to the accounts made for it."""
    for query in ("redis_up", "pg_up"):
        assert set(ask(host, query).values()) == {1.0}, query


def test_alerts_are_loaded_and_silent(host: Host) -> None:
    """A healthy host calls nobody."""
    rules = host.check_output(f"promtool query instant {WHERE} 'vector(1)'")
    assert rules
    config = host.check_output("promtool check config /etc/prometheus/prometheus.yml")
    assert re.search(r"[1-9]\d* rules found", config)
    assert ask(host, 'ALERTS{alertstate="firing"}') == {}


def test_token_is_not_for_everybody(host: Host) -> None:
    """The nodes show their numbers to Prometheus alone."""
    file = host.file("/etc/prometheus/deskside/metrics_token")
    assert (file.user, file.group, file.mode) == ("root", "prometheus", 0o640)
    code = "import urllib.request as r; r.urlopen('http://127.0.0.1:8001/metrics')"
    refused = host.run("python3 -c %s", code)
    assert "HTTP Error 40" in refused.stderr


def test_doctor_comes_every_hour(host: Host) -> None:
    """Its timer runs, and is started at boot."""
    assert host.service("deskside-doctor.timer").is_running
    assert host.service("deskside-doctor.timer").is_enabled


def test_certificate_is_looked_at_every_hour(host: Host) -> None:
    """What every port serves is written down."""
    assert host.service("deskside-certificate.timer").is_running
    host.check_output("systemctl start deskside-certificate.service")
    assert wait_until(lambda: len(ask(host, "deskside_certificate_served")) >= 3, 45)
    assert set(ask(host, "deskside_certificate_served").values()) == {1.0}
