"""Every page, in every look: no violation that axe-core knows, and a picture kept."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import People, screenshot
from tests.e2e.people import PHONE as NUMBER, SLOW, Agent, Customer, Person, moves


AXE = (Path("node_modules/axe-core/axe.min.js")).read_text()
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
_CHECK = """async ([source, tags]) => {
  if (!window.axe) (0, eval)(source);  // the contexts bypass the CSP
  const { violations } = await axe.run(document, { runOnly: tags });
  return violations.map(({ id, impact, nodes }) =>
    `${id} (${impact}): ` + nodes.map(({ target, failureSummary }) =>
      `${target}: ${failureSummary}`).join("; "));
}"""

DESKTOP, PHONE = {"width": 1280, "height": 800}, {"width": 390, "height": 844}
LOOKS: dict[str, tuple[str, dict[str, Any]]] = {
    "desktop-light": ("en", {"viewport": DESKTOP}),
    "desktop-dark": ("en", {"viewport": DESKTOP, "color_scheme": "dark"}),
    "phone-light": ("en", {"viewport": PHONE, "has_touch": True}),
    "phone-dark": ("en", {"viewport": PHONE, "color_scheme": "dark"}),
    "narrow-id": ("id", {"viewport": {"width": 320, "height": 640}}),
    "desktop-rtl": ("ar-XB", {"viewport": DESKTOP}),
}


class Gallery:
    """Looks at page after page, and reports what is wrong with all of them together."""

    def __init__(self, look: str) -> None:
        self.look = look
        self.wrong: list[str] = []

    def look_at(self, page: Page, name: str) -> None:
        """Check a page as it is now and keep its picture."""
        # Contrast is measured on what is there at the end of every motion.
        page.evaluate("document.getAnimations().forEach(motion => motion.cancel())")
        screenshot(page, f"{name}-{self.look}")
        found = page.evaluate(_CHECK, [AXE, RULES])
        self.wrong += [f"{name}: {text}" for text in found]
        wide = page.evaluate("document.documentElement.scrollWidth - innerWidth")
        if wide > 0:
            self.wrong.append(f"{name}: {wide} px too wide")

    def visit(self, person: Person, path: str, name: str) -> None:
        """Open a page and look at it."""
        person.go(path)
        person.page.wait_for_load_state("load")
        self.look_at(person.page, name)


def speak(person: Person, language: str) -> None:
    """Have the browser ask for a language from now on."""
    person.context.add_cookies([{"name": "lang", "value": language, "url": person.url}])


@pytest.fixture(params=LOOKS)
def gallery(request: pytest.FixtureRequest) -> Iterator[Gallery]:
    gallery = Gallery(request.param)
    yield gallery
    assert not gallery.wrong, "\n".join(gallery.wrong)


@pytest.fixture
def guests(people: People, gallery: Gallery) -> tuple[Agent, Customer]:
    """An agent with a room, and a customer; from here on in the look's language."""
    language, options = LOOKS[gallery.look]
    options = {"bypass_csp": True, "reduced_motion": "reduce", **options}
    agent, customer = people.agent(**options), people.customer(**options)
    agent.create_room("Setting up the new router")
    speak(agent, language)
    speak(customer, language)
    return agent, customer


def fill_in(customer: Customer, agent: Agent, phone: str = NUMBER) -> None:
    """Fill in the join form, in any language."""
    customer.go(agent.link)
    for name, value in [
        ("name", "Budi Santoso"),
        ("phone", phone),
        ("passcode", agent.passcode),
    ]:
        customer.page.locator(f"#{name}").fill(value)
    customer.page.locator("form#join button.button-primary").click()


def pass_check(person: Person) -> None:
    """Go into the call, in any language."""
    expect(person.page.locator("#join-both")).to_be_enabled(timeout=SLOW)
    person.page.locator("#join-both").click()


