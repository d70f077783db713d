"""Private servers for tests: real programs, free ports, own folders, no trace left."""

import contextlib
import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Self

import pytest


ROOT = Path(__file__).parent.parent
LOOPBACK = "127.0.0.1"
START_SECONDS = 30.0


class ServiceError(Exception):
    """A server did not start or stop; the text ends with what it had logged."""


def find_program(name: str) -> str:
    """Path of an installed program.

    Skips the test when there is none; fails it under REQUIRE_ALL=1.
    """
    folders = [os.environ.get("PATH", ""), "/usr/sbin", "/sbin"]
    folders += sorted(map(str, Path("/usr/lib/postgresql").glob("*/bin")), reverse=True)
    found = shutil.which(name, path=os.pathsep.join(folders))
    if found:
        return found
    if os.environ.get("REQUIRE_ALL") == "1":
        pytest.fail(f"{name} is not installed, and REQUIRE_ALL=1")
    pytest.skip(f"{name} is not installed")


def free_port(host: str = LOOPBACK) -> int:
    """A TCP port that nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind((host, 0))
        port: int = probe.getsockname()[1]
        return port


def local_address() -> str:
    """An IPv4 address of this machine, not loopback where there is another.

    Browsers gather no candidates on loopback, so coturn listens here.
    """
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # Sends nothing: it only picks a route.
        except OSError:
            return LOOPBACK
        address: str = probe.getsockname()[0]
        return address


def accepts(host: str, port: int) -> bool:
    """Whether somebody accepts TCP connections there."""
    with contextlib.suppress(OSError), socket.create_connection((host, port), 1):
        return True
    return False


def binds(host: str, port: int) -> bool:
    """Whether a STUN server answers a binding request there (RFC 8489, section 5)."""
    asked = b"\0\1\0\0" + (0x2112A442).to_bytes(4) + secrets.token_bytes(12)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
        udp.settimeout(0.2)
        try:
            udp.connect((host, port))
            udp.send(asked)
            return udp.recv(1500)[8:20] == asked[8:]
        except OSError:
            return False


def wait_until(true: Callable[[], bool], seconds: float) -> bool:
    """Look until it is true or the time is over; says which."""
    deadline = time.monotonic() + seconds
    while not true():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


class Service:
    """One server process with its own port and folder.

    `kill` is a crash, `stop` a polite end; after either, `start` continues with the
    same port and data. The process ends with the test run, even if that is killed.
    """

    program = ""
    stop_signal = signal.SIGTERM
    where = ROOT
    """The folder it runs in."""
    account: str | None = None
    """Who it runs as where the tests run as root."""

    def __init__(self, folder: Path, host: str = LOOPBACK) -> None:
        self.folder = folder
        self.host = host
        self.port = free_port(host)
        self.log = folder / f"{type(self).__name__.lower()}.log"
        self.process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def command(self) -> list[str]:
        """What to run; it stays in the foreground."""
        raise NotImplementedError

    def environment(self) -> Mapping[str, str]:
        """The environment to run it in."""
        return os.environ

    def ready(self) -> bool:
        """Whether it serves."""
        return accepts(self.host, self.port)

    def start(self, *, wait: bool = True) -> None:
        """Start it; returns when it serves.

        Raises ServiceError if it ends or takes too long.
        """
        if self.process:
            return
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [*self._wrapped(), *self.command()],
                cwd=self.where,
                env=dict(self.environment()),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        if wait:
            self.wait_ready()

    def wait_ready(self) -> None:
        """Return when it serves; raises ServiceError if it ends or takes too long."""
        process = self.process
        if process is None:
            raise ServiceError(f"{self.program} was not started")
        wait_until(lambda: process.poll() is not None or self.ready(), START_SECONDS)
        if process.poll() is not None or not self.ready():
            self.kill()
            raise ServiceError(f"{self.program} did not start\n{self.tail()}")

    def stop(self) -> int:
        """Ask it to end and wait until it has; gives its exit code."""
        return self._end(self.stop_signal)

    def kill(self) -> None:
        """End it as a crash does (SIGKILL)."""
        self._end(signal.SIGKILL)

    def restart(self) -> None:
        """Stop it politely and start it again with the same data."""
        self.stop()
        self.start()

    def pause(self) -> None:
        """Freeze it: it neither answers nor closes anything."""
        self._signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Let it continue after `pause`."""
        self._signal(signal.SIGCONT)

    def tail(self, lines: int = 30) -> str:
        """The last lines it logged."""
        text = self.log.read_text(errors="replace") if self.log.exists() else ""
        return "\n".join(text.splitlines()[-lines:])

    def _signal(self, number: signal.Signals) -> None:
        if self.process:
            self.process.send_signal(number)

    def _end(self, number: signal.Signals) -> int:
        if not self.process:
            return 0
        process, self.process = self.process, None
        if process.poll() is None:
            process.send_signal(number)
        try:
            return process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise ServiceError(f"{self.program} did not stop\n{self.tail()}") from None

    def _wrapped(self) -> list[str]:
        wrapper = ["setpriv", "--pdeathsig", self.stop_signal.name.removeprefix("SIG")]
        return [*wrapper, *self._as_account(), "--"]

    def _as_account(self) -> list[str]:
        if os.geteuid() != 0 or not self.account:
            return []
        return [f"--reuid={self.account}", f"--regid={self.account}", "--init-groups"]


