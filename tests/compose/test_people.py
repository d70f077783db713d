"""Two people call through the containers, whatever happens to one of these."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import BrowserContext

from tests.compose.project import SERVICES, Project
from tests.e2e.conftest import People
from tests.e2e.people import Agent, Customer, Person, only_relay


Prepare = Callable[[BrowserContext], None]


def anyhow(_context: BrowserContext) -> None:
    """Leave the browser as it is."""


def only_by(part: str) -> Prepare:
    """Let connections use nothing but the relays whose URL has this in it."""

    def prepare(context: BrowserContext) -> None:
        only_relay(context)
        context.add_init_script(
            "{ const narrow = config => ({ ...config, iceServers: config.iceServers"
            " ?.map(server => ({ ...server, urls: [server.urls].flat().filter("
            f" url => url.includes('{part}')) }})).filter(s => s.urls.length) }});"
            " window.RTCPeerConnection = class extends RTCPeerConnection {"
            " constructor(config) { super(narrow(config)); }"
            " setConfiguration(config) { super.setConfiguration(narrow(config)); } }; }"
        )

    return prepare


def call(people: People, prepare: Prepare) -> tuple[Agent, Customer]:
    """Have an agent and a customer talk."""
    agent, customer = people.agent(prepare=prepare), people.customer(prepare=prepare)
    agent.create_room("Router setup")
    agent.enter_room()
    agent.pass_check()
    customer.join(agent)
    customer.pass_check()
    customer.talks()
    agent.talks()
    return agent, customer


def end(agent: Agent, customer: Customer) -> None:
    """Hang up, and see that both know."""
    customer.press("End call")
    agent.page.wait_for_url(lambda url: not url.endswith("/call"))


def way(person: Person) -> dict[str, Any]:
    """The local candidate that carries the media."""
    stats = {entry["id"]: entry for entry in person.stats()}
    (transport,) = [s for s in stats.values() if s["type"] == "transport"]
    found: dict[str, Any] = stats[
        stats[transport["selectedCandidatePairId"]]["localCandidateId"]
    ]
    return found


def test_call(people: People) -> None:
    """Picture and sound, both ways, and nothing that a browser complains of."""
    agent, customer = call(people, anyhow)
    end(agent, customer)
    assert agent.errors == customer.errors == []


@pytest.mark.parametrize(
    ("part", "protocol"),
    [
        (":3478?transport=udp", "udp"),
        (":3478?transport=tcp", "tcp"),
        (":5349?transport=tcp", "tls"),
        (":443?transport=tcp", "tls"),
    ],
)
def test_relay(people: People, part: str, protocol: str) -> None:
    """Each way to the relay carries a call on its own."""
    agent, customer = call(people, only_by(part))
    for person in (agent, customer):
        assert way(person)["candidateType"] == "relay"
        assert way(person)["relayProtocol"] == protocol
    end(agent, customer)


def test_call_outlives_each_container(running: Project, people: People) -> None:
    """Killed, each comes back by itself, and the relayed call goes on."""
    agent, customer = call(people, only_relay)
    for service in SERVICES:
        running.crash(service)
        customer.talks()
        agent.talks()
    # Signaling goes on, too.
    agent.press("Camera")
    customer.sees_no_picture()
    end(agent, customer)


def test_killed_redis_has_forgotten_nothing(running: Project) -> None:
    """What was done in a transaction is done after a crash, too."""
    password = dict(running.secrets())["redis_password"]

    def ask(*command: str) -> str:
        wrapped = (
            "env",
            f"REDISCLI_AUTH={password}",
            "redis-cli",
            "--user",
            "deskside",
        )
        code, answer = running.execute("redis", *wrapped, *command)
        assert code == 0, answer
        return answer.strip()

    ask("EVAL", "redis.call('set', 'a', 1) return redis.call('set', 'b', 2)", "0")
    # Within a second it is on the disk.
    assert ask("WAITAOF", "1", "0", "5000").split()[0] == "1"
    running.crash("redis")
    assert ask("MGET", "a", "b").split() == ["1", "2"]
    assert ask("DEL", "a", "b") == "2"


def test_call_on_several_containers(running: Project, people: People) -> None:
    """With two containers of the app nginx finds both, and takes up who comes later."""
    running.up("--scale=app=2")
    try:
        agent, customer = call(people, anyhow)
        end(agent, customer)
        _code, text = running.execute("nginx", "sh", "-c", "cat /tmp/nginx.conf")
        assert len(re.findall(r"^ *server \d[\d.]+:8000 ", text, re.MULTILINE)) == 2
    finally:
        running.up("--scale=app=1")
