"""Looks at a host from where this runs: `python scan.py HOST tcp 22 80 …`.

Prints the ports that answer. For UDP it sends a binding request of STUN, which any
echo sends back, too.
"""

import asyncio
import secrets
import sys


PATIENCE = 1.5
AT_ONCE = 512


async def main(host: str, kind: str, ports: list[int]) -> None:
    """Try all ports, many at once."""
    limit = asyncio.Semaphore(AT_ONCE)
    attempt = answers_tcp if kind == "tcp" else answers_udp

    async def tried(port: int) -> bool:
        async with limit:
            try:
                return await asyncio.wait_for(attempt(host, port), PATIENCE)
            except (OSError, TimeoutError):
                return False

    results = await asyncio.gather(*map(tried, ports))
    found = [str(port) for port, open_ in zip(ports, results, strict=True) if open_]
    sys.stdout.write(" ".join(found))


async def answers_tcp(host: str, port: int) -> bool:
    """Whether a connection is accepted."""
    _reader, writer = await asyncio.open_connection(host, port)
    writer.transport.abort()
    return True


async def answers_udp(host: str, port: int) -> bool:
    """Whether anything comes back."""
    loop = asyncio.get_running_loop()
    answered: asyncio.Future[bool] = loop.create_future()

    class Listener(asyncio.DatagramProtocol):
        def datagram_received(self, data: bytes, addr: object) -> None:
            if not answered.done():
                answered.set_result(True)

    transport, _ = await loop.create_datagram_endpoint(
        Listener, remote_addr=(host, port)
    )
    try:
        transport.sendto(b"\x00\x01\x00\x00\x21\x12\xa4\x42" + secrets.token_bytes(12))
        return await answered
    finally:
        transport.close()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2], [int(port) for port in sys.argv[3:]]))