class Redis(Service):
    """Redis that keeps its data in an append-only file."""

    program = "redis-server"

    @property
    def url(self) -> str:
        return f"redis://{self.host}:{self.port}/0"

    def command(self) -> list[str]:
        options = ["--port", str(self.port), "--bind", self.host]
        options += ["--dir", str(self.folder), "--save", "", "--appendonly", "yes"]
        return [find_program(self.program), *options]

    def ready(self) -> bool:
        # It accepts connections while it still loads its file; PING is refused then.
        try:
            return self._ask(b"PING").startswith(b"+PONG")
        except OSError:
            return False

    def flush(self) -> None:
        """Forget everything."""
        self._ask(b"FLUSHALL")

    def _ask(self, command: bytes) -> bytes:
        with socket.create_connection((self.host, self.port), 5) as connection:
            connection.sendall(command + b"\r\n")
            return connection.recv(64)


class Postgres(Service):
    """PostgreSQL with a cluster of its own; it trusts loopback."""

    program = "postgres"
    stop_signal = signal.SIGINT  # "Fast": ends sessions instead of waiting for them.
    account = "postgres"

    @property
    def url(self) -> str:
        return self.url_of("postgres")

    def url_of(self, database: str) -> str:
        """SQLAlchemy URL of one of its databases."""
        return f"postgresql+asyncpg://postgres@{self.host}:{self.port}/{database}"

    def create_database(self) -> str:
        """Make an empty database; gives its SQLAlchemy URL."""
        name = f"test_{secrets.token_hex(6)}"
        server = ["-h", self.host, "-p", str(self.port), "-U", "postgres"]
        run([find_program("createdb"), *server, "-T", "template0", name])
        return self.url_of(name)

    def command(self) -> list[str]:
        data = self.folder / "data"
        if not data.exists():
            self._initialise(data)
        options = [f"-cport={self.port}", f"-clisten_addresses={self.host}"]
        options += [f"-cunix_socket_directories={self.folder}", "-cfsync=off"]
        options += ["-cmax_connections=200"]
        return [find_program(self.program), "-D", str(data), *options]

    def ready(self) -> bool:
        server = ["-h", self.host, "-p", str(self.port), "-q"]
        command = [find_program("pg_isready"), *server]
        return subprocess.run(command, check=False).returncode == 0

    def _initialise(self, data: Path) -> None:
        if self._as_account():
            os.chown(self.folder, pwd.getpwnam("postgres").pw_uid, -1)
        options = [
            "--auth=trust",
            "--username=postgres",
            "--encoding=UTF8",
            "--no-sync",
        ]
        initdb = [find_program("initdb"), "-D", str(data), *options, "--locale=C.UTF-8"]
        run([*self._wrapped(), *initdb])


class Turn(Service):
    """coturn with time-limited credentials, on an address that browsers use."""

    program = "turnserver"
    stop_signal = signal.SIGKILL  # It has nothing to save, and SIGTERM takes seconds.

    def __init__(self, folder: Path, host: str | None = None) -> None:
        super().__init__(folder, host or local_address())
        self.secret = secrets.token_hex(24)
        self.statistics: Redis | None = None
        """Where it writes what it does (database 2), if anywhere."""

    def ready(self) -> bool:
        # Its listeners for UDP come after those for TCP.
        return binds(self.host, self.port) and super().ready()

    @property
    def url(self) -> str:
        """TURN over UDP."""
        return f"turn:{self.host}:{self.port}?transport=udp"

    @property
    def tcp_url(self) -> str:
        """TURN over TCP."""
        return f"turn:{self.host}:{self.port}?transport=tcp"

    def command(self) -> list[str]:
        options = {
            "listening-ip": self.host,
            "relay-ip": self.host,
            "listening-port": self.port,
            "static-auth-secret": self.secret,
            "realm": "deskside.test",
            "log-file": "stdout",
            "pidfile": self.folder / "turn.pid",
            "userdb": self.folder / "turn.db",
        }
        flags = ["--use-auth-secret", "--allow-loopback-peers", "--no-cli", "--no-tls"]
        flags += ["--no-dtls", "--simple-log", "--verbose", "-c", "/dev/null"]
        if self.statistics:
            where = f"ip={self.statistics.host} port={self.statistics.port} dbname=2"
            options["redis-statsdb"] = where
        given = [f"--{name}={value}" for name, value in options.items()]
        return [find_program(self.program), *flags, *given]


