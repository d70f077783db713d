"""Weighs what a page fetches."""

from urllib.parse import urlsplit

from playwright.sync_api import Page, Response, expect

from tests.e2e.people import SLOW, Agent, Customer


Sizes = dict[str, int]
"""Bytes by address."""


class Scales:
    """Weighs what a page fetches, as sent, headers left out."""

    def __init__(self, page: Page) -> None:
        self.responses: list[Response] = []
        page.on("response", lambda response: self.responses.append(response))

    def weigh(self, since: str) -> Sizes:
        """Return the bytes of each address fetched since a page was asked for."""
        urls = [response.url.split("?")[0] for response in self.responses]
        start = max(i for i, url in enumerate(urls) if url.endswith(since))
        return {
            response.url: response.request.sizes()["responseBodySize"]
            for response in self.responses[start:]
            if response.url.startswith("http")
        }


def empty_cache(page: Page) -> None:
    """Have the browser forget what it fetched."""
    page.context.new_cdp_session(page).send("Network.clearBrowserCache")


def weigh_customer_pages(agent: Agent, customer: Customer) -> dict[str, Sizes]:
    """Open join page and call page with nothing kept; return what each fetched."""
    agent.create_room()
    scales = Scales(customer.page)
    customer.go(agent.link)
    customer.page.wait_for_load_state("networkidle")
    join = scales.weigh(urlsplit(agent.link).path)
    customer.fill_in(agent.link, agent.passcode)
    customer.page.wait_for_url("**/call")
    empty_cache(customer.page)
    customer.page.reload()
    expect(customer.page.locator("#join-both")).to_be_enabled(timeout=SLOW)
    return {"join": join, "call": scales.weigh("/call")}
