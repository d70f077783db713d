"""The product: nodes, stores, hosts with nginx and coturn from the templates."""

from collections.abc import Callable, Mapping
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any, Generic, TypeVar

import yaml

from app.cli.configurations import Configurations
from tests.deploy.lab.programs import inside
from tests.e2e.conftest import add_agent
from tests.e2e.people import AGENT_EMAIL, AGENT_NAME
from tests.network.lab.internet import Internet, address, address6
from tests.network.lab.names import Known
from tests.network.lab.namespace import Namespace
from tests.services import (
    LOOPBACK,
    Node,
    Postgres,
    Redis,
    Service,
    private_folder,
)
from tests.templates.edge import Coturn, Door
from tests.templates.pki import Authority


DESK = "desk.network.test"
TURN = ("turn.network.test", "turn2.network.test")
"""The names of the relays; the first is on the host of the pages."""
SECRET = "a-secret-of-these-tests"
HOSTS = (68, 69)
STUN = (66, 67)
"""The last numbers of the addresses of hosts, and of the server for the probe."""

S = TypeVar("S", bound=Service)
T = TypeVar("T")


class Placed(Generic[S]):
    """A service in a namespace: what is done to it is done from in there."""

    def __init__(self, place: Namespace, make: Callable[[], S]) -> None:
        self.place = place
        self.service = self.do(make)

    def do(self, work: Callable[[], T]) -> T:
        """Do something with the service from where it is."""
        return self.place.do(work)

    def start(self, *, wait: bool = True) -> None:
        """Start it; returns when it serves."""
        self.do(lambda: self.service.start(wait=wait))

    def stop(self) -> None:
        """Ask it to end, and wait until it has."""
        self.do(self.service.stop)

    def kill(self) -> None:
        """End it as a crash does."""
        self.do(self.service.kill)

    def restart(self) -> None:
        """Stop it politely and start it again with the same data."""
        self.do(self.service.restart)

    def crash(self) -> None:
        """Kill it and start it again with the same data."""
        self.kill()
        self.start()

    def pause(self) -> None:
        """Freeze it."""
        self.service.pause()

    def resume(self) -> None:
        """Let it go on."""
        self.service.resume()


class Host:
    """A host on the internet with nginx and coturn, as deployed."""

    def __init__(
        self,
        internet: Internet,
        number: int,
        authority: Authority,
        folder: Path,
        **variables: Any,
    ) -> None:
        self.number, self.authority, self.folder = number, authority, folder
        self.turn_name = TURN[number]
        self.place = internet.host(f"host{number}", HOSTS[number])
        self.variables = {**self._basics(), **variables}
        self.renew_certificate()
        self._render()
        self.nginx = Placed(self.place, lambda: Door(folder, self.variables))
        self.coturn = Placed(self.place, lambda: Coturn(folder, self.variables))

    @property
    def address(self) -> str:
        """Its IPv4 address."""
        return address(HOSTS[self.number])

    @property
    def address6(self) -> str:
        """Its IPv6 address."""
        return address6(HOSTS[self.number])

    @property
    def turn_urls(self) -> list[str]:
        """What browsers are given, as a deployment gives it."""
        name = self.turn_name
        return [
            f"turn:{name}:3478?transport=udp",
            f"turn:{name}:3478?transport=tcp",
            f"turns:{name}:5349?transport=tcp",
            f"turns:{name}:443?transport=tcp",
        ]

    def renew_certificate(self) -> None:
        """Have another certificate for the same names; nginx must be reloaded."""
        self.authority.pair(self.folder, [DESK, self.turn_name])

    def reload(self) -> None:
        """Have nginx read configuration and certificate again."""
        self.nginx.service.reload()

    def configure(self, **variables: Any) -> None:
        """Write its configurations anew, with other variables, for the next start."""
        self.variables |= variables
        self._render()

    def _render(self) -> None:
        given = self.folder / "variables.yml"
        given.write_text(yaml.safe_dump(self.variables))
        configurations = Configurations.load([given], [])
        for server in ("coturn", "nginx"):
            list(configurations.write(server, self.folder))

    def _basics(self) -> dict[str, Any]:
        folder = self.folder
        return {
            "deskside_domain": DESK,
            "nginx_turn_domain": self.turn_name,
            "nginx_web": False,
            "nginx_relay": True,
            "nginx_listen": [self.address, f"[{self.address6}]"],
            "nginx_app_addresses": [LOOPBACK],
            "nginx_app_ports": [8001],
            "nginx_certificate_file": f"{folder}/fullchain.pem",
            "nginx_certificate_key_file": f"{folder}/privkey.pem",
            "nginx_user": "root",
            "nginx_pid": f"{folder}/nginx.pid",
            "nginx_temp": str(folder),
            "nginx_pages": str(folder),
            "nginx_log": f"{folder}/access.log",
            "nginx_error_log": f"{folder}/error.log",
            "nginx_static_root": "",
            "nginx_acme_root": f"{folder}/acme",
            "nginx_brotli": False,
            "nginx_https_port": 443,
            "coturn_realm": self.turn_name,
            "coturn_addresses": [self.address, self.address6],
            "coturn_port": 3478,
            "coturn_proxy_port": 3481,
            "coturn_secret": SECRET,
            "coturn_redis_host": "",
            "coturn_log": "stdout",
            "coturn_userdb": f"{folder}/turn.db",
        }


