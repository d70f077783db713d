"""One socket of this node: its session, and the bounded ways in and out."""

import asyncio
from collections import deque
from collections.abc import Callable

from app.protocol.session import (
    Close,
    CloseCode,
    HandOut,
    Post,
    Session,
    State,
    Submit,
    Tell,
)


MAX_OUTBOX = 256
"""Frames that may wait for a browser; a slower one is cut, and resumes."""

MAX_WORK = 256
"""Actions that may wait for the backplane."""


Work = Submit | Post | Tell | HandOut
"""What a socket's worker does, in order."""


class Connection:
    """What the hub keeps of a socket.

    The hub feeds the session and calls :meth:`flush`, which has the hub ``begin`` what
    is to be done and then tells the socket by ``wake``. The socket takes frames with
    :meth:`take_text`, or waits for each with :meth:`next_text`; once it is
    :attr:`over` it closes with :attr:`closing`.
    """

    def __init__(
        self,
        session: Session,
        begin: Callable[["Connection"], None],
        wake: Callable[[], None] | None = None,
    ) -> None:
        self.session = session
        self.closing: CloseCode | None = None
        self.cut = False
        self.work: deque[Work] = deque()
        self.busy = False
        """Whether somebody is at the work already: it is done in its order."""
        self._begin = begin
        self._outbox: deque[str] = deque()
        self._changed = asyncio.Event()
        self._wake = wake or self._changed.set

    @property
    def over(self) -> bool:
        """Whether nothing comes any more once the outbox is empty."""
        return self.session.state is State.CLOSED

    def flush(self) -> None:
        """Move what the session drained to the outbox and the work."""
        self._outbox.extend(self.session.texts_to_send())
        for action in self.session.actions():
            if isinstance(action, Close):
                self.closing = action.code
            else:
                self.work.append(action)
        self._bound()
        if self.work and not self.busy:
            self._begin(self)
        self._wake()

    def _bound(self) -> None:
        slow = len(self._outbox) > MAX_OUTBOX or len(self.work) > MAX_WORK
        if slow and not self.cut:
            self.cut = True
            self._outbox.clear()
            self.session.ask_to_resume()
            self.flush()

    def take_text(self) -> str | None:
        """Return the next frame to send, None where there is none now."""
        return self._outbox.popleft() if self._outbox else None

    async def next_text(self) -> str | None:
        """Return the next frame to send, None when the socket is to be closed."""
        while not self._outbox:
            if self.over:
                return None
            self._changed.clear()
            await self._changed.wait()
        return self._outbox.popleft()
