"""The doctor finds each broken thing, says what to do, and is content afterwards."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import pytest
from testinfra.host import Host

from tests.deploy.deployment import DOMAIN, Deployment
from tests.services import wait_until


@dataclass(frozen=True)
class Broken:
    """How something is broken and repaired on the host, and which check finds it."""

    what: str
    by: str
    repaired_by: str
    found_by: str
    inside: bool = False
    """Whether it can only be seen from the host itself."""


RELOAD = "systemctl reload nginx; sleep 1"
CURVE = "-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes"
TLS = "/etc/deskside/tls"
CONFIG = "/etc/turnserver.conf"


def other_certificate(name: str) -> str:
    """Serve a certificate that nobody vouches for."""
    new = "-keyout /run/x/privkey.pem -out /run/x/fullchain.pem -days 1"
    about = f"-subj /CN={name} -addext subjectAltName=DNS:{name}"
    make = f"mkdir -p /run/x; openssl req -x509 {CURVE} {new} {about}"
    keep = f"readlink {TLS} > /run/x/was"
    return f"{make}; {keep}; ln -sfn /run/x {TLS}; {RELOAD}"


THINGS = [
    Broken("relay", "systemctl stop coturn", "systemctl start coturn", "turn-udp"),
    Broken(
        "secret of the relay",
        f"cp -a {CONFIG} /run/kept; sed -i s/auth-secret=./auth-secret=x/ {CONFIG}; "
        "systemctl restart coturn",
        f"mv /run/kept {CONFIG}; systemctl restart coturn",
        "turn-udp",
    ),
    Broken(
        "port of the relay",
        "nft insert rule inet deskside input udp dport 3478 drop",
        "systemctl reload nftables",
        "stun",
    ),
    Broken(
        "certificate",
        other_certificate(DOMAIN),
        f"ln -sfn $(cat /run/x/was) {TLS}; {RELOAD}",
        "tls-web",
    ),
    Broken(
        "live state",
        "systemctl stop redis-server",
        "systemctl start redis-server",
        "redis",
        inside=True,
    ),
    Broken(
        "records",
        "systemctl stop 'postgresql@*'",
        "systemctl start postgresql@$(ls /etc/postgresql)-main",
        "database",
        inside=True,
    ),
    Broken("way in", "systemctl stop nginx", "systemctl start nginx", "health"),
    Broken(
        "nodes",
        "systemctl stop 'deskside@*'",
        "systemctl start deskside@8001 deskside@8002",
        "health",
    ),
]


def test_verdict_of_the_timer_is_a_metric(single: Deployment, host: Host) -> None:
    """The doctor that ran beside the tests left word for Prometheus."""
    job = "systemctl is-active deskside-doctor.service"
    assert wait_until(lambda: host.run(job).stdout.strip() == "inactive", 180)
    told = host.check_output("cat /var/lib/prometheus/node-exporter/deskside_*.prom")
    assert "deskside_doctor_ok 1.0" in told


@contextmanager
def broken(single: Deployment, thing: Broken) -> Iterator[None]:
    """Have it broken for a while."""
    try:
        single.desk.run(thing.by)
        yield
    finally:
        single.desk.run(thing.repaired_by, seconds=120)


@pytest.mark.parametrize("thing", THINGS, ids=lambda thing: thing.what)
def test_broken_thing_is_found(single: Deployment, thing: Broken) -> None:
    """It fails with words that say what to do; repaired, it is well again."""
    examine = single.examine_inside if thing.inside else single.examine
    with broken(single, thing):
        found = examine(thing.found_by)[thing.found_by]
    assert found["state"] == "fail", found
    assert found["fix"]
    assert wait_until(
        lambda: examine(thing.found_by)[thing.found_by]["state"] == "ok", 30
    )
