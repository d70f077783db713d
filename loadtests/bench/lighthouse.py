"""What Lighthouse says of the join page, the call page and the console.

It drives a Chromium that is logged in, here and offline. One audit is left out: that a
page may be found by search engines (`is-crawlable`). These pages say `noindex` on
purpose, as links and names of customers belong into no index.

Run it with ``make bench``.
"""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import BrowserContext, sync_playwright

from loadtests.bench.stage import service
from tests.e2e.conftest import CHROMIUM_FLAGS
from tests.e2e.people import Agent, Customer
from tests.services import find_program, free_port


PROMISED = 95
CATEGORIES = ("performance", "accessibility", "best-practices", "seo")
PATIENCE = 120
"""Seconds for one page."""
PROGRAM = "node_modules/.bin/lighthouse"
RESULT = Path("var/bench/lighthouse.json")


def main() -> int:
    """Print the scores and keep them; 1 where one is too low."""
    found = measure()
    RESULT.parent.mkdir(parents=True, exist_ok=True)
    RESULT.write_text(json.dumps(found, indent=1))
    for page, result in found.items():
        scores = ", ".join(
            f"{kind} {value}" for kind, value in result["scores"].items()
        )
        print(f"Lighthouse, {page}: {scores} (promised: {PROMISED})")  # noqa: T201
        for audit in result["lost"]:
            print(f"    {audit}")  # noqa: T201
    return int(min(s for r in found.values() for s in r["scores"].values()) < PROMISED)


def measure() -> dict[str, dict[str, Any]]:
    """Look at each page."""
    port = free_port()
    with browser(port) as (context, url):
        agent, customer = Agent(context, url), Customer(context, url)
        agent.log_in().create_room()
        found = {
            "console": examine(f"{url}/", port),
            "join": examine(agent.link, port),
        }
        customer.join(agent)
        call = customer.page.url
        customer.page.close()
        return found | {"call": examine(call, port)}


@contextmanager
def browser(port: int) -> Iterator[tuple[BrowserContext, str]]:
    """A service, and a Chromium whose debugging port and cookies Lighthouse shares."""
    with ExitStack() as stack:
        node = stack.enter_context(service())
        driver = stack.enter_context(sync_playwright())
        context = driver.chromium.launch_persistent_context(
            node.folder / "profile",
            executable_path=find_program("chromium"),
            args=[*CHROMIUM_FLAGS, f"--remote-debugging-port={port}"],
            locale="en-GB",
        )
        stack.callback(context.close)
        yield context, node.url


def examine(url: str, port: int) -> dict[str, Any]:
    """Return a page's scores of 100, and the audits that cost it some.

    Raises CalledProcessError with what Lighthouse said, where it gave up.
    """
    command = [
        *(PROGRAM, url, f"--port={port}", "--output=json", "--quiet"),
        *("--disable-storage-reset", "--no-enable-error-reporting"),
        *("--skip-audits=is-crawlable", f"--only-categories={','.join(CATEGORIES)}"),
    ]
    done = subprocess.run(  # noqa: S603
        command, capture_output=True, check=True, timeout=PATIENCE
    )
    return read(json.loads(done.stdout))


def read(report: dict[str, Any]) -> dict[str, Any]:
    """Pick what counts out of a report of Lighthouse."""
    kinds = {kind: report["categories"][kind] for kind in CATEGORIES}
    counting = {
        each["id"]
        for kind in kinds.values()
        for each in kind["auditRefs"]
        if each["weight"]
    }
    audits = [report["audits"][name] for name in sorted(counting)]
    # An audit that does not apply has no score.
    lost = [a for a in audits if a["score"] is not None and a["score"] < 1]
    return {
        "url": report["finalDisplayedUrl"],
        "scores": {name: round(100 * kind["score"]) for name, kind in kinds.items()},
        "lost": [f"{a['id']} {a['score']:.2f}: {a['title']}" for a in lost],
    }


if __name__ == "__main__":
    sys.exit(main())
