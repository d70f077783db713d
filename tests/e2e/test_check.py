"""The check before the call, and what happens to devices during it."""

import re

import pytest
from playwright.sync_api import BrowserContext, expect

from tests.e2e.conftest import People
from tests.e2e.people import SLOW, Agent, Customer


# A getUserMedia that fails as a real one would; `lacks` says which kinds it is about.
_FAILING = """
const real = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
window.repaired = false;
navigator.mediaDevices.getUserMedia = async wanted => {
  if (!window.repaired && (%(lacks)s)) throw new DOMException(%(text)r, %(name)r);
  return real(wanted);
};
"""
_BOTH = "wanted.audio || wanted.video"
_CAMERA = "wanted.video"


def failing(people: People, name: str, lacks: str = _BOTH, text: str = "") -> Customer:
    """Return a customer whose browser gives no media."""

    def prepare(context: BrowserContext) -> None:
        context.add_init_script(_FAILING % {"lacks": lacks, "text": text, "name": name})

    return people.customer(prepare=prepare)


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("NotAllowedError", "Permission denied", "does not let this page"),
        ("NotAllowedError", "Permission denied by system", "Your device does not let"),
        ("NotFoundError", "", "has no camera and microphone"),
        ("NotReadableError", "", "Something else is using"),
        ("OverconstrainedError", "", "does not fit"),
        ("TypeError", "", "could not be started"),
    ],
)
def test_trouble_is_said_in_plain_words_and_can_be_retried(
    agent: Agent, people: People, name: str, text: str, said: str
) -> None:
    """What happened, what to do in this browser, and a way to try again."""
    customer = failing(people, name, text=text)
    agent.create_room()
    customer.join(agent)
    alert = customer.page.get_by_role("alert")
    expect(alert).to_contain_text(said, timeout=SLOW)
    expect(alert.get_by_role("listitem").first).to_be_visible()
    expect(customer.button("Join with camera and microphone")).to_be_disabled()
    expect(customer.button("Join without camera and microphone")).to_be_enabled()
    customer.page.evaluate("window.repaired = true")
    customer.press("Try again")
    expect(customer.button("Join with camera and microphone")).to_be_enabled()
    expect(alert).to_be_hidden()


def test_insecure_page_is_told_from_a_refusal(agent: Agent, people: People) -> None:
    """Where the browser has no mediaDevices, the address is the reason."""

    def prepare(context: BrowserContext) -> None:
        context.add_init_script(
            "Object.defineProperty(navigator, 'mediaDevices', { value: undefined });"
            "Object.defineProperty(window, 'isSecureContext', { value: false });"
        )

    customer = people.customer(prepare=prepare)
    agent.create_room()
    customer.join(agent)
    alert = customer.page.get_by_role("alert")
    expect(alert).to_contain_text("not secure", timeout=SLOW)
    expect(alert).to_contain_text("https://")


def test_microphone_is_enough_where_there_is_no_camera(
    agent: Agent, people: People
) -> None:
    """One lacking device does not take the other away."""
    customer = failing(people, "NotFoundError", _CAMERA)
    agent.create_room()
    agent.enter_room()
    agent.pass_check()
    customer.join(agent)
    expect(customer.page.get_by_role("alert")).to_contain_text("has no camera")
    customer.pass_check("Join with microphone only")
    agent.hears()
    customer.press("Camera")
    customer.sees(re.compile("This device has no camera"))


def test_meter_moves_and_the_connection_is_ready_before_the_click(
    agent: Agent, customer: Customer
) -> None:
    """Before anybody has clicked, own sound is measured, and no media is sent."""
    agent.create_room()
    agent.enter_room()
    customer.join(agent)
    customer.sees("The connection to Ayu Lestari is ready.")
    customer.sees_picture("Your video")
    meter = customer.page.get_by_role("meter")
    expect(meter).not_to_have_attribute("aria-valuenow", "0")
    customer.press("Play a sound")
    sent = [entry for entry in customer.stats() if entry["type"] == "outbound-rtp"]
    assert sum(entry.get("bytesSent", 0) for entry in sent) == 0
    assert customer.errors == []


