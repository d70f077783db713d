"""Appointments: nobody is called before the moment, and nobody twice."""

from app.domain.ids import ConnectionId
from app.live.appointments import Appointments


ANN, BOB = ConnectionId("ann"), ConnectionId("bob")


def test_called_at_the_moment_and_once() -> None:
    """Not before it, and no more after."""
    appointments = Appointments()
    appointments.make(ANN, 100.2)
    assert appointments.due(100.2) == []
    assert appointments.due(101.0) == [ANN]
    assert appointments.due(200.0) == []


def test_clock_that_jumps_passes_nobody_over() -> None:
    """All whose moment has gone are called, the earliest first."""
    appointments = Appointments()
    appointments.make(BOB, 160.0)
    appointments.make(ANN, 110.0)
    appointments.make(BOB, 4_000.0)
    assert appointments.due(3_600.0) == [ANN, BOB]
