"""Serves one node, or keeps several worker nodes alive on one listening socket."""

import asyncio
import contextlib
import logging
import os
import resource
import signal
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, TypeAlias

from hypercorn.asyncio import serve as serve_asgi
from hypercorn.config import Config
from quart import Quart

from app import factory
from app.adapters.systemd import Supervision
from app.live import logs
from app.settings import Settings
from app.web import connections


log = logging.getLogger(__name__)

Send: TypeAlias = Callable[[Any], Awaitable[None]]
"""As ASGI has it: takes a message."""

FRAME_BYTES = 64 * 1024
KEEP_ALIVE_SECONDS = 30
LAST_REQUESTS_SECONDS = 2.0
BACKOFF_SECONDS = (1, 2, 4, 8, 15, 30)
HEALTHY_SECONDS = 60


class ServerError(Exception):
    """The service cannot start; the text says why and what to do."""


def run(settings: Settings, listening: socket.socket | None = None) -> int:
    """Serve until SIGTERM or SIGINT, then drain; gives the exit code.

    Raises ServerError where it cannot listen.
    """
    logs.configure(settings.log_level, settings.node)
    with listening or listen(settings.host, settings.port) as sock:
        if settings.workers > 1:
            return asyncio.run(Supervisor(settings, sock).run())
        fd = sock.detach()
    asyncio.run(serve(settings, fd))
    return 0


def work(settings: Settings, fd: int) -> int:
    """Serve as a worker on the supervisor's socket; also stops if stdin ends."""
    logs.configure(settings.log_level, settings.node)
    asyncio.run(serve(settings, fd, supervised=True))
    return 0


def listen(host: str, port: int) -> socket.socket:
    """A listening socket for one or all workers.

    Raises ServerError with what to do where the address is taken or unknown.
    """
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listening = socket.socket(family, kind, protocol)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        listening.bind(address)
        listening.listen(1024)
    except OSError as error:
        raise ServerError(
            f"Cannot listen on {host}:{port}: {error.strerror}. "
            "Choose another with DESKSIDE_PORT or DESKSIDE_HOST."
        ) from None
    return listening


async def serve(settings: Settings, fd: int, *, supervised: bool = False) -> None:
    """Serve one node on a listening socket, until told; then drain and stop."""
    _allow_sockets()
    told = told_to_stop()
    if supervised:
        stop_when_orphaned(told)
    systemd = Supervision(os.environ)
    app = factory.create(settings)
    requests = Requests(app, systemd.ready)

    async def stop() -> None:
        await told.wait()
        log.info("draining")
        systemd.stopping()
        stop_accepting(fd, shared=supervised)
        requests.last = True
        await drain(app)
        await requests.finish(LAST_REQUESTS_SECONDS)

    log.info("serving", extra={"url": settings.public_url})
    async with pinging(systemd):
        try:
            await serve_asgi(requests, _hypercorn(settings, fd), shutdown_trigger=stop)
        except Exception as error:
            if not told.is_set():
                raise
            # Hypercorn passes on what one connection met with while it was closed.
            log.warning("a connection was not closed well", extra={"error": str(error)})
    log.info("stopped")


@contextlib.asynccontextmanager
async def pinging(systemd: Supervision) -> AsyncIterator[None]:
    """Have the event loop say that it turns, until left."""
    pings = asyncio.create_task(systemd.keep_alive())
    try:
        yield
    finally:
        pings.cancel()


async def drain(app: Quart) -> None:
    """Send the browsers of this node elsewhere."""
    await app.extensions["hub"].drain()


def stop_accepting(fd: int, *, shared: bool) -> None:
    """Take no new connection: a proxy in front is refused at once and asks the next.

    A socket shared with other workers stays open, for them.
    """
    asyncio.get_running_loop().remove_reader(fd)
    if not shared:
        _refuse(fd)


def _refuse(fd: int) -> None:
    with socket.socket(fileno=os.dup(fd)) as listening:
        listening.shutdown(socket.SHUT_RDWR)


