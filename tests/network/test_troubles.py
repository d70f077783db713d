"""Whatever is wrong with a call is said in words: to both people, and in its timeline.

Each sentence of `static/js/call/causes.js` and `web/pages/troubles.py` is brought about
by a network, a relay or a device that is really so.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest
from playwright.sync_api import Browser, BrowserContext, Error, Playwright, expect

from app.domain.quality import Cause
from tests.e2e.people import Agent, Customer, Person
from tests.network.conftest import FULL
from tests.network.lab import devices, ills
from tests.network.lab.ills import Ill
from tests.network.lab.laboratory import Lab, launch
from tests.network.lab.poor_line import Line
from tests.network.lab.rules import NO_TCP
from tests.services import private_folder


PATIENCE = 60_000
"""Milliseconds in which a sentence is said."""

# Remembers what the line of words at the bottom has said.
_LISTEN = """addEventListener("DOMContentLoaded", () => {
  const line = document.querySelector("#status"), said = window.said = [];
  if (line) new MutationObserver(() => said.push(line.textContent.trim()))
    .observe(line, { childList: true, characterData: true, subtree: true });
})"""
_SAID = "text => window.said.some(one => one.includes(text))"


@dataclass(frozen=True)
class Case:
    """Something that is wrong at the customer's, and what is said of it."""

    do: Callable[[Lab], Ill]
    customer: str
    agent: str
    timeline: str
    where: tuple[str, str] = ("symmetric", "symmetric")
    """The networks of the agent and the customer."""
    shared: bool = False
    """Both sides have it, and first read of themselves: of the other when that ends."""


BEFORE = {
    Cause.NO_PATH: Case(
        ills.relay_without_ports,
        "No way to Ayu Lestari is found yet. Try mobile data, or turn off a VPN.",
        "No way to Budi Santoso is found yet. Ask them to try mobile data.",
        "No way from Budi Santoso to the other side was found.",
    ),
    Cause.UDP_BLOCKED: Case(
        ills.relay_without_ports,
        "Your network blocks video over UDP. Trying over TCP…",
        "Budi Santoso's network blocks UDP, so the call goes over TCP.",
        "The network of Budi Santoso blocked UDP.",
        ("symmetric", "udpdrop"),
    ),
    Cause.ONLY_443: Case(
        ills.relay_without_ports,
        "Your network blocks video. Trying through port 443…",
        "Budi Santoso's network lets only port 443 through",
        "The network of Budi Santoso let only port 443 through.",
        ("symmetric", "tcp443"),
    ),
    Cause.RELAY_UNREACHABLE: Case(
        ills.relay_out_of_reach,
        "Your network blocks video on every port. Turn off a VPN",
        "Budi Santoso's network blocks video on every port.",
        "Budi Santoso did not reach the relay on any port.",
    ),
    Cause.NAME_NOT_FOUND: Case(
        ills.relay_without_name,
        "Your network does not find the video relay. Use another network or VPN.",
        "Budi Santoso's network does not find the relay.",
        "The network of Budi Santoso did not find the relay's name.",
    ),
    Cause.RELAY_REFUSED: Case(
        ills.relay_that_refuses,
        "The relay refuses the call. Reload the page",
        "The relay refuses Budi Santoso's call. Ask them to reload the page.",
        "The relay refused Budi Santoso.",
    ),
}
"""What keeps a call from connecting."""

DIRECT = ("portrestricted", "portrestricted")
LATE = Line(delay=250, jitter=100)
LOSSY = Line(loss=13)

AMID = {
    Cause.OFFLINE: Case(
        ills.no_network,
        "This device is offline. Check Wi-Fi or mobile data; the call goes on.",
        "The connection to Budi Santoso was lost. They are coming back…",
        "The device of Budi Santoso was offline.",
        DIRECT,
    ),
    Cause.NO_SOUND_ARRIVES: Case(
        ills.without_sound,
        "No sound arrives from Ayu Lestari. Connecting anew…",
        "Budi Santoso does not hear you. Connecting anew…",
        "No sound came to Budi Santoso.",
        DIRECT,
    ),
    Cause.NO_PICTURE_ARRIVES: Case(
        ills.without_picture,
        "No picture arrives from Ayu Lestari. Connecting anew…",
        "Budi Santoso does not see you. Connecting anew…",
        "No picture came to Budi Santoso.",
        DIRECT,
    ),
    Cause.SLOW_NETWORK: Case(
        lambda lab: ills.line(lab, Line(rate=50), Line()),
        "The network is too slow for pictures: sound only, until it is better.",
        "Budi Santoso's network is too slow for pictures: sound only for now.",
        "The network of Budi Santoso was too slow for pictures.",
        DIRECT,
    ),
    Cause.HIGH_LOSS: Case(
        lambda lab: ills.line(lab, LOSSY),
        "The network loses much of the call. Move closer to the Wi-Fi.",
        "Budi Santoso's network loses much of the call.",
        "The network of Budi Santoso lost much of what was sent.",
        DIRECT,
        shared=True,
    ),
    Cause.HIGH_DELAY: Case(
        lambda lab: ills.line(lab, LATE),
        "The network is slow: Ayu Lestari hears you late. Leave pauses.",
        "Budi Santoso's network is slow: they hear you late. Leave pauses.",
        "The network of Budi Santoso was slow to answer.",
        DIRECT,
        shared=True,
    ),
}
"""What goes wrong in the middle of a call."""

