"""Records the signaling of a real call, as each system's own pages send it.

Two Chromiums with a camera and a microphone each, a real node and a real PeerJS
server, and one relay for both, so that as many candidates are found. What the pages
sent on their sockets becomes ``call.json``, which the benchmark plays again. Nothing
in it is secret: addresses and credentials are those of this run.

Run it with ``python -m loadtests.bench.record`` where pages or browsers changed.
"""

import hmac
import json
import time
from base64 import b64encode
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, WebSocket, sync_playwright

from loadtests.bench.systems import PeerJs
from tests.e2e.conftest import People, add_agent, launch
from tests.e2e.people import AGENT_EMAIL, AGENT_NAME
from tests.services import ROOT, Node, Turn, private_folder


CALL = Path(__file__).with_name("call.json")
LIBRARY = ROOT / "node_modules/peerjs/dist/peerjs.min.js"
SECONDS = 5_000
"""Milliseconds in which both pages have said all that they say when a call begins."""

Said = list[tuple[str, dict[str, Any]]]
"""Who said what, in order."""

_PEER = """async ([who, port, ice]) => {
  const wanted = { audio: true, video: true };
  const stream = await navigator.mediaDevices.getUserMedia(wanted);
  window.peer = new Peer(who, { host: "127.0.0.1", port, path: "/", secure: false,
                                config: { iceServers: ice } });
  peer.on("call", call => call.answer(stream));
  window.dial = other => new Promise(resolve =>
    peer.call(other, stream).on("stream", () => resolve()));
  await new Promise(resolve => peer.on("open", resolve));
}"""


def main() -> None:
    """Record both systems and keep what was said."""
    with ExitStack() as stack:
        folder = stack.enter_context(private_folder("record"))
        turn = stack.enter_context(Turn(folder))
        driver = stack.enter_context(sync_playwright())
        browsers = [stack.enter_context(launch(driver)) for _ in range(2)]
        said = {
            "deskside": record_deskside(stack, folder, turn, browsers),
            "peerjs": record_peerjs(stack, folder, turn, browsers),
        }
    CALL.write_text(json.dumps(said, indent=1) + "\n")
    for system, messages in said.items():
        print(system, [(who, message["type"]) for who, message in messages])  # noqa: T201


def record_deskside(
    stack: ExitStack, folder: Path, turn: Turn, browsers: list[Browser]
) -> Said:
    """Record what an agent's and a customer's page say from join to end."""
    urls = f"{turn.url},{turn.tcp_url}"
    node = Node(folder, turn_urls=urls, turn_secret=turn.secret)
    node.settings["public_url"] = node.url
    node.migrate()
    add_agent(node, AGENT_EMAIL, AGENT_NAME)
    stack.enter_context(node)
    people = People(node, browsers[0], browsers[1], stack)
    agent, customer = people.agent(), people.customer()
    said: Said = []
    listen(agent.page, "agent", said)
    listen(customer.page, "customer", said)
    agent.create_room()
    agent.enter_room()
    agent.pass_check()
    customer.join(agent)
    customer.pass_check()
    customer.sees_picture()
    agent.page.wait_for_timeout(SECONDS)
    customer.press("End call")
    agent.page.wait_for_url(lambda url: not url.endswith("/call"))
    # What a machine without STUN has trouble with is not part of a usual call.
    passed = ("ping", "trouble", "quality")
    return [(who, message) for who, message in said if message["type"] not in passed]


def record_peerjs(
    stack: ExitStack, folder: Path, turn: Turn, browsers: list[Browser]
) -> Said:
    """Record what two pages with PeerJS's own library say."""
    server = stack.enter_context(PeerJs(folder))
    said: Said = []
    pages = [
        peerjs_page(browser, server.port, who, turn, said)
        for browser, who in zip(browsers, ("agent", "customer"), strict=True)
    ]
    pages[0].evaluate("dial('customer')")
    pages[0].wait_for_timeout(SECONDS)
    return [(who, message) for who, message in said if message["type"] != "HEARTBEAT"]


def peerjs_page(browser: Browser, port: int, who: str, turn: Turn, said: Said) -> Page:
    """Open a page of PeerJS's, which waits to be called or to call."""
    page = browser.new_page()
    listen(page, who, said)
    page.goto(f"http://127.0.0.1:{port}/")
    page.add_script_tag(content=LIBRARY.read_text())
    page.evaluate(
        _PEER, [who, port, [{"urls": [turn.url, turn.tcp_url], **user(turn)}]]
    )
    return page


def user(turn: Turn) -> dict[str, str]:
    """Credentials at the relay, as the service itself makes them."""
    name = f"{int(time.time()) + 600}:bench"
    digest = hmac.digest(turn.secret.encode(), name.encode(), "sha1")
    return {"username": name, "credential": b64encode(digest).decode()}


def listen(page: Page, who: str, said: Said) -> None:
    """Keep every frame that this page sends."""

    def opened(socket: WebSocket) -> None:
        socket.on("framesent", lambda text: said.append((who, json.loads(text))))

    page.on("websocket", opened)


if __name__ == "__main__":
    main()