class Servers:
    """Two nodes on Redis and PostgreSQL behind the first host; a second host relays.

    Browsers are given as many relays as asked for, the first ones first.
    """

    def __init__(
        self, internet: Internet, stack: ExitStack, relays: int, **settings: str | int
    ) -> None:
        def folder(name: str) -> Path:
            return stack.enter_context(private_folder(name))

        self._stack = stack
        self.authority = Authority(folder("authority"))
        self.stun = internet.host("stun", *STUN)
        self.hosts = [
            Host(
                internet,
                number,
                self.authority,
                folder("host"),
                nginx_web=number == 0,
                nginx_app_ports=[8001, 8002],
            )
            for number in range(2)
        ]
        for host in self.hosts:
            stack.callback(host.place.remove)
        stack.callback(self.stun.remove)
        self.desk = self.hosts[0].place
        self.desk.know({"localhost": (LOOPBACK,), **self.names()})
        self.redis = Placed(self.desk, lambda: Redis(folder("redis")))
        self.postgres = Placed(self.desk, lambda: Postgres(folder("postgres")))
        for store in (self.redis, self.postgres):
            self._start(store)
        common = self._settings(relays) | settings
        self.nodes = [
            Placed(self.desk, partial(a_node, self.desk, folder("node"), port, common))
            for port in (8001, 8002)
        ]

    @property
    def url(self) -> str:
        """Where the pages are."""
        return f"https://{DESK}"

    @property
    def nginx(self) -> Placed[Door]:
        """The door before the pages and the first relay."""
        return self.hosts[0].nginx

    @property
    def relays(self) -> list[Placed[Coturn]]:
        """Both relays."""
        return [host.coturn for host in self.hosts]

    def names(self) -> Known:
        """All names and their addresses, as name servers tell them."""
        first, second = ((host.address, host.address6) for host in self.hosts)
        return {DESK: first, TURN[0]: first, TURN[1]: second}

    def start(self) -> None:
        """Start what is not started yet; with one agent."""
        self._start(Placed(self.stun, lambda: Stun(self.hosts[0].folder)))
        first = self.nodes[0]
        first.do(first.service.migrate)
        first.do(lambda: add_agent(first.service, AGENT_EMAIL, AGENT_NAME, "--admin"))
        for host in self.hosts:
            self._start(host.coturn)
            self._start(host.nginx)
        for node in self.nodes:
            node.start(wait=False)
        for node in self.nodes:
            node.do(node.service.wait_ready)
            self._stack.callback(node.kill)  # It would take its time.

    def _start(self, placed: Placed[Any]) -> None:
        placed.start()
        self._stack.callback(placed.stop)

    def _settings(self, relays: int) -> dict[str, str | int]:
        database = self.postgres.do(self.postgres.service.create_database)
        urls = [url for host in self.hosts[:relays] for url in host.turn_urls]
        stun = [f"stun:{host.turn_name}:3478" for host in self.hosts[:relays]]
        given = {"stun_urls": ",".join(stun), "turn_urls": ",".join(urls)}
        return {
            "public_url": self.url,
            "proxy_hops": 1,
            "redis_url": self.redis.service.url,
            "database_url": database,
            "secret": "the same for all nodes of these tests",
            **(given | {"turn_secret": SECRET} if relays else {}),
        }


class Stun(Service):
    """coturn as a server for the probe, on two addresses and two ports."""

    program = "turnserver"

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, address(STUN[0]))
        self.port = 3478

    def command(self) -> list[str]:
        given = [f"--listening-ip={address(number)}" for number in STUN]
        given += ["--stun-only", "--no-tls", "--no-dtls", "--no-cli", "--simple-log"]
        given += ["--log-file=stdout", "-c", "/dev/null", "--alt-listening-port=3479"]
        own = {"pidfile": "stun.pid", "userdb": "stun.db"}
        given += [f"--{name}={self.folder}/{file}" for name, file in own.items()]
        return ["turnserver", f"--relay-ip={address(STUN[0])}", *given]


class PlacedNode(Node):
    """A node that finds the relays by their names, as its host knows them."""

    place: Namespace

    def command(self) -> list[str]:
        return [*inside(self.place.name), *super().command()]


def a_node(
    place: Namespace, folder: Path, port: int, settings: Mapping[str, str | int]
) -> Node:
    """A node on this port."""
    made = PlacedNode(folder, **settings)
    made.place, made.port = place, port
    made.settings |= {"port": port, "socket_port": 10_000 + port}
    return made