def test_pages_of_an_agent(guests: tuple[Agent, Customer], gallery: Gallery) -> None:
    """What an agent has open eight hours a day."""
    agent, _ = guests
    gallery.visit(agent, "/console", "console")
    gallery.visit(agent, "/rooms/new", "room-new")
    agent.page.locator("#title").fill("")
    agent.page.locator("form#room button.button-primary").click()
    expect(agent.page.locator("[aria-invalid=true]").first).to_be_visible()
    gallery.look_at(agent.page, "room-new-errors")
    gallery.visit(agent, agent.room_url, "room")
    gallery.visit(agent, "/customers", "customers")
    gallery.visit(agent, "/history", "history")
    gallery.visit(agent, "/relays", "relays-none")
    gallery.visit(agent, "/relays/new", "relay")
    agent.page.locator("form#relay button.button-primary").click()
    expect(agent.page.locator("[aria-invalid=true]").first).to_be_visible()
    gallery.look_at(agent.page, "relay-errors")
    gallery.visit(agent, "/settings", "settings")
    gallery.visit(agent, "/nowhere", "not-found")


def test_pages_of_a_visitor(guests: tuple[Agent, Customer], gallery: Gallery) -> None:
    """What somebody sees who has only a link, or not even that."""
    agent, customer = guests
    gallery.visit(customer, "/login", "login")
    gallery.visit(customer, "/privacy", "privacy")
    gallery.visit(customer, "/j/no-such-link-anywhere", "no-such-link")
    gallery.visit(customer, agent.link, "join")
    fill_in(customer, agent, phone="12")
    expect(customer.page.locator("[aria-invalid=true]").first).to_be_visible()
    gallery.look_at(customer.page, "join-errors")
    gallery.visit(customer, f"{agent.link}/full", "full")
    gallery.visit(customer, "/offline", "offline")
    gallery.visit(customer, "/too-old", "too-old")


def look_into(gallery: Gallery, person: Person, button: str, name: str) -> None:
    """Look at what a button opens, and close it."""
    person.page.locator(button).click(timeout=SLOW)
    gallery.look_at(person.page, name)
    person.page.locator(button).click()


def test_pages_of_a_call(guests: tuple[Agent, Customer], gallery: Gallery) -> None:
    """Check, waiting, talk, shared screen, end and afterwards."""
    agent, customer = guests
    agent.go(f"{agent.room_url}/call")
    expect(agent.page.locator("#join-both")).to_be_enabled(timeout=SLOW)
    gallery.look_at(agent.page, "check-agent")
    pass_check(agent)
    expect(agent.page.locator("#waiting")).to_be_visible()
    gallery.look_at(agent.page, "waiting-agent")
    fill_in(customer, agent)
    expect(customer.page.locator("#join-both")).to_be_enabled(timeout=SLOW)
    gallery.look_at(customer.page, "check-customer")
    pass_check(customer)
    for person, name in [(customer, "call-customer"), (agent, "call-agent")]:
        moves(person.page.locator("#remote"))
        gallery.look_at(person.page, name)
    look_into(gallery, customer, "#more", "more-customer")
    look_into(gallery, agent, "#quality", "quality-agent")
    customer.page.locator("#toggle-screen").click()
    expect(agent.page.locator("#remote-camera")).to_be_visible(timeout=SLOW)
    for person, name in [(customer, "screen-customer"), (agent, "screen-agent")]:
        gallery.look_at(person.page, name)
    customer.page.locator("#end").click()
    customer.page.wait_for_url("**/ended**")
    gallery.look_at(customer.page, "ended")
    # The room's page loads itself anew once the end is written down.
    expect(agent.page.locator("#state a[href^='/history/']")).to_be_visible()
    gallery.look_at(agent.page, "ended-agent")
    room = agent.room_url.rsplit("/", 1)[1]
    gallery.visit(agent, f"/history/{room}", "history-call")
    gallery.visit(agent, "/console", "console-ended")
    gallery.visit(customer, agent.link, "link-of-ended")


def test_pages_of_a_check(guests: tuple[Agent, Customer], gallery: Gallery) -> None:
    """Before, after, with a code for support, and what support sees of it."""
    agent, customer = guests
    gallery.visit(customer, "/check", "check-page")
    customer.page.locator("#start").click()
    expect(customer.page.locator("#send")).to_be_visible(timeout=SLOW)
    customer.page.locator("#rows summary").first.click()
    customer.page.locator("#send").click()
    code = customer.page.locator("#code")
    expect(code).not_to_be_empty()
    customer.page.locator("#make-link").click()
    expect(customer.page.locator("#link")).to_be_visible()
    gallery.look_at(customer.page, "check-page-done")
    gallery.visit(agent, "/reports", "check-reports")
    gallery.visit(agent, f"/reports/{code.inner_text()}", "check-report")
    gallery.visit(agent, "/reports?code=222222", "check-reports-wrong")
