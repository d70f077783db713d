"""A healthy deployment, made once; tests break copies of its parts."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.doctor.authority import Authority
from tests.doctor.deployment import Deployment
from tests.services import Postgres, Redis, private_folder


@pytest.fixture(scope="session")
def authority() -> Iterator[Authority]:
    """An authority that only tests trust."""
    with private_folder("authority") as folder:
        yield Authority(folder)


@pytest.fixture(scope="session")
def deployment(
    authority: Authority, postgres_service: Postgres
) -> Iterator[Deployment]:
    """Everything runs, and nothing is wrong with it."""
    with ExitStack() as stack:
        folder = stack.enter_context(private_folder("deployment"))
        redis = stack.enter_context(Redis(folder))
        made = Deployment(
            folder,
            authority,
            redis_url=redis.url,
            database_url=postgres_service.create_database(),
        )
        made.node.migrate()
        made.make_key()
        for server in (made.relay, made.node, made.door):
            stack.enter_context(server)
        yield made


@pytest.fixture
def place() -> Iterator[Path]:
    """A folder that servers of other accounts can read."""
    with private_folder("doctor") as folder:
        yield folder
