"""The whole laboratory: an internet, the product, and people in their networks."""

import time
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from playwright.sync_api import Browser, BrowserContext, Error, Playwright

from tests.deploy.lab.browsers import WRAPPER, trust
from tests.e2e.conftest import CHROMIUM_FLAGS
from tests.e2e.people import SLOW, Agent, Customer, Person
from tests.network.lab import namespace, rules
from tests.network.lab.client import Client
from tests.network.lab.internet import Internet
from tests.network.lab.modes import MODES, Mode, Together
from tests.network.lab.poor import PoorLine
from tests.network.lab.router import Router
from tests.network.lab.servers import Servers
from tests.services import find_program, private_folder


SIDES = ("agent", "customer")
SETTLED, SETTLED_AT_MOST = 4, 15
"""So many loads in a row, a moment apart, must succeed; seconds to wait for it."""

SLOW_CAMERA = "--use-fake-device-for-media-stream=display-media-type=browser,fps=15"
"""Half as many pictures as elsewhere: a machine busy with them makes calls poor itself,
and here that is for networks to do."""

P = TypeVar("P", bound=Person)


@dataclass
class Side:
    """One person's place: a computer, its router, another router to move to."""

    client: Client
    home: Router
    away: Router
    browser: Browser
    mode_now: Mode = MODES["portrestricted"]

    def mode(self, name: str) -> None:
        """Be in a network of this kind from now on, also in the middle of a call."""
        self.mode_now = MODES[name]
        self.client.mode(self.mode_now)

    def move(self) -> None:
        """Go to the other router and network card, as from Wi-Fi to mobile or back."""
        there = self.away if self.client.router is self.home else self.home
        self.client.plug(there)
        there.mode(self.mode_now, self.client.address)

    def reset(self) -> None:
        """Undo what a test has done to it."""
        self.home.block("")
        self.away.block("")
        self.client.plug(self.home)

    def context(self, **options: Any) -> BrowserContext:
        """A context in its browser, which knows the proxy where there is one."""
        if self.mode_now.proxy:
            options["proxy"] = {"server": self.client.router.proxy.url}
        made = self.browser.new_context(**{"locale": "en-GB"} | options)
        made.set_default_timeout(SLOW)
        return made


class Lab:
    """What tests may use. Sides are "agent" and "customer"."""

    def __init__(self, servers: Servers, sides: Sequence[Side], folder: Path) -> None:
        self.servers, self.url = servers, servers.url
        self.sides = dict(zip(SIDES, sides, strict=True))
        self._session = folder / "session.json"
        self._people = ExitStack()
        self._unsettled = False

    def join(self, mode_a: str, mode_b: str, **options: Any) -> tuple[Agent, Customer]:
        """Put both into their networks and into a call; returns when both see."""
        agent, customer = self.people(mode_a, mode_b, **options)
        agent.create_room()
        agent.enter_room()
        agent.pass_check()
        customer.join(agent)
        customer.pass_check()
        for person in (agent, customer):
            person.sees_picture()
        return agent, customer

    def people(
        self, mode_a: str, mode_b: str, **options: Any
    ) -> tuple[Agent, Customer]:
        """An agent who is logged in and a customer, in these networks, with new pages.

        Those of before are gone. `options` are Playwright's, of a context; `prepare`
        is called with each context.
        """
        self._people.close()
        self.place(mode_a, mode_b)
        agent = self._person(Agent, "agent", options)
        return agent, self._person(Customer, "customer", options)

    def place(self, mode_a: str, mode_b: str) -> None:
        """Put both into these networks."""
        together = MODES[mode_a].together
        one, other = (self.sides[side] for side in SIDES)
        before = self._cards()
        apart = together == Together.ISOLATED
        one.client.plug(one.home, isolated=apart)
        other.client.plug(one.home if together else other.home, isolated=apart)
        one.mode(mode_a)
        other.mode(mode_b)
        self._unsettled = self._cards() != before

    def context(self, side: str, **options: Any) -> BrowserContext:
        """A context in a person's browser, for the network they are in now.

        That of the agent is logged in.
        """
        if side == "agent":
            options["storage_state"] = self._logged_in()
        return self.sides[side].context(**options)

    def leave(self) -> None:
        """Close everybody's pages, and undo what was done to their networks."""
        self._people.close()
        for side in self.sides.values():
            side.reset()

    def mode(self, side: str, mode: str) -> None:
        """Change the kind of a network, also in the middle of a call."""
        self.sides[side].mode(mode)

    def router(self, side: str) -> Router:
        """The router a person is behind: `change_address`, `flush`, `block`…"""
        return self.sides[side].client.router

    def lan(self, side: str) -> Client:
        """The computer of a person in its LAN: `change_address`."""
        return self.sides[side].client

    def move(self, side: str) -> None:
        """Go to another router, as from Wi-Fi to mobile; again: and back."""
        self.sides[side].move()

    def flush(self, side: str) -> None:
        """Have the router forget its mappings."""
        self.router(side).flush()

    def block(self, side: str, said: str = "") -> None:
        """Forward no more what these rules drop (see `rules`); nothing by default."""
        self.router(side).block(said)

    def poor(self, side: str) -> AbstractContextManager[PoorLine]:
        """Have a line that can be made poor within this: `line.become(…)`."""
        return self.router(side).poor()

    def blackout(self, side: str) -> AbstractContextManager[None]:
        """Have no internet within this."""
        return self.router(side).blackout()

    def _person(self, kind: type[P], side: str, options: dict[str, Any]) -> P:
        prepare = options.get("prepare")
        given = {name: value for name, value in options.items() if name != "prepare"}
        context = self.context(side, **given)
        self._people.callback(context.close)
        if self._unsettled:
            settle(context, self.url)
        if prepare:
            prepare(context)
        return kind(context, self.url)

    def _cards(self) -> list[tuple[str, bool]]:
        """What browsers notice of a change: the network cards, and IPv4 or IPv6."""
        clients = [side.client for side in self.sides.values()]
        return [(client.device, client.mode_now.ipv6) for client in clients]

    def _logged_in(self) -> Path:
        """What a context needs to be logged in: logging in itself is bounded."""
        if not self._session.exists():
            with ExitStack() as stack:
                context = self.sides["agent"].context()
                stack.callback(context.close)
                settle(context, self.url)
                Agent(context, self.url).log_in()
                context.storage_state(path=self._session)
        return self._session


