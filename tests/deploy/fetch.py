"""Pages and files, as a client of the laboratory gets them."""

import urllib.parse

from tests.deploy.deployment import DOMAIN
from tests.deploy.lab.laboratory import Laboratory
from tests.deploy.lab.network import CLIENTS
from tests.deploy.lab.programs import inside, run
from tests.services import find_program


def fetch(lab: Laboratory, path: str, *options: str) -> tuple[int, dict[str, str], str]:
    """Ask as a client does; gives status, headers and body."""
    trust = ["--cacert", str(lab.acme.bundle), "--silent", "--show-error"]
    command = [find_program("curl"), *trust, "--include", *options]
    url = urllib.parse.urljoin(f"https://{DOMAIN}", path)
    said = run(*inside(next(iter(CLIENTS))), *command, url)
    head, _, body = said.partition("\n\n")
    first, *lines = head.splitlines()
    headers = dict(line.lower().split(": ", 1) for line in lines if ": " in line)
    return int(first.split()[1]), headers, body
