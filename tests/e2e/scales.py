"""Weighs what a page fetches."""

from playwright.sync_api import Page, Response


class Scales:
    """Weighs what a page fetches, as sent, headers left out."""

    def __init__(self, page: Page) -> None:
        self.responses: list[Response] = []
        page.on("response", lambda response: self.responses.append(response))

    def weigh(self, since: str) -> dict[str, int]:
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