def settle(context: BrowserContext, url: str) -> None:
    """Return when a browser has noticed all that is new in its network.

    Until then it may give up what it loads: ERR_NETWORK_CHANGED.
    """
    page = context.new_page()
    deadline = time.monotonic() + SETTLED_AT_MOST
    good = 0
    while good < SETTLED and time.monotonic() < deadline:
        try:
            page.goto(f"{url}/healthz")
            good += 1
        except Error:
            good = 0
        page.wait_for_timeout(200)
    page.close()


@contextmanager
def laboratory(
    driver: Playwright, relays: int = 1, **settings: str | int
) -> Iterator[Lab]:
    """Build it; afterwards nothing is left.

    Browsers are given `relays` of the two relays; `settings` are those of the nodes.
    """
    namespace.clear()
    with ExitStack() as stack:
        folder = stack.enter_context(private_folder("network"))
        internet = Internet()
        stack.callback(internet.remove)
        servers = Servers(internet, stack, relays, **settings)
        servers.start()
        sides = [
            a_side(driver, stack, folder, internet, servers, number)
            for number in range(2)
        ]
        made = Lab(servers, sides, folder)
        stack.callback(made.leave)
        yield made


def a_side(
    driver: Playwright,
    stack: ExitStack,
    folder: Path,
    internet: Internet,
    servers: Servers,
    number: int,
) -> Side:
    """Make a person's place; numbers are 0 to 7."""
    home, away = (Router(internet, n, folder) for n in (number, number + 8))
    for router in (home, away):
        stack.callback(router.close)
        router.know(servers.names())
    client = Client(number, home)
    stack.callback(client.close)
    browser = launch(driver, client, folder, servers.authority.certificate)
    stack.callback(browser.close)
    return Side(client, home, away, browser)


def launch(
    driver: Playwright, client: Client, folder: Path, trusted: Path, *flags: str
) -> Browser:
    """Start a Chromium at a client, which trusts this authority."""
    home = folder / client.place.name
    trust(home, [trusted])
    program = home / "chromium"
    chromium = find_program("chromium")
    program.write_text(
        WRAPPER.format(home=home, client=client.place.name, chromium=chromium)
    )
    program.chmod(0o755)
    return driver.chromium.launch(
        executable_path=program, args=[*CHROMIUM_FLAGS, SLOW_CAMERA, *flags]
    )


NO_UDP, ONLY_443 = rules.NO_UDP, rules.ONLY_443
