"""The quality of a call in its history: a chart with what happened, tables, CSV."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import People
from tests.e2e.people import Agent
from tests.e2e.test_accessibility import LOOKS, Gallery, gallery, speak  # noqa: F401
from tests.e2e.told import MINUTES, tell_a_call
from tests.services import Node


@pytest.fixture(scope="module")
def room(service: Node) -> str:
    """The room of a call that is over."""
    return tell_a_call(service)


def open_call(agent: Agent, room: str) -> Page:
    agent.go(f"/history/{room}")
    expect(agent.page.locator("#panels canvas")).to_have_count(4)
    return agent.page


def test_chart_shows_every_event(agent: Agent, room: str) -> None:
    """Each line of the timeline is a sign on the chart, in its order from the left."""
    page = open_call(agent, room)
    signs = page.locator(".mark-button")
    lines = page.locator(".timeline li")
    expect(signs).to_have_count(lines.count())
    boxes = [sign.bounding_box() for sign in signs.all()]
    places = [box["x"] for box in boxes if box]
    assert places == sorted(places)
    chart = page.locator("#chart").bounding_box()
    assert chart is not None
    assert places[0] >= chart["x"]
    assert places[-1] + 28 <= chart["x"] + chart["width"] + 1
    assert agent.errors == []


def test_sign_tells_what_happened(agent: Agent, room: str) -> None:
    """On hover and on focus its text is there, and its line in the timeline."""
    page = open_call(agent, room)
    sign = page.get_by_role("button", name=re.compile("blocked UDP"))
    sign.focus()
    expect(page.locator("#told")).to_contain_text("blocked UDP")
    expect(page.locator(".moment-shown")).to_contain_text("port 3478")
    page.get_by_role("button", name=re.compile("The call began")).hover()
    expect(page.locator("#told")).to_contain_text("The call began")


def test_pointer_reads_the_numbers(agent: Agent, room: str) -> None:
    """Over the chart, all panels tell both sides' numbers of that moment."""
    page = open_call(agent, room)
    page.locator("#panels .u-over").first.scroll_into_view_if_needed()
    page.locator("#panels .u-over").first.hover(position={"x": 60, "y": 40})
    heads = page.locator(".panel-head").all_inner_texts()
    assert len(heads) == 4
    for head in heads:
        assert re.search(r"Ayu Lestari [\d.,]+ · The customer [\d.,]+", head), head


def test_table_has_the_same(agent: Agent, room: str) -> None:
    """Who does not see the chart reads means, and every minute of both sides."""
    page = open_call(agent, room)
    means = page.get_by_role("table", name="Means of the whole call")
    expect(means.get_by_role("row")).to_have_count(3)
    expect(means).to_contain_text("through a relay, over TLS")
    page.get_by_text("minute by minute").first.click()
    minutes = page.get_by_role("table", name="Quality, minute by minute")
    expect(minutes.get_by_role("row")).to_have_count(2 * MINUTES + 1)


def test_csv_has_every_summary(agent: Agent, room: str) -> None:
    """What was told every ten seconds can be taken away."""
    page = open_call(agent, room)
    with page.expect_download() as download:
        page.get_by_role("link", name="Download as CSV").click()
    lines = download.value.path().read_text(encoding="utf-8-sig").splitlines()
    assert lines[0].startswith("Time,Side,mos,rtt,jitter,loss")
    assert len(lines) == 1 + 2 * (6 * MINUTES - 1 - 3)


def test_chart_in_every_look(
    people: People,
    room: str,
    gallery: Gallery,  # noqa: F811
) -> None:
    """Light and dark, wide and narrow, in any direction: readable, nothing too wide."""
    language, options = LOOKS[gallery.look]
    agent = people.agent(**{"bypass_csp": True, "reduced_motion": "reduce", **options})
    speak(agent, language)
    page = open_call(agent, room)
    gallery.look_at(page, "history-quality")
    page.locator(".mark-button[data-tone=warn]").first.focus()
    page.evaluate("document.querySelector('#told').scrollIntoView()")
    gallery.look_at(page, "history-chart")
