"""Negotiation in a real browser: whatever happens, it ends in one connection."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Route


ROOT = Path(__file__).parents[2]
ORIGIN = "http://localhost"
PAGE = "<!doctype html><script type=module src=/tests/js/pages/negotiation.js></script>"


@pytest.fixture
def page(agent_browser: Browser) -> Iterator[Page]:
    """A bare page with the scenarios of tests/js/pages/negotiation.js."""
    context = agent_browser.new_context()
    context.route(f"{ORIGIN}/**", answer)
    page = context.new_page()
    page.goto(f"{ORIGIN}/")
    page.wait_for_function("() => window.scenarios")
    yield page
    context.close()


def answer(route: Route) -> None:
    """Serve the repository's own scripts; no server is needed."""
    path = route.request.url.removeprefix(f"{ORIGIN}/")
    if path.endswith(".js"):
        route.fulfill(path=ROOT / path, content_type="text/javascript")
    else:
        route.fulfill(body=PAGE, content_type="text/html")


def play(page: Page, scenario: str, *arguments: int) -> Any:
    """Run a scenario, return what it came to."""
    script = "([name, ...rest]) => window.scenarios[name](...rest)"
    return page.evaluate(script, [scenario, *arguments])


def test_all_lines_are_negotiated_at_once_in_both_directions(page: Page) -> None:
    """One offer and one answer make sound, face and screen possible both ways."""
    came = play(page, "begin")
    assert came["directions"] == [["sendrecv"] * 3] * 2
    # A description each way, and what candidates come after its 30 ms.
    assert came["signals"] <= 4
    assert came["frames"] >= 10


def test_offers_that_meet_end_in_one_connection(page: Page) -> None:
    """Twenty collisions in a row leave both sides stable, and pictures flow."""
    came = play(page, "storm", 1)
    assert came["broken"] == []
    assert came["frames"] >= 10


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_fifty_random_rounds_end_stable_and_connected(page: Page, seed: int) -> None:
    """Restarts, collisions, changes and lost sockets at will do no lasting harm."""
    came = play(page, "rounds", seed)
    assert came["broken"] == []
    assert came["lost"] > 0
    assert came["frames"] >= 10


def test_restart_makes_good_a_first_offer_that_was_lost(page: Page) -> None:
    """The polite side asks for it, since it has nothing that it could offer."""
    came = play(page, "deaf")
    assert came["lost"] > 0
    assert came["frames"] >= 10


def test_late_answer_is_not_taken_for_another_offers(page: Page) -> None:
    """An answer names its offer; only the one to the last offer is accepted."""
    assert play(page, "lateAnswer") == ["have-local-offer", "stable"]
