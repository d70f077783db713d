"""A deployment on free ports: the real templates and servers, one name for all."""

import secrets
import sqlite3
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

from app.cli.configurations import Configurations
from app.doctor.addresses import Site
from app.doctor.target import Target
from app.settings import Settings
from tests.doctor.authority import Authority
from tests.services import (
    LOOPBACK,
    Node,
    Service,
    accepts,
    find_program,
    free_port,
    local_address,
    run,
)


NAME = "localhost"
PUBLIC = "203.0.113.10"
"""What the relay tells others of its address, as behind a one-to-one NAT."""

SCHEMA = Path("/usr/share/coturn/schema.sql")

Change = Callable[[str], str]


def unchanged(text: str) -> str:
    """Leave a configuration as the template makes it."""
    return text


def without_line(*starts: str) -> Change:
    """Take out every line that begins so."""

    def change(text: str) -> str:
        return "\n".join(x for x in text.splitlines() if not x.startswith(starts))

    return change


class Ports:
    """Free ports for everything that listens."""

    def __init__(self) -> None:
        self.http, self.https, self.turns, self.turn = (free_port() for _ in range(4))
        self.web_hop, self.turn_hop, self.relay = (free_port() for _ in range(3))


class Relay(Service):
    """coturn as the template configures it, with variables of its own."""

    program = "turnserver"

    def __init__(
        self, folder: Path, ports: Ports, change: Change = unchanged, **given: Any
    ) -> None:
        super().__init__(folder)
        self.port = ports.relay
        self.secret = secrets.token_hex(24)
        self.change = change
        self.given = {
            "coturn_realm": NAME,
            "coturn_secret": self.secret,
            "coturn_addresses": [local_address()],
            "coturn_external_ip": PUBLIC,
            "coturn_port": ports.turn,
            "coturn_proxy_port": ports.relay,
            "coturn_redis_host": "",
            "coturn_log": "stdout",
            "coturn_userdb": str(folder / "turn.db"),
        } | given

    def command(self) -> list[str]:
        self._make_database()
        config = self.folder / "turnserver.conf"
        ((_name, text),) = Configurations(self.given).texts("coturn")
        config.write_text(self.change(text), encoding="utf-8")
        pid = ["--pidfile", str(self.folder / "turn.pid")]
        return [find_program(self.program), "-c", str(config), *pid]

    def _make_database(self) -> None:
        """Make its tables, as the package does: who asks while it does, is refused."""
        path = Path(str(self.given["coturn_userdb"]))
        if SCHEMA.exists() and not path.exists():
            with closing(sqlite3.connect(path)) as database:
                database.executescript(SCHEMA.read_text())


class Door(Service):
    """nginx as the template configures it, with variables of its own."""

    program = "nginx"

    def __init__(
        self,
        folder: Path,
        ports: Ports,
        certificate: tuple[Path, Path],
        node_port: int,
        change: Change = unchanged,
        **given: Any,
    ) -> None:
        super().__init__(folder)
        self.port = ports.https
        self.change = change
        self.given = {
            "nginx_domain": NAME,
            "nginx_turn_domain": NAME,
            "nginx_web": True,
            "nginx_relay": True,
            "nginx_app_addresses": [LOOPBACK],
            "nginx_app_ports": [node_port],
            "nginx_relay_upstream": f"{LOOPBACK}:{ports.relay}",
            "nginx_listen": ["0.0.0.0", "[::]"],
            "nginx_http_port": ports.http,
            "nginx_https_port": ports.https,
            "nginx_turns_port": ports.turns,
            "nginx_turn_port": ports.turn,
            "nginx_web_hop": f"{LOOPBACK}:{ports.web_hop}",
            "nginx_turn_hop": f"{LOOPBACK}:{ports.turn_hop}",
            "nginx_turn_hop_ipv6": f"[::1]:{ports.turn_hop}",
            "nginx_certificate_file": str(certificate[0]),
            "nginx_certificate_key_file": str(certificate[1]),
            "nginx_static_root": "",
            "nginx_user": "root",
            "nginx_pid": str(folder / "nginx.pid"),
            "nginx_pages": str(folder),
            "nginx_temp": str(folder),
            "nginx_log": "",
            "nginx_error_log": "stderr",
            "nginx_version": _nginx_version(),
        } | given

    def command(self) -> list[str]:
        for name, text in Configurations(self.given).texts("nginx"):
            (self.folder / name).write_text(self.change(text), encoding="utf-8")
        config = str(self.folder / "nginx.conf")
        program = find_program(self.program)
        return [program, "-c", config, "-g", "daemon off;"]

    def ready(self) -> bool:
        return accepts(LOOPBACK, self.port)


def _nginx_version() -> str:
    written = run(["sh", "-c", f"{find_program('nginx')} -v 2>&1"])
    return written.rpartition("/")[2].split()[0]


class Deployment:
    """All of it, and a target to examine it by."""

    def __init__(self, folder: Path, authority: Authority, **settings: Any) -> None:
        self.folder = folder
        self.authority = authority
        self.ports = Ports()
        self.relay = Relay(_inside(folder, "relay"), self.ports)
        self.node = Node(
            _inside(folder, "node"),
            public_url=self.url,
            proxy_hops=1,
            stun_urls=f"stun:{NAME}:{self.ports.turn}",
            turn_urls=",".join(self.turn_urls()),
            turn_secret=self.relay.secret,
            **settings,
        )
        self.door = self.new_door("door")
        self.key = ""

    @property
    def url(self) -> str:
        return f"https://{NAME}:{self.ports.https}"

    def turn_urls(self) -> list[str]:
        """What browsers are given: every way there is."""
        plain, tls, shared = self.ports.turn, self.ports.turns, self.ports.https
        return [
            f"turn:{NAME}:{plain}?transport=udp",
            f"turn:{NAME}:{plain}?transport=tcp",
            f"turns:{NAME}:{tls}?transport=tcp",
            f"turns:{NAME}:{shared}?transport=tcp",
        ]

    def new_door(self, name: str, **given: Any) -> Door:
        """An nginx for these ports, another than the one that runs."""
        certificate = given.pop("certificate", None) or self.authority.issue()
        folder = _inside(self.folder, name)
        return Door(folder, self.ports, certificate, self.node.port, **given)

    def new_relay(self, name: str, **given: Any) -> Relay:
        """A coturn for these ports, another than the one that runs."""
        relay = Relay(_inside(self.folder, name), self.ports, **given)
        relay.given["coturn_secret"] = self.relay.secret
        return relay

    def make_key(self) -> None:
        """Make an agent and a key, as on a host."""
        environment = self.node.environment()
        command = [sys.executable, "-m", "app"]
        password = self.folder / "password"
        password.write_text("correct horse battery\n")
        agent = ["agent", "add", "doctor@x.id", "--password-file", str(password)]
        run([*command, *agent], env=environment)
        made = run([*command, "apikey", "add", "doctor@x.id"], env=environment)
        self.key = made.split()[-1]

    def target(self, *, beside: bool = False, **given: Any) -> Target:
        """The deployment as seen from elsewhere, or from `beside` the service."""
        own = Settings.load(
            {k: v for k, v in self.node.environment().items() if k.startswith("DESKS")}
        )
        options: dict[str, Any] = {
            "site": Site.of(self.url),
            "authority": self.authority.ca_file.read_text(),
            "key": self.key,
            "http_port": self.ports.http,
            "idle_seconds": 2.0,
            "settings": own if beside else None,
        }
        return Target(**options | given)


def _inside(folder: Path, name: str) -> Path:
    path = folder / name
    path.mkdir()
    return path
