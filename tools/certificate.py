"""A self-signed certificate, so that browsers on the LAN give camera and microphone."""

import ipaddress
import socket
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID


LIFETIME = timedelta(days=365)
"""Browsers refuse longer ones (Apple's limit is 398 days)."""

SPARE = timedelta(days=7)


def ensure(folder: Path, addresses: Sequence[str]) -> tuple[Path, Path]:
    """Certificate and key for this machine's names and these addresses.

    Kept as long as they fit, because whoever accepted them need not do so again.
    """
    cert, key = folder / "cert.pem", folder / "key.pem"
    if not _fits(cert, key, addresses):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        _make(cert, key, addresses)
    return cert, key


def _fits(cert: Path, key: Path, addresses: Sequence[str]) -> bool:
    if not cert.exists() or not key.exists():
        return False
    known = x509.load_pem_x509_certificate(cert.read_bytes())
    names = known.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    covered = {str(a) for a in names.value.get_values_for_type(x509.IPAddress)}
    lasts = known.not_valid_after_utc > datetime.now(UTC) + SPARE
    return lasts and covered.issuperset(addresses)


def _make(cert: Path, key: Path, addresses: Sequence[str]) -> None:
    private = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name(
        [x509.NameAttribute(x509.NameOID.COMMON_NAME, "Deskside (trying)")]
    )
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(private.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + LIFETIME)
        .add_extension(x509.SubjectAlternativeName(_names(addresses)), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(
            x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]),
            critical=False,
        )
        .sign(private, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    plain = serialization.NoEncryption()
    cert.write_bytes(made.public_bytes(pem))
    key.touch(mode=0o600)
    key.write_bytes(
        private.private_bytes(pem, serialization.PrivateFormat.PKCS8, plain)
    )


def _names(addresses: Sequence[str]) -> list[x509.GeneralName]:
    host = socket.gethostname()
    local = ["127.0.0.1", "::1", *addresses]
    names = dict.fromkeys(["localhost", host, f"{host}.local"])
    return [
        *(x509.DNSName(name) for name in names if name.isascii()),
        *(x509.IPAddress(ipaddress.ip_address(address)) for address in local),
    ]
