"""What the relay must refuse, and what it must be: nobody's way into our network."""

import asyncio
import contextlib
import time
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from app.adapters.turn_client import (
    FORBIDDEN,
    IPV6,
    TCP,
    UNAUTHORIZED,
    Refused,
    TurnClient,
)
from app.doctor.addresses import is_public, kind, resolve
from app.doctor.results import Amiss, Finding, NotApplicable, fail, ok, warn
from app.doctor.target import Ice, Target
from app.doctor.turn import allocated, connected, first_working
from app.domain.relay_urls import RelayUrl


FORBIDDEN_IPV4 = (
    "169.254.169.254",
    "10.0.0.1",
    "10.255.255.254",
    "172.16.0.1",
    "172.31.255.254",
    "192.168.0.1",
    "192.168.255.254",
    "100.64.0.1",
    "127.0.0.1",
    "0.0.0.0",  # noqa: S104 - a peer to be refused, nothing to listen on
    "224.0.0.1",
)
FORBIDDEN_IPV6 = (
    "::1",
    "fc00::1",
    "fd12:3456:789a::1",
    "fe80::1",
    "::ffff:10.0.0.1",
    "64:ff9b::a00:1",
)
"""The metadata address, private ranges, loopback, and those that stand for them."""

OUTSIDE = ("1.1.1.1", "9.9.9.9", "203.0.113.9")
"""Anybody on the internet; a permission for them sends them nothing."""

DENY = (
    "Add denied-peer-ip for these ranges to turnserver.conf (nobody gets into your "
    "network by it then), and allowed-peer-ip for the relay's own address."
)
SEE_RELAYS = "The page /relays shows what each way in says, and what to do."
SHORT_LIFE, AFTERLIFE = 1, 2.5
WARN_SKEW, FAIL_SKEW = 5.0, 60.0


async def fleet(target: Target) -> Finding:
    """The relays, as the service sees them: by its own probes."""
    relays = (await target.call_api("GET", "/relays"))["relays"]
    down = [one["name"] for one in relays if one["standing"] == "down"]
    seen = ", ".join(f"{one['name']} {one['standing']}" for one in relays)
    if not relays:
        return warn("the service knows of no relay", "Add one at /relays.")
    if len(down) == len(relays):
        return fail(f"the service gets through no relay: {seen}", SEE_RELAYS)
    return warn(seen, SEE_RELAYS) if down else ok(seen)


async def address(target: Target) -> Finding:
    """Relayed addresses are such that others can reach them."""
    url = await first_working(target)
    async with allocated(url, target) as client:
        relayed = client.relayed[0]
    if not is_public(relayed):
        return await _inner(target, url, relayed)
    known = await resolve(url.host)
    if relayed not in known:
        return warn(
            f"relays at {relayed}; {url.host} is {', '.join(known)}",
            "If the host has one public address, external-ip in turnserver.conf is "
            "wrong or the DNS record is.",
        )
    return ok(f"relays at {relayed}")


async def _inner(target: Target, url: RelayUrl, relayed: str) -> Finding:
    seen = f"relays at {relayed}, which is {kind(relayed)}"
    fix = (
        "Set external-ip=PUBLIC/PRIVATE in turnserver.conf (coturn_external_ip of the "
        "playbook)."
    )
    pages = await resolve(target.site.host)
    if any(map(is_public, pages)) or any(map(is_public, await resolve(url.host))):
        return fail(seen, fix)
    return warn(
        f"{seen}; as are the pages, so this serves a private network only",
        f"Nothing, if that is meant. Else: {fix}",
    )


async def peers(target: Target) -> Finding:
    """Nobody gets at inner networks by the relay, and everybody else at each other."""
    url = await first_working(target)
    async with allocated(url, target) as client:
        await _permit_relay(client)
        await _permit_others(client)
        open_to = await _open_to(client, FORBIDDEN_IPV4)
    open_to += await _open_to_ipv6(target, url)
    if open_to:
        return fail(f"the relay lets anyone reach {', '.join(open_to)}", DENY)
    return ok("inner networks are refused, others and the relay itself are not")


async def _permit_relay(client: TurnClient) -> None:
    try:
        await client.permit(client.relayed[0])
    except Refused as refused:
        raise Amiss(
            f"the relay refuses itself, {client.relayed[0]}, as a peer ({refused})",
            "Add allowed-peer-ip with the relay's own address to turnserver.conf: two "
            "relayed people cannot talk else.",
        ) from refused


