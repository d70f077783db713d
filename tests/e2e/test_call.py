"""The core story in two real browsers, on the embedded default."""

import re
import urllib.request

import pytest
from playwright.sync_api import expect

from tests.e2e.conftest import People
from tests.e2e.people import SLOW, Agent, Customer, Person, watch_sockets
from tests.services import Node, wait_until


Two = tuple[Agent, Customer]


@pytest.fixture
def call(people: People) -> Two:
    """Two people who talk."""
    agent = people.agent(prepare=watch_sockets)
    customer = people.customer(prepare=watch_sockets)
    begin(agent, customer)
    return agent, customer


def begin(agent: Agent, customer: Customer) -> None:
    """Bring both into the call."""
    agent.create_room()
    agent.enter_room()
    agent.pass_check()
    customer.join(agent)
    customer.pass_check()
    customer.sees_picture()
    agent.sees_picture()


def end_is_written(agent: Agent) -> None:
    """Wait until the records hold the end: the agent's room page then says so."""
    history = agent.page.locator("#state a[href^='/history/']")
    expect(history).to_be_visible(timeout=SLOW)


def test_agent_and_customer_talk(agent: Agent, customer: Customer) -> None:
    """They see and hear each other, in fewer than 22 frames, until one ends it."""
    agent.create_room("Router setup")
    agent.enter_room()
    agent.pass_check()
    agent.sees(re.compile("waiting for", re.IGNORECASE))
    customer.join(agent)
    expect(customer.page.get_by_role("meter")).to_be_visible()
    customer.pass_check()
    agent.talks()
    customer.talks()
    agent.sees("Budi Santoso")
    customer.sees("Ayu Lestari")
    customer.press("End call")
    customer.page.wait_for_url(re.compile("/ended"))
    agent.page.wait_for_url(lambda url: not url.endswith("/call"))
    assert agent.errors + customer.errors == []


def test_call_takes_few_frames(agent: Agent, customer: Customer) -> None:
    """A whole call needs fewer than 22 signaling frames, both sides together."""
    begin(agent, customer)
    # The end itself: one frame there, and one to each side.
    assert agent.frames + customer.frames + 3 < 22


def test_toggles_tell_both_sides(call: Two) -> None:
    """What is switched off is off, is said on both sides, and comes back."""
    agent, customer = call
    customer.is_on("Camera")
    customer.press("Camera")
    customer.is_on("Camera", on=False)
    agent.sees(re.compile("camera (is )?off", re.IGNORECASE))
    agent.sees_no_picture()
    customer.press("Microphone")
    customer.is_on("Microphone", on=False)
    agent.sees(re.compile("(microphone (is )?off|muted)", re.IGNORECASE))
    customer.press("Camera")
    agent.sees_picture()


def test_screen_takes_the_place_of_the_face_and_gives_it_back(call: Two) -> None:
    """A shared screen is the picture; the face is small meanwhile, and returns."""
    agent, customer = call
    face = agent.picture()
    customer.press("Share screen")
    customer.is_on("Share screen")
    expect(agent.field("Remote camera")).to_be_visible(timeout=SLOW)
    agent.sees_picture()
    agent.sees_picture("Remote camera")
    screen = agent.picture()
    assert (screen["width"], screen["height"]) != (face["width"], face["height"])
    # The browser's own stop button ends the track.
    customer.press("Share screen")
    customer.is_on("Share screen", on=False)
    expect(agent.field("Remote camera")).to_be_hidden(timeout=SLOW)
    agent.sees_picture()


def test_third_person_is_told_that_the_room_is_full(people: People, call: Two) -> None:
    """A stranger with the passcode is told how to go on; nobody inside notices."""
    agent, _customer = call
    stranger = people.customer()
    stranger.fill_in(agent.link, agent.passcode, "Citra", "+62 811 1111 1111")
    stranger.sees(re.compile("full", re.IGNORECASE))
    stranger.sees(re.compile("new link", re.IGNORECASE))
    for person in call:
        person.sees_picture()
        assert person.errors == []


def test_same_person_on_another_device_moves_the_call(
    people: People, call: Two
) -> None:
    """The phone takes the call over; the first device is told and can take it back."""
    agent, customer = call
    phone = people.customer()
    phone.join(agent)
    phone.pass_check()
    phone.sees_picture()
    agent.sees_picture()
    customer.sees(re.compile("moved to another", re.IGNORECASE))
    customer.press("Bring it back here")
    customer.sees_picture()
    agent.sees_picture()
    phone.sees(re.compile("moved to another", re.IGNORECASE))


def test_reload_brings_the_customer_back(call: Two) -> None:
    """A reload costs the check, not the call."""
    agent, customer = call
    customer.page.reload()
    customer.pass_check()
    customer.sees_picture()
    agent.sees_picture()


