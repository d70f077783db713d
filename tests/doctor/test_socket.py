"""Sockets that do not open, or do not stay open, are found."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from app.doctor.addresses import Site
from app.doctor.results import State
from app.doctor.target import Target
from tests.doctor.deployment import Deployment
from tests.doctor.helpers import examine, finds, passes
from tests.services import Nginx, Node


@contextmanager
def proxy(deployment: Deployment, folder: Path, old: str, new: str) -> Iterator[Target]:
    """A plain nginx before the node, with one line changed."""

    class Changed(Nginx):
        def _config(self) -> str:
            text = super()._config()
            assert old in text
            return text.replace(old, new)

    with Changed(folder, [deployment.node.port]) as nginx:
        yield deployment.target(site=Site.of(nginx.url), idle_seconds=4.0)


async def test_proxy_that_cuts_silent_sockets_is_found(
    deployment: Deployment, place: Path
) -> None:
    """How long it lived is told; the fix names the options."""
    timeout = "proxy_read_timeout 1h"
    with proxy(deployment, place, timeout, "proxy_read_timeout 2s") as target:
        result = await finds("socket-idle", target, "silence", "proxy_read_timeout")
    assert 1 < result.numbers["open_seconds"] < 4
    assert 1 < result.seconds < 4


async def test_proxy_that_keeps_them_is_well(
    deployment: Deployment, place: Path
) -> None:
    """A socket that is still there answers."""
    timeout = "proxy_read_timeout 1h"
    with proxy(deployment, place, timeout, "proxy_read_timeout 6s") as target:
        result = await passes("socket-idle", target)
    assert result.seconds >= 4


async def test_proxy_that_does_not_upgrade_is_found(
    deployment: Deployment, place: Path
) -> None:
    """The status is told, and the lines that are missing."""
    upgrade = "proxy_set_header Upgrade $http_upgrade;"
    with proxy(deployment, place, upgrade, "") as target:
        await finds(
            "socket-upgrade", target, "the upgrade was answered with", "$http_upgrade"
        )


async def test_service_that_knows_another_name_of_itself_is_found(
    place: Path, deployment: Deployment
) -> None:
    """Its own pages could not open the socket."""
    node = Node(place, public_url="https://help.example")
    node.migrate()
    with node, proxy_of(node, deployment) as target:
        await finds("socket-upgrade", target, "403", "DESKSIDE_PUBLIC_URL")


@contextmanager
def proxy_of(node: Node, deployment: Deployment) -> Iterator[Target]:
    """A proxy that calls its node by another name, as some do."""

    class Renaming(Nginx):
        def _config(self) -> str:
            return super()._config().replace("Host $http_host", "Host inner.example")

    folder = node.folder / "nginx"
    folder.mkdir()
    with Renaming(folder, [node.port]) as nginx:
        yield deployment.target(site=Site.of(nginx.url))


async def test_socket_that_opens_to_strangers_is_found(
    deployment: Deployment, place: Path
) -> None:
    """A proxy that makes every origin ours."""
    line = "proxy_set_header Host $http_host;"
    origin = f"{line} proxy_set_header Origin {deployment.url};"
    with proxy(deployment, place, line, origin) as target:
        await finds("socket-upgrade", target, "another site", "Host and Origin")


async def test_idle_needs_a_key(deployment: Deployment) -> None:
    """Nobody else may hold a socket that long."""
    for key in ("", "dsk_made_up"):
        result = await examine("socket-idle", deployment.target(key=key))
        assert result.state is State.SKIPPED
        assert "key" in result.seen
