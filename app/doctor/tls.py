"""TLS: what each port really serves, for how long, and to whom."""

import asyncio
import ipaddress
import ssl
import time
from datetime import UTC, datetime

from cryptography import x509
from msgspec import Struct

from app.doctor.results import Finding, NotApplicable, fail, ok, warn
from app.doctor.target import Target
from app.domain.relay_urls import RelayUrl


DAY = 86_400
WARN_DAYS, FAIL_DAYS = 21, 7
"""A renewal comes 30 days before the end and is tried twice a day."""

RENEW = (
    "Renew it, and look why that did not happen by itself: systemctl status "
    "certbot.timer, journalctl -u certbot."
)


class Port(Struct, frozen=True):
    """A port that is to serve a certificate for a name."""

    endpoint: str
    host: str
    port: int
    alpn: tuple[str, ...] = ()
    named: bool = True
    """Whether the client says whom it wants (SNI)."""

    def __str__(self) -> str:
        how = "" if self.named else " (by a client that names nobody)"
        return f"{self.host}:{self.port}{how}"


class Served(Struct, frozen=True):
    """What a port has served."""

    certificate: bytes
    alpn: str | None
    version: str


# The checks.


async def web(target: Target) -> Finding:
    """The pages' certificate."""
    return await _examine(target, web_port(target))


async def turns(target: Target) -> Finding:
    """The certificate on TURN's own port."""
    return await _examine(target, await _turns_port(target))


async def turn_443(target: Target) -> Finding:
    """The certificate that TURN clients get on the port of the pages."""
    return await _examine(target, await _turn_443_port(target, named=True))


async def no_name(target: Target) -> Finding:
    """The certificate of a client without SNI, which can only be for TURN."""
    return await _examine(target, await _turn_443_port(target, named=False))


async def same(target: Target) -> Finding:
    """Ports that stand for the same name serve the same certificate."""
    serials: dict[str, dict[int, list[str]]] = {}
    for port in await _ports(target):
        certificate = _parse(await _shake(port, _blind(*port.alpn)))
        by_serial = serials.setdefault(port.host, {})
        by_serial.setdefault(certificate.serial_number, []).append(port.endpoint)
    for host, by_serial in serials.items():
        if len(by_serial) > 1:
            ports = " and ".join(", ".join(names) for names in by_serial.values())
            return fail(
                f"{host} has different certificates on different ports: {ports}",
                "One server still serves an old one: systemctl reload nginx. Then look "
                "whether the renewal hook does that.",
            )
    return ok(f"one certificate each for {', '.join(serials)}")


# The ports.


def web_port(target: Target) -> Port:
    """The port of the pages, as a browser asks it."""
    if not target.site.secure:
        raise NotApplicable("the service is not served by https")
    return Port("web", target.site.host, target.site.port, ("h2", "http/1.1"))


async def _turns_port(target: Target) -> Port:
    for url in (await target.relays()).turn:
        if url.secure and not on_web_port(target, url):
            return Port("turns", url.host, url.port)
    raise NotApplicable("browsers are given no turns: URL on a port of its own")


async def _turn_443_port(target: Target, *, named: bool) -> Port:
    for url in (await target.relays()).turn:
        if url.secure and on_web_port(target, url):
            endpoint = "turn-443" if named else "no-name"
            return Port(endpoint, url.host, url.port, named=named)
    raise NotApplicable("browsers are given no turns: URL on the port of the pages")


def on_web_port(target: Target, url: RelayUrl) -> bool:
    """Whether TURN hides behind the port of the pages, usually 443."""
    return url.port == target.site.port


async def _ports(target: Target) -> list[Port]:
    found = [web_port(target)]
    for way in (
        _turns_port(target),
        _turn_443_port(target, named=True),
        _turn_443_port(target, named=False),
    ):
        try:
            found.append(await way)
        except NotApplicable:
            continue
    return found


# Examining one.


async def _examine(target: Target, port: Port) -> Finding:
    certificate = _parse(await _shake(port, _blind(*port.alpn)))
    until = certificate.not_valid_after_utc
    numbers = {"not_after": until.timestamp(), "days_left": _days(until)}
    wrong = _wrong(certificate, port) or await _distrust(target, port)
    if wrong:
        return fail(wrong[0], wrong[1], **numbers)
    days = numbers["days_left"]
    seen = f"{port}: good for {days:.0f} more days, issued by {_issuer(certificate)}"
    if days < FAIL_DAYS:
        return fail(seen, RENEW, **numbers)
    if days < WARN_DAYS:
        return warn(seen, RENEW, **numbers)
    return ok(seen, **numbers)


