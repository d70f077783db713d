"""Which certificate a port serves, as clients of each kind ask for it."""

import hashlib
import socket
import ssl


WEB = ["h2", "http/1.1"]
DOORS = {"web on 443": (443, WEB), "TURN on 443": (443, []), "TURN on 5349": (5349, [])}
"""Port, and what the client wants to speak; TURN clients do not say."""


def fingerprints(host: str, name: str) -> dict[str, str]:
    """The certificate behind each door of a host."""
    return {
        door: fingerprint(host, port, name, alpn)
        for door, (port, alpn) in DOORS.items()
    }


def fingerprint(host: str, port: int, name: str, alpn: list[str]) -> str:
    """A hash of the certificate that is served; whom to trust is not asked."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    if alpn:
        context.set_alpn_protocols(alpn)
    with (
        socket.create_connection((host, port), 5) as plain,
        context.wrap_socket(plain, server_hostname=name) as secure,
    ):
        certificate = secure.getpeercert(binary_form=True)
    assert certificate
    return hashlib.sha256(certificate).hexdigest()
