"""A whole call, as recorded: offer, answer, candidates, states, quality, end."""

import time
from typing import Any

import gevent

from loadtests import recording
from loadtests.client import Call, Seat
from loadtests.harness import Harness, Person
from loadtests.recording import Said


SAID = recording.load()


def play(call: Call, harness: Harness) -> None:
    """Say what the two Chromiums said, when they did."""
    began = time.monotonic()
    for said in SAID:
        due = began + said.at / harness.options.pace
        gevent.sleep(max(0.0, due - time.monotonic()))
        say(call, said)


def say(call: Call, said: Said) -> None:
    """One message, and what follows from it."""
    sides = (call.agent, call.customer)
    sender, other = sides if said.role == "agent" else sides[::-1]
    kind = said.frame["type"]
    if kind == "description":
        _negotiate(sender, other, said)
    elif kind == "enter":
        _enter(sender, other, said)
    else:
        sender.say(**_fields(said))


def _negotiate(sender: Seat, other: Seat, said: Said) -> None:
    """The answer comes as soon as the offer is there."""
    if said.frame["description"]["type"] != "offer":
        return
    with sender.site.measured("offer to answer"):
        offer, answer = other.expect("offer"), sender.expect("answer")
        sender.say(**_fields(said))
        other.wait(offer, "offer")
        other.say(**_fields(ANSWER))
        sender.wait(answer, "answer")


def _enter(sender: Seat, other: Seat, said: Said) -> None:
    with sender.site.measured("state"):
        told = other.expect("peer")
        sender.say(**_fields(said))
        other.wait(told, "peer")


def _fields(said: Said) -> dict[str, Any]:
    fields = dict(said.frame)
    fields["kind"] = fields.pop("type")
    return fields


ANSWER = next(
    said for said in SAID if said.frame.get("description", {}).get("type") == "answer"
)


class Caller(Person):
    """An agent and a customer, from the log-in to the history."""

    abstract = True

    def journey(self) -> None:
        """One call."""
        with self.trying("whole journey"):
            agent = self.harness.agent(self.site)
            self.harness.think(1, 3)
            call = self.meet(agent)
            try:
                play(call, self.harness)
                call.end()
            finally:
                call.go()
            agent.read_history(call.room)
        self.harness.think(1, 4)
