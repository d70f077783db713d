"""What an authority says of a certificate (OCSP), nginx passes on with it."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID

from tests.services import Service, find_program, private_folder, run, wait_until
from tests.templates.conftest import an_edge
from tests.templates.edge import TURN, WEB, Edge
from tests.templates.pki import Authority


NAME = "localhost"
"""nginx asks for it once as the system does, and then its name server."""


class Names(Service):
    """A name server that knows the responder."""

    program = "dnsmasq"

    def command(self) -> list[str]:
        here = [f"--port={self.port}", f"--listen-address={self.host}"]
        alone = ["--bind-interfaces", "--no-resolv", "--no-hosts", "--pid-file="]
        knows = ["--conf-file=/dev/null", f"--host-record={NAME},{self.host}"]
        rest = [*here, *alone, *knows, f"--local=/{NAME}/"]
        return [find_program(self.program), "--no-daemon", *rest]


class Responder(Service):
    """openssl's responder, whom the authority lets sign the answers (RFC 6960, 2.6)."""

    program = "openssl"

    def __init__(self, folder: Path, authority: Authority) -> None:
        super().__init__(folder)
        self.authority, self.index = authority, folder / "index.txt"
        may_sign = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.OCSP_SIGNING])
        self.own = authority.pair(folder, [NAME], 30, may_sign)
        self.place = x509.AuthorityInformationAccess(
            [
                x509.AccessDescription(
                    AuthorityInformationAccessOID.OCSP,
                    x509.UniformResourceIdentifier(f"http://{NAME}:{self.port}/"),
                )
            ]
        )

    def command(self) -> list[str]:
        chain, key = map(str, self.own)
        signed = ["-CA", str(self.authority.certificate), "-rsigner", chain]
        answers = ["-index", str(self.index), "-port", str(self.port), "-ndays", "1"]
        return [self.program, "ocsp", *answers, *signed, "-rkey", key]

    def ready(self) -> bool:
        """By its word: it waits for ever on who connects and asks nothing."""
        return "waiting for OCSP client" in self.log.read_text()

    def knows(self, chain: Path) -> None:
        """Call a certificate good."""
        serial = x509.load_pem_x509_certificate(chain.read_bytes()).serial_number
        number = f"{serial:X}"
        number = number.zfill(len(number) + len(number) % 2)
        self.index.write_text(f"V\t491231235959Z\t\t{number}\tunknown\t/CN={WEB}\n")


@pytest.fixture
def edge(authority: Authority) -> Iterator[Edge]:
    """A door whose certificate names a responder."""
    with ExitStack() as stack:
        folders = [stack.enter_context(private_folder("ocsp")) for _ in range(2)]
        responder = Responder(folders[0], authority)
        chain, key = authority.pair(folders[1], [WEB, TURN], 30, responder.place)
        responder.knows(chain)
        names = stack.enter_context(Names(folders[0]))
        stack.enter_context(responder)
        yield an_edge(
            stack,
            authority,
            nginx_certificate_file=str(chain),
            nginx_certificate_key_file=str(key),
            nginx_ocsp=True,
            nginx_ocsp_authorities=str(authority.certificate),
            nginx_resolvers=[f"{names.host}:{names.port}"],
        )


def said(edge: Edge) -> str:
    """What openssl's client is told of the certificate."""
    where = ["-connect", f"{edge.host}:{edge.door.port}", "-servername", WEB]
    trust = ["-CAfile", str(edge.authority.certificate)]
    return run(["openssl", "s_client", "-status", *where, *trust])


def test_the_word_of_the_authority_is_passed_on(edge: Edge) -> None:
    """Browsers need not ask it themselves, and it does not learn who comes."""
    assert wait_until(lambda: "Cert Status: good" in said(edge), 15)
