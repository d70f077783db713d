"""How it stands with a relay, in words, and what to do about it."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from app.domain.relay_urls import RelayUrl
from app.domain.relays import Known, Standing
from app.web.i18n import gettext as _


@dataclass(frozen=True, slots=True)
class Way:
    """One way to a relay, what the last probe said of it, and a remedy."""

    name: str
    trouble: str
    advice: str


@dataclass(frozen=True, slots=True)
class Row:
    """A relay in the list. ``tone`` and ``icon`` show its ``standing`` again.

    ``share`` is the percentage of its capacity that is in use, None where nobody
    knows; ``round_trip`` is in milliseconds from the service.
    """

    known: Known
    draining: bool
    standing: str
    tone: str
    icon: str
    text: str
    load: str
    share: int | None
    round_trip: int | None
    ways: tuple[Way, ...]
    down_since: datetime | None


def row(known: Known, now: float) -> Row:
    """Say how it stands with a relay at this moment."""
    standing = known.standing(now)
    health = known.health
    word, tone, icon = _standing(standing, looked=health is not None)
    trip = health.last.round_trip if health else None
    since = health.since if health and not health.up else None
    return Row(
        known=known,
        draining=known.relay.state == "draining",
        standing=word,
        tone=tone,
        icon=icon,
        text=_text(known, standing),
        load=_load(known),
        share=_share(known),
        round_trip=None if trip is None else max(1, round(trip)),
        ways=tuple(_ways(known)),
        down_since=None if since is None else datetime.fromtimestamp(since, UTC),
    )


def _standing(standing: Standing, *, looked: bool) -> tuple[str, str, str]:
    known = {
        Standing.GOOD: (_("Works"), "live", "circle-check"),
        Standing.LIMPING: (_("Works in part"), "waiting", "triangle-alert"),
        Standing.FULL: (_("Nearly full"), "waiting", "triangle-alert"),
        Standing.DRAINING: (_("Draining"), "open", "hourglass"),
        Standing.DOWN: (_("Down"), "off", "wifi-off"),
    }
    if standing is Standing.GOOD and not looked:
        return _("Not examined yet"), "", "hourglass"
    return known[standing]


def _text(known: Known, standing: Standing) -> str:
    if standing is Standing.DRAINING:
        return _left(known.load)
    others = {
        Standing.DOWN: _(
            "New calls go elsewhere, and calls that used it were sent there."
        ),
        Standing.LIMPING: _("It is given as a spare as long as others work in full."),
        Standing.FULL: _("It is given as a spare as long as others have room."),
    }
    return others.get(standing, "")


def _left(load: int | None) -> str:
    if load is None:
        return _("New calls go elsewhere. How many still use it is not known.")
    if load == 0:
        return _("It is empty: it can be switched off now.")
    return _("New calls go elsewhere. Allocations left: %(count)s.") % {"count": load}


def _load(known: Known) -> str:
    if known.load is None:
        return _("not known")
    if not known.relay.capacity:
        return str(known.load)
    of = _("%(count)s of %(capacity)s")
    return of % {"count": known.load, "capacity": known.relay.capacity}


def _share(known: Known) -> int | None:
    if known.load is None or not known.relay.capacity:
        return None
    return min(100, round(100 * known.share))


def _ways(known: Known) -> Iterator[Way]:
    troubles = known.health.last.troubles if known.health else {}
    for url in known.relay.read_urls:
        trouble = troubles.get(url.text, "")
        # STUN is served where UDP is: one word is enough for both.
        if url.relays:
            advice = _advice(trouble, url) if trouble else ""
            yield Way(f"{url.way.upper()} {url.port}", trouble, advice)


def _advice(trouble: str, url: RelayUrl) -> str:
    """Return what whoever runs the relay can do about a trouble of the probe."""
    port = f"{url.port}/{url.transport}"
    said = trouble.lower()
    known = {
        "name or service": _("Its name has no address: look at the DNS entry."),
        "no address": _("Its name has no address: look at the DNS entry."),
        "refused": _(
            "Nothing listens on %(port)s. Look: systemctl status coturn nginx"
        ),
        "401": _(
            "DESKSIDE_TURN_SECRET must be its static-auth-secret, and the clocks of "
            "both hosts right."
        ),
        "403": _("It refuses itself as a peer: allowed-peer-ip must be its address."),
        "486": _("It is full: raise user-quota and total-quota, or add a relay."),
        "508": _("It is full: raise user-quota and total-quota, or add a relay."),
        "passes nothing": _(
            "Open 49152-65535/udp in its firewall; external-ip must be its address."
        ),
        "ssl": _("nginx must end TLS on %(port)s and pass it on. Look: nginx -T"),
        "answer": _(
            "Open %(port)s in its firewall and at the provider, and look whether it "
            "runs: systemctl status coturn"
        ),
    }
    found = (text for part, text in known.items() if part in said)
    text = next(found, _("Its log has the reason: journalctl -u coturn"))
    return text % {"port": port} if "%(port)s" in text else text
