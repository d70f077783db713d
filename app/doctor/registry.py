"""Every check there is, in the order of a report."""

from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass

from app.doctor import call, host, names, records, relay, socket, tls, turn, web
from app.doctor.results import Finding
from app.doctor.target import IDLE_SECONDS, Target


@dataclass(frozen=True, slots=True)
class Check:
    """A question about a deployment, and the seconds it may take to answer."""

    name: str
    ask: Callable[[Target], Awaitable[Finding]]
    seconds: float = 30.0

    @property
    def subject(self) -> str:
        """The module it stands in; `--only` takes it, too."""
        return self.ask.__module__.rpartition(".")[2]


CHECKS = (
    Check("dns-web", names.web),
    Check("dns-turn", names.turn),
    Check("redirect", web.redirect),
    Check("health", web.health),
    Check("version", web.version),
    Check("headers", web.headers),
    Check("http2", web.http2),
    Check("tls-web", tls.web),
    Check("tls-turns", tls.turns),
    Check("tls-turn-443", tls.turn_443),
    Check("tls-no-name", tls.no_name),
    Check("tls-same", tls.same),
    Check("key", web.key),
    Check("clock", relay.clock),
    Check("socket-upgrade", socket.upgrade),
    Check("socket-idle", socket.idle, IDLE_SECONDS + 20),
    Check("relays", relay.fleet),
    Check("stun", turn.stun),
    Check("turn-udp", turn.udp),
    Check("turn-tcp", turn.tcp),
    Check("turn-tls", turn.tls),
    Check("turn-443", turn.tls_443),
    Check("relay-address", relay.address),
    Check("relay-peers", relay.peers),
    Check("relay-tcp-peers", relay.tcp_peers),
    Check("relay-password", relay.password),
    Check("relay-anonymous", relay.anonymous),
    Check("relay-expired", relay.expired),
    Check("database", records.database),
    Check("redis", records.redis),
    Check("facts", records.facts),
    Check("disk", host.disk),
    Check("call", call.call, 90.0),
)


def choose(wanted: Collection[str], *, with_call: bool = True) -> list[Check]:
    """Return the checks of these names or subjects; of none, all.

    Raises:
        ValueError: there is none of a name.
    """
    known = {check.name for check in CHECKS} | {check.subject for check in CHECKS}
    if strange := sorted(set(wanted) - known):
        listed = ", ".join(check.name for check in CHECKS)
        raise ValueError(f"there is no check {', '.join(strange)}; there are {listed}")
    return [
        check
        for check in CHECKS
        if not wanted or {check.name, check.subject} & set(wanted)
        if with_call or check.ask is not call.call
    ]
