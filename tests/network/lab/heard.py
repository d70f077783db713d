"""What arrives of a voice and a face: beeps, bytes, sizes, and what was made up."""

from collections.abc import Sequence
from dataclasses import dataclass

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
  const video = document.querySelector("#remote");
  let shown = performance.now();
  heard.unsaid = 0;
  const frame = now => { shown = now; video.requestVideoFrameCallback(frame); };
  video.requestVideoFrameCallback(frame);
  setInterval(() => {
    const frozen = performance.now() - shown > 4000;
    const said = document.querySelector("#status").textContent.trim();
    if (frozen && !said) heard.unsaid += 0.25;
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
    concealed:
      sum("audio", "concealedSamples") - sum("audio", "silentConcealedSamples"),
    video: sum("video", "bytesReceived") * 8 / 1000,
    frames: sum("video", "framesDecoded"),
    height, blocks: heard.loudness.length, unsaid: heard.unsaid,
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
    unsaid: float
    """Seconds of a picture that stood still for over 4 s, and the page said nothing."""

    def __str__(self) -> str:
        return (
            f"{self.beeps:.0%} of beeps, {self.concealed:.0f} % made up, "
            f"{self.kbps:.0f} kbit/s, {self.fps:.0f} pictures/s of {self.height} lines"
        )


def listen(*people: Person) -> None:
    """Have the pages remember what they play and show; once a page."""
    for person in people:
        person.page.evaluate(_LISTEN)


def arrives(people: Sequence[Person], seconds: float) -> list[Arrived]:
    """What arrives at each from now on for so long (needs `listen`)."""
    before = [_look(person) for person in people]
    people[0].page.wait_for_timeout(seconds * 1000)
    return [_since(*both) for both in zip(people, before, strict=True)]


def _since(person: Person, before: dict[str, float]) -> Arrived:
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
        unsaid=gone["unsaid"],
    )


def _look(person: Person) -> dict[str, float]:
    seen: dict[str, float] = person.page.evaluate(_LOOK)
    return seen


LOUD, APART = 0.02, 12
"""A beep is so loud, and so many blocks of 10 ms at least after the one before."""


def _beeps(loudness: list[float]) -> int:
    """How many beeps there are."""
    count, last = 0, -APART
    for at, loud in enumerate(loudness):
        if loud > LOUD:
            count += at - last >= APART
            last = at
    return count
