"""Load on a relay by coturn's own `turnutils_uclient`, with credentials as given."""

import re
import subprocess
import time
from dataclasses import dataclass

from loadtests.client import Frame, Trouble


PROGRAM = "turnutils_uclient"
URL = re.compile(r"(turns?):(\[[^\]]+\]|[^:?]+)(?::(\d+))?(?:\?transport=(\w+))?")
PATIENCE_SECONDS = 20.0


@dataclass(frozen=True)
class Way:
    """One way to a relay: ``transport`` is udp, tcp or tls."""

    transport: str
    host: str
    port: int
    username: str
    credential: str

    def flags(self) -> list[str]:
        """What the program calls it."""
        return {"udp": [], "tcp": ["-t"], "tls": ["-t", "-S"]}[self.transport]


@dataclass(frozen=True)
class Relayed:
    """What came of it; round trip and jitter in milliseconds, on average."""

    seconds: float
    sent: int
    received: int
    received_bytes: int
    round_trip: float
    jitter: float


def ways(ice_servers: list[Frame]) -> list[Way]:
    """One way for each transport of what a seat was given."""
    found: dict[str, Way] = {}
    for server in ice_servers:
        urls = server["urls"] if isinstance(server["urls"], list) else [server["urls"]]
        for match in filter(None, map(URL.fullmatch, urls)):
            scheme, host, port, transport = match.groups()
            kind = "tls" if scheme == "turns" else transport or "udp"
            standard = 5349 if scheme == "turns" else 3478
            way = Way(
                kind,
                host.strip("[]"),
                int(port or standard),
                server["username"],
                server["credential"],
            )
            found.setdefault(kind, way)
    return list(found.values())


def relay(
    way: Way, *, clients: int, messages: int, size: int, interval_ms: int
) -> Relayed:
    """Allocate, and have pairs of clients talk; raises Trouble where they cannot."""
    command = [PROGRAM, *way.flags(), "-y", "-c", "-u", way.username]
    command += ["-w", way.credential, "-p", str(way.port), "-m", str(clients)]
    command += ["-n", str(messages), "-l", str(size), "-z", str(interval_ms), way.host]
    began = time.monotonic()
    try:
        done = subprocess.run(  # noqa: S603
            command,
            check=False,
            capture_output=True,
            text=True,
            timeout=messages * interval_ms / 1000 + PATIENCE_SECONDS,
        )
    except FileNotFoundError:
        raise Trouble(f"{PROGRAM} is missing (Debian package coturn)") from None
    except subprocess.TimeoutExpired:
        raise Trouble("the relay was never done") from None
    return parse(done.stdout + done.stderr, time.monotonic() - began)


def parse(output: str, seconds: float) -> Relayed:
    """Read what the program says at its end; raises Trouble where it got nowhere."""
    sent = re.findall(r"tot_send_msgs=(\d+), tot_recv_msgs=(\d+)", output)
    size = re.findall(r"tot_recv_bytes ~ (\d+)", output)
    delay = re.search(r"Average round trip delay ([\d.]+) ms", output)
    jitter = re.search(r"Average jitter ([\d.]+) ms", output)
    if not (sent and size and delay and jitter) or sent[-1][1] == "0":
        told = " ".join(output.split()[-20:])
        raise Trouble(f"no allocation, or nothing came through: {told}")
    return Relayed(
        seconds,
        int(sent[-1][0]),
        int(sent[-1][1]),
        int(size[-1]),
        float(delay[1]),
        float(jitter[1]),
    )
