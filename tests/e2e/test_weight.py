"""What a page costs when it is opened for the first time, and where it comes from."""

from urllib.parse import urlsplit

from playwright.sync_api import expect

from tests.e2e.people import Agent, Customer
from tests.e2e.scales import Scales, empty_cache


KB = 1000


def test_pages_of_the_customer_are_light(agent: Agent, customer: Customer) -> None:
    """Join page at most 300 kB, call page at most 150 kB, nothing from elsewhere."""
    agent.create_room()
    scales = Scales(customer.page)
    customer.go(agent.link)
    customer.page.wait_for_load_state("networkidle")
    join = scales.weigh(urlsplit(agent.link).path)
    customer.fill_in(agent.link, agent.passcode)
    customer.page.wait_for_url("**/call")
    empty_cache(customer.page)
    customer.page.reload()
    expect(customer.page.locator("#join-both")).to_be_enabled(timeout=20_000)
    call = scales.weigh("/call")
    print(f"join {sum(join.values())} bytes, call {sum(call.values())} bytes")  # noqa: T201
    assert 10 * KB < sum(join.values()) <= 300 * KB, join
    assert 10 * KB < sum(call.values()) <= 150 * KB, call
    hosts = {urlsplit(url).netloc for url in {**join, **call}}
    assert hosts == {urlsplit(agent.url).netloc}
