"""A call that does not come about is found, and leaves nothing behind."""

import asyncio
from collections.abc import Iterator

import pytest
from av import AudioFrame, VideoFrame

from app.doctor import call
from app.doctor.people import Picture, Senses, Sound, is_picture, is_sound
from app.doctor.target import Target
from tests.doctor.deployment import Deployment, Relay, without_line
from tests.doctor.helpers import examine, finds, instead_of, passes


async def all_rooms_end(target: Target) -> None:
    """The doctor's rooms are over, as their records say a moment later."""
    async with asyncio.timeout(20):
        while True:
            states = "state=open&state=live&state=waiting"
            answer = await target.call_api("GET", f"/rooms?{states}")
            if not answer["items"]:
                return
            await asyncio.sleep(0.1)


async def test_call_by_the_relay_is_seen_and_heard(deployment: Deployment) -> None:
    """Pictures, sound, how long the first took; and the room is over."""
    target = deployment.target()
    result = await passes("call", target)
    await all_rooms_end(target)
    assert result.numbers["pictures"] >= call.PICTURES
    assert result.numbers["sounds"] >= call.SOUNDS
    assert 0 < result.numbers["first_picture_seconds"] < 20
    assert "turn:" in result.seen


@pytest.fixture
def mute(deployment: Deployment) -> Iterator[Relay]:
    """For a while, a relay that answers and relays to nobody."""
    relay = deployment.new_relay(
        "mute",
        change=without_line("allowed-peer-ip", "external-ip"),
        coturn_denied=["0.0.0.1-255.255.255.255"],
    )
    with instead_of(deployment.relay, relay):
        yield relay


async def test_call_without_a_working_relay_is_found(
    deployment: Deployment, mute: Relay, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What each side got is told, and the room is ended all the same."""
    monkeypatch.setattr(call, "TALK_SECONDS", 6.0)
    target = deployment.target()
    await finds("call", target, "no call in 6 s", "0 pictures", "turn-udp")
    await all_rooms_end(target)


async def test_call_needs_a_key(deployment: Deployment) -> None:
    """Rooms belong to somebody."""
    result = await examine("call", deployment.target(beside=True, key=""))
    assert "--key-file" in result.seen


# Eyes and ears.


async def test_made_up_media_are_a_picture_and_a_sound() -> None:
    """What is sent would be seen and heard."""
    assert is_picture(await Picture().recv())
    assert is_sound(await Sound().recv())


def test_black_and_silence_count_for_nothing() -> None:
    """Frames that arrive are no call yet."""
    black = VideoFrame(64, 64, "yuv420p")
    grey = VideoFrame(64, 64, "yuv420p")
    for frame, shade in ((black, 16), (grey, 128)):
        frame.planes[0].update(bytes([shade]) * frame.planes[0].buffer_size)
    silence = AudioFrame("s16", "mono", 960)
    silence.planes[0].update(bytes(silence.planes[0].buffer_size))
    senses = Senses()
    for frame in (black, grey):
        senses.see(frame)
    senses.hear(silence)
    assert (senses.pictures, senses.black, senses.sounds, senses.silent) == (0, 2, 0, 1)
    assert senses.first_picture == 0
