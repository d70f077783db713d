"""A real browser at the door: the page, the relay by 443, and nobody at home."""

from collections.abc import Iterator
from contextlib import ExitStack
from functools import partial
from typing import Any

import pytest
from playwright.sync_api import Browser, Playwright, Request

from tests.deploy.lab.browsers import trust
from tests.e2e.conftest import ARTIFACTS, CHROMIUM_FLAGS
from tests.services import find_program, local_address, private_folder
from tests.templates.conftest import an_edge
from tests.templates.edge import TURN, WEB, Edge
from tests.templates.pki import Authority


GATHER = """
async (server) => {
  const found = [], failures = [];
  const pc = new RTCPeerConnection({
    iceServers: [server],
    iceTransportPolicy: "relay",
  });
  pc.onicecandidate = ({ candidate: one }) =>
    one?.candidate && found.push(one.candidate);
  pc.onicecandidateerror = (event) =>
    failures.push(`${event.errorCode} ${event.errorText}`);
  pc.createDataChannel("one");
  await pc.setLocalDescription();
  const until = Date.now() + 15000;
  const waits = () => !found.length && pc.iceGatheringState !== "complete";
  while (waits() && Date.now() < until)
    await new Promise((done) => setTimeout(done, 50));
  pc.close();
  return { found, failures };
}
"""


@pytest.fixture
def browser(playwright_driver: Playwright, authority: Authority) -> Iterator[Browser]:
    """A Chromium that knows our names and trusts our authority, as people's do."""
    with private_folder("browser") as home:
        trust(home, [authority.certificate])
        program = home / "chromium"
        chromium = find_program("chromium")
        program.write_text(f'#!/bin/sh\nHOME={home} exec {chromium} "$@"\n')
        program.chmod(0o755)
        names = f"--host-resolver-rules=MAP *.test {local_address()}"
        with playwright_driver.chromium.launch(
            executable_path=program, args=[*CHROMIUM_FLAGS, names]
        ) as browser:
            yield browser


def gathered(edge: Edge, browser: Browser, server: dict[str, Any]) -> dict[str, Any]:
    """The relay candidates that a page, which came by HTTP/2, gets from a server."""
    with browser.new_context() as context:
        page = context.new_page()
        response = page.goto(f"{edge.url}/login")
        assert response
        assert response.status == 200
        protocol = "performance.getEntriesByType('navigation')[0].nextHopProtocol"
        assert page.evaluate(protocol) == "h2"
        found: dict[str, Any] = page.evaluate(GATHER, server)
        return found


@pytest.mark.parametrize("name", [WEB, TURN])
def test_a_page_and_its_relay_share_a_port(
    edge: Edge, edge_of_one_name: Edge, browser: Browser, name: str
) -> None:
    """By two names, and by one."""
    door = edge_of_one_name if name == WEB else edge
    url = f"turns:{name}:{door.nginx_https_port}?transport=tcp"
    username, credential = door.credentials()
    server = {"urls": [url], "username": username, "credential": credential}
    result = gathered(edge, browser, server)
    assert result["found"], result["failures"]
    assert all(" typ relay " in line for line in result["found"])
    assert f" {door.host} " in result["found"][0]


@pytest.mark.parametrize(
    "way",
    [
        # By its address: Chromium asks the system, not its own rules, for names by UDP.
        "turn:{host}:{coturn_port}?transport=udp",
        "turn:{name}:{nginx_turn_port}?transport=tcp",
        "turns:{name}:{nginx_turns_port}?transport=tcp",
    ],
)
def test_every_other_way_leads_there_too(
    edge: Edge, browser: Browser, way: str
) -> None:
    url = way.format(host=edge.host, name=TURN, **edge.variables)
    username, credential = edge.credentials()
    server = {"urls": [url], "username": username, "credential": credential}
    result = gathered(edge, browser, server)
    assert result["found"], result["failures"]


LOOKS = [
    ("phone-light", 390, 844, "light", "en-GB"),
    ("phone-dark", 390, 844, "dark", "en-GB"),
    ("desktop-light", 1280, 800, "light", "en-GB"),
    ("desktop-dark", 1280, 800, "dark", "en-GB"),
    ("phone-id", 390, 844, "light", "id-ID"),
]


def _note(asked: list[str], request: Request) -> None:
    asked.append(request.url)


@pytest.fixture
def nobody_at_home(authority: Authority) -> Iterator[Edge]:
    """A door without nodes."""
    contact = "In a hurry? Call +62 21 1234 567"
    with ExitStack() as stack:
        yield an_edge(stack, authority, nginx_contact=contact, nginx_retry_seconds=2)


def test_nobody_at_home_looks_well(nobody_at_home: Edge, browser: Browser) -> None:
    """In both themes and on small screens; nothing is cut off, nothing fetched."""
    ARTIFACTS.mkdir(exist_ok=True)
    for name, width, height, scheme, locale in LOOKS:
        options: dict[str, Any] = {"color_scheme": scheme, "locale": locale}
        size = {"width": width, "height": height}
        with browser.new_context(viewport=size, **options) as context:  # type: ignore[arg-type]
            page = context.new_page()
            asked: list[str] = []
            page.on("request", partial(_note, asked))
            response = page.goto(f"{nobody_at_home.url}/console")
            assert response
            assert response.status == 503
            page.screenshot(path=ARTIFACTS / f"maintenance-{name}.png")
            assert page.evaluate("document.documentElement.scrollWidth") <= width
            ours = {url for url in asked if not url.endswith("/favicon.ico")}
            assert ours == {f"{nobody_at_home.url}/console"}


def test_it_looks_again_by_itself(nobody_at_home: Edge, browser: Browser) -> None:
    with browser.new_context() as context:
        page = context.new_page()
        page.goto(f"{nobody_at_home.url}/console")
        with page.expect_navigation(timeout=15_000):
            pass
