"""What a rule may refuse.

Refusal
 |-- room_full      someone else holds the seat
 |-- room_ended     the room is over; its link is of no more use
 |-- resume_failed  the seat to resume is gone or was given anew: join with a ticket
 `-- not_seated     the sender no longer holds the seat it speaks for
"""

from enum import StrEnum


class RefusalCode(StrEnum):
    """A stable name a browser can act on."""

    ROOM_FULL = "room_full"
    ROOM_ENDED = "room_ended"
    RESUME_FAILED = "resume_failed"
    NOT_SEATED = "not_seated"


class Refusal(Exception):
    """The rules say no; nothing was changed."""

    def __init__(self, code: RefusalCode) -> None:
        super().__init__(code.value)
        self.code = code


class NoRoom(Exception):
    """There is no such room, and the command is none that makes one."""
