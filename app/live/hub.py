"""The sockets of this node, and everything that passes between them and the rooms."""

import asyncio
import logging
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from secrets import token_urlsafe
from zlib import crc32

from app.domain.commands import Command, End, Lost, Open, Terms
from app.domain.errors import NoRoom, Refusal, RefusalCode
from app.domain.facts import Role
from app.domain.ids import Address, ConnectionId, RoomId
from app.domain.notices import Notice
from app.domain.relays import Fleet
from app.live.appointments import Appointments
from app.live.connection import Connection, Work
from app.live.duties import end
from app.live.metrics import Metrics
from app.live.tellings import Tellings
from app.live.transact import Transactor, read_notice, write_notice
from app.ports import Backplane, BackplaneError, Clock, Delivery, Gap, Letter
from app.protocol.session import HandOut, Post, Session, Submit, Tell
from app.protocol.tickets import Tickets


PATIENCE = 8.0
"""Seconds a command waits for an unreachable backplane before its socket resumes."""

DRAIN = 10.0
"""Seconds a drain waits for the sockets to go."""

GOODBYE_WITHIN = 3.0
"""Seconds over which the browsers of a draining node spread their return."""

MOVE_WITHIN = 2.0
"""Seconds over which the calls of a relay that goes spread their restarts."""

MOVE_APART = 1.5
"""Seconds by which the customer's page follows the agent's."""

MAX_CONNECTIONS = 12_000
"""Sockets of one node: 5,000 rooms, and who comes back before its old socket ends."""

MAX_LISTENER_BACKLOG = 100

logger = logging.getLogger(__name__)


