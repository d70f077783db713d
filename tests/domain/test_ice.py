import base64
import hashlib
import hmac

from app.domain.ice import Relays, ice_servers
from app.domain.ids import ParticipantId


WHO = ParticipantId("room-agent")


def test_ice_servers_are_none_without_any() -> None:
    """A deployment without STUN and TURN hands out nothing."""
    assert ice_servers(Relays(), WHO, 0) == ()


def test_stun_needs_no_credentials() -> None:
    """STUN URLs come bare."""
    (stun,) = ice_servers(Relays(stun_urls=("stun:a",)), WHO, 0)
    assert (stun.urls, stun.username, stun.credential) == (("stun:a",), None, None)


def test_turn_credentials_end_by_themselves() -> None:
    """The user name says until when; the password proves that we said so."""
    relays = Relays(turn_urls=("turn:a",), turn_secret="secret", ttl=600)
    (turn,) = ice_servers(relays, WHO, 1000.7)
    assert turn.username == "1600:room-agent"
    expected = hmac.new(b"secret", b"1600:room-agent", hashlib.sha1).digest()
    assert turn.credential == base64.b64encode(expected).decode()
