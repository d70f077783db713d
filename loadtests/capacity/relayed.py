"""What a relayed call takes of a relay's line, counted by the kernel.

A coturn and both sides of a call are alone in a network of their own, where everything
passes one interface once: what coturn gets, and what it sends. One side uses the relay,
the other is reached directly. Needs root, for that network.
"""

import asyncio
import subprocess
import sys
from pathlib import Path

from app.adapters.turn_client import TurnClient
from app.domain.capacity import HEADERS, PAYLOAD, SOUND_PACKETS
from app.domain.ice import Relays, ice_servers
from app.domain.ids import ParticipantId
from app.domain.relay_urls import RelayUrl
from tests.services import Turn, private_folder


SECONDS = 10
"""Of media; they are sent faster."""

SOUND_BYTES = 80
"""Opus at 32 kbit/s, for 20 ms."""

INSIDE = HEADERS - 4 - 8 - 20
"""Headers that pages make: those of ChannelData, UDP and IP come on the way."""

ETHERNET = 14
"""Bytes that the counter adds to each packet."""

NEVER = 2_000_000_000.0
PAUSE = 0.002


def counted(kbps: float) -> float:
    """Return Mbit/s, in and out together, of a call where each side sends so much."""
    inside = f"ip link set lo up && exec {sys.executable} -m {__spec__.name} {kbps}"
    command = ["unshare", "--net", "sh", "-c", inside]
    told = subprocess.run(command, check=True, capture_output=True, text=True)  # noqa: S603
    return float(told.stdout)


def main() -> None:
    """Relay some seconds of media here, and print the rate."""
    with private_folder("plan") as folder, Turn(folder) as turn:
        asyncio.run(_relay(turn, float(sys.argv[1])))


async def _relay(turn: Turn, kbps: float) -> None:
    relays = Relays(turn_urls=(turn.url,), turn_secret=turn.secret)
    (server,) = ice_servers(relays, ParticipantId("plan"), NEVER)
    loop = asyncio.get_running_loop()
    arrived = _Arrived()
    async with await TurnClient.connect(RelayUrl.of(turn.url)) as here:
        relayed = await here.allocate(server.username or "", server.credential or "")
        there, _ = await loop.create_datagram_endpoint(
            lambda: arrived, local_addr=(turn.host, 0)
        )
        channel = await here.bind(there.get_extra_info("sockname"))
        before = _passed()
        for packet in _packets(kbps):
            here.send_on(channel, packet)
            there.sendto(packet, relayed)
            await asyncio.sleep(PAUSE)
        await asyncio.sleep(0.5)
        passed = _passed() - before
        there.close()
    lost = 1 - arrived.count / len(_packets(kbps))
    if lost > 0.01:
        sys.exit(f"{lost:.0%} of the packets were lost: this machine is too busy.")
    print(passed * 8 / SECONDS / 1e6)  # noqa: T201


def _packets(kbps: float) -> list[bytes]:
    sound = [bytes(INSIDE + SOUND_BYTES)] * (SOUND_PACKETS * SECONDS)
    left = kbps * 125 * SECONDS - SOUND_BYTES * len(sound)
    return sound + [bytes(INSIDE + PAYLOAD)] * int(left / PAYLOAD)


def _passed() -> int:
    """Bytes that have passed, as IP counts them."""
    lines = Path("/proc/net/dev").read_text().splitlines()
    fields = next(line for line in lines if line.strip().startswith("lo:")).split()
    return int(fields[1]) - ETHERNET * int(fields[2])


class _Arrived(asyncio.DatagramProtocol):
    """Counts what comes from the relay."""

    def __init__(self) -> None:
        self.count = 0

    def datagram_received(self, _data: bytes, _address: object) -> None:
        """Count one more."""
        self.count += 1


if __name__ == "__main__":
    main()
