"""The pages beside the call: what scripts add to them, in a real browser."""

import re

from playwright.sync_api import expect

from tests.e2e.conftest import People
from tests.e2e.people import SLOW, Agent, Customer


def test_console_shows_who_waits_without_reload(
    agent: Agent, customer: Customer
) -> None:
    """
    A customer who comes stands on top of the console, in its title and its news.
    """
    agent.create_room("Router")
    agent.go("/console")
    title = agent.page.title()
    customer.join(agent, name="Budi Santoso")

    waiting = agent.page.get_by_role("region", name=re.compile("^Waiting"))
    expect(waiting.get_by_role("link", name="Router", exact=True)).to_be_visible(
        timeout=SLOW
    )
    expect(waiting).to_contain_text("Budi Santoso")
    expect(waiting).to_contain_text("under a minute")
    expect(agent.page).to_have_title(f"(1) {title}")
    expect(agent.page.locator("#news")).to_have_text("Budi Santoso is waiting for you.")


def test_room_is_ended_from_its_page(agent: Agent, customer: Customer) -> None:
    """
    An agent ends a room that a customer forgot, after being asked.
    """
    agent.create_room("Refund")
    customer.join(agent)
    agent.press("End room")
    dialog = agent.page.get_by_role("dialog")
    dialog.get_by_role("button", name="Keep it open").click()
    expect(dialog).to_be_hidden()
    agent.press("End room")
    dialog.get_by_role("button", name="End room").click()

    agent.sees("Ended by the agent")
    customer.page.wait_for_url("**/ended**")
    customer.go(agent.link)
    customer.sees("The call has ended")


def test_room_page_follows_what_happens(agent: Agent, customer: Customer) -> None:
    """
    The page with the link shows by itself that the customer has come.
    """
    agent.create_room("Refund")
    agent.sees("Nobody is in the room yet.")
    customer.join(agent, name="Budi")

    agent.sees(re.compile("Budi has been waiting for"))


def test_sound_is_muted_for_good(agent: Agent) -> None:
    """
    Who does not want the sound says so once.
    """
    agent.go("/console")
    agent.is_on("Sound")
    agent.press("Sound")
    agent.page.reload()

    agent.is_on("Sound", on=False)


def test_customer_is_found_by_keyboard(agent: Agent) -> None:
    """
    The combobox follows the WAI-ARIA pattern: arrows move, Enter chooses, Esc closes.
    """
    for number, name in enumerate(("Dewi Anggraini", "Dewi Lestari")):
        add_customer(agent, name, f"+62 812 1111 000{number}")
    agent.go("/rooms/new")
    field = agent.field("Customer")
    field.press_sequentially("dewi")
    options = agent.page.get_by_role("option")
    expect(options).to_have_count(2)
    expect(field).to_have_attribute("aria-expanded", "true")
    for key in ("ArrowDown", "ArrowDown"):
        field.press(key)
    second = options.nth(1)
    expect(second).to_have_attribute("aria-selected", "true")
    expect(field).to_have_attribute(
        "aria-activedescendant", str(second.get_attribute("id"))
    )
    field.press("Enter")

    expect(field).to_have_value("Dewi Lestari")
    expect(field).to_have_attribute("aria-expanded", "false")
    expect(agent.field("Title")).to_have_value("Call with Dewi Lestari")
    field.press("Escape")
    expect(field).to_have_value("")


def add_customer(agent: Agent, name: str, phone: str) -> None:
    """Add somebody to the directory."""
    agent.go("/customers")
    agent.field("Name").fill(name)
    agent.field("Phone").fill(phone)
    agent.press("Add customer")
    agent.sees(f"{name} is in the directory.")


def test_customer_is_added_without_losing_what_was_typed(agent: Agent) -> None:
    """
    A new customer is made on the spot: errors stand in the dialog, the form stays.
    """
    agent.go("/rooms/new")
    agent.field("Description").fill("Have the box at hand")
    agent.field("Customer").fill("Wayan Sudira")
    agent.press("New customer")
    dialog = agent.page.get_by_role("dialog")
    expect(dialog.get_by_label("Name", exact=True)).to_have_value("Wayan Sudira")
    dialog.get_by_label("Phone", exact=True).fill("1")
    dialog.get_by_role("button", name="Add customer").click()
    expect(dialog.get_by_text("This is not a phone number.")).to_be_visible()
    dialog.get_by_label("Phone", exact=True).fill("0812 2222 3333")
    dialog.get_by_role("button", name="Add customer").click()

    expect(agent.field("Customer")).to_have_value("Wayan Sudira")
    expect(agent.field("Description")).to_have_value("Have the box at hand")
    agent.press("Create room")
    agent.sees("+6281222223333")


