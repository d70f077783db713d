"""What arrives of a voice and a face: beeps, bytes, sizes, and what had to be made up."""

from dataclasses import dataclass
from typing import Any

from tests.e2e.people import Person


BEEPS_A_SECOND = 2
"""Chromium's made-up microphone beeps so often, for 20 ms: one packet long."""

# Remembers the loudest sample of every 10 ms of what the page plays.
_LISTEN = """async () => {
  const context = new AudioContext(), analyser = context.createAnalyser();
  analyser.fftSize = 32768;
  for (const element of document.querySelectorAll("audio, video"))
    if (!element.muted && element.srcObject?.getAudioTracks().length)
      context.createMediaStreamSource(element.srcObject).connect(analyser);
  await context.resume();
  const samples = new Float32Array(analyser.fftSize), block = context.sampleRate / 100;
  const heard = window.heard = { loudness: [], missed: 0 };
  let done = Math.round(context.currentTime * context.sampleRate);
  setInterval(() => {
    const now = Math.round(context.currentTime * context.sampleRate);
    const fresh = Math.floor(Math.min(now - done, samples.length) / block) * block;
    if (now - done > samples.length) heard.missed += 1;
    analyser.getFloatTimeDomainData(samples);
    const end = samples.length - (now - done > samples.length ? 0 : now - done - fresh);
    for (let at = end - fresh; at < end; at += block) {
      let loudest = 0;
      for (const one of samples.subarray(at, at + block))
        loudest = Math.max(loudest, Math.abs(one));
      heard.loudness.push(loudest);
    }
    done = now - (now - done > samples.length ? 0 : now - done - fresh);
  }, 250);
}"""

_LOOK = """async () => {
  const all = await deskside.stats();
  const inbound = kind =>
    all.filter(one => one.type === "inbound-rtp" && one.kind === kind);
  const sum = (kind, name) =>
    inbound(kind).reduce((total, one) => total + (one[name] ?? 0), 0);
  const height = Math.max(0, ...inbound("video").map(one => one.frameHeight ?? 0));
  return {
    at: performance.now() / 1000,
    samples: sum("audio", "totalSamplesReceived"),
    concealed: sum("audio", "concealedSamples") - sum("audio", "silentConcealedSamples"),
    video: sum("video", "bytesReceived") * 8 / 1000,
    frames: sum("video", "framesDecoded"),
    height, blocks: window.heard?.loudness.length ?? 0,
  };
}"""


@dataclass(frozen=True)
class Arrived:
    """What came within a time."""

    beeps: float
    """The share of beeps heard, 0 to 1."""
    concealed: float
    """Percent of the sound that had to be made up."""
    kbps: float
    """Of video."""
    fps: float
    height: int
    """Lines of the last picture."""


def listen(person: Person) -> None:
    """Have the page remember what it plays; once a page."""
    person.page.evaluate(_LISTEN)


def arrives(person: Person, seconds: float) -> Arrived:
    """What arrives from now on for so long (needs `listen`)."""
    before = _look(person)
    person.page.wait_for_timeout(seconds * 1000)
    after = _look(person)
    gone = {name: after[name] - before[name] for name in after}
    since = int(before["blocks"])
    loudness = person.page.evaluate("since => heard.loudness.slice(since)", since)
    return Arrived(
        beeps=_beeps(loudness) / max(len(loudness) / 100 * BEEPS_A_SECOND, 1),
        concealed=100 * gone["concealed"] / max(gone["samples"], 1),
        kbps=gone["video"] / gone["at"],
        fps=gone["frames"] / gone["at"],
        height=int(after["height"]),
    )


def _look(person: Person) -> dict[str, Any]:
    seen: dict[str, Any] = person.page.evaluate(_LOOK)
    return seen


LOUD, APART = 0.02, 12
"""A beep is so loud, and comes so many blocks of 10 ms after the one before at least."""


def _beeps(loudness: list[float]) -> int:
    """How many beeps there are."""
    count, last = 0, -APART
    for at, loud in enumerate(loudness):
        if loud > LOUD:
            count += at - last >= APART
            last = at
    return count
