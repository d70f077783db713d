"""Names: whether they lead to hosts that answer."""

import asyncio
import errno

from app.doctor.addresses import is_public, kind, resolve
from app.doctor.results import Finding, NotApplicable, State, fail, ok, warn
from app.doctor.target import Target


CONNECT_SECONDS = 5.0
NO_WAY = (errno.ENETUNREACH, errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT)
"""This machine itself has no way there: nothing is known of the other."""

RECORDS = "Let every A and AAAA record lead to the host, and remove those that do not."


async def web(target: Target) -> Finding:
    """Every address of the web name answers."""
    return await _examine(target.site.host, target.site.port)


async def turn(target: Target) -> Finding:
    """Every address of the TURN names answers, and as many families as the web's."""
    ports = {url.host: url.port for url in (await target.relays()).turn if url.tcp}
    if not ports:
        raise NotApplicable("browsers are given no relay over TCP")
    for host, port in ports.items():
        found = await _examine(host, port)
        if found.state is not State.OK:
            return found
    return await _compare(target, sorted(ports))


async def _examine(host: str, port: int) -> Finding:
    addresses = await resolve(host)
    deaf = [a for a in addresses if not await _answers(a, port)]
    shown = ", ".join(addresses)
    if deaf:
        seen = f"{host} is {shown}; {', '.join(deaf)} does not answer on {port}"
        return fail(seen, f"{RECORDS} Let the firewall open {port}/tcp.")
    inner = [a for a in addresses if not is_public(a)]
    if inner:
        seen = f"{host} is {shown}, which is {kind(inner[0])}"
        return warn(
            seen,
            "Customers outside need a public address. If this host's own /etc/hosts "
            "says so, remove the name there.",
            addresses=len(addresses),
        )
    return ok(f"{host} is {shown} and answers on {port}", addresses=len(addresses))


async def _answers(address: str, port: int) -> bool:
    try:
        async with asyncio.timeout(CONNECT_SECONDS):
            _reader, writer = await asyncio.open_connection(address, port)
    except (TimeoutError, OSError) as error:
        return getattr(error, "errno", None) in NO_WAY
    writer.close()
    return True


async def _compare(target: Target, hosts: list[str]) -> Finding:
    web_families = _families(await resolve(target.site.host))
    for host in hosts:
        if missing := web_families - _families(await resolve(host)):
            return warn(
                f"{target.site.host} has {' and '.join(missing)}; {host} has not",
                f"Give {host} the same kinds of addresses, so that whoever reaches "
                "the pages also reaches the relay.",
            )
    shared = "the same name as the pages" if target.site.host in hosts else "answers"
    return ok(f"{', '.join(hosts)}: {shared}")


def _families(addresses: list[str]) -> set[str]:
    return {"IPv6" if ":" in address else "IPv4" for address in addresses}
