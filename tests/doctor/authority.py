"""A certificate authority for tests, and certificates good or bad."""

import ipaddress
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
)


class Authority:
    """Signs whatever a test asks for; `ca_file` is what a client must trust."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = _name("Deskside test CA")
        self.ca_file = folder / "ca.pem"
        own = self._sign(self._name, self._key.public_key(), 3650, [_authority()])
        self.ca_file.write_bytes(own.public_bytes(Encoding.PEM))

    def issue(
        self, names: Sequence[str] = ("localhost",), days: float = 90
    ) -> tuple[Path, Path]:
        """Make a certificate good for so many days from now; gives chain and key."""
        key = ec.generate_private_key(ec.SECP256R1())
        alternatives = x509.SubjectAlternativeName([*map(_general, names)])
        signed = self._sign(_name(names[0]), key.public_key(), days, [alternatives])
        stem = f"{x509.random_serial_number():x}"
        chain, secret = self.folder / f"{stem}.pem", self.folder / f"{stem}.key"
        chain.write_bytes(signed.public_bytes(Encoding.PEM))
        secret.write_bytes(
            key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        )
        return chain, secret

    def _sign(
        self,
        subject: x509.Name,
        key: ec.EllipticCurvePublicKey,
        days: float,
        extensions: Sequence[x509.ExtensionType],
    ) -> x509.Certificate:
        ends = datetime.now(UTC) + timedelta(days=days)
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._name)
            .public_key(key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(ends - timedelta(days=max(days, 0) + 100))
            .not_valid_after(ends)
        )
        for extension in extensions:
            critical = isinstance(extension, x509.BasicConstraints)
            builder = builder.add_extension(extension, critical)
        return builder.sign(self._key, hashes.SHA256())


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, text)])


def _authority() -> x509.BasicConstraints:
    return x509.BasicConstraints(ca=True, path_length=0)


def _general(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)
