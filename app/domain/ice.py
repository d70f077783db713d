"""ICE servers for one participant, with credentials that end by themselves."""

from base64 import b64encode
from hashlib import sha1
from hmac import new as hmac

from msgspec import Struct

from app.domain.ids import ParticipantId


class Relays(Struct, frozen=True, kw_only=True):
    """The deployment's own STUN and TURN servers; ``ttl`` is in seconds."""

    stun_urls: tuple[str, ...] = ()
    turn_urls: tuple[str, ...] = ()
    turn_secret: str = ""
    ttl: int = 600


class IceServer(Struct, frozen=True, omit_defaults=True):
    """An ``RTCIceServer`` (W3C WebRTC, section 4.2.4)."""

    urls: tuple[str, ...]
    username: str | None = None
    credential: str | None = None


def ice_servers(
    relays: Relays, participant: ParticipantId, now: float
) -> tuple[IceServer, ...]:
    """Return the servers for a participant, valid until ``now + relays.ttl``.

    The password is the base64 HMAC-SHA1 of the user name, as coturn's
    ``use-auth-secret`` computes it (draft-uberti-behave-turn-rest-00, section 2.2).
    """
    servers: list[IceServer] = []
    if relays.stun_urls:
        servers.append(IceServer(relays.stun_urls))
    if relays.turn_urls:
        username = f"{int(now) + relays.ttl}:{participant}"
        digest = hmac(relays.turn_secret.encode(), username.encode(), sha1).digest()
        servers.append(
            IceServer(relays.turn_urls, username, b64encode(digest).decode())
        )
    return tuple(servers)
