"""What a page costs when it is opened for the first time, and where it comes from."""

from urllib.parse import urlsplit

from tests.e2e.people import Agent, Customer
from tests.e2e.scales import weigh_customer_pages


KB = 1000


def test_pages_of_the_customer_are_light(agent: Agent, customer: Customer) -> None:
    """Join page at most 300 kB, call page at most 150 kB, nothing from elsewhere."""
    sizes = weigh_customer_pages(agent, customer)
    join, call = sizes["join"], sizes["call"]
    print(f"join {sum(join.values())} bytes, call {sum(call.values())} bytes")  # noqa: T201
    assert 10 * KB < sum(join.values()) <= 300 * KB, join
    assert 10 * KB < sum(call.values()) <= 150 * KB, call
    hosts = {urlsplit(url).netloc for url in {**join, **call}}
    assert hosts == {urlsplit(agent.url).netloc}