class Nginx(Service):
    """A reverse proxy before one or more nodes."""

    program = "nginx"

    def __init__(self, folder: Path, ports: list[int]) -> None:
        super().__init__(folder)
        self.ports = ports

    @property
    def url(self) -> str:
        return f"http://localhost:{self.port}"

    def command(self) -> list[str]:
        config = self.folder / "nginx.conf"
        config.write_text(self._config(), encoding="utf-8")
        program = find_program(self.program)
        return [program, "-c", str(config), "-p", str(self.folder), "-e", "stderr"]

    def _config(self) -> str:
        nodes = "".join(f"server {LOOPBACK}:{port};" for port in self.ports)
        paths = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        temporary = "".join(f"{name}_temp_path {self.folder}/{name};" for name in paths)
        user = "user root;" if os.geteuid() == 0 else ""
        return f"""
            daemon off; master_process off; {user} pid {self.folder}/nginx.pid;
            events {{}}
            http {{
              access_log off; {temporary}
              map $http_upgrade $connection_upgrade {{ default upgrade; '' ''; }}
              upstream nodes {{ {nodes} }}
              server {{
                listen {self.host}:{self.port};
                location / {{
                  proxy_pass http://nodes;
                  proxy_http_version 1.1;
                  proxy_buffering off;
                  proxy_read_timeout 1h;
                  proxy_next_upstream error timeout http_503;
                  proxy_set_header Host $http_host;
                  proxy_set_header X-Forwarded-For $remote_addr;
                  proxy_set_header X-Forwarded-Proto $scheme;
                  proxy_set_header Upgrade $http_upgrade;
                  proxy_set_header Connection $connection_upgrade;
                }}
              }}
            }}
        """


class Node(Service):
    """One node of this service, as `python -m app serve` runs it.

    Give further settings by name without the prefix: `redis_url="redis://…"`.
    """

    program = "deskside"

    def __init__(self, folder: Path, **settings: str | int) -> None:
        super().__init__(folder)
        self.settings: dict[str, str | int] = {
            "host": self.host,
            "port": self.port,
            "secret": secrets.token_hex(24),
            "database_url": f"sqlite+aiosqlite:///{folder}/deskside.db",
            **settings,
        }

    @property
    def url(self) -> str:
        return f"http://localhost:{self.port}"

    def command(self) -> list[str]:
        return [sys.executable, "-m", "app", "serve"]

    def environment(self) -> Mapping[str, str]:
        own = {f"DESKSIDE_{name.upper()}": str(v) for name, v in self.settings.items()}
        rest = {k: v for k, v in os.environ.items() if not k.startswith("DESKSIDE_")}
        return rest | own

    def ready(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.url}/readyz", timeout=2) as answer:  # noqa: S310
                return bool(answer.status == 200)
        except OSError:
            return False

    def migrate(self) -> None:
        """Bring its database to the newest schema."""
        command = [sys.executable, "-m", "app", "migrate"]
        run(command, env=dict(self.environment()))


def run(command: list[str], env: Mapping[str, str] | None = None) -> str:
    """Run a program to its end; gives what it wrote.

    Raises ServiceError with its output if it fails.
    """
    done = subprocess.run(
        command, check=False, capture_output=True, text=True, cwd=ROOT, env=env
    )
    if done.returncode:
        raise ServiceError(f"{command[0]} failed\n{done.stdout}{done.stderr}")
    return done.stdout


@contextlib.contextmanager
def private_folder(name: str) -> Iterator[Path]:
    """A folder that is removed at the end.

    In the system's own temporary folder, because the folders of pytest are closed to
    other accounts and too long for a Unix socket.
    """
    folder = Path(tempfile.mkdtemp(prefix=f"deskside-{name}-"))
    folder.chmod(0o711)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
