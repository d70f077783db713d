"""A look at a real coturn shows what works there and what does not."""

from collections.abc import Iterator

import pytest

from app.adapters.relay_probe import probe_relay
from app.domain.relays import Relay
from tests.domain.fleet import relay
from tests.services import Turn, free_port, private_folder


def relay_at(*urls: str) -> Relay:
    """A relay with these URLs."""
    return relay(urls=urls)


@pytest.fixture
def own_turn() -> Iterator[Turn]:
    """A coturn for one test that kills or pauses it."""
    with private_folder("turn") as folder, Turn(folder) as turn:
        yield turn


async def test_relay_that_works(turn: Turn) -> None:
    """Bytes come back by every way, and the round trip is known."""
    stun = f"stun:{turn.host}:{turn.port}"
    probe = await probe_relay(relay_at(stun, turn.url, turn.tcp_url), turn.secret)
    assert (probe.works, probe.troubles) == (True, {})
    assert probe.round_trip is not None
    assert 0 < probe.round_trip < 500


async def test_relay_with_one_way_shut(turn: Turn) -> None:
    """It works, and what does not is named."""
    shut = f"turns:{turn.host}:{free_port(turn.host)}?transport=tcp"
    probe = await probe_relay(relay_at(turn.url, shut), turn.secret)
    assert probe.works
    assert list(probe.troubles) == [shut]
    assert "refused" in probe.troubles[shut]


async def test_relay_with_another_secret(turn: Turn) -> None:
    """It answers and lets nobody in: that is not working."""
    probe = await probe_relay(relay_at(turn.url), "another secret")
    assert not probe.works
    assert "401" in probe.troubles[turn.url]


async def test_relay_without_a_name() -> None:
    """Its name is unknown."""
    url = "turn:relay.invalid:3478?transport=udp"
    probe = await probe_relay(relay_at(url), "secret")
    assert not probe.works
    assert probe.round_trip is None
    assert probe.troubles[url]


async def test_relay_that_died_or_hangs(own_turn: Turn) -> None:
    """Neither a dead nor a frozen coturn works; one that is back does."""
    both = relay_at(own_turn.url, own_turn.tcp_url)
    own_turn.pause()
    frozen = await probe_relay(both, own_turn.secret)
    assert not frozen.works
    assert len(frozen.troubles) == 2
    own_turn.kill()
    assert not (await probe_relay(both, own_turn.secret)).works
    own_turn.start()
    assert (await probe_relay(both, own_turn.secret)).works
