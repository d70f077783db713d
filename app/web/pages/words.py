"""What happened, in words."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from app.domain.facts import TOLD, FactKind, Role
from app.domain.records import Call, CallEvent
from app.web.i18n import gettext as _
from app.web.pages import troubles


def outcomes() -> dict[str, str]:
    """How a room can end, as an agent reads it; the filters offer these."""
    return {
        "ended_by_agent": _("Ended by the agent"),
        "ended_by_customer": _("Ended by the customer"),
        "abandoned": _("Abandoned by both"),
        "no_show": _("One side never came"),
        "too_long": _("Reached the time limit"),
        "expired": _("Expired"),
    }


def outcome(reason: str | None) -> str:
    """How a room ended; a reason this version does not know stands as it is."""
    return outcomes().get(reason or "", reason or "")


def lasted(call: Call) -> str:
    """How long a call took, as m:ss or h:mm:ss; a dash while it goes on."""
    if call.ended_at is None:
        return "-"
    seconds = round((call.ended_at - call.started_at).total_seconds())
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"


@dataclass(frozen=True, slots=True)
class Moment:
    """One line of a timeline. `tone` is live, warn, off or nothing.

    `detail` says more, for whoever has to do something about it.
    """

    at: datetime
    text: str
    icon: str
    tone: str = ""
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Names:
    """Who is who in a timeline."""

    agent: str
    customer: str

    def of(self, role: Role | None) -> str:
        """The name of a side."""
        return self.agent if role is Role.AGENT else self.customer


def timeline(events: Iterable[CallEvent], names: Names) -> Iterator[Moment]:
    """The story of a room, one moment for each fact."""
    for event in events:
        name = names.of(event.role)
        if event.kind in TOLD:
            yield _told(event, name)
            continue
        text, icon, tone = _moment(event, name)
        yield Moment(event.at, text, icon, tone)


def _moment(event: CallEvent, name: str) -> tuple[str, str, str]:
    who = {"name": name}
    known = {
        FactKind.OPENED: (_("The room was opened."), "door-open", ""),
        FactKind.JOINED: (_("%(name)s arrived."), "log-in", ""),
        FactKind.ENTERED: (_("%(name)s was ready to talk."), "user-check", ""),
        FactKind.STARTED: (_("The call began."), "phone-call", "live"),
        FactKind.LOST: (_("%(name)s lost the connection."), "wifi-off", "warn"),
        FactKind.RESUMED: (_("%(name)s was back."), "wifi", ""),
        FactKind.MOVED: (
            _("%(name)s went on in another tab or on another device."),
            "monitor-smartphone",
            "",
        ),
        FactKind.LEFT: (_("%(name)s left."), "log-out", ""),
    }
    if event.kind in known:
        text, icon, tone = known[event.kind]
        return text % who, icon, tone
    return outcome(str(event.data.get("reason", ""))), "phone-off", "off"


def _told(event: CallEvent, name: str) -> Moment:
    """What a page told of its media."""
    match event.kind:
        case FactKind.CONNECTED:
            text = _("The two were connected, %(way)s.")
            text %= {"way": troubles.way(event.data)}
            return Moment(event.at, text, "link", detail=_took(event))
        case FactKind.NOT_CONNECTED:
            text = _("The two were not connected in 15 seconds.")
            return Moment(event.at, text, "triangle-alert", "warn")
        case FactKind.RECOVERED:
            return _recovered(event, name)
        case _:
            return _trouble(event, name)


def _took(event: CallEvent) -> str:
    seconds = float(event.data.get("after") or 0)
    return _("It took %(seconds)s s.") % {"seconds": f"{seconds:.1f}"}


def _recovered(event: CallEvent, name: str) -> Moment:
    gap = float(event.data.get("gap") or 0)
    text = _("Nothing came to %(name)s for %(seconds)s s, then it did again.")
    text %= {"name": name, "seconds": f"{gap:.1f}"}
    parts = (troubles.step(event.data), troubles.way(event.data))
    detail = ", ".join(part for part in parts if part)
    return Moment(event.at, text, "refresh-cw", detail=detail and f"{detail}.")


def _trouble(event: CallEvent, name: str) -> Moment:
    what, detail = troubles.trouble(event.data)
    text = what % {"name": name} if "%(name)s" in what else what
    if not event.data.get("cause"):
        return Moment(event.at, text, "circle-check")
    return Moment(event.at, text, "triangle-alert", "warn", detail)
