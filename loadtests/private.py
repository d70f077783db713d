"""A service for one load test alone: it allows the load, and is gone afterwards."""

import contextlib
import os
from collections.abc import Iterator

from loadtests.run import Target
from tests.services import Node, Turn, private_folder, run


@contextlib.contextmanager
def service(name: str) -> Iterator[Target]:
    """A service for this run alone, that allows load tests."""
    with contextlib.ExitStack() as stack:
        node = Node(stack.enter_context(private_folder("load")), load_tests=1)
        node.settings |= {"public_url": node.url, "log_level": "warning"}
        if name == "relay":
            turn = stack.enter_context(
                Turn(stack.enter_context(private_folder("turn")))
            )
            node.settings["turn_urls"] = f"{turn.url},{turn.tcp_url}"
            node.settings["turn_secret"] = turn.secret
        node.migrate()
        key = make_key(node)
        stack.enter_context(node)
        yield Target(node.url, key)


def make_key(node: Node) -> str:
    """An agent, and a key of theirs for load tests."""
    command, environment = node.command()[:-1], dict(node.environment())
    password = node.folder / "password"
    password.write_text(os.urandom(12).hex())
    who = ["load@deskside.invalid", "--name", "Load test"]
    run(
        [*command, "agent", "add", *who, "--password-file", str(password)],
        env=environment,
    )
    add = [*command, "apikey", "add", who[0], "--scope", "loadtest"]
    return run(add, env=environment).split()[-1]
