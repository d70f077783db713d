"""A certificate authority for tests, and what it signs."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec


AUTHORITY = "Authority of tests"
DAY = timedelta(days=1)


class Authority:
    """Signs certificates; `certificate` is what clients trust."""

    def __init__(self, folder: Path) -> None:
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.certificate = folder / "authority.pem"
        builder = _builder(self.key, AUTHORITY, days=30)
        made = builder.add_extension(
            x509.BasicConstraints(ca=True, path_length=0), critical=True
        ).sign(self.key, hashes.SHA256())
        self.certificate.write_bytes(_pem(made))

    def pair(
        self,
        folder: Path,
        names: Sequence[str],
        days: int = 30,
        *more: x509.ExtensionType,
    ) -> tuple[Path, Path]:
        """Write a certificate for some names and its key; gives both paths."""
        key = ec.generate_private_key(ec.SECP256R1())
        alternatives = x509.SubjectAlternativeName(list(map(x509.DNSName, names)))
        builder = _builder(key, names[0], days)
        for extension in (alternatives, *more):
            builder = builder.add_extension(extension, critical=False)
        made = builder.sign(self.key, hashes.SHA256())
        chain, private = folder / "fullchain.pem", folder / "privkey.pem"
        chain.write_bytes(_pem(made))
        private.write_bytes(_pem_of_key(key))
        return chain, private


def _builder(
    key: ec.EllipticCurvePrivateKey, name: str, days: int
) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(_name(name))
        .issuer_name(_name(AUTHORITY))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - 60 * DAY)
        .not_valid_after(now + days * DAY)
    )


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


def _pem_of_key(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, text)])