def _wrong(certificate: x509.Certificate, port: Port) -> tuple[str, str] | None:
    if not covers(certificate, port.host):
        names = ", ".join(_names(certificate)) or "nobody"
        return (
            f"{port} serves a certificate for {names}",
            f"Put {port.host} into the certificate, or let the port serve the one "
            "that has it.",
        )
    now = datetime.now(UTC)
    if now > certificate.not_valid_after_utc:
        ended = certificate.not_valid_after_utc
        return f"{port}: the certificate expired on {ended:%Y-%m-%d}", RENEW
    if now < certificate.not_valid_before_utc:
        starts = certificate.not_valid_before_utc
        return (
            f"{port}: the certificate begins only on {starts:%Y-%m-%d %H:%M} UTC",
            "Set the clock, here and there: timedatectl.",
        )
    return None


async def _distrust(target: Target, port: Port) -> tuple[str, str] | None:
    """Why a client that knows our CAs does not trust what the port serves."""
    try:
        await _shake(port, _strict(target.trust(*port.alpn)))
    except ssl.SSLCertVerificationError as error:
        return (
            f"{port}: the chain is not trusted ({error.verify_message})",
            "Serve the whole chain (fullchain.pem), not the certificate alone. For an "
            "internal CA give its certificate with --ca-file.",
        )
    return None


async def _shake(port: Port, context: ssl.SSLContext) -> Served:
    """Shake hands and hang up."""
    _reader, writer = await asyncio.open_connection(
        port.host,
        port.port,
        ssl=context,
        # An empty name is how asyncio is asked to send none.
        server_hostname=port.host if port.named else "",
    )
    try:
        shaken = writer.get_extra_info("ssl_object")
        return Served(
            shaken.getpeercert(binary_form=True),
            shaken.selected_alpn_protocol(),
            shaken.version(),
        )
    finally:
        writer.transport.abort()


async def negotiated(target: Target, alpn: tuple[str, ...]) -> str | None:
    """Return which protocol the pages' port picks of these (ALPN)."""
    return (await _shake(web_port(target), _blind(*alpn))).alpn


def _blind(*alpn: str) -> ssl.SSLContext:
    """A context that takes whatever it is shown: it is looked at afterwards."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    if alpn:
        context.set_alpn_protocols(list(alpn))
    return context


def _strict(context: ssl.SSLContext) -> ssl.SSLContext:
    """Believe a chain and not a name: that was compared already, even if unsaid."""
    context.check_hostname = False
    return context


# Certificates.


def _parse(served: Served) -> x509.Certificate:
    return x509.load_der_x509_certificate(served.certificate)


def covers(certificate: x509.Certificate, host: str) -> bool:
    """Whether a certificate is for a name or address (RFC 9525, section 6)."""
    names = _names(certificate)
    try:
        return str(ipaddress.ip_address(host)) in names
    except ValueError:
        return any(_matches(name.lower(), host.lower()) for name in names)


def _matches(pattern: str, host: str) -> bool:
    if pattern.startswith("*."):
        first, _dot, rest = host.partition(".")
        return bool(first) and rest == pattern[2:]
    return pattern == host


def _names(certificate: x509.Certificate) -> list[str]:
    try:
        extension = certificate.extensions.get_extension_for_class(
            x509.SubjectAlternativeName
        )
    except x509.ExtensionNotFound:
        return []
    found = extension.value.get_values_for_type(x509.DNSName)
    addresses = extension.value.get_values_for_type(x509.IPAddress)
    return [*found, *map(str, addresses)]


def _issuer(certificate: x509.Certificate) -> str:
    for kind in (x509.NameOID.ORGANIZATION_NAME, x509.NameOID.COMMON_NAME):
        found = certificate.issuer.get_attributes_for_oid(kind)
        if found:
            return str(found[0].value)
    return "somebody without a name"


def _days(until: datetime) -> float:
    return (until.timestamp() - time.time()) / DAY
