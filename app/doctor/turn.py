"""STUN and TURN: addresses seen, relays given, and bytes through them both ways."""

import asyncio
import contextlib
import secrets
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager

from app.adapters.turn_client import (
    FORBIDDEN,
    UNAUTHORIZED,
    Refused,
    Silence,
    TurnClient,
)
from app.doctor.addresses import kind, resolve
from app.doctor.results import Amiss, Finding, NotApplicable, ok, warn
from app.doctor.target import Target
from app.doctor.tls import on_web_port
from app.domain.relay_urls import RelayUrl


SIZES = (32, 1000)
"""Bytes of what is sent: something short, and a packet of video."""

TRIES, PATIENCE = 6, 0.7
"""A datagram may be lost, so it is sent again a few times."""

QUOTA, INSUFFICIENT = 486, 508

Choice = Callable[[RelayUrl], bool]
Send = Callable[[], None]


# The checks.


async def stun(target: Target) -> Finding:
    """The relay tells us how it sees us."""
    urls = (await target.relays()).stun
    if not urls:
        return warn(
            "browsers are given no STUN server",
            "Set DESKSIDE_STUN_URLS to stun: and the TURN name, so that more calls go "
            "directly.",
        )
    async with connected(urls[0], target) as client:
        address, _port = await client.ask_address()
    return ok(f"{urls[0].text} sees us at {address} ({kind(address)})")


async def udp(target: Target) -> Finding:
    """The relay over UDP: what most relayed calls use."""
    return await _examine(target, lambda url: not url.tcp, "turn:…?transport=udp")


async def tcp(target: Target) -> Finding:
    """The relay over TCP: for networks without UDP."""
    return await _examine(
        target, lambda url: url.tcp and not url.secure, "turn:…?transport=tcp"
    )


async def tls(target: Target) -> Finding:
    """The relay over TLS on its own port."""
    return await _examine(
        target, lambda url: url.secure and not on_web_port(target, url), "turns:…:5349"
    )


async def tls_443(target: Target) -> Finding:
    """The relay on the port of the pages: for networks that know only this port."""
    return await _examine(
        target, lambda url: url.secure and on_web_port(target, url), "turns:…:443"
    )


# Bytes both ways.


async def _examine(target: Target, wanted: Choice, shape: str) -> Finding:
    url = next(filter(wanted, (await target.relays()).turn), None)
    if url is None:
        return warn(
            f"browsers are given no {shape} URL",
            f"Add {shape} to DESKSIDE_TURN_URLS: some networks let only that through.",
        )
    began = time.perf_counter()
    async with allocated(url, target) as one, allocated(url, target) as other:
        took = time.perf_counter() - began
        await _introduce(one, other)
        passed = [await _echo(one, other, size) for size in SIZES]
    slowest = max(passed)
    return ok(
        f"{url.text}: {sum(SIZES)} bytes there and back in {slowest * 1000:.0f} ms",
        allocate_seconds=took / 2,
        round_trip_seconds=slowest,
    )


async def _introduce(one: TurnClient, other: TurnClient) -> None:
    """Let two relayed parties talk to each other."""
    try:
        await one.bind(other.relayed)
        await other.permit(one.relayed[0])
    except Refused as refused:
        if refused.code != FORBIDDEN:
            raise
        raise Amiss(
            f"the relay refuses itself, {other.relayed[0]}, as a peer ({refused})",
            "Two relayed people cannot talk: add allowed-peer-ip with the relay's own "
            "address (and the private one behind a NAT) to turnserver.conf.",
        ) from refused


async def _echo(one: TurnClient, other: TurnClient, size: int) -> float:
    """Send by a channel, answer by an indication; return the seconds it took."""
    word = secrets.token_bytes(size)
    began = time.perf_counter()
    await _pass(lambda: one.send_on(0x4000, word), other, word, "there")
    await _pass(lambda: other.send(word[::-1], one.relayed), one, word[::-1], "back")
    return time.perf_counter() - began


async def _pass(send: Send, receiver: TurnClient, word: bytes, way: str) -> None:
    for _ in range(TRIES):
        send()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(PATIENCE):
                while (await receiver.data.get())[0] != word:
                    pass
            return
    raise Amiss(
        f"{receiver.url.text} gives relays, but {len(word)} bytes between two of them "
        f"do not come {way} (relayed at {receiver.relayed[0]})",
        "Open the relay range 49152-65535/udp in the firewall and at the provider, let "
        "external-ip be the public address, and let allowed-peer-ip have it.",
    )


# Allocations, with words for all that may go wrong.


@asynccontextmanager
async def allocated(url: RelayUrl, target: Target) -> AsyncIterator[TurnClient]:
    """A client that has a relayed address, got with fresh credentials.

    It asks a second time if it must: a coturn that still makes its database, and is
    asked by two at once, may not find the secret for one of them.
    """
    async with AsyncExitStack() as stack:
        client = await stack.enter_async_context(connected(url, target))
        refused = await _allocate(client, target)
        if refused and refused.code == UNAUTHORIZED:
            await asyncio.sleep(PATIENCE)
            client = await stack.enter_async_context(connected(url, target))
            refused = await _allocate(client, target)
        if refused:
            raise Amiss(f"{url.text}: {refused}", _fix(refused.code)) from refused
        yield client


async def _allocate(client: TurnClient, target: Target) -> Refused | None:
    ice = await target.mint()
    try:
        await client.allocate(ice.username, ice.credential)
    except Refused as refused:
        return refused
    return None


@asynccontextmanager
async def connected(url: RelayUrl, target: Target) -> AsyncIterator[TurnClient]:
    await resolve(url.host)
    try:
        client = await TurnClient.connect(url, target.trust())
    except (Silence, OSError) as error:
        raise Amiss(f"{url.text}: {error}", _way_fix(url)) from error
    async with client:
        try:
            yield client
        except (Silence, ConnectionError) as error:
            raise Amiss(f"{url.text}: {error}", _way_fix(url)) from error


def _way_fix(url: RelayUrl) -> str:
    port = f"{url.port}/{url.transport}"
    if url.secure:
        return (
            f"Open {port} in the firewall and at the provider; nginx must end TLS "
            "there and hand TURN to coturn: nginx -T, systemctl status nginx coturn."
        )
    return (
        f"Open {port} in the firewall and at the provider, and look whether the relay "
        "runs: systemctl status coturn."
    )


def _fix(code: int) -> str:
    if code == UNAUTHORIZED:
        return (
            "DESKSIDE_TURN_SECRET must be coturn's static-auth-secret, and the clocks "
            "of both hosts right: timedatectl."
        )
    if code in (QUOTA, INSUFFICIENT):
        return "The relay is full: raise user-quota and total-quota, or add a relay."
    return "coturn's log has the reason: journalctl -u coturn."


async def first_working(target: Target) -> RelayUrl:
    """Return the URL by which what the relay permits can be asked best.

    Raises:
        NotApplicable: there is none.
    """
    for url in (await target.relays()).turn:
        with contextlib.suppress(Amiss):
            async with asyncio.timeout(10), connected(url, target) as client:
                await client.ask_address()
                return url
    raise NotApplicable("no relay answers: see `turn-udp` and the others")