@pytest.mark.parametrize("who", [0, 1], ids=["agent", "customer"])
def test_lost_socket_resumes_without_losing_the_picture(call: Two, who: int) -> None:
    """The picture goes on without the socket, and signaling comes back by itself."""
    person: Person = call[who]
    person.page.evaluate("window.before = window.sockets.length")
    person.lose_socket()
    person.page.wait_for_function(
        "() => sockets.length > before && window.deskside?.link === 'open'"
    )
    for other in call:
        other.sees_picture()
    call[1 - who].press("Microphone")
    person.sees(re.compile("(microphone (is )?off|muted)", re.IGNORECASE))


def test_agent_ends_it_from_the_console(people: People, call: Two) -> None:
    """What the customer forgot to close, the agent closes from outside."""
    agent, customer = call
    page = agent.context.new_page()
    agent.use(page)
    agent.go(agent.room_url)
    agent.press("End room")
    page.get_by_role("dialog").get_by_role("button", name="End room").click()
    customer.page.wait_for_url(re.compile("/ended"))


def test_ended_room_says_so(call: Two) -> None:
    """The link of an ended room is a closing page, not a form."""
    agent, customer = call
    agent.press("End call")
    customer.page.wait_for_url(re.compile("/ended"))
    end_is_written(agent)
    customer.go(agent.link)
    customer.sees(re.compile("ended|over", re.IGNORECASE))
    expect(customer.button("Continue")).to_have_count(0)


def test_history_tells_the_story(call: Two) -> None:
    """The call is in the history, with who, when, how it ended, and its timeline."""
    agent, customer = call
    customer.press("End call")
    customer.page.wait_for_url(re.compile("/ended"))
    end_is_written(agent)
    agent.go("/history")
    agent.page.get_by_role("link", name=re.compile("Router setup")).first.click()
    agent.sees("Budi Santoso")
    agent.sees(re.compile("ended", re.IGNORECASE))
    rows = agent.page.get_by_role("listitem").all_inner_texts()
    assert len(rows) >= 6


def test_quality_is_told_in_words_and_numbers(call: Two) -> None:
    """Both sides see how good the connection is; a press says more, Escape less."""
    for person in call:
        badge = person.page.get_by_role("button", name=re.compile("Connection: "))
        expect(badge).to_have_text(re.compile("Good|Fair|Poor"), timeout=SLOW)
        details = person.page.get_by_role("group", name="Connection", exact=True)
        expect(details).to_be_hidden()
        badge.focus()
        person.page.keyboard.press("Enter")
        expect(details).to_contain_text(re.compile("Direct, (UDP|TCP)"))
        expect(details).to_contain_text(re.compile(r"Speech\s*[34]\.\d of 4\.5"))
        expect(details).to_contain_text(re.compile(r"\d+ \S \d+, \d+/s"), timeout=SLOW)
        person.page.keyboard.press("Escape")
        expect(details).to_be_hidden()
        expect(badge).to_be_focused()


def summaries(service: Node) -> int:
    """How many times pages have told the quality of calls."""
    with urllib.request.urlopen(f"{service.url}/metrics", timeout=5) as answer:  # noqa: S310
        text = answer.read().decode()
    found = re.search(r"^deskside_call_mos_count (\d+)", text, re.MULTILINE)
    return int(found[1]) if found else 0


def test_quality_of_a_call_is_in_its_history(call: Two, service: Node) -> None:
    """What both pages tell every ten seconds is counted, and drawn afterwards."""
    agent, customer = call
    before = summaries(service)
    # Each side once, and one of them again.
    assert wait_until(lambda: summaries(service) >= before + 3, 60)
    customer.press("End call")
    end_is_written(agent)
    agent.page.locator("#state a[href^='/history/']").click()
    means = agent.page.get_by_role("table", name="Means of the whole call")
    expect(means.get_by_role("row")).to_have_count(3, timeout=SLOW)
    expect(agent.page.locator("#panels canvas")).to_have_count(4)
    agent.sees(re.compile("were connected, directly, over (UDP|TCP)"))


def test_microphone_only(agent: Agent, customer: Customer) -> None:
    """Without a camera there is still a call."""
    agent.create_room()
    agent.enter_room()
    agent.pass_check()
    customer.join(agent)
    customer.pass_check("Join with microphone only")
    agent.hears()
    agent.sees(re.compile("camera (is )?off", re.IGNORECASE))
    customer.sees_picture()


def test_neither_camera_nor_microphone(agent: Agent, customer: Customer) -> None:
    """Who has neither can still watch and listen, and switch on later."""
    agent.create_room()
    agent.enter_room()
    agent.pass_check()
    customer.join(agent)
    customer.pass_check("Join without camera and microphone")
    customer.talks()
    customer.press("Camera")
    agent.sees_picture()


def test_customer_first(agent: Agent, customer: Customer) -> None:
    """Who comes first waits; it makes no difference to the call."""
    agent.create_room()
    customer.join(agent)
    customer.pass_check()
    customer.sees(re.compile("waiting for", re.IGNORECASE))
    agent.go("/console")
    agent.sees("Budi Santoso")
    agent.go(agent.room_url)
    agent.enter_room()
    agent.pass_check()
    agent.talks()
    customer.talks()
