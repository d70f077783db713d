"""The story of a call is told in words, whatever pages told."""

from datetime import UTC, datetime

import pytest

from app.domain.facts import TOLD, FactKind, Role
from app.domain.ids import FactId, RoomId
from app.domain.quality import Cause, Path, Step, Transport
from app.domain.records import CallEvent
from app.web.pages import troubles
from app.web.pages.words import Moment, Names, timeline


NAMES = Names(agent="Ayu", customer="Budi")
AT = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _english(monkeypatch: pytest.MonkeyPatch) -> None:
    """Outside of a request nobody asks for a language."""
    for module in ("words", "troubles"):
        monkeypatch.setattr(f"app.web.pages.{module}._", str)


def moment(kind: FactKind, **data: str | float) -> Moment:
    """The line of one fact of the customer's page."""
    event = CallEvent(FactId("f"), RoomId("r"), AT, kind, Role.CUSTOMER, data)
    (line,) = timeline([event], NAMES)
    return line


def test_connected_says_by_which_way_and_how_soon() -> None:
    """Whoever looks into a call sees first how it was connected."""
    line = moment(FactKind.CONNECTED, after=0.31, path="relay", protocol="tls")
    assert line.text == "The two were connected, through a relay, over TLS."
    assert line.detail == "It took 0.3 s."


def test_recovered_says_how_long_and_by_what() -> None:
    """The gap, the step, and the way that was found."""
    line = moment(
        FactKind.RECOVERED, gap=1.84, step="restart", path="direct", protocol="udp"
    )
    assert line.text == "Nothing came to Budi for 1.8 s, then it did again."
    assert line.detail == (
        "A new search for a path brought it back, directly, over UDP."
    )


def test_trouble_says_which_hop_and_which_port() -> None:
    """Operations reads what to open, and where."""
    line = moment(FactKind.TROUBLE, cause="udp_blocked")
    assert (line.text, line.tone) == ("The network of Budi blocked UDP.", "warn")
    assert "UDP to port 3478" in line.detail


def test_trouble_that_is_over_is_no_warning() -> None:
    """An empty cause is good news."""
    line = moment(FactKind.TROUBLE, cause="")
    assert (line.text, line.tone) == ("At Budi's side all was well again.", "")


@pytest.mark.parametrize("cause", list(Cause))
def test_every_cause_has_words(cause: Cause) -> None:
    """Nobody reads a name out of the code."""
    text = moment(FactKind.TROUBLE, cause=cause.value).text
    assert "Budi" in text
    assert "%" not in text


@pytest.mark.parametrize("step", list(Step))
def test_every_step_has_words(step: Step) -> None:
    """What brought media back, too."""
    assert troubles.step({"step": step.value})


@pytest.mark.parametrize("path", list(Path))
@pytest.mark.parametrize("protocol", list(Transport))
def test_every_way_has_words(path: Path, protocol: Transport) -> None:
    """Path and protocol, for whoever knows networks."""
    words = troubles.way({"path": path.value, "protocol": protocol.value})
    assert protocol.value.upper() in words


@pytest.mark.parametrize("kind", sorted(TOLD - {FactKind.QUALITY}))
def test_fact_of_a_newer_version_is_told_as_it_is(kind: FactKind) -> None:
    """After going back to an older release, pages of history still open."""
    assert moment(kind, cause="martians", step="prayer", path="tunnel").text
