"""A real ACME certificate authority: Debian's pebble, in the control namespace."""

import json
import ssl
import urllib.request
from pathlib import Path

from tests.deploy.lab.dns import ZONE
from tests.deploy.lab.network import CONTROL, GATEWAY
from tests.deploy.lab.programs import inside, run
from tests.services import Service, accepts, find_program


NAME = f"acme.{ZONE}"
MANAGEMENT = 15000
SYSTEM_STORE = Path("/etc/ssl/certs/ca-certificates.crt")


class Acme(Service):
    """Issues by http-01, asking our name server; new roots at every start."""

    program = "pebble"

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.host, self.port = GATEWAY, 14000
        self.own, self.root = folder / "own.crt", folder / "root.crt"
        self.bundle = folder / "bundle.crt"

    @property
    def directory(self) -> str:
        """Where clients begin."""
        return f"https://{NAME}:{self.port}/dir"

    def command(self) -> list[str]:
        options = ["-config", str(self._configure()), "-dnsserver", f"{GATEWAY}:53"]
        # `env`, because waiting and refused nonces would only take time.
        quick = ["env", "PEBBLE_VA_NOSLEEP=1", "PEBBLE_WFE_NONCEREJECT=0"]
        return [*inside(CONTROL), *quick, find_program(self.program), *options]

    def ready(self) -> bool:
        return accepts(GATEWAY, MANAGEMENT) and accepts(self.host, self.port)

    def start(self, *, wait: bool = True) -> None:
        """Start it and fetch the certificate that clients have to trust."""
        super().start(wait=wait)
        trust = ssl.create_default_context(cafile=str(self.own))
        url = f"https://{GATEWAY}:{MANAGEMENT}/roots/0"
        with urllib.request.urlopen(url, timeout=10, context=trust) as answer:
            self.root.write_bytes(answer.read())
        parts = [SYSTEM_STORE, self.own, self.root]
        self.bundle.write_text("\n".join(part.read_text() for part in parts))

    def _configure(self) -> Path:
        key, config = self.folder / "own.key", self.folder / "pebble.json"
        names = f"subjectAltName=DNS:{NAME},IP:{GATEWAY}"
        new = ["-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"]
        new += ["-nodes", "-days", "30", "-subj", f"/CN={NAME}", "-addext", names]
        run("openssl", "req", *new, "-keyout", key, "-out", self.own)
        settings = {
            "listenAddress": f"{GATEWAY}:{self.port}",
            "managementListenAddress": f"{GATEWAY}:{MANAGEMENT}",
            "certificate": str(self.own),
            "privateKey": str(key),
            "httpPort": 80,
            "tlsPort": 443,
            "ocspResponderURL": "",
            "externalAccountBindingRequired": False,
        }
        config.write_text(json.dumps({"pebble": settings}))
        return config
