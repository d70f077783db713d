"""nginx and coturn from the real templates, in the shapes deployments have."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.services import Node, Postgres, Redis, free_port, private_folder
from tests.templates.edge import NEW_SECRET, WEB, Edge
from tests.templates.pki import Authority


@pytest.fixture(scope="session")
def authority() -> Iterator[Authority]:
    """Who signs all certificates of these tests."""
    with private_folder("authority") as folder:
        yield Authority(folder)


@pytest.fixture(scope="session")
def nodes(postgres_service: Postgres, edge_port: int) -> Iterator[list[Node]]:
    """Two nodes of the service behind the door."""
    with ExitStack() as stack:
        folder = stack.enter_context(private_folder("redis"))
        redis = stack.enter_context(Redis(folder))
        found = [
            Node(
                stack.enter_context(private_folder("node")),
                public_url=f"https://{WEB}:{edge_port}",
                proxy_hops=1,
                redis_url=redis.url,
                database_url=database,
                secret="the same for all nodes of these tests",
                turn_secret=NEW_SECRET,
                turn_urls="turn:turn.test",
                socket_port=free_port(),
            )
            for database in [postgres_service.create_database()]
            for _ in range(2)
        ]
        found[0].migrate()
        for node in found:
            stack.enter_context(node)
        yield found


@pytest.fixture(scope="session")
def edge_port() -> int:
    """The port of pages and TURN."""
    return free_port()


def an_edge(stack: ExitStack, authority: Authority, **variables: Any) -> Edge:
    """Start a door; it ends with the stack."""
    folder: Path = stack.enter_context(private_folder("edge"))
    return stack.enter_context(Edge(folder, authority, **variables))


@pytest.fixture(scope="session")
def edge(authority: Authority, nodes: list[Node], edge_port: int) -> Iterator[Edge]:
    """Pages and TURN on one host, each with a name of its own, before two nodes."""
    with ExitStack() as stack:
        yield an_edge(
            stack,
            authority,
            nginx_https_port=edge_port,
            nginx_app_ports=[node.port for node in nodes],
            nginx_app_socket_ports=[node.settings["socket_port"] for node in nodes],
        )


@pytest.fixture(scope="session")
def edge_of_one_name(authority: Authority, nodes: list[Node]) -> Iterator[Edge]:
    """Pages and TURN under one name."""
    ports = [node.port for node in nodes]
    with ExitStack() as stack:
        yield an_edge(stack, authority, nginx_turn_domain=WEB, nginx_app_ports=ports)


@pytest.fixture(scope="session")
def relay_alone(authority: Authority) -> Iterator[Edge]:
    """A host that relays and has no pages."""
    with ExitStack() as stack:
        yield an_edge(stack, authority, nginx_web=False)


@pytest.fixture(scope="session")
def web_alone(authority: Authority, nodes: list[Node]) -> Iterator[Edge]:
    """A host that has pages and no relay."""
    ports = [node.port for node in nodes]
    with ExitStack() as stack:
        yield an_edge(stack, authority, nginx_relay=False, nginx_app_ports=ports)