async def _permit_others(client: TurnClient) -> None:
    open_to = await _open_to(client, OUTSIDE)
    if not open_to:
        raise Amiss(
            f"the relay refuses everybody outside, such as {OUTSIDE[0]}, as a peer",
            "Only who is relayed, too, can be talked to then: take out the "
            "denied-peer-ip that is too wide. To coturn a range that begins with :: "
            "or 0.0.0.0 may be all there is.",
        )


async def _open_to(client: TurnClient, addresses: tuple[str, ...]) -> list[str]:
    return [each for each in addresses if not await _forbids(client, each)]


async def _forbids(client: TurnClient, peer: str) -> bool:
    if peer == client.relayed[0]:
        return True
    try:
        await client.permit(peer)
    except Refused as refused:
        return bool(refused.code == FORBIDDEN)
    return False


async def _open_to_ipv6(target: Target, url: RelayUrl) -> list[str]:
    """The same over IPv6, where the relay has it."""
    ice = await target.mint()
    async with connected(url, target) as client:
        with contextlib.suppress(Refused):
            await client.allocate(ice.username, ice.credential, family=IPV6)
            return await _open_to(client, FORBIDDEN_IPV6)
    return []


async def password(target: Target) -> Finding:
    """A wrong password is refused."""
    ice = await target.mint()
    forged = Ice(ice.stun, ice.turn, ice.username, "forged" + ice.credential)
    return await _must_refuse(target, forged, "a wrong password")


async def anonymous(target: Target) -> Finding:
    """Who says no name gets nothing."""
    ice = await target.relays()
    return await _must_refuse(
        target, Ice(ice.stun, ice.turn), "somebody without a name"
    )


async def expired(target: Target) -> Finding:
    """A credential whose time is over is refused."""
    ice = await target.mint(SHORT_LIFE)
    until = int(ice.username.partition(":")[0])
    await asyncio.sleep(max(0.0, until - time.time()) + AFTERLIFE)
    return await _must_refuse(target, ice, "a credential whose time is over")


async def tcp_peers(target: Target) -> Finding:
    """The relay opens no TCP connections for others (RFC 6062)."""
    urls = [url for url in (await target.relays()).turn if url.tcp]
    if not urls:
        raise NotApplicable("browsers are given no relay over TCP")
    ice = await target.mint()
    async with connected(urls[0], target) as client:
        try:
            await client.allocate(ice.username, ice.credential, transport=TCP)
        except Refused as refused:
            return ok(f"refused with {refused.code}")
    return fail(
        "the relay opens TCP connections to others",
        "Add no-tcp-relay to turnserver.conf.",
    )


async def _must_refuse(target: Target, ice: Ice, whom: str) -> Finding:
    url = await first_working(target)
    async with connected(url, target) as client:
        try:
            await client.allocate(ice.username, ice.credential)
        except Refused as refused:
            if refused.code == UNAUTHORIZED:
                return ok(f"{whom} is refused with 401")
            return warn(
                f"{whom} is refused with {refused}",
                "It should be 401: look into coturn's log.",
            )
    return fail(
        f"{whom} gets a relay",
        "Set use-auth-secret and static-auth-secret in turnserver.conf, no no-auth and "
        "no user=, and set the relay's clock: timedatectl.",
    )


async def clock(target: Target) -> Finding:
    """The clocks here and there agree, so that credentials end when they should."""
    skew, how = await _skew(target)
    side = "ahead" if skew > 0 else "behind"
    seen = f"the service's clock is {abs(skew):.1f} s {side} ({how})"
    fix = "Set both clocks: timedatectl set-ntp true, here and there."
    if abs(skew) > FAIL_SKEW:
        return fail(seen, fix, skew_seconds=skew)
    if abs(skew) > WARN_SKEW:
        return warn(seen, fix, skew_seconds=skew)
    return ok(
        f"the service's clock is ours within {max(1.0, abs(skew)):.0f} s",
        skew_seconds=skew,
    )


async def _skew(target: Target) -> tuple[float, str]:
    """By the end of a fresh credential, and else by the `Date` of a page."""
    began = time.time()
    if target.key:
        with contextlib.suppress(Amiss):
            ice = await target.mint_by_api()
            minted = int(ice.username.partition(":")[0]) - ice.expires_in
            return _off(minted, began), "by a credential it made"
    date = (await target.get("/healthz")).header("date")
    if not date:
        raise NotApplicable("the service tells no time")
    told = parsedate_to_datetime(date).replace(tzinfo=UTC)
    return _off(told.timestamp(), began), "by the Date of a page"


def _off(told: float, began: float) -> float:
    """How far a time, told in whole seconds, is off from when it was asked for."""
    ended = datetime.now(UTC).timestamp()
    if began - 1 <= told <= ended:
        return 0.0
    return told - began if told < began else told - ended
