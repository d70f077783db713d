"""The door of a deployment on this machine: nginx and coturn from the templates."""

import os
import signal
import sqlite3
import time
from collections.abc import Mapping
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

import yaml

from app.cli.configurations import Configurations
from app.domain.ice import Relays, ice_servers
from app.domain.ids import ParticipantId
from tests.services import (
    LOOPBACK,
    Service,
    binds,
    find_program,
    free_port,
    local_address,
    run,
)
from tests.templates.pki import Authority


WEB, TURN = "web.test", "turn.test"
SCHEMA = Path("/usr/share/coturn/schema.sql")
NEW_SECRET, OLD_SECRET = "a-secret-of-these-tests", "the-secret-before-that"


class Coturn(Service):
    """coturn as the template configures it."""

    program = "turnserver"
    stop_signal = signal.SIGKILL  # It has nothing to save, and SIGTERM takes seconds.

    def __init__(self, folder: Path, variables: Mapping[str, Any]) -> None:
        super().__init__(folder)
        self.port = variables["coturn_proxy_port"]
        self.asked_at = variables["coturn_addresses"][0], variables["coturn_port"]
        self._make_tables(Path(variables["coturn_userdb"]))

    def command(self) -> list[str]:
        config, pid = self.folder / "turnserver.conf", self.folder / "turn.pid"
        return [find_program(self.program), "-c", str(config), f"--pidfile={pid}"]

    def ready(self) -> bool:
        return binds(*self.asked_at) and super().ready()

    def _make_tables(self, database: Path) -> None:
        """Left alone, several of its threads do so at once, and refuse the first."""
        if not database.exists() and SCHEMA.exists():
            with closing(sqlite3.connect(database)) as connection:
                connection.executescript(SCHEMA.read_text())


class Door(Service):
    """nginx as the template configures it."""

    program = "nginx"

    def __init__(self, folder: Path, variables: Mapping[str, Any]) -> None:
        super().__init__(folder, local_address())
        self.port = variables["nginx_https_port"]

    def command(self) -> list[str]:
        return [*self._nginx(), "-g", "daemon off;"]

    def check(self) -> None:
        """Have nginx check the configuration. Raises ServiceError."""
        run([*self._nginx(), "-t", "-q"])

    def reload(self) -> None:
        """Have it read configuration and certificate again."""
        self._signal(signal.SIGHUP)

    def _nginx(self) -> list[str]:
        config = str(self.folder / "nginx.conf")
        program = find_program(self.program)
        return [program, "-c", config, "-e", "stderr"]


class Edge:
    """Both servers, rendered for free ports of this machine; use it in `with`."""

    def __init__(self, folder: Path, authority: Authority, **variables: Any) -> None:
        self.folder = folder
        self.authority = authority
        self.host = local_address()
        self.variables = {**self._basics(), **variables}
        self.chain, self.key = authority.pair(folder, [WEB, TURN])
        self.render()
        self.door = Door(folder, self.variables)
        self.coturn = Coturn(folder, self.variables)

    def __getattr__(self, name: str) -> Any:
        """A variable of the templates, such as `nginx_turn_port`."""
        try:
            return self.__dict__["variables"][name]
        except KeyError:
            raise AttributeError(name) from None

    @property
    def url(self) -> str:
        """Where the pages are."""
        return f"https://{self.variables['nginx_domain']}:{self.door.port}"

    def __enter__(self) -> "Edge":
        with ExitStack() as stack:
            for server in (self.coturn, self.door):
                stack.enter_context(server)
            self._running = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._running.close()

    def render(self, **variables: Any) -> None:
        """Write both configurations, by the command that operators use."""
        self.variables |= variables
        given = self.folder / "variables.yml"
        given.write_text(yaml.safe_dump(self.variables))
        configurations = Configurations.load([given], [])
        for server in ("coturn", "nginx"):
            list(configurations.write(server, self.folder))

    def credentials(
        self, name: str = "someone", secret: str = NEW_SECRET
    ) -> tuple[str, str]:
        """Name and password for the relay, as the service makes them."""
        relays = Relays(turn_urls=("turn:here",), turn_secret=secret, ttl=600)
        (server,) = ice_servers(relays, ParticipantId(name), time.time())
        return str(server.username), str(server.credential)

    def _basics(self) -> dict[str, Any]:
        ports = iter([free_port() for _ in range(8)])
        return {
            "nginx_domain": WEB,
            "nginx_turn_domain": TURN,
            "nginx_web": True,
            "nginx_relay": True,
            "nginx_listen": [self.host, "[::1]"],
            "nginx_http_port": next(ports),
            "nginx_https_port": next(ports),
            "nginx_turns_port": next(ports),
            "nginx_turn_port": (turn := next(ports)),
            "nginx_web_hop": f"{LOOPBACK}:{next(ports)}",
            "nginx_turn_hop": f"{LOOPBACK}:{(hop := next(ports))}",
            "nginx_turn_hop_ipv6": f"[::1]:{hop}",
            "nginx_relay_upstream": f"{LOOPBACK}:{(proxy := next(ports))}",
            "nginx_app_addresses": [LOOPBACK],
            "nginx_app_ports": [next(ports)],
            "nginx_app_socket_ports": [],
            "nginx_certificate_file": f"{self.folder}/fullchain.pem",
            "nginx_certificate_key_file": f"{self.folder}/privkey.pem",
            "nginx_user": "root" if os.geteuid() == 0 else "",
            "nginx_pid": f"{self.folder}/nginx.pid",
            "nginx_temp": str(self.folder),
            "nginx_pages": str(self.folder),
            "nginx_log": f"{self.folder}/access.log",
            "nginx_error_log": f"{self.folder}/error.log",
            "nginx_static_root": f"{self.folder}/releases",
            "nginx_acme_root": f"{self.folder}/acme",
            "nginx_brotli": False,
            "coturn_realm": TURN,
            "coturn_addresses": [self.host],
            "coturn_port": turn,
            "coturn_proxy_port": proxy,
            "coturn_secret": NEW_SECRET,
            "coturn_secret_previous": OLD_SECRET,
            "coturn_redis_host": "",
            "coturn_log": "stdout",
            "coturn_userdb": f"{self.folder}/turn.db",
        }