ALWAYS = {Cause.ONLY_443, Cause.NAME_NOT_FOUND, Cause.NO_PICTURE_ARRIVES}
"""What every test run tries."""


def tried(cases: dict[Cause, Case]) -> list[object]:
    """As many of these as this run tries."""
    return [
        pytest.param(case, id=cause.value)
        for cause, case in cases.items()
        if FULL or cause in ALWAYS
    ]


def prepare(context: BrowserContext) -> None:
    """Have pages remember what they say."""
    context.add_init_script(_LISTEN)


def meet(agent: Agent, customer: Customer, how: str = "") -> None:
    """Both join, whatever comes of it."""
    agent.create_room()
    agent.enter_room()
    agent.pass_check()
    customer.join(agent)
    customer.pass_check(*filter(None, [how]))


def says(person: Person, text: str) -> None:
    """Expect that the page has said it, or does so soon."""
    try:
        person.page.wait_for_function(_SAID, arg=text, timeout=PATIENCE)
    except Error:
        said = person.page.evaluate("[window.said, deskside.events]")
        raise AssertionError(f"{text!r} is not among {said}") from None


def tells(agent: Agent, text: str) -> None:
    """Expect it in the timeline of the call."""
    page = agent.context.new_page()
    (room,) = re.findall(r"/rooms/([^/]+)", agent.page.url)
    for _ in range(20):
        page.goto(f"{agent.url}/history/{room}")
        if text in page.locator("main").inner_text():
            break
        page.wait_for_timeout(1000)
    else:
        raise AssertionError(f"{text!r} is not in {page.locator('main').inner_text()}")
    page.close()


@pytest.mark.parametrize("case", tried(BEFORE))
def test_what_keeps_a_call_from_connecting_is_said(lab: Lab, case: Case) -> None:
    """What it is, and what to do, to both; which hop and port, to operations."""
    agent, customer = lab.people(*case.where, prepare=prepare)
    with case.do(lab):
        meet(agent, customer)
        says(customer, case.customer)
        says(agent, case.agent)
        tells(agent, case.timeline)


@pytest.mark.parametrize("case", tried(AMID))
def test_what_goes_wrong_in_a_call_is_said(lab: Lab, case: Case) -> None:
    """The same, in the middle of a call."""
    agent, customer = lab.join(*case.where, prepare=prepare)
    with case.do(lab):
        says(customer, case.customer)
        if case.shared:
            tells(agent, case.timeline)
        else:
            says(agent, case.agent)
    says(agent, case.agent)
    tells(agent, case.timeline)


@pytest.mark.full
def test_lost_signaling_is_said_while_the_call_goes_on(lab: Lab) -> None:
    """Where TCP alone is dropped, both are told so, and see each other all the time."""
    agent, customer = lab.join(*DIRECT, prepare=prepare)
    lab.block("customer", NO_TCP)
    says(customer, "Reconnecting… you need not do anything.")
    says(agent, "Budi Santoso reconnects. The call goes on.")
    agent.sees_picture()
    customer.sees_picture()
    lab.block("customer")
    for person in (agent, customer):
        expect(person.page.locator("#status")).not_to_contain_text("econnect")
        person.talks()


# Devices.

BROWSERS_OWN = Cause.SLOW_DEVICE
"""The browser alone decides that, after minutes at its limit; tests/js has words."""


@pytest.fixture(scope="module")
def dead_devices(lab_of_all: Lab, playwright_driver: Playwright) -> Iterator[Browser]:
    """A browser at the customer's, with a silent microphone and a black camera."""
    with private_folder("devices") as folder:
        browser = launch(
            playwright_driver,
            lab_of_all.lan("customer"),
            folder,
            lab_of_all.servers.authority.certificate,
            *devices.dead(folder),
        )
        yield browser
        browser.close()


@pytest.mark.full
def test_dead_microphone_and_camera_are_said(lab: Lab, dead_devices: Browser) -> None:
    """First that nobody hears; and, with the microphone off, that nobody sees."""
    side = lab.sides["customer"]
    healthy, side.browser = side.browser, dead_devices
    try:
        agent, customer = lab.people(*DIRECT, prepare=prepare)
        meet(agent, customer)
        says(customer, "Your microphone is silent: another program may hold it")
        says(agent, "Budi Santoso's microphone is silent.")
        customer.press("Microphone")
        says(customer, "Your picture is black. Is there a cover on the camera?")
        says(agent, "Budi Santoso's picture is black.")
        tells(agent, "The microphone of Budi Santoso was silent.")
        tells(agent, "The picture of Budi Santoso was black.")
    finally:
        side.browser = healthy


@pytest.mark.full
def test_camera_that_stops_is_said(lab: Lab) -> None:
    """Another program, or the system, has taken it."""
    agent, customer = lab.join(*DIRECT, prepare=prepare)
    with ills.frozen(lab.sides["customer"].browser, "VideoCaptureService"):
        says(customer, "Your camera has stopped: another program may hold it.")
        says(agent, "Budi Santoso's camera has stopped.")
        tells(agent, "The camera of Budi Santoso stopped.")


def test_every_cause_is_brought_about() -> None:
    """A new one needs a case here."""
    devices = {Cause.MICROPHONE_SILENT, Cause.CAMERA_DARK, Cause.CAMERA_STOPPED}
    assert {*BEFORE, *AMID, *devices, BROWSERS_OWN, Cause.OVER} == set(Cause)
