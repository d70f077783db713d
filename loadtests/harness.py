"""What every scenario has in common in Locust: options, agents, metrics, the verdict.

A scenario is a locustfile that calls `scenario` with its name. The master (or the only
process) asks whether load is allowed, reads the metrics, removes what was made, and
ends with exit code 0 for a good run, 1 for one beyond its thresholds, 2 for none.
"""

import json
import logging
import random
import time
from argparse import Namespace
from collections import Counter, deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

import gevent
import requests
import websocket
from gevent.lock import RLock
from locust import User, events
from locust.argument_parser import LocustArgumentParser
from locust.env import Environment
from locust.runners import MasterRunner, WorkerRunner

from loadtests import verdict
from loadtests.client import AgentBrowser, Call, Site, Trouble, host, join
from loadtests.load_key import LoadKey
from loadtests.metrics import Watch


TROUBLES = (Trouble, OSError, requests.RequestException, websocket.WebSocketException)
CALL, ABUSE = "call", "abuse"
"""Kinds of events: what people wait for, and what the others do to them."""

PROGRESS_SECONDS = 10.0

log = logging.getLogger(__name__)


class Harness:
    """One run of one scenario in this process."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.found: dict[str, float] = {}
        self.counts: Counter[str] = Counter()
        self.sums: list[Callable[[dict[str, float]], dict[str, float]]] = []
        self.refused = self.stopping = False
        self.watch: Watch | None = None
        self.key: LoadKey | None = None
        self._making = RLock()
        self._shared: deque[AgentBrowser] = deque()
        self._helpers: list[gevent.Greenlet] = []

    # Locust's events.

    def init(self, environment: Environment, **_: Any) -> None:
        """Know the service."""
        self.environment = environment
        assert environment.parsed_options  # noqa: S101
        self.options: Namespace = environment.parsed_options
        self.wanted = verdict.load(self.name, Path(self.options.thresholds))
        if not self.is_worker:
            events.test_start.add_listener(self.begin)
            events.quitting.add_listener(self.quit)
        events.test_start.add_listener(self._start)
        events.test_stopping.add_listener(self._stop)
        events.test_stop.add_listener(self.finish)
        events.report_to_master.add_listener(self._send_counts)
        events.worker_report.add_listener(self._add_counts)

    def begin(self, **_: Any) -> None:
        """Ask whether load is allowed, clear up what a broken run left, and watch."""
        self.found, self.refused = {}, False
        self.counts.clear()
        key = LoadKey(self.site(), self.options.key)
        try:
            key.check()
            key.remove()
        except Trouble as trouble:
            self.refuse(str(trouble))
            return
        urls = self.options.metrics or f"{self.site().url}/metrics"
        self.watch = Watch(self.site(), urls.split(","), self.options.metrics_token)
        self._helpers = [gevent.spawn(self.watch.run), gevent.spawn(self._progress)]

    def refuse(self, why: str) -> None:
        """Say why nothing is done, and end."""
        self.refused = True
        say(f"\nNo load: {why}\n")
        assert self.environment.runner  # noqa: S101
        gevent.spawn(self.environment.runner.quit)

    def _start(self, **_: Any) -> None:
        self.stopping = False

    def _stop(self, **_: Any) -> None:
        """From now on rooms are taken away: what fails by that is no failure."""
        self.stopping = True

    def finish(self, **_: Any) -> None:
        """Remove what was made, once nobody makes anything any more."""
        self.key = None
        self._shared.clear()
        gevent.killall(self._helpers)
        # Workers hear only after this that their master quits; see `quit`.
        if not self.is_worker and not self._workers_go_on:
            self._clear()

    @property
    def _workers_go_on(self) -> bool:
        runner = self.environment.runner
        return isinstance(runner, MasterRunner) and runner.user_count > 0

    def _clear(self) -> None:
        if self.refused:
            return
        try:
            LoadKey(self.site(), self.options.key).remove()
        except Trouble as trouble:
            log.error("%s", trouble)

    def quit(self, **_: Any) -> None:
        """Give the verdict; by now workers have stopped, too."""
        if isinstance(self.environment.runner, MasterRunner):
            self._clear()
        if self.refused:
            self.environment.process_exit_code = 2
            return
        figures, found = self.figures(), self.findings()
        lines = verdict.judge(self.wanted, figures, found)
        good = all(line.good for line in lines)
        self.environment.process_exit_code = 0 if good else 1
        self._print(lines, found, good=good)
        if self.options.verdict:
            told = {
                "scenario": self.name,
                "host": self.site().url,
                "good": good,
                "lines": [asdict(line) for line in lines],
                "figures": {name: asdict(one) for name, one in figures.items()},
                "found": found,
            }
            text = json.dumps(told, indent=1) + "\n"
            Path(self.options.verdict).write_text(text, encoding="utf-8")

    def _progress(self) -> None:
        """Say now and then how it goes."""
        began = time.monotonic()
        while True:
            gevent.sleep(PROGRESS_SECONDS)
            total, runner = self.environment.stats.total, self.environment.runner
            users = runner.user_count if runner else 0
            say(
                f"  {time.monotonic() - began:4.0f} s: {users} users, "
                f"{total.num_requests} waits over, {total.num_failures} in vain"
            )

    # What scenarios use.

    @property
    def is_worker(self) -> bool:
        """Whether a master is in charge elsewhere."""
        return isinstance(self.environment.runner, WorkerRunner)

    def site(self, kind: str = CALL) -> Site:
        """The service; what is waited for there counts as this kind."""
        url = (self.environment.host or "").rstrip("/")
        return Site(url, self.options.ca_file or None, self.reporter(kind))

    def reporter(
        self, kind: str
    ) -> Callable[[str, float, int, Exception | None], None]:
        """Tell Locust of something waited for."""

        def report(
            name: str, seconds: float, size: int, error: Exception | None
        ) -> None:
            if self.stopping:
                return
            self.environment.events.request.fire(
                request_type=kind,
                name=name,
                response_time=seconds * 1000,
                response_length=size,
                exception=error,
                context={},
            )

        return report

    def agent(self, site: Site) -> AgentBrowser:
        """Somebody who works here and has logged in, made up for this run."""
        with self._making:
            if self.key is None:
                key = LoadKey(self.site(), self.options.key)
                key.make(self.options.agents)
                self.key = key
        return self.key.agent(site)

    def shared_agent(self, site: Site) -> AgentBrowser:
        """Somebody who is in many rooms at once: logged in once, and used by all."""
        with self._making:
            if len(self._shared) < self.options.agents:
                self._shared.append(self.agent(site))
                return self._shared[-1]
            self._shared.rotate()
            return self._shared[0]

    def override(self, name: str, value: float | None = None) -> float:
        """A number of the plan; PLAN="name=value,…" has another for this run."""
        given = dict(part.split("=") for part in self.options.plan.split(",") if part)
        return float(
            given.get(name, self.wanted.plan[name] if value is None else value)
        )

    def think(self, least: float, most: float) -> None:
        """Do what people do between two clicks: nothing, for some seconds."""
        gevent.sleep(random.uniform(least, most) / self.options.pace)  # noqa: S311

    # Counts, which workers send to their master.

    def count(self, name: str, value: float) -> None:
        """Add to what is counted besides the waits."""
        self.counts[name] += value  # type: ignore[assignment]

    def _send_counts(self, data: dict[str, Any], **_: Any) -> None:
        data["counts"] = dict(self.counts)
        self.counts.clear()

    def _add_counts(self, data: dict[str, Any], **_: Any) -> None:
        self.counts.update(data.get("counts", {}))

    # The verdict.

    def figures(self) -> dict[str, verdict.Figure]:
        """What Locust has counted of people's waiting."""
        return {
            name: verdict.Figure(
                entry.num_requests,
                entry.num_failures,
                *(
                    entry.get_response_time_percentile(at) or 0.0
                    for at in (0.5, 0.95, 0.99)
                ),
            )
            for (name, kind), entry in self.environment.stats.entries.items()
            if kind == CALL
        }

    def findings(self) -> dict[str, float]:
        """What else was found out."""
        abuses = [
            entry
            for (_name, kind), entry in self.environment.stats.entries.items()
            if kind == ABUSE
        ]
        found = dict(self.watch.figures()) if self.watch else {}
        if abuses:
            wrong = sum(entry.num_failures for entry in abuses)
            total = sum(entry.num_requests for entry in abuses)
            found["abuses answered as described"] = total - wrong
            found["abuses not answered as described"] = wrong
        for make in self.sums:
            found |= make(dict(self.counts))
        return found | self.found

    def _print(
        self, lines: list[verdict.Line], found: dict[str, float], *, good: bool
    ) -> None:
        say(f"\n{self.name} at {self.site().url}")
        for line in lines:
            say(f"  {line}")
        for name, value in found.items():
            say(f"        {name}: {value:,.4g}")
        if self.watch and not self.watch.samples:
            say(f"  /metrics cannot be read ({self.watch.problem}): METRICS_TOKEN=…")
        runner = self.environment.runner
        if getattr(runner, "cpu_warning_emitted", False) or getattr(
            runner, "worker_cpu_warning_emitted", False
        ):
            say("  The load's own processor was full: the service can do better.")
        say(f"  Verdict: {'good' if good else 'not good enough'}\n")


