"""The recorded call is whole, and nobody's."""

import json
import re

from loadtests import recording
from loadtests.record import scrub, scrub_text


SAID = recording.load()


def test_recording_is_a_whole_call() -> None:
    """Both say who they are, agree, and tell twice how good it is."""
    kinds = [(each.role, each.frame["type"]) for each in SAID]
    for role in ("agent", "customer"):
        assert kinds.count((role, "enter")) == 1
        assert kinds.count((role, "description")) == 1
        assert kinds.count((role, "quality")) == 2
    assert kinds.count(("agent", "connected")) == 1
    assert recording.candidates(SAID)
    assert [each.at for each in SAID] == sorted(each.at for each in SAID)
    assert SAID[-1].at > 20


def test_messages_have_the_size_of_real_ones() -> None:
    """A description of three media takes some kilobytes."""
    sizes = [len(json.dumps(s.frame)) for s in SAID if s.frame["type"] == "description"]
    assert all(4_000 < size < 16_000 for size in sizes)


def test_recording_names_no_machine_and_no_secret() -> None:
    """Addresses are those for documentation; keys and tickets are not there."""
    text = recording.PATH.read_text(encoding="utf-8")
    addresses = set(re.findall(r"\b\d{1,3}(?:\.\d{1,3}){3}\b", text))
    assert addresses <= {"192.0.2.10", "0.0.0.0"}
    assert not re.search(r"ticket|token|credential|instance|\.local", text)
    assert set(re.findall(r"ice-pwd:([^\\]+)", text)) == {"a" * 24}
    assert set(re.findall(r"(?:[0-9A-F]{2}:){31}[0-9A-F]{2}", text)) == {
        ":".join(["AB"] * 32)
    }


def test_scrubbing_keeps_lengths_and_finds_everything() -> None:
    """What is replaced is as long as it was, but for addresses."""
    line = "candidate:1 1 udp 1 10.1.2.3 9 typ host ufrag Xy9+ network-id 1"
    assert scrub_text(line) == line.replace("10.1.2.3", "192.0.2.10").replace(
        "Xy9+", "aaaa"
    )
    for address in ("fd00::2", "fe80::1:2", "2001:db8:1:2:3:4:5:6"):
        assert address not in scrub_text(f"udp 1 {address} 9 typ host")
    kept = "a=rtcp-fb:96 nack\\r\\na=rtpmap:111 opus/48000/2"
    assert scrub_text(kept) == kept
    frame = {"type": "candidates", "candidates": [{"usernameFragment": "Qw3r"}]}
    assert scrub(frame)["candidates"][0]["usernameFragment"] == "aaaa"
