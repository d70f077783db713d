"""The key of a load test: it asks for leave, makes agents, and removes them."""

import random
from typing import Any

import gevent
import requests

from loadtests.client import WAIT_SECONDS, AgentBrowser, Site, Trouble


REMOVE_SECONDS = 120.0


class LoadKey:
    """A key of the scope `loadtest` at one service."""

    def __init__(self, site: Site, key: str) -> None:
        self.site, self._key = site, key
        self._accounts: list[str] = []
        self._password = ""

    def check(self) -> None:
        """Return where load tests are allowed; else raises Trouble, which says why."""
        if not self._key:
            raise Trouble(
                "no key: `deskside apikey add EMAIL --scope loadtest` makes one"
            )
        self._ask("GET", "")

    def make(self, count: int) -> None:
        """Make so many agents."""
        made = self._ask("POST", "/agents", {"count": count})
        self._accounts, self._password = made["emails"], made["password"]

    def remove(self) -> None:
        """Remove the key's agents with their rooms; raises Trouble if some stay."""
        with gevent.Timeout(REMOVE_SECONDS, Trouble("made-up agents are left behind")):
            while self._ask("DELETE", "")["agents"]:
                gevent.sleep(0.1)
        self._accounts = []

    def agent(self, site: Site) -> AgentBrowser:
        """Log in as one of the agents, with a browser of their own."""
        browser = AgentBrowser(site)
        browser.log_in(random.choice(self._accounts), self._password)  # noqa: S311
        return browser

    def _ask(self, method: str, path: str, body: Any = None) -> dict[str, Any]:
        url = f"{self.site.url}/api/v1/load-test{path}"
        try:
            answer = requests.request(
                method,
                url,
                json=body,
                headers={"Authorization": f"Bearer {self._key}"},
                verify=self.site.ca_file or True,
                timeout=3 * WAIT_SECONDS,
            )
            told = answer.json()
        except requests.RequestException as error:
            raise Trouble(f"{self.site.url} cannot be asked: {error}") from error
        if not answer.ok:
            raise Trouble(told["error"]["text"])
        return dict(told)
