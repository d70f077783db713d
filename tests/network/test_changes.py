"""In the middle of a call the network changes, or a server goes: the call goes on.

Nobody clicks anything. `make network` holds the gaps to what is promised; a part of it
runs in every test run, where a busy machine may be slower.
"""

import re
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest
from playwright.sync_api import Playwright

from tests.deploy.calls import signaling_works
from tests.e2e.people import Person
from tests.measured import note
from tests.network.conftest import FULL
from tests.network.lab.gaps import STORY, remember_states, seen, watch
from tests.network.lab.laboratory import Lab, laboratory
from tests.network.lab.rules import NO_UDP, ONLY_443
from tests.network.lab.servers import Placed
from tests.network.report_changes import Gap, Story
from tests.services import Node, wait_until


SURVIVES, NEW_PATH = 2.0, 4.0
"""Seconds without a picture: where the path of the media is still there, and where
another must be found."""
BUSY = 3.0
"""So many times slower may a part of a whole test run be, beside all the rest."""
PATIENCE = 60
STILL = 1.0
"""Seconds without a frame: on a busy machine there are few."""

PATHS = {
    "direct": ("portrestricted", "portrestricted"),
    "relay/udp": ("symmetric", "symmetric"),
    "relay/tls": ("tcp443", "tcp443"),
}


@dataclass(frozen=True)
class Change:
    """Something that happens in the middle of a call."""

    do: Callable[[Lab], object]
    most: float = NEW_PATH
    dark: float = 0.0
    """Seconds in which nothing could have passed."""


def blackout(seconds: float) -> Change:
    """No internet for so long."""

    def do(lab: Lab) -> None:
        with lab.blackout("customer"):
            time.sleep(seconds)

    return Change(do, dark=seconds)


def kill_a_node(lab: Lab) -> None:
    """Kill and start again the node that holds the sockets of the call."""
    max(lab.servers.nodes, key=sockets).crash()


def sockets(node: Placed[Node]) -> int:
    """How many sockets a node holds."""
    url = f"{node.service.url}/metrics"
    answer = node.do(lambda: urllib.request.urlopen(url, timeout=5))  # noqa: S310
    (count,) = re.findall(rb"^deskside_connections (\d+)", answer.read(), re.MULTILINE)
    return int(count)


def renew_certificate(lab: Lab) -> None:
    """Have a new one, and have nginx read it."""
    lab.servers.hosts[0].renew_certificate()
    lab.servers.hosts[0].reload()


NETWORK = {
    "router address": Change(lambda lab: lab.router("customer").change_address()),
    "LAN address": Change(lambda lab: lab.lan("customer").change_address()),
    "other router": Change(lambda lab: lab.move("customer")),
    "UDP blocked": Change(lambda lab: lab.block("customer", NO_UDP)),
    "all but 443 blocked": Change(lambda lab: lab.block("customer", ONLY_443)),
    "8 s of blackout": blackout(8),
    "30 s of blackout": blackout(30),
    "NAT bindings flushed": Change(lambda lab: lab.flush("customer")),
}
SERVERS = {
    "app node killed": Change(kill_a_node, SURVIVES),
    "Redis restarted": Change(lambda lab: lab.servers.redis.restart(), SURVIVES),
    "Redis lost": Change(
        lambda lab: lab.servers.redis.do(lab.servers.redis.service.flush), SURVIVES
    ),
    "PostgreSQL lost": Change(lambda lab: lab.servers.postgres.crash(), SURVIVES),
    "nginx reloaded": Change(lambda lab: lab.servers.hosts[0].reload(), SURVIVES),
    "nginx restarted": Change(lambda lab: lab.servers.nginx.restart()),
    "coturn restarted": Change(lambda lab: lab.servers.relays[0].restart()),
    "certificate renewed": Change(renew_certificate, SURVIVES),
}
ALWAYS = {
    ("direct", "router address"),
    ("relay/udp", "UDP blocked"),
    ("relay/udp", "coturn restarted"),
    ("relay/tls", "nginx restarted"),
    ("relay/udp", "8 s of blackout"),
}
"""What every test run tries."""


def cases(changes: dict[str, Change]) -> list[object]:
    """Every change on every path, as far as this run tries it."""
    return [
        pytest.param(path, what, id=f"{what}, {path}")
        for what in changes
        for path in PATHS
        if FULL or (path, what) in ALWAYS
    ]


def goes_on(lab: Lab, story: Story, path: str, what: str, change: Change) -> None:
    """Expect that a call lives through it."""
    agent, customer = lab.join(*PATHS[path], prepare=remember_states)
    watch(agent, customer)
    change.do(lab)
    back = wait_until(lambda: flows(agent, customer), PATIENCE)
    assert back, told(agent, customer)
    gap = max(seen(agent).longest, seen(customer).longest) - change.dark
    story.gaps.append(Gap(what, path, gap, change.most, noticed(agent, customer)))
    note(str(story.gaps[-1]))
    assert gap <= change.most * (1 if FULL else BUSY), told(agent, customer)
    signaling_works(agent, customer)
    for person in (agent, customer):
        person.talks()
        assert person.page.evaluate("window.deskside.view") == "talk"


def flows(*people: Person) -> bool:
    """Whether all have had a picture for a while: look twice."""
    before = [seen(person).still for person in people]
    time.sleep(1.5)
    return max(*before, *(seen(person).still for person in people)) < STILL


def noticed(*people: Person) -> float | None:
    """When the browsers themselves noticed, which is the least it could take."""
    times = [seen(person).noticed for person in people]
    return min((seconds for seconds in times if seconds is not None), default=None)


def told(*people: Person) -> str:
    """What the pages say of it, in seconds since the change."""
    return "\n".join(
        f"{type(person).__name__}: {person.page.evaluate(STORY)}" for person in people
    )


@pytest.mark.parametrize(("path", "what"), cases(NETWORK))
def test_network_changes(lab: Lab, story: Story, path: str, what: str) -> None:
    """The customer's network is another one now."""
    goes_on(lab, story, path, what, NETWORK[what])


@pytest.mark.parametrize(("path", "what"), cases(SERVERS))
def test_server_goes(lab: Lab, story: Story, path: str, what: str) -> None:
    """A process ends, and comes back; or a server has new files."""
    goes_on(lab, story, path, what, SERVERS[what])


@pytest.fixture(scope="module")
def lab_of_two_relays(playwright_driver: Playwright) -> Iterator[Lab]:
    """A laboratory in which browsers are given two relays."""
    with laboratory(playwright_driver, relays=2) as made:
        yield made


@pytest.mark.parametrize("path", ["relay/udp", "relay/tls"] if FULL else ["relay/udp"])
def test_used_relay_is_lost_while_another_lives(
    lab_of_two_relays: Lab, story: Story, path: str
) -> None:
    """The first relay ends and stays away."""
    change = Change(lambda lab: lab.servers.relays[0].kill())
    goes_on(lab_of_two_relays, story, path, "used relay lost", change)
