"""Certificates that ACME has no part in, by the role's own tasks and program."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from cryptography import x509

from tests.ansible.playbooks import ANSIBLE, Run, play, this_machine
from tests.services import ServiceError, run


PROGRAM = ANSIBLE / "roles/nginx/files/deskside_certificate.py"
NAMES = ["help.lab.test", "turn.lab.test"]
AS_ROOT = ["unshare", "--user", "--map-root-user"]
"""Files become root's, as on a host, whoever runs the tests."""


class Host:
    """Folders in the place of a host's; whoever has it is root there."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.served = folder, folder / "tls"
        self.authority = folder / "ca" / "ca.pem"
        store = folder / "store"
        store.mkdir()
        places = {"served": str(self.served), "store": str(store)}
        nowhere = {"doors": [], "metrics": "/nowhere/at/all.prom"}
        settings = folder / "certificate.json"
        settings.write_text(json.dumps({"names": NAMES} | places | nowhere))
        self.inventory = this_machine(folder)
        # Given as an operator does with -e: nothing of the role comes before it.
        self.variables = {
            "nginx_tool": f"env DESKSIDE_CERTIFICATE={settings} python3 {PROGRAM}",
            "nginx_certificate_store": str(store),
            "nginx_certificate_names": NAMES,
            "nginx_domain": NAMES[0],
        }

    def install(self, kind: str, **variables: Any) -> Run:
        """Have the role install a certificate of this kind."""
        role = {"name": "nginx", "tasks_from": f"certificate_{kind}"}
        task = {"name": "Install it", "ansible.builtin.include_role": role}
        book = self.folder / "install.yml"
        whole = {"hosts": "desk", "gather_facts": False, "tasks": [task]}
        book.write_text(yaml.safe_dump([whole]))
        given = {**self.variables, **variables}
        return play(book, self.inventory, variables=given, by=AS_ROOT)

    def serial(self) -> int:
        """The number of the certificate that nginx would serve."""
        chain = (self.served / "fullchain.pem").read_bytes()
        return x509.load_pem_x509_certificate(chain).serial_number


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Host:
    """A host with a certificate of the lab's own authority."""
    made = Host(tmp_path_factory.mktemp("host"))
    done = made.install("internal")
    assert done.code == 0, done.text
    return made


def trusted(host: Host, name: str) -> bool:
    """Whether a browser that trusts the authority would take it for this name."""
    strict = ["openssl", "verify", "-x509_strict", "-purpose", "sslserver"]
    whom = ["-CAfile", str(host.authority), "-verify_hostname", name]
    try:
        run([*strict, *whom, str(host.served / "fullchain.pem")])
    except ServiceError:
        return False
    return True


def test_authority_of_the_lab_signs_for_the_names(host: Host) -> None:
    """And for no other; its key is for nobody else."""
    assert [name for name in NAMES if trusted(host, name)] == NAMES
    assert not trusted(host, "other.lab.test")
    assert (host.folder / "ca" / "ca.key").stat().st_mode & 0o777 == 0o600


def test_it_stays_until_its_end_is_near(host: Host) -> None:
    """A second run changes nothing; then it is another, of the same authority."""
    first, authority = host.serial(), host.authority.read_bytes()
    again = host.install("internal")
    assert (again.code, "changed=0" in again.text) == (0, True), again.text
    late = host.install("internal", nginx_certificate_spare_days=100)
    assert late.code == 0, late.text
    assert host.serial() != first
    assert host.authority.read_bytes() == authority
    assert trusted(host, NAMES[0])


def test_own_pair_that_does_not_fit_is_refused(host: Host) -> None:
    """In words, and what was served before is served on."""
    first = host.serial()
    chain, key = host.folder / "own.pem", host.folder / "own.key"
    new = ["openssl", "req", "-x509", "-newkey", "ec", "-nodes", "-days", "9"]
    curve = ["-pkeyopt", "ec_paramgen_curve:P-256", "-subj", f"/CN={NAMES[0]}"]
    names = ["-addext", f"subjectAltName=DNS:{NAMES[0]}"]
    run([*new, *curve, *names, "-out", str(chain), "-keyout", str(key)])
    own = {"nginx_files_certificate": str(chain), "nginx_files_key": str(key)}
    done = host.install("files", **own)
    assert done.code != 0
    said = " ".join(done.text.split())
    assert f"the certificate does not name {NAMES[1]}" in said
    assert host.serial() == first
