"""The check page: what it finds in a real browser, behind a real relay."""

import json
import re
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Playwright, expect

from tests.e2e.conftest import People, add_agent
from tests.e2e.people import AGENT_EMAIL, AGENT_NAME, SLOW, Person
from tests.e2e.scales import Scales
from tests.e2e.test_weight import KB
from tests.services import Node, Turn, private_folder


@pytest.fixture(scope="module")
def relayed(
    turn: Turn, agent_browser: Browser, customer_browser: Browser
) -> Iterator[People]:
    """People at a service with a relay, by UDP and TCP."""
    with private_folder("check") as folder, ExitStack() as stack:
        node = Node(
            folder,
            stun_urls=turn.url.replace("turn:", "stun:").partition("?")[0],
            turn_urls=f"{turn.url},{turn.tcp_url}",
            turn_secret=turn.secret,
        )
        node.settings["public_url"] = node.url
        node.migrate()
        add_agent(node, AGENT_EMAIL, AGENT_NAME)
        with node:
            yield People(node, agent_browser, customer_browser, stack)


def checked(person: Person, path: str = "/check") -> Person:
    """Run the check to its verdict."""
    person.go(path)
    person.press("Start the check")
    expect(person.button("Send to support")).to_be_visible(timeout=2 * SLOW)
    return person


def verdict(person: Person) -> str | None:
    """Return the word of the verdict about the network."""
    return person.page.locator("#verdict").get_attribute("data-network")


def row(person: Person, name: str) -> Any:
    """Return the line of something that was looked at."""
    lines = person.page.locator("#rows > li")
    return lines.filter(has=person.page.get_by_role("heading", name=name, exact=True))


def send_report(person: Person) -> str:
    """Send the report; return the code to be read out."""
    person.press("Send to support")
    code = person.page.locator("#code")
    expect(code).to_have_text(re.compile(r"^\w{3}-\w{3}$"))
    return code.inner_text()


def test_check_finds_that_all_is_well(relayed: People) -> None:
    """Devices, service, and bytes echoed over each way to the relay."""
    customer = checked(relayed.customer())
    assert verdict(customer) == "open"
    customer.sees("Ready for video.")
    for name in ("Relay over UDP", "Relay over TCP"):
        expect(row(customer, name)).to_contain_text("Bytes came back after")
        expect(row(customer, name)).to_have_attribute("data-state", "ok")
    for name in ("Browser", "Camera", "Microphone", "Service", "Bandwidth"):
        expect(row(customer, name)).to_have_attribute("data-state", "ok")
    customer.press("Play a sound")
    customer.press("I heard nothing")
    customer.sees("The network is ready for video, but a device needs you.")
    customer.press("I heard it")
    customer.sees("Ready for video.")
    assert customer.errors == []


def test_report_reaches_support_by_its_code(relayed: People) -> None:
    """A code is read out, and opens what was found; the same can be saved."""
    customer, agent = checked(relayed.customer()), relayed.agent()
    code = send_report(customer)
    agent.go("/console")
    agent.page.get_by_role("link", name="Check reports").click()
    agent.field("Code").fill(code.lower().replace("-", " "))
    agent.press("Open")
    agent.sees("Ready for video.")
    expect(row(agent, "Relay over UDP")).to_contain_text("Bytes came back after")
    agent.sees("TURN over TCP")
    with customer.page.expect_download() as download:
        customer.press("Save the report")
    saved = json.loads(Path(download.value.path()).read_text())
    assert saved["verdict"]["network"] == "open"
    assert [one["ok"] for one in saved["transports"]] == [True, True]
    assert agent.errors == customer.errors == []


def test_witness_joins_both_halves(relayed: People) -> None:
    """Two pages reach each other directly and through the relay; both see it."""
    customer, witness = checked(relayed.customer()), relayed.customer()
    customer.press("Make a link for the other side")
    link = customer.field("Link for the other side")
    expect(link).to_be_visible()
    checked(witness, link.input_value())
    for person in (customer, witness):
        person.sees("Done: both halves are in the report now.")
        expect(person.page.locator("#pair")).to_have_attribute("data-pair", "direct")
        expect(person.page.locator("#other-verdict")).to_contain_text("Ready")
    code = send_report(customer)
    agent = relayed.agent()
    agent.go(f"/reports?code={code}")
    agent.sees("The two reach each other directly.")
    late = checked(relayed.customer(), link.input_value())
    late.sees("This link was used already, or is too old. Ask for a new one.")
    assert customer.errors == witness.errors == agent.errors == []


def test_service_without_relay_says_so(people: People) -> None:
    """What cannot be tried is not called well."""
    customer = checked(people.customer())
    assert verdict(customer) == "no_relay"
    customer.sees("Works in most networks: this service has no relay.")


def test_refused_camera_and_microphone_are_said(
    relayed: People, playwright_driver: Playwright
) -> None:
    """The network may be ready where the person is not heard; each line says how."""

    def prepare(context: BrowserContext) -> None:
        context.add_init_script(
            "navigator.mediaDevices.getUserMedia = async () => {"
            " throw new DOMException('Permission denied', 'NotAllowedError'); };"
        )

    customer = checked(relayed.customer(prepare=prepare))
    assert verdict(customer) == "open"
    customer.sees("The network is ready for video, but a device needs you.")
    for name in ("Camera", "Microphone"):
        expect(row(customer, name)).to_contain_text("Not allowed")


def test_relay_that_refuses_is_told_from_a_network_that_blocks(
    turn: Turn, agent_browser: Browser, customer_browser: Browser
) -> None:
    """A wrong secret is no fault of the network."""
    with private_folder("refused") as folder, ExitStack() as stack:
        node = Node(folder, turn_urls=turn.url, turn_secret="not the relay's secret")
        node.settings["public_url"] = node.url
        node.migrate()
        with node:
            people = People(node, agent_browser, customer_browser, stack)
            customer = checked(people.customer())
            assert verdict(customer) == "relay_refused"
            customer.sees("Your network is not the reason.")


def test_old_browser_is_told_at_once(people: People) -> None:
    """Without WebRTC nothing is tried."""

    def prepare(context: BrowserContext) -> None:
        context.add_init_script("delete window.RTCPeerConnection;")

    customer = checked(people.customer(prepare=prepare))
    assert verdict(customer) == "old_browser"


def test_check_is_linked_from_where_people_need_it(
    people: People,
) -> None:
    """From the join form, and from the page to log in."""
    agent, customer = people.agent(), people.customer()
    customer.go(agent.create_room())
    expect(customer.page.locator("a[href='/check']")).to_be_visible()
    customer.go("/login")
    expect(customer.page.locator("a[href='/check']")).to_be_visible()


def test_check_page_is_light(people: People) -> None:
    """It is for bad networks, too: at most 150 kB, and nothing from elsewhere."""
    customer = people.customer()
    scales = Scales(customer.page)
    customer.go("/check")
    customer.page.wait_for_load_state("networkidle")
    weighed = scales.weigh("/check")
    assert 10 * KB < sum(weighed.values()) <= 150 * KB, weighed
    assert all(url.startswith(people.url) for url in weighed)
