"""One socket of this node: its session, and the bounded ways in and out."""

import asyncio
from collections import deque

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

    The hub feeds the session and calls :meth:`flush`; the socket's writer takes
    frames with :meth:`next_text` until that returns None, then closes with
    :attr:`closing`.
    """

    def __init__(self, session: Session) -> None:
        self.session = session
        self.closing: CloseCode | None = None
        self.cut = False
        self.work: asyncio.Queue[Work | None] = asyncio.Queue()
        self._outbox: deque[str] = deque()
        self._wake = asyncio.Event()

    def flush(self) -> None:
        """Move what the session drained to the outbox and the work queue."""
        self._outbox.extend(self.session.texts_to_send())
        for action in self.session.actions():
            if isinstance(action, Close):
                self.closing = action.code
            else:
                self.work.put_nowait(action)
        self._bound()
        if self.session.state is State.CLOSED:
            self.work.put_nowait(None)
        self._wake.set()

    def _bound(self) -> None:
        slow = len(self._outbox) > MAX_OUTBOX or self.work.qsize() > MAX_WORK
        if slow and not self.cut:
            self.cut = True
            self._outbox.clear()
            self.session.ask_to_resume()
            self.flush()

    async def next_text(self) -> str | None:
        """Return the next frame to send, None when the socket is to be closed."""
        while not self._outbox:
            if self.session.state is State.CLOSED:
                return None
            self._wake.clear()
            await self._wake.wait()
        return self._outbox.popleft()
