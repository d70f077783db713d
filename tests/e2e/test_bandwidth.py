"""How much of a line a call takes, and what comes first where there is not enough."""

import time
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext

from tests.e2e.conftest import People, add_agent
from tests.e2e.people import AGENT_EMAIL, AGENT_NAME, Person
from tests.e2e.test_call import begin
from tests.services import Node, private_folder


MOST = 150
"""kbit/s that an administrator lets a picture take."""

GROWS = 60
"""Seconds in which a good line is found to be good."""

_REMEMBER = """window.RTCPeerConnection = class extends RTCPeerConnection {
  constructor(...args) { super(...args); window.peer = this; }
}"""
_SENT = """() => peer.getSenders().map(sender => {
  const { encodings: [one] } = sender.getParameters();
  return { most: one.maxBitrate, priority: one.priority };
})"""
_ASKED = "() => peer.remoteDescription.sdp"


@pytest.fixture
def talking(
    agent_browser: Browser, customer_browser: Browser
) -> Iterator[tuple[Person, Person]]:
    """Two people in a call where pictures are bounded."""
    with private_folder("bounded") as folder, ExitStack() as stack:
        node = Node(folder, max_video_kbps=MOST)
        node.settings["public_url"] = node.url
        node.migrate()
        add_agent(node, AGENT_EMAIL, AGENT_NAME)
        with node:
            people = People(node, agent_browser, customer_browser, stack)
            agent = people.agent(prepare=remember)
            customer = people.customer(prepare=remember)
            begin(agent, customer)
            yield agent, customer


def remember(context: BrowserContext) -> None:
    """Keep the connection where a test finds it."""
    context.add_init_script(_REMEMBER)


def target(person: Person) -> float:
    """What the browser means to send of pictures, in bits a second; 0 at first."""
    sent = [one for one in person.stats() if one["type"] == "outbound-rtp"]
    pictures = [one for one in sent if one["kind"] == "video"]
    return sum(float(one.get("targetBitrate", 0)) for one in pictures)


def test_call_takes_no_more_than_is_allowed(talking: tuple[Person, Person]) -> None:
    """An administrator's bound holds for both; a voice has its own, and is first."""
    for person in talking:
        begun = time.monotonic()
        while target(person) < MOST * 1000 / 2:
            assert time.monotonic() - begun < GROWS
            person.page.wait_for_timeout(500)
        assert target(person) <= MOST * 1000
        sent: list[dict[str, Any]] = person.page.evaluate(_SENT)
        assert [one["most"] for one in sent] == [40_000, MOST * 1000, MOST * 1000]
        assert [one["priority"] for one in sent] == ["high", "low", "medium"]


def test_voice_pauses_and_repairs_itself(talking: tuple[Person, Person]) -> None:
    """Each side asks the other for DTX and in-band FEC (RFC 7587, section 6.1)."""
    for person in talking:
        asked = person.page.evaluate(_ASKED)
        assert "useinbandfec=1" in asked
        assert "usedtx=1" in asked
