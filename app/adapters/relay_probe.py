"""Looks whether a relay works: every way in, an address, and bytes through it."""

import asyncio
import os
import secrets
import ssl
import time
from collections.abc import Sequence
from functools import cache

from app.adapters.turn_client import Refused, Silence, TurnClient
from app.domain.ice import Relays, ice_servers
from app.domain.ids import ParticipantId
from app.domain.relay_urls import RelayUrl
from app.domain.relays import Probe, Relay


WITHIN = 3.0
"""Seconds for one URL; a page does not wait much longer either."""

TTL = 60
MOST_WORDS = 200
TRIES, PATIENCE = 4, 0.4
"""A datagram may be lost, so it is sent again."""

WHO = "probe"
"""In the name of its allocations, so that nobody takes them for a call."""


async def probe_relay(relay: Relay, secret: str) -> Probe:
    """Try every URL of a relay at once; it raises nothing."""
    urls = relay.read_urls
    troubles = await asyncio.gather(*(_trouble(url, relay, secret) for url in urls))
    relays = [url.relays for url in urls]
    return Probe(
        works=any(r and not wrong for r, wrong in zip(relays, troubles, strict=True)),
        round_trip=await _round_trip(urls),
        troubles={u.text: t for u, t in zip(urls, troubles, strict=True) if t},
    )


async def _trouble(url: RelayUrl, relay: Relay, secret: str) -> str:
    """Return what is wrong with a URL, in few words; empty if nothing is."""
    try:
        async with asyncio.timeout(WITHIN):
            await (_echo(url, relay, secret) if url.relays else _ask(url))
    except TimeoutError:
        return "no answer"
    except (Refused, Silence, OSError) as error:
        return _words(error)
    return ""


async def _echo(url: RelayUrl, relay: Relay, secret: str) -> None:
    """Have the relay send bytes from a relayed address to this same address."""
    one = Relays(turn_urls=(url.text,), turn_secret=secret, ttl=TTL)
    (server,) = ice_servers(one, ParticipantId(f"{relay.id}.{WHO}"), time.time())
    async with await TurnClient.connect(url, _trust_all()) as client:
        await client.allocate(server.username or "", server.credential or "")
        await client.permit(client.relayed[0])
        word = secrets.token_bytes(32)
        for _ in range(TRIES):
            client.send(word, client.relayed)
            if await _comes(client, word):
                return
    raise Silence("it gives addresses, but passes nothing on")


async def _comes(client: TurnClient, word: bytes) -> bool:
    try:
        async with asyncio.timeout(PATIENCE):
            while (await client.data.get())[0] != word:
                pass
    except TimeoutError:
        return False
    return True


async def _ask(url: RelayUrl) -> None:
    async with await TurnClient.connect(url) as client:
        await client.ask_address()


async def _round_trip(urls: Sequence[RelayUrl]) -> float | None:
    """Return the milliseconds of a STUN binding by UDP, the better of two."""
    url = next((url for url in urls if not url.tcp), None)
    if url is None:
        return None
    try:
        async with asyncio.timeout(WITHIN), await TurnClient.connect(url) as client:
            return min([await _timed(client) for _ in range(2)])
    except (TimeoutError, Refused, Silence, OSError):
        return None


async def _timed(client: TurnClient) -> float:
    began = time.perf_counter()
    await client.ask_address()
    return (time.perf_counter() - began) * 1000


@cache
def _trust_all() -> ssl.SSLContext:
    # It sends no secret, only a password that is good for a minute. Whether
    # certificates are trusted is for the doctor, who knows the deployment's own CA.
    # The machine's authorities are not even read: that takes tens of milliseconds.
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def _words(error: Exception) -> str:
    if isinstance(error, OSError) and (error.errno or 0) > 0:
        return os.strerror(error.errno or 0).lower()
    return (str(error) or type(error).__name__)[:MOST_WORDS]
