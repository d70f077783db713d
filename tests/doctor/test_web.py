"""Pages that come otherwise than they should are found."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from app.doctor.addresses import Site
from app.doctor.results import State
from app.doctor.target import Target
from tests.doctor.deployment import Change, Deployment, Door, Ports
from tests.doctor.helpers import examine, finds, passes, tls_server
from tests.services import LOOPBACK, free_port


@contextmanager
def door(
    deployment: Deployment, folder: Path, change: Change, **given: Any
) -> Iterator[Target]:
    """Another nginx before the same node, changed; gives it as a target."""
    ports, certificate = Ports(), deployment.authority.issue()
    other = Door(folder, ports, certificate, deployment.node.port, change, **given)
    with other:
        site = Site.of(f"https://localhost:{ports.https}")
        yield deployment.target(site=site, http_port=ports.http)


def without(*words: str) -> Change:
    """Take out every line with one of these words."""

    def change(text: str) -> str:
        kept = (line for line in text.splitlines() if not any(w in line for w in words))
        return "\n".join(kept)

    return change


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (without("add_header Strict-Transport"), "no Strict-Transport-Security"),
        (
            lambda text: text.replace('"max-age=63072000"', '"max-age=3600"'),
            "no Strict-Transport-Security of a year",
        ),
        (without("proxy_hide_header Strict"), "strict-transport-security twice"),
        (
            lambda text: text.replace(
                "proxy_redirect off;",
                "proxy_redirect off; proxy_hide_header Content-Security-Policy; "
                "proxy_hide_header X-Content-Type-Options; "
                "proxy_hide_header Referrer-Policy;",
            ),
            "no Content-Security-Policy; nobody keeps it out of frames; "
            "no X-Content-Type-Options: nosniff; no Referrer-Policy",
        ),
    ],
    ids=["hsts", "hsts-short", "hsts-twice", "others"],
)
async def test_header_that_is_missing_is_found(
    deployment: Deployment, place: Path, change: Change, words: str
) -> None:
    """Each is named."""
    with door(deployment, place, change) as target:
        await finds("headers", target, words)


async def test_server_that_tells_its_version_is_told(
    deployment: Deployment, place: Path
) -> None:
    """It works, and tells attackers what to try."""
    with door(deployment, place, without("server_tokens")) as target:
        result = await examine("headers", target)
    assert (result.state, "nginx/" in result.seen) == (State.WARN, True)


async def test_pages_without_http2_are_found(
    deployment: Deployment, place: Path
) -> None:
    """The protocol picked instead is told."""
    with door(
        deployment,
        place,
        lambda text: text.replace(" http2", "").replace("http2 on;", ""),
    ) as target:
        await finds("http2", target, "http/1.1", "http2 on")


async def test_redirect_to_elsewhere_is_found(
    deployment: Deployment, place: Path
) -> None:
    """Where it leads, and where it should, is told."""

    def change(text: str) -> str:
        return text.replace("return 301 https://", "return 301 https://www.")

    with door(deployment, place, change) as target:
        await finds("redirect", target, "https://www.localhost", "return 308")


async def test_port_80_that_is_closed_is_found(deployment: Deployment) -> None:
    """Nobody types https."""
    await finds("redirect", deployment.target(http_port=free_port()), "firewall")


async def test_service_by_http_alone_is_found() -> None:
    """Browsers give it no camera; on this machine itself they do."""
    await finds("redirect", Target(site=Site.of("http://192.0.2.1")), "no camera")
    local = await examine("redirect", Target(site=Site.of("http://localhost:1")))
    assert local.state is State.SKIPPED


async def test_node_that_is_away_is_found(deployment: Deployment, place: Path) -> None:
    """nginx answers with its page for that; the fix names the unit."""
    given = {"nginx_app_ports": [free_port()]}
    with door(deployment, place, lambda text: text, **given) as target:
        await finds("health", target, "503", "deskside@*")


async def test_release_that_is_not_served_is_found(deployment: Deployment) -> None:
    """Beside the service it is a failure, from elsewhere it may be the doctor's."""
    target = deployment.target(beside=True, expected_version="9.9.9")
    await finds("version", target, "9.9.9", "systemctl restart")
    result = await examine("version", deployment.target(expected_version="9.9.9"))
    assert result.state is State.WARN


async def test_key_that_is_no_good_is_found(deployment: Deployment) -> None:
    """What the service says to it is told; the relay is examined by its secret then."""
    target = deployment.target(beside=True, key="dsk_made_up")
    await finds("key", target, "401", "deskside apikey add")
    await passes("turn-udp", target)
    result = await examine("turn-udp", deployment.target(key="dsk_made_up"))
    assert result.state is State.SKIPPED
    assert "see `key`" in result.seen


async def test_name_that_does_not_lead_here_is_found(deployment: Deployment) -> None:
    """A name without an address, and an address without a service."""
    nowhere = Target(site=Site.of("https://nothing.invalid"))
    await finds("dns-web", nowhere, "no address", "A record")
    port = free_port()
    closed = Target(site=Site.of(f"https://{LOOPBACK}:{port}"))
    await finds("dns-web", closed, f"does not answer on {port}", "firewall")
    target = Target(site=Site.of(deployment.url), turn_host="nothing.invalid")
    await finds("dns-turn", target, "no address")


async def test_pages_that_come_by_tls_alone_are_no_pages(
    deployment: Deployment,
) -> None:
    """A port that speaks TLS and then nothing is told in words."""
    async with tls_server(deployment.authority.issue()) as port:
        site = Site.of(f"https://localhost:{port}")
        await finds("health", deployment.target(site=site))
