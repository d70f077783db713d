"""What the service says of itself: memory, descriptors, sockets, from `/metrics`."""

from dataclasses import dataclass, field

import gevent
import requests

from loadtests.client import Site
from loadtests.verdict import growth


EVERY_SECONDS = 2.0
NAMES = {
    "memory": "process_resident_memory_bytes",
    "descriptors": "process_open_fds",
    "sockets": "deskside_connections",
    "cpu": "process_cpu_seconds_total",
}


@dataclass
class Watch:
    """Reads the metrics of one or more nodes now and then, and adds them up."""

    site: Site
    urls: list[str]
    token: str
    samples: list[dict[str, float]] = field(default_factory=list)
    problem: str = ""

    def run(self) -> None:
        """Read on until killed."""
        while True:
            self.read()
            gevent.sleep(EVERY_SECONDS)

    def read(self) -> None:
        """Read once; what went wrong is kept in ``problem``."""
        try:
            texts = [self._fetch(url) for url in self.urls]
        except requests.RequestException as error:
            self.problem = str(error)
            return
        each = [parse(text) for text in texts]
        self.samples.append(
            {name: sum(one.get(name, 0.0) for one in each) for name in NAMES}
        )

    def latest(self, name: str) -> float | None:
        """The newest value of one of NAMES."""
        return self.samples[-1][name] if self.samples else None

    def figures(self) -> dict[str, float]:
        """What the samples come to, by the names that thresholds use."""
        found = {
            "memory growth": growth(self._all("memory")),
            "descriptor growth": growth(self._all("descriptors")),
        }
        if self.samples:
            found["memory, most MiB"] = max(self._all("memory")) / 2**20
            found["sockets, most"] = max(self._all("sockets"))
            found["descriptors, most"] = max(self._all("descriptors"))
            cpu = self._all("cpu")
            found["processor seconds of the service"] = cpu[-1] - cpu[0]
        return {name: value for name, value in found.items() if value is not None}

    def _all(self, name: str) -> list[float]:
        return [sample[name] for sample in self.samples]

    def _fetch(self, url: str) -> str:
        headers = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        trust = self.site.ca_file or True
        answer = requests.get(url, headers=headers, verify=trust, timeout=10)
        answer.raise_for_status()
        return answer.text


def parse(text: str) -> dict[str, float]:
    """The values of NAMES in the text format of Prometheus."""
    lines = (line.split() for line in text.splitlines() if not line.startswith("#"))
    values = {parts[0]: parts[-1] for parts in lines if len(parts) == 2}
    return {
        name: float(values[metric])
        for name, metric in NAMES.items()
        if metric in values
    }
