"""What roles `coturn` and `nginx` promise: one way in, a relay that can do little."""

import re

import pytest
from testinfra.host import Host

from tests.deploy.deployment import DOMAIN, Deployment
from tests.deploy.fetch import fetch
from tests.deploy.lab.laboratory import Laboratory


@pytest.mark.parametrize("name", ["coturn", "nginx"])
def test_servers_run_and_come_back(host: Host, name: str) -> None:
    """They run, and are started at boot."""
    assert host.service(name).is_running
    assert host.service(name).is_enabled


@pytest.mark.parametrize(("name", "most"), [("coturn", 2.5), ("nginx", 5.0)])
def test_servers_are_hardened(host: Host, name: str, most: float) -> None:
    """nginx has to start as root; coturn needs nothing."""
    said = host.check_output(f"systemd-analyze security --no-pager {name}")
    found = re.search(r"Overall exposure level.*?: ([\d.]+)", said)
    assert found
    assert float(found[1]) <= most


def test_relay_has_no_rights(host: Host) -> None:
    """What the kernel says of the process."""
    pid = host.check_output("systemctl show --value --property=MainPID coturn")
    status = host.file(f"/proc/{pid}/status").content_string
    assert re.search(r"^NoNewPrivs:\s+1$", status, re.MULTILINE)
    assert re.search(r"^CapEff:\s+0+$", status, re.MULTILINE)
    assert host.check_output(f"ps -o user= -p {pid}") == "turnserver"


def test_configuration_of_the_relay_is_closed(host: Host) -> None:
    """It holds the shared secret."""
    file = host.file("/etc/turnserver.conf")
    assert (file.user, file.group, file.mode) == ("root", "turnserver", 0o640)


def test_key_of_the_certificate_is_roots_alone(host: Host) -> None:
    """Also where it came from, and where it was before."""
    keys = host.check_output(
        "find -L /etc/deskside /etc/letsencrypt -name 'privkey*.pem' -printf '%m %u\\n'"
    )
    assert set(keys.splitlines()) == {"600 root"}


def test_plain_http_leads_to_https(lab: Laboratory) -> None:
    """Whoever types the name alone gets there."""
    status, headers, _ = fetch(lab, f"http://{DOMAIN}/login?x=1")
    assert status in (301, 308)
    assert headers["location"] == f"https://{DOMAIN}/login?x=1"


def test_pages_come_by_http2_with_hsts(lab: Laboratory) -> None:
    """Browsers stay with https once they were here."""
    status, headers, _ = fetch(lab, "/login", "--http2")
    assert status == 200
    seconds = re.search(r"max-age=(\d+)", headers["strict-transport-security"])
    assert seconds
    assert int(seconds[1]) >= 31_536_000
    assert "nginx/" not in headers.get("server", "")


@pytest.mark.parametrize("coding", ["br", "gzip"])
def test_static_files_come_packed_and_for_ever(lab: Laboratory, coding: str) -> None:
    """A fingerprint in the path: kept for a year, never asked for again."""
    _, _, page = fetch(lab, "/login")
    found = re.search(r'/static/[^"]+\.css', page)
    assert found
    accept = f"Accept-Encoding: {coding}"
    status, headers, _ = fetch(lab, found[0], "--header", accept)
    assert status == 200
    assert headers["content-encoding"] == coding
    assert "immutable" in headers["cache-control"]


def test_other_names_are_not_served(lab: Laboratory, single: Deployment) -> None:
    """Who asks by another name gets no page."""
    resolve = f"other.deploy.test:443:{single.desk.host}"
    url = "https://other.deploy.test/login"
    status, _, _ = fetch(lab, url, "--insecure", "--resolve", resolve)
    assert status == 421