def say(text: str) -> None:
    """A line for the reader, at once."""
    print(text, flush=True)  # noqa: T201


def scenario(name: str) -> Harness:
    """Make this locustfile a scenario."""
    harness = Harness(name)
    events.init_command_line_parser.add_listener(add_options)
    events.init.add_listener(harness.init)
    return harness


def add_options(parser: LocustArgumentParser) -> None:
    """What Locust does not ask for; `make load` gives these from the environment."""
    add = parser.add_argument
    add("--key", env_var="LOAD_KEY", default="", is_secret=True, help="scope loadtest")
    add("--ca-file", env_var="LOAD_CA_FILE", default="", help="whom to trust besides")
    add("--agents", type=int, default=20, help="made-up agents of each process")
    add("--pace", type=float, default=1.0, help="how much faster than people")
    add("--metrics", default="", help="/metrics of all nodes, if it is not the host's")
    add("--metrics-token", env_var="LOAD_METRICS_TOKEN", default="", is_secret=True)
    add("--plan", default="", help="name=value,… instead of the plan's")
    add("--thresholds", default=str(verdict.PATH), help="TOML file")
    add("--verdict", default="", help="JSON file to write the verdict to")


class Person(User):
    """A user of Locust: whatever fails is counted, and the next task begins."""

    abstract = True
    harness: Harness

    def on_start(self) -> None:
        """Know the service."""
        self.site = self.harness.site()

    @contextmanager
    def trying(self, name: str) -> Iterator[None]:
        """Count the whole under a name; what failed in it ends it."""
        try:
            with self.site.measured(name):
                yield
        except TROUBLES as trouble:
            log.info("%s: %s", name, trouble)
            self.harness.think(1, 2)

    def meet(self, agent: AgentBrowser) -> Call:
        """A room with both in it."""
        room = agent.create_room("Load test")
        self.harness.think(1, 3)
        seat = host(agent, room)
        try:
            awaited = seat.expect("peer")
            other = join(self.site, room)
            seat.wait(awaited, "peer")
        except BaseException:
            seat.go()
            raise
        return Call(room, seat, other)
