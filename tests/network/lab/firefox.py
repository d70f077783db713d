"""A Firefox at a client, spoken to by WebDriver BiDi."""

import itertools
import json
import shutil
import signal
import time
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any, Literal

from websockets.sync.client import ClientConnection, connect

from tests.deploy.lab.programs import inside, run
from tests.e2e.people import PHONE
from tests.network.lab.client import Client
from tests.services import LOOPBACK, Service, find_program, wait_until


PREFERENCES = {
    "app.update.auto": False,
    "browser.aboutwelcome.enabled": False,
    "datareporting.policy.dataSubmissionEnabled": False,
    "intl.accept_languages": "en-GB",
    "media.autoplay.blocking_policy": 0,
    "media.autoplay.default": 0,
    "media.navigator.permission.disabled": True,
    "media.navigator.streams.fake": True,
    "network.captive-portal-service.enabled": False,
    "network.connectivity-service.enabled": False,
    "network.trr.mode": 5,
    "toolkit.telemetry.enabled": False,
}
"""Devices that are made up, nobody asked; and no calls home."""
SECONDS = 40


class BidiError(Exception):
    """The browser refused a command, or a script in it failed."""


class Firefox(Service):
    """A Firefox; use it in `with`, then make pages."""

    program = "firefox-esr"
    stop_signal = signal.SIGKILL

    def __init__(self, folder: Path, client: Client, trusted: Path) -> None:
        super().__init__(folder)
        self.client, self.port = client, 9222
        self.profile = folder / f"firefox-{client.place.name}"
        self.profile.mkdir()
        self.log = folder / f"{self.profile.name}.log"
        lines = [
            f"user_pref({json.dumps(name)}, {json.dumps(value)});\n"
            for name, value in PREFERENCES.items()
        ]
        (self.profile / "user.js").write_text("".join(lines))
        store = ["-d", f"sql:{self.profile}"]
        run("certutil", *store, "-N", "--empty-password")
        run("certutil", *store, "-A", "-t", "C,,", "-n", "tests", "-i", trusted)
        self._numbers = itertools.count(1)
        self._open = ExitStack()
        self._line: ClientConnection | None = None

    def command(self) -> list[str]:
        own = [find_program(self.program), "--headless", "--no-remote"]
        own += ["--profile", str(self.profile)]
        own += ["--remote-debugging-port", str(self.port), "about:blank"]
        # With a home of its own, nothing of whoever runs the tests is read.
        home = ["env", f"HOME={self.profile}", "MOZ_CRASHREPORTER_DISABLE=1"]
        return [*inside(self.client.place.name), *home, *own]

    def start(self, *, wait: bool = True) -> None:
        """Start it at its client, and open a session."""
        self.client.place.do(lambda: super(Firefox, self).start(wait=wait))
        url = f"ws://{LOOPBACK}:{self.port}/session"
        self._line = self.client.place.do(
            lambda: self._open.enter_context(connect(url, max_size=None))
        )
        self.ask("session.new", capabilities={})

    def stop(self) -> int:
        """End it."""
        self._open.close()
        self._line = None
        code = super().stop()
        shutil.rmtree(self.profile, ignore_errors=True)
        return code

    def page(self, script: str = "") -> "FirefoxPage":
        """Open a tab, in which a script runs before those of every page."""
        made = self.ask("browsingContext.create", type="tab")["context"]
        if script:
            function = f"() => {{ {script} }}"
            contexts = [made]
            self.ask(
                "script.addPreloadScript",
                functionDeclaration=function,
                contexts=contexts,
            )
        return FirefoxPage(self, made)

    def ask(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Give a command; gives its result. Raises BidiError."""
        if self._line is None:
            raise BidiError("there is no session")
        number = next(self._numbers)
        command = {"id": number, "method": method, "params": parameters}
        self._line.send(json.dumps(command))
        while True:
            try:
                answer = json.loads(self._line.recv(SECONDS))
            except TimeoutError:
                raise BidiError(f"{method}: no answer") from None
            if answer.get("id") != number:
                continue  # An event, which nobody asked for.
            if answer["type"] == "error":
                raise BidiError(f"{method}: {answer['error']}: {answer['message']}")
            result: dict[str, Any] = answer["result"]
            return result


class FirefoxPage:
    """A tab."""

    def __init__(self, browser: Firefox, context: str) -> None:
        self._browser, self._context = browser, context

    def go(self, url: str, wait: str = "complete") -> None:
        """Open a page; returns when it has loaded."""
        self._browser.ask(
            "browsingContext.navigate", context=self._context, url=url, wait=wait
        )

    def evaluate(self, function: str, *given: Any) -> Any:
        """Call a function of JavaScript; gives what it gives or its promise does."""
        call = f"({function})(...{json.dumps(given)})"
        script = f"(async () => JSON.stringify(await {call}) ?? 'null')()"
        return json.loads(self._run(script, wait=True))

    def _run(self, script: str, *, wait: bool = False) -> Any:
        result = self._browser.ask(
            "script.evaluate",
            expression=script,
            target={"context": self._context},
            awaitPromise=wait,
            userActivation=True,
        )
        if result["type"] == "exception":
            raise BidiError(result["exceptionDetails"]["text"])
        return result["result"].get("value")

    def until(self, condition: str, *given: Any) -> None:
        """Return when an expression is true, over page loads too. Raises BidiError."""
        if not wait_until(lambda: self._is(condition, given), SECONDS):
            raise BidiError(f"never true: {condition}")

    def _is(self, condition: str, given: Sequence[Any]) -> bool:
        # Without a promise: from a page that goes away, that is never answered.
        time.sleep(0.05)
        with suppress(BidiError):
            script = f"((...given) => !!({condition}))(...{json.dumps(given)})"
            return bool(self._run(script))
        return False

    def fill(self, selector: str, value: str) -> None:
        """Fill in a field."""
        self.until("document.querySelector(given[0])", selector)
        self.evaluate(
            """(selector, value) => {
              const field = document.querySelector(selector);
              field.value = value;
              field.dispatchEvent(new Event("input", { bubbles: true }));
            }""",
            selector,
            value,
        )

    def click(self, selector: str) -> None:
        """Click what can be clicked."""
        self.until("document.querySelector(given[0])?.disabled === false", selector)
        self.evaluate("selector => document.querySelector(selector).click()", selector)

    def close(self) -> None:
        """Close the tab."""
        self._browser.ask("browsingContext.close", context=self._context)


class FirefoxPerson:
    """Somebody with a tab of Firefox, who does what calls between networks need."""

    def __init__(self, browser: Firefox, url: str, script: str) -> None:
        self.page, self.url = browser.page(script), url

    def log_in(self, email: str, password: str) -> None:
        """Log in; the browser keeps it."""
        self.go("/login")
        self.page.fill("#email", email)
        self.page.fill("#password", password)
        self.page.click("form button[type=submit], form .button-primary")
        self.page.until("!location.pathname.startsWith('/login')")

    def go(self, path: str, until: Literal["load", "commit"] = "load") -> None:
        """Open a page of the service; see `Person.go`."""
        address = path if path.startswith("http") else self.url + path
        self.page.go(address, "complete" if until == "load" else "interactive")

    def fill_in(self, link: str, passcode: str) -> None:
        """Open a customer's link and fill in the form."""
        self.go(link)
        self.page.fill("#name", "Budi Santoso")
        self.page.fill("#phone", PHONE)
        self.page.fill("#passcode", passcode)
        self.page.click("#join .button-primary")

    def pass_check(self) -> None:
        """Go from the check to the call."""
        self.page.click("#join-both")
