"""Records a call of two real Chromiums: `python -m loadtests.record`.

What both pages say on their sockets, until after the second report of quality, is
written to `loadtests/recorded_call.json`; everything that names a person, a machine or
a secret is replaced by something of the same length. Needs what `make test` needs.
"""

import json
import re
import sys
from contextlib import ExitStack
from typing import Any

from playwright.sync_api import BrowserContext, sync_playwright

from loadtests.recording import PATH
from tests.e2e.conftest import People, add_agent, launch
from tests.e2e.people import AGENT_EMAIL, AGENT_NAME, Person
from tests.services import Node, Turn, private_folder


TALK_SECONDS = 24.0
IPV6 = r"\b(?:[0-9a-f]{1,4}::[0-9a-f:]*|(?:[0-9a-f]{1,4}:){4,7})[0-9a-f]{1,4}\b"

LEFT_OUT = {"join", "resume", "ping", "end", "leave"}
"""What the client says itself, with tickets and at moments of its own."""

Frame = dict[str, Any]
Heard = tuple[str, float, Frame]
"""Who said it, when (epoch seconds), and what."""


def main() -> int:
    """Place a call and write down what was said; gives the exit code."""
    with _service() as people:
        agent = people.agent(prepare=_listen)
        customer = people.customer(prepare=_listen)
        agent.create_room()
        agent.enter_room()
        agent.pass_check()
        customer.join(agent)
        customer.pass_check()
        customer.sees_picture()
        agent.page.wait_for_timeout(TALK_SECONDS * 1000)
        heard = _heard(agent, "agent") + _heard(customer, "customer")
        agent.press("End call")
    told = _tidy(sorted(heard, key=lambda each: each[1]))
    PATH.write_text(json.dumps({"said": told}, indent=1) + "\n", encoding="utf-8")
    print(f"{len(told)} messages are in {PATH}.")  # noqa: T201
    return 0


class _service(ExitStack):  # noqa: N801  (a context, read like a function)
    """A node with a relay, and two Chromiums at it."""

    def __enter__(self) -> People:  # type: ignore[override]
        super().__enter__()
        turn = self.enter_context(Turn(self.enter_context(private_folder("turn"))))
        node = Node(self.enter_context(private_folder("record")))
        node.settings |= {
            "public_url": node.url,
            "turn_urls": f"{turn.url},{turn.tcp_url}",
            "turn_secret": turn.secret,
        }
        node.migrate()
        add_agent(node, AGENT_EMAIL, AGENT_NAME)
        self.enter_context(node)
        driver = self.enter_context(sync_playwright())
        one, other = (self.enter_context(launch(driver)) for _ in range(2))
        return People(node, one, other, self)


def _listen(context: BrowserContext) -> None:
    """Have the page itself note when it says what: its clock has no delay."""
    context.add_init_script(
        "window.said = []; const { send } = WebSocket.prototype;"
        " WebSocket.prototype.send = function (text) {"
        " said.push([Date.now() / 1000, text]); send.call(this, text); };"
    )


def _heard(person: Person, role: str) -> list[Heard]:
    noted = person.page.evaluate("window.said")
    return [(role, at, json.loads(text)) for at, text in noted]


def _tidy(heard: list[Heard]) -> list[Frame]:
    """What is played again, from the moment at which both are there."""
    began = max(at for _role, at, frame in heard if frame["type"] == "join")
    return [
        {"role": role, "at": round(max(at - began, 0), 3), "frame": scrub(frame)}
        for role, at, frame in heard
        if frame["type"] not in LEFT_OUT
    ]


# Replacing what is nobody's business.


def scrub(frame: Frame) -> Frame:
    """Replace addresses, names of machines and secrets by others of the same length."""
    return dict(json.loads(scrub_text(json.dumps(frame))))


def scrub_text(text: str) -> str:
    """The same for a text: SDP, candidates, or JSON with both."""
    text = re.sub(r"\b\d{1,3}(?:\.\d{1,3}){3}\b", _address, text)
    text = re.sub(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", _same_length, text)
    text = re.sub(r"(?<=ice-pwd:)[^\\\s\"]+", _same_length, text)
    text = re.sub(r"(?<=ice-ufrag:)[^\\\s\"]+", _same_length, text)
    text = re.sub(r"(?<=ufrag )[^\\\s\"]+", _same_length, text)
    text = re.sub(r"(?<=\"usernameFragment\": \")[^\"]+", _same_length, text)
    text = re.sub(r"(?:[0-9A-F]{2}:){31}[0-9A-F]{2}", ":".join(["AB"] * 32), text)
    return re.sub(IPV6, "2001:db8::1", text)


def _address(found: re.Match[str]) -> str:
    """An address for documentation (RFC 5737); 0.0.0.0 says that there is none."""
    return found[0] if found[0] == "0.0.0.0" else "192.0.2.10"  # noqa: S104


def _same_length(found: re.Match[str]) -> str:
    return re.sub(r"[A-Za-z0-9+/]", "a", found[0])


if __name__ == "__main__":
    sys.exit(main())