def test_link_is_copied(people: People) -> None:
    """
    One press, and the link is in the clipboard; the button says so.
    """
    agent = people.agent(permissions=["clipboard-read", "clipboard-write"])
    link = agent.create_room("Refund")
    agent.press("Copy")

    expect(agent.button("Copied")).to_be_visible()
    assert agent.page.evaluate("navigator.clipboard.readText()") == link


def test_new_passcode_is_offered(agent: Agent) -> None:
    """
    "New one" gives another passcode of six digits.
    """
    agent.go("/rooms/new")
    before = agent.field("Passcode").input_value()
    agent.press("New one")
    after = agent.field("Passcode").input_value()

    assert re.fullmatch(r"\d{6}", after)
    assert after != before


def test_first_wrong_field_has_the_focus(agent: Agent, customer: Customer) -> None:
    """
    After a refusal one types on where something is wrong, and the error goes.
    """
    agent.create_room("Refund")
    customer.fill_in(agent.link, "000000")
    passcode = customer.field("Passcode")

    expect(passcode).to_be_focused()
    expect(passcode).to_have_attribute("aria-invalid", "true")
    expect(customer.field("Name")).to_have_value("Budi Santoso")
    passcode.press_sequentially("1")
    expect(customer.page.get_by_text("This is not the passcode.")).to_be_hidden()


def test_country_is_chosen_by_its_name(agent: Agent, customer: Customer) -> None:
    """
    The phone's country is found by typing, and its code stands before the number.
    """
    agent.create_room("Refund")
    customer.go(agent.link)
    customer.page.get_by_role("button", name=re.compile("Country of the phone")).click()
    customer.page.get_by_role("combobox", name="Search").fill("germ")
    customer.page.get_by_role("option", name=re.compile("Germany")).click()
    customer.field("Name").fill("Anna")
    customer.field("Phone").fill("030 901820")
    customer.field("Passcode").fill(agent.passcode)
    customer.press("Continue")
    customer.page.wait_for_url("**/call")
    agent.go(f"{agent.room_url}/customer")

    agent.sees("+4930901820")


def test_times_are_in_the_zone_of_the_reader(people: People) -> None:
    """
    The page writes times as the reader's clock shows them, the zone on hover.
    """
    agent = people.agent(timezone_id="Asia/Makassar", locale="en-GB")
    agent.create_room("Refund")
    time = agent.page.locator("time[data-shape=datetime]").first
    hour = agent.page.evaluate(
        "element => new Date(element.dateTime).toLocaleTimeString('en-GB',"
        " { timeZone: 'Asia/Makassar', hour: '2-digit' })",
        time.element_handle(),
    )

    expect(time).to_contain_text(re.compile(rf"\b{int(hour) % 12 or 12:02}:|{hour}:"))
    expect(time).to_have_attribute("title", re.compile(r"GMT\+8|Central Indonesia"))


def test_browser_without_calls_is_told_so(people: People) -> None:
    """
    A browser that cannot call is told before anything is typed.
    """
    agent = people.agent()
    agent.create_room("Refund")
    customer = people.customer(
        prepare=lambda context: context.add_init_script(
            "delete window.RTCPeerConnection"
        )
    )
    customer.go(agent.link)

    customer.sees("This browser cannot make video calls")


def test_page_without_script_says_what_it_needs(people: People) -> None:
    """
    Without JavaScript the join page says so, and the call page leads to the same.
    """
    agent = people.agent()
    agent.create_room("Refund")
    customer = people.customer(java_script_enabled=False)
    customer.go(agent.link)
    # Looked for by its place: texts within noscript are not found.
    expect(customer.page.locator("noscript .notice")).to_be_visible()
    customer.fill_in(agent.link, agent.passcode)
    customer.page.wait_for_url("**/no-script")

    again = customer.page.get_by_role("link", name="Try again")
    expect(again).to_have_attribute("href", re.compile("/j/[^/]+/call$"))