class Requests:
    """The app, and the requests it is busy with.

    Hypercorn waits for every open request when it stops, from Python 3.12 on without
    a limit, so endless ones (server-sent events) are ended before.
    """

    def __init__(self, app: Quart, started: Callable[[], None]) -> None:
        """`started` is called once the app has come to life."""
        self.app = app
        self.started = started
        self.last = False
        """Whether a connection ends with the answer it now gets."""
        self.over = False
        """Whether the app may have ended already."""
        self.tasks: set[asyncio.Task[Any]] = set()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            await self.app(scope, receive, self._watched(send))
            return
        if scope["type"] == "http":
            send = self._closing(send)
            if self.over:
                await _refuse_request(send)
                return
        task = asyncio.current_task()
        assert task is not None  # noqa: S101  (ASGI servers run requests in tasks)
        self.tasks.add(task)
        try:
            await self.app(scope, receive, send)
        finally:
            self.tasks.discard(task)

    def _watched(self, send: Send) -> Send:
        async def watched(message: Any) -> None:
            await send(message)
            if message["type"] == "lifespan.startup.complete":
                self.started()

        return watched

    def _closing(self, send: Send) -> Send:
        async def closing(message: Any) -> None:
            if self.last and message["type"] == "http.response.start":
                headers = [*message["headers"], (b"connection", b"close")]
                message = {**message, "headers": headers}
            await send(message)

        return closing

    async def finish(self, seconds: float) -> None:
        """Give the open requests so long, then cancel them."""
        if self.tasks:
            await asyncio.wait(self.tasks, timeout=seconds)
        self.over = True
        for task in self.tasks:
            task.cancel()


async def _refuse_request(send: Send) -> None:
    """Answer 503, by which a proxy knows that it may ask another node."""
    await send({"type": "http.response.start", "status": 503, "headers": []})
    await send({"type": "http.response.body", "body": b""})


class Supervisor:
    """Starts the workers, starts dead ones again, and passes the end on to all.

    A worker learns of the supervisor's own death because its standard input ends.
    """

    def __init__(self, settings: Settings, listening: socket.socket) -> None:
        self.settings = settings
        self.fd = listening.fileno()
        self.stopping = asyncio.Event()
        self.workers: dict[int, asyncio.subprocess.Process] = {}

    async def run(self) -> int:
        """Run until told to stop and all workers have ended; gives the exit code."""
        systemd = Supervision(os.environ)
        async with pinging(systemd), asyncio.TaskGroup() as tasks:
            for number in range(1, self.settings.workers + 1):
                tasks.create_task(self._keep(number))
            systemd.ready()
            await told_to_stop().wait()
            self.stopping.set()
            systemd.stopping()
            _refuse(self.fd)
            for worker in self.workers.values():
                with contextlib.suppress(ProcessLookupError):
                    worker.terminate()
        return 0

    async def _keep(self, number: int) -> None:
        failures = 0
        while not self.stopping.is_set():
            started = time.monotonic()
            code = await self._work(number)
            if self.stopping.is_set():
                return
            healthy = time.monotonic() - started > HEALTHY_SECONDS
            failures = 0 if healthy else failures + 1
            pause = BACKOFF_SECONDS[min(failures, len(BACKOFF_SECONDS) - 1)]
            log.error(
                "worker ended", extra={"worker": number, "code": code, "pause": pause}
            )
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self.stopping.wait(), pause)

    async def _work(self, number: int) -> int:
        """Run one worker to its end; gives its exit code."""
        own = {"DESKSIDE_NODE": f"{self.settings.node}-{number}"}
        worker = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "app", "serve", "--fd", str(self.fd)),
            env=os.environ | own,
            stdin=subprocess.PIPE,
            pass_fds=[self.fd],
        )
        self.workers[number] = worker
        if self.stopping.is_set():
            worker.terminate()
        log.info("worker started", extra={"worker": number, "pid": worker.pid})
        code = await worker.wait()
        del self.workers[number]
        return code


def told_to_stop() -> asyncio.Event:
    """An event that SIGTERM and SIGINT set, from now on."""
    told = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, told.set)
    return told


def stop_when_orphaned(told: asyncio.Event) -> None:
    """Set the event also when standard input ends: the supervisor is gone."""
    loop = asyncio.get_running_loop()

    def ended() -> None:
        loop.remove_reader(sys.stdin.fileno())
        told.set()

    loop.add_reader(sys.stdin.fileno(), ended)


def _allow_sockets() -> None:
    """Open as many files as the system lets us: its first offer is often 1024."""
    _soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def _hypercorn(settings: Settings, fd: int) -> Config:
    connections.restrict()
    config = Config()
    config.bind = [f"fd://{fd}"]
    config.errorlog = logging.getLogger("hypercorn.error")
    config.accesslog = None  # It logs addresses and links; web/ops.py does not.
    config.include_server_header = False
    config.websocket_max_message_size = FRAME_BYTES
    # Unbounded: Quart reads on at once, and a full queue that the app no longer reads
    # would keep the connection of whoever filled it for good.
    config.max_app_queue_size = 0
    config.keep_alive_timeout = KEEP_ALIVE_SECONDS
    config.graceful_timeout = 1.0  # The requests have had their time when it begins.
    if settings.tls_cert and settings.tls_key:
        config.certfile = str(settings.tls_cert)
        config.keyfile = str(settings.tls_key)
    return config
