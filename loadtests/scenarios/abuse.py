"""Abusers beside good users, who must not notice. Figures are of the good users."""

from dataclasses import replace

import gevent
from locust import task

from loadtests.client import Browser, Refused, Room, Seat, Trouble, host, join
from loadtests.harness import ABUSE, TROUBLES, Person, scenario
from loadtests.journey import Caller


HARNESS = scenario("abuse")
LARGEST = 65_536
BAD = ("", "[]", "{", '{"type":"join"}', '{"type":"nonsense"}', '"\\ud800"', "null")


class GoodUser(Caller):
    """Whose calls must be as good as ever."""

    harness = HARNESS
    weight = 3

    @task
    def call(self) -> None:
        """One call."""
        self.journey()


class Abuser(Person):
    """Does what nobody should; an abuse counts as good when answered rightly."""

    harness = HARNESS
    weight = 1

    def on_start(self) -> None:
        """What is measured here is not what people wait for."""
        self.site = self.harness.site(ABUSE)
        # Only what the abuse comes to counts, not each step of it.
        self.quiet = replace(self.site, report=lambda *_told: None)
        self.agent = self.harness.shared_agent(self.quiet)

    def room(self) -> Room:
        """A room of their own."""
        return self.agent.create_room("Abuse")

    @task
    def bad_frames(self) -> None:
        """Frames that are no messages: too many close the socket (4002)."""
        with self.trying("bad frames"):
            self._flood([BAD[n % len(BAD)] for n in range(120)], {4002})

    @task
    def oversize(self) -> None:
        """A frame that is too large closes the socket (1009)."""
        with self.trying("oversize"):
            self._flood(["x" * (LARGEST * 4)] * 3, {1009})

    @task
    def wrong_passcodes(self) -> None:
        """Guessing is stopped (429), and the right passcode is not let in by it."""
        with self.trying("wrong passcodes"):
            room, browser, answers = self.room(), Browser(self.quiet), []
            for guess in range(9):
                passcode = f"{(int(room.passcode) + guess + 1) % 10**6:06d}"
                answers.append(guessed(browser, room, passcode))
            if answers[:3] != [422] * 3 or answers[-1] != 429:
                raise Trouble(f"guesses are answered with {answers}")

    @task
    def slow_reader(self) -> None:
        """Who does not read is cut off, or outlived; nobody waits for them."""
        with self.trying("slow reader"):
            room = self.room()
            seat = host(self.agent, room)
            try:
                self._drown(seat, room)
            finally:
                seat.go()

    def _flood(self, frames: list[str], codes: set[int]) -> None:
        seat = Seat(self.agent, f"/rooms/{self.room().id}/call")
        seat.join()
        try:
            self._say_all(seat, frames)
            if not seat.closed.wait(10):
                raise Trouble("the socket is still open")
            # A connection that was torn down while we wrote loses its last word.
            if seat.close_code not in codes | {None}:
                raise Trouble(f"the socket was closed with {seat.close_code}")
        finally:
            seat.go()

    def _say_all(self, seat: Seat, frames: list[str]) -> None:
        try:
            for frame in frames:
                seat.say_text(frame)
                gevent.sleep(0.005)
        except TROUBLES:
            return

    def _drown(self, deaf: Seat, room: Room) -> None:
        talker = join(self.quiet, room)
        try:
            deaf.stop_reading()
            description = {"type": "offer", "sdp": "x" * 60_000}
            for _ in range(200):
                if talker.closed.is_set():
                    raise Trouble("the one who talks was closed for the deaf one")
                talker.say("description", description=description)
                gevent.sleep(0.06)
        finally:
            talker.go()


def guessed(browser: Browser, room: Room, passcode: str) -> int:
    """What a guess is answered with."""
    form = {"name": "Mallory", "phone": "+6281234567890", "passcode": passcode}
    try:
        browser.post(room.link, **form)
    except Refused as refused:
        return refused.status
    return 303