class Hub:
    """One node's switchboard; use it inside ``async with hub.running()``."""

    def __init__(
        self,
        backplane: Backplane,
        transactor: Transactor,
        tickets: Tickets,
        fleet: Callable[[], Fleet],
        clock: Clock,
        metrics: Metrics,
    ) -> None:
        self.draining = False
        self._backplane = backplane
        self._transactor = transactor
        self._tickets = tickets
        self._fleet = fleet
        self._clock = clock
        self._metrics = metrics
        self._tellings = Tellings(backplane)
        self._connections: dict[ConnectionId, Connection] = {}
        self._appointments = Appointments()
        self._frames = metrics.frames.labels("received")
        self._workers: set[asyncio.Task[None]] = set()
        self._listeners: set[asyncio.Queue[RoomId]] = set()

    # The life of the node.

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Read this node's inbox and watch the clock, until left."""
        tasks = [
            asyncio.create_task(self._read_inbox()),
            asyncio.create_task(self._watch_clock()),
            asyncio.create_task(self._tellings.run()),
        ]
        try:
            yield
        finally:
            await self.drain()
            await end([*tasks, *self._workers])
            await self._tellings.flush()

    async def drain(self) -> None:
        """Take no more sockets and send the browsers to other nodes."""
        self.draining = True
        for connection in list(self._connections.values()):
            connection.session.say_goodbye(
                after=random.uniform(0.2, GOODBYE_WITHIN)  # noqa: S311 - jitter
            )
            connection.flush()
        with suppress(TimeoutError):
            async with asyncio.timeout(DRAIN):
                while self._workers:
                    await asyncio.wait(self._workers)

    def resync(self) -> None:
        """Have every browser of this node resume: letters may have been lost."""
        self._metrics.resyncs.inc()
        for connection in list(self._connections.values()):
            connection.session.ask_to_resume()
            connection.flush()

    def relays_changed(self) -> None:
        """Send browsers to other relays where theirs goes; not all at one moment."""
        now, loop = self._clock(), asyncio.get_running_loop()
        for connection in list(self._connections.values()):
            if connection.session.wants_relays(now):
                loop.call_later(_moves_in(connection.session), self._move, connection)

    def _move(self, connection: Connection) -> None:
        connection.session.move_relays(self._clock())
        connection.flush()

    # The life of a socket.

    @property
    def full(self) -> bool:
        """Whether this node takes no more sockets."""
        return self.draining or len(self._connections) >= MAX_CONNECTIONS

    def attach(self, wake: Callable[[], None] | None = None) -> Connection:
        """Begin a socket; the caller must detach it.

        ``wake`` is called when the connection may have something for it.
        """
        address = Address(self._backplane.node, ConnectionId(token_urlsafe(16)))
        session = Session(
            address, token_urlsafe(24), self._tickets, self._fleet, self._clock()
        )
        connection = Connection(session, self._begin, wake)
        self._connections[address.connection] = connection
        self._metrics.connections.set(len(self._connections))
        self._expect(connection)
        return connection

    def _expect(self, connection: Connection) -> None:
        """Look at a socket again when time may mean something to it."""
        when = connection.session.timer()
        if when is not None:
            self._appointments.make(connection.session.address.connection, when)

    def receive(self, connection: Connection, text: str) -> None:
        """Take a frame; never blocks, so that the socket is read promptly."""
        self._frames.inc()
        connection.session.receive_text(text, self._clock())
        connection.flush()

    def detach(self, connection: Connection) -> None:
        """End a socket; what it owes the room is still done."""
        address = connection.session.address
        self._connections.pop(address.connection, None)
        self._metrics.connections.set(len(self._connections))
        connection.session.receive_disconnect()
        connection.flush()
        if connection.cut:
            self._metrics.cuts.inc()

    # Rooms, for the pages and the API.

    async def open_room(self, room: RoomId, terms: Terms) -> None:
        """Make a room live, so that it can expire; harmless where it is."""
        command = Open(room=room, terms=terms, incarnation=token_urlsafe(12))
        await self._transactor.transact(command)

    async def end_room(self, room: RoomId, by: Role = Role.AGENT) -> None:
        """End a room from outside; harmless where it has ended."""
        command = End(room=room, role=by, incarnation=token_urlsafe(12))
        await self._transactor.transact(command)

    async def changes(self) -> AsyncIterator[RoomId]:
        """Yield rooms whose records changed, on whatever node."""
        listener: asyncio.Queue[RoomId] = asyncio.Queue(MAX_LISTENER_BACKLOG)
        self._listeners.add(listener)
        try:
            while True:
                yield await listener.get()
        finally:
            self._listeners.discard(listener)

    # Inside.

    def _begin(self, connection: Connection) -> None:
        """Do at once what needs no waiting; the rest has a task, while there is any."""
        work = connection.work
        while work and self._done_now(work[0]):
            work.popleft()
        if work:
            connection.busy = True
            worker = asyncio.create_task(self._work(connection))
            self._workers.add(worker)
            worker.add_done_callback(self._workers.discard)

    async def _work(self, connection: Connection) -> None:
        """Do a socket's actions in their order."""
        try:
            while connection.work:
                await self._try(connection, connection.work.popleft())
        finally:
            connection.busy = False

    async def _try(self, connection: Connection, work: Work) -> None:
        try:
            await self._do(work)
        except Refusal as refusal:
            self._metrics.refusals.labels(refusal.code.value).inc()
            connection.session.receive_refusal(refusal)
        except NoRoom:
            connection.session.receive_refusal(Refusal(RefusalCode.NOT_SEATED))
        except BackplaneError as error:
            logger.warning("command not done, the browser resumes: %s", error)
            connection.session.receive_failure()
        connection.flush()

    def _done_now(self, work: Work) -> bool:
        """Do what needs nobody else; says whether it was that."""
        match work:
            case Post(to, notice) if to.node == self._backplane.node:
                self._hand_over(to.connection, notice)
            case Tell(message, fact):
                self._metrics.count(message)
                self._tellings.add(fact)
            case HandOut(relay):
                self._metrics.count_relay(self._fleet().named(relay))
            case _:
                return False
        return True

    async def _do(self, work: Work) -> None:
        match work:
            case Submit(Lost() as command):
                # No socket is left that could ask again: only doing it will do.
                await _patiently(lambda: self._submit(command), None)
            case Submit(command):
                await _patiently(lambda: self._submit(command), PATIENCE)
            case Post(to, notice) if to.node != self._backplane.node:
                await self._backplane.post(to, write_notice(notice))
            case _:
                self._done_now(work)

    async def _submit(self, command: Command) -> None:
        await self._transactor.transact(command)

    async def _read_inbox(self) -> None:
        while True:
            try:
                deliveries = await self._backplane.receive(1.0)
            except BackplaneError as error:
                logger.warning("inbox not read: %s", error)
                await asyncio.sleep(0.5)
                continue
            for delivery in deliveries:
                self._deliver(delivery)

    def _deliver(self, delivery: Delivery) -> None:
        if isinstance(delivery, Gap):
            self.resync()
        elif isinstance(delivery, Letter):
            self._hand_over(delivery.connection, read_notice(delivery.body))
        else:
            for listener in self._listeners:
                with suppress(asyncio.QueueFull):
                    listener.put_nowait(delivery.room)

    def _hand_over(self, to: ConnectionId, notice: Notice) -> None:
        connection = self._connections.get(to)
        if connection is not None:
            connection.session.receive_notice(notice, self._clock())
            connection.flush()

    async def _watch_clock(self) -> None:
        while True:
            await asyncio.sleep(1.0)
            self._tell_time()

    def _tell_time(self) -> None:
        now = self._clock()
        for who in self._appointments.due(now):
            connection = self._connections.get(who)
            if connection is not None:
                connection.session.receive_timer(now)
                connection.flush()
                self._expect(connection)


def _moves_in(session: Session) -> float:
    """Return the seconds until a page is sent to other relays.

    Both sides soon after each other, but not at once: two offers that meet make
    Chromium's polite side lose the picture it shows.
    """
    part = crc32((session.room or "").encode()) % 1000 / 1000
    return MOVE_WITHIN * part + (MOVE_APART if session.role is Role.CUSTOMER else 0.0)


async def _patiently(
    attempt: Callable[[], Awaitable[None]], seconds: float | None
) -> None:
    """Try again while the backplane is away, up to so long or (None) for ever."""
    loop = asyncio.get_running_loop()
    until = None if seconds is None else loop.time() + seconds
    pause = 0.1
    while True:
        try:
            return await attempt()
        except BackplaneError:
            if until is not None and loop.time() + pause > until:
                raise
        await asyncio.sleep(pause)
        pause = min(2.0, pause * 2)
