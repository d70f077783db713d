import json

import pytest

from app.protocol.messages import (
    MAX_FRAME,
    CandidatesMessage,
    ErrorCode,
    Malformed,
    decode,
)


def fault(text: str) -> tuple[ErrorCode, str]:
    """Return what is said against a frame."""
    with pytest.raises(Malformed) as caught:
        decode(text)
    return caught.value.code, str(caught.value)


@pytest.mark.parametrize(
    "text",
    ["", "nonsense", "[", "\ud800", "[" * 5000, '{"type":"ping"', "NaN"],
)
def test_frame_that_is_no_json_is_malformed(text: str) -> None:
    """A frame is one JSON object, and nothing deeper than it needs."""
    assert fault(text)[0] is ErrorCode.MALFORMED


@pytest.mark.parametrize("text", ["[]", "1", "null", '"ping"', "{}", '{"type":7}'])
def test_frame_without_a_type_is_malformed(text: str) -> None:
    """JSON alone is no message."""
    assert fault(text)[0] is ErrorCode.MALFORMED


def test_unknown_type_is_named() -> None:
    """A newer client can tell an unknown message from a wrong one."""
    assert fault('{"type":"dance"}')[0] is ErrorCode.UNKNOWN_TYPE


@pytest.mark.parametrize(
    ("message", "hint"),
    [
        ({"type": "ping", "extra": 1}, "extra"),
        ({"type": "enter"}, "media"),
        ({"type": "enter", "media": {"microphone": 1}}, "microphone"),
        ({"type": "enter", "media": {"smell": True}}, "smell"),
        ({"type": "description", "description": {"type": "wish"}}, "type"),
        ({"type": "description", "description": {"type": "offer", "sdp": 1}}, "sdp"),
        ({"type": "candidates", "candidates": [{}] * 65}, "candidates"),
        ({"type": "join", "ticket": "t", "instance": "short"}, "instance"),
        ({"type": "join", "ticket": "t" * 5000, "instance": "i" * 16}, "ticket"),
    ],
)
def test_wrong_field_is_named(message: dict[str, object], hint: str) -> None:
    """The text says where the message is wrong."""
    code, text = fault(json.dumps(message))
    assert code is ErrorCode.MALFORMED
    assert hint in text


def test_large_frame_is_refused() -> None:
    """A frame has a size."""
    assert fault(" " * (MAX_FRAME + 1))[0] is ErrorCode.TOO_LARGE


def test_candidate_may_be_the_empty_one() -> None:
    """An empty candidate ends a generation (RFC 8838, section 14)."""
    message = decode('{"type":"candidates","candidates":[{"candidate":""}]}')
    assert isinstance(message, CandidatesMessage)
    assert message.candidates[0].sdp_mid is None
