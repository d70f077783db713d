"""What strangers see of the host: open ports, TLS, and nothing else."""

import json
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from pathlib import Path

import pytest
from testinfra.host import Host

from tests.deploy.deployment import DOMAIN, Deployment
from tests.deploy.lab import scan
from tests.deploy.lab.laboratory import NUMBERS, Laboratory
from tests.deploy.lab.network import CLIENTS, address, address6
from tests.deploy.lab.programs import ARTIFACTS, inside, run
from tests.services import ServiceError, find_program


CLIENT = next(iter(CLIENTS))
OPEN_TCP = {22, 80, 443, 3478, 5349}
ADDRESSES = [address(NUMBERS["desk"]), address6(NUMBERS["desk"])]
CLOSED_PORT, RELAY_PORT = 8080, 50505

# Answers on both protocols, so that silence can only be the firewall's.
ECHO = """
import socket, threading
def answer(port):
    talker = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
    talker.bind(("::", port))
    while True:
        data, sender = talker.recvfrom(2000)
        talker.sendto(data, sender)
for port in PORTS:
    both = {"family": socket.AF_INET6, "dualstack_ipv6": True}
    listener = socket.create_server(("::", port), **both)
    listener.listen()
    threading.Thread(target=answer, args=(port,)).start()
    globals()[f"kept{port}"] = listener
"""


def answering(where: str, kind: str, ports: set[int]) -> set[int]:
    """Which ports answer a client of the laboratory."""
    wanted = list(map(str, sorted(ports)))
    program = [sys.executable, scan.__file__, where, kind, *wanted]
    return set(map(int, run(*inside(CLIENT), *program).split()))


@pytest.fixture(scope="module")
def listeners(single: Deployment) -> Iterator[None]:
    """Programs on the host that listen where nothing should be reachable."""
    code = ECHO.replace("PORTS", str([CLOSED_PORT, RELAY_PORT]))
    unit = "systemd-run --quiet --collect --unit=lab-listeners"
    single.desk.run(f"{unit} python3 -c '{code}'; sleep 1; pgrep -f kept")
    yield
    single.desk.run("systemctl stop lab-listeners")


@pytest.mark.usefixtures("listeners")
@pytest.mark.parametrize("where", ADDRESSES)
def test_only_the_ports_of_the_service_answer(host: Host, where: str) -> None:
    """Every port that anything listens on was tried, and all well-known ones."""
    lines = host.check_output("ss -Hltn").splitlines()
    listening = {int(line.split()[3].rpartition(":")[2]) for line in lines}
    # 3481: coturn believes whoever speaks PROXY protocol there.
    assert {6379, 5432, 8001, 9090, 3481, CLOSED_PORT} <= listening
    ports = listening | set(range(1, 1025)) | {3306, 8000, 8443, 9100, 10000}
    assert answering(where, "tcp", ports) == OPEN_TCP


@pytest.mark.usefixtures("listeners")
@pytest.mark.parametrize("where", ADDRESSES)
def test_udp_passes_for_the_relay_alone(where: str) -> None:
    """Its range is open, any other port is not."""
    assert answering(where, "udp", {CLOSED_PORT, RELAY_PORT}) == {RELAY_PORT}


def test_stun_answers() -> None:
    """The relay's own port tells clients their address."""
    assert answering(ADDRESSES[0], "udp", {3478}) == {3478}


@pytest.fixture(scope="module")
def reports(single: Deployment, lab: Laboratory) -> dict[int, Path]:
    """What testssl.sh says of both ports, asked at once."""
    ports = [443, 5349]
    with ThreadPoolExecutor() as pool:
        return dict(zip(ports, pool.map(partial(examined, lab), ports), strict=True))


def examined(lab: Laboratory, port: int) -> Path:
    """Have testssl.sh examine a port, as a client; gives its report."""
    report = ARTIFACTS / f"testssl-{port}.json"
    report.unlink(missing_ok=True)
    checks = ["--protocols", "--std", "--fs", "--server-defaults", "--warnings=batch"]
    trust = ["--add-ca", ",".join(map(str, lab.trusted))]
    options = ["--quiet", "--color=0", f"--jsonfile={report}", "--ip=one", *trust]
    program = [find_program("testssl"), *options, *checks, f"{DOMAIN}:{port}"]
    # It gives the number of what it dislikes.
    with suppress(ServiceError):
        run(*inside(CLIENT), *program, seconds=400)
    return report


@pytest.mark.parametrize("port", [443, 5349])
def test_tls_is_without_blame(reports: dict[int, Path], port: int) -> None:
    """testssl.sh finds nothing worse than a hint, behind either door."""
    assert blamed(reports[port]) == []


def blamed(report: Path) -> list[str]:
    """What testssl.sh finds bad; it has to have found much that is good."""
    findings = json.loads(report.read_text())
    assert sum(finding["severity"] == "OK" for finding in findings) > 10
    bad = ("LOW", "MEDIUM", "HIGH", "CRITICAL", "WARN")
    return [
        f"{finding['id']}: {finding['finding']}"
        for finding in findings
        if finding["severity"] in bad and finding["id"] not in OF_THE_LABORATORY
    ]


OF_THE_LABORATORY = {
    # pebble's certificates name neither a responder nor a list, and are in no log.
    "OCSP_stapling",
    "cert_revocation",
    "cert_crlDistributionPoints",
    "cert_ocspURL",
    "certificate_transparency",
    "DNS_CAArecord",
    # Nor do they end as soon as others.
    "cert_validityPeriod",
    # Debian's openssl cannot speak what only Russia does.
    "engine_problem",
    # testssl.sh hangs up before the ticket is there, which TLS 1.3 sends last, and
    # then has no session to resume.
    "sessionresumption_ticket",
}