def test_devices_are_remembered(agent: Agent, customer: Customer) -> None:
    """What was chosen once is chosen the next time; what is gone is replaced."""
    agent.create_room()
    customer.join(agent)
    expect(customer.button("Join with camera and microphone")).to_be_enabled()
    menu = customer.field("Microphone")
    chosen = menu.locator("option").last.get_attribute("value")
    menu.select_option(chosen)
    customer.page.reload()
    expect(menu).to_have_value(chosen or "", timeout=SLOW)
    customer.page.evaluate(
        "localStorage.setItem('deskside.devices', '{\"camera\": \"gone\"}')"
    )
    customer.page.reload()
    expect(customer.button("Join with camera and microphone")).to_be_enabled()
    customer.sees_picture("Your video")


def talking(agent: Agent, customer: Customer) -> None:
    """Bring both into the call."""
    agent.create_room()
    agent.enter_room()
    agent.pass_check()
    customer.join(agent)
    customer.pass_check()
    customer.sees_picture()
    agent.sees_picture()


def end_own_track(person: Customer, kind: str) -> None:
    """End a track as the system does when a device is unplugged."""
    person.page.evaluate(
        "kind => window.given.find(track => track.label && track.kind === kind"
        " && track.readyState === 'live').dispatchEvent(new Event('ended'))",
        kind,
    )


def keep_tracks(context: BrowserContext) -> None:
    """Let a test reach the tracks that the page was given."""
    context.add_init_script(
        "window.given = [];"
        "for (const name of ['getUserMedia', 'getDisplayMedia']) {"
        " const real = navigator.mediaDevices[name].bind(navigator.mediaDevices);"
        " navigator.mediaDevices[name] = async wanted => {"
        "  const stream = await real(wanted);"
        "  window.given.unshift(...stream.getTracks()); return stream; }; }"
    )


def test_unplugged_camera_is_replaced(agent: Agent, people: People) -> None:
    """Another one takes over, and the person is told."""
    customer = people.customer(prepare=keep_tracks)
    talking(agent, customer)
    end_own_track(customer, "video")
    customer.sees(re.compile("The camera went away"))
    customer.is_on("Camera")
    agent.sees_picture()


def test_browsers_own_stop_gives_the_face_back(agent: Agent, people: People) -> None:
    """Sharing ends on both sides although no button of the page was pressed."""
    customer = people.customer(prepare=keep_tracks)
    talking(agent, customer)
    customer.press("Share screen")
    expect(agent.field("Remote camera")).to_be_visible(timeout=SLOW)
    customer.sees("Ayu Lestari sees your screen.")
    end_own_track(customer, "video")
    customer.is_on("Share screen", on=False)
    expect(agent.field("Remote camera")).to_be_hidden(timeout=SLOW)
    agent.sees_picture()


def test_keys_do_what_the_buttons_do(agent: Agent, customer: Customer) -> None:
    """Single letters, but not while somebody chooses or the help is open."""
    talking(agent, customer)
    keyboard = customer.page.keyboard
    keyboard.press("m")
    customer.is_on("Microphone", on=False)
    keyboard.press("v")
    customer.is_on("Camera", on=False)
    keyboard.press("?")
    expect(customer.page.get_by_role("dialog")).to_be_visible()
    keyboard.press("m")
    keyboard.press("Escape")
    customer.is_on("Microphone", on=False)
    keyboard.press("m")
    customer.is_on("Microphone")


def test_own_picture_moves_by_keys_and_press_and_stays_inside(
    agent: Agent, customer: Customer
) -> None:
    """Arrow keys and presses move it; no way leads out of the window."""
    talking(agent, customer)
    own = customer.page.get_by_role("group", name=re.compile("Your picture"))
    at_first = own.bounding_box()
    own.focus()
    for _ in range(60):
        customer.page.keyboard.press("ArrowUp")
    moved = own.bounding_box()
    assert at_first
    assert moved
    assert 0 <= moved["y"] < at_first["y"]
    own.click()
    pressed = own.bounding_box()
    assert pressed
    assert pressed["y"] > moved["y"]
    own.hover()
    customer.page.mouse.down()
    customer.page.mouse.move(-500, -500, steps=4)
    customer.page.mouse.up()
    dragged = own.bounding_box()
    assert dragged
    assert dragged["x"] >= 0
    assert dragged["y"] >= 0
