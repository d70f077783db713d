import pytest
from itsdangerous import URLSafeSerializer

from app.protocol.tickets import (
    TICKET_SECONDS,
    BadTicket,
    ExpiredTicket,
    ResumeToken,
    Tickets,
)
from tests.domain.table import ROOM, TERMS
from tests.protocol.talk import NOW, SECRET, TICKETS, ticket, token


def test_ticket_comes_back_as_it_was() -> None:
    """What was signed is what is read, to the last second of its time."""
    read = TICKETS.read_seat(ticket(), NOW + TICKET_SECONDS)
    assert (read.room, read.terms) == (ROOM, TERMS)


def test_ticket_ends() -> None:
    """An old ticket is known as ours, but not taken."""
    with pytest.raises(ExpiredTicket):
        TICKETS.read_seat(ticket(), NOW + TICKET_SECONDS + 0.1)


def test_ticket_of_another_secret_is_bad() -> None:
    """Another deployment's ticket opens nothing here."""
    with pytest.raises(BadTicket):
        Tickets("another secret, just as long as ours").read_seat(ticket(), NOW)


def test_compressed_token_is_read() -> None:
    """A node of the release before signs so, and its pages resume here."""
    signer = URLSafeSerializer(SECRET, salt="deskside.resume")
    seat = {"room": ROOM, "role": "agent", "secret": "a" * 200}
    signed = signer.dumps(seat)
    assert signed.startswith(".")
    assert TICKETS.read_resume(str(signed)).secret == "a" * 200


def test_token_comes_back_as_it_was() -> None:
    """The seat and its secret survive the signing."""
    read = TICKETS.read_resume(token("kept"))
    assert isinstance(read, ResumeToken)
    assert (read.room, read.secret) == (ROOM, "kept")


@pytest.mark.parametrize("change", [0, 10, -1])
def test_changed_ticket_is_bad(change: int) -> None:
    """No character of a ticket can be changed."""
    signed = ticket()
    other = "A" if signed[change] != "A" else "B"
    position = change % len(signed)
    with pytest.raises(BadTicket):
        TICKETS.read_seat(signed[:position] + other + signed[position + 1 :], NOW)
