"""What each codec of a picture costs, and what it gives for the same bits.

Two peer connections in one page of Chromium, a fake camera at 720p, each codec in turn
and several rounds, so that a busy machine slows all alike. Costs are seconds of one
processor for a second of picture, to send and to receive, as the browser counts them
(webrtc-stats: totalEncodeTime, totalDecodeTime); ratios are to VP8, every browser's.

Run it with ``make bench``.
"""

import json
import statistics
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, sync_playwright

from tests.e2e.conftest import launch


ROUNDS = 3
SECONDS = 6
KBPS = 1_000
RESULT = Path("var/bench/codecs.json")
CODECS = ("VP8", "VP9", "H264", "AV1")
FIRST = CODECS[0]
PAGE = "https://bench.example/"

_RUN = """async ([codec, seconds, kbps]) => {
  const known = RTCRtpSender.getCapabilities("video").codecs;
  const wanted = known.filter(({ mimeType }) => mimeType === `video/${codec}`);
  if (!wanted.length) return null;
  const stream = await navigator.mediaDevices.getUserMedia({
    video: { width: 1280, height: 720, frameRate: 30 } });
  const [here, there] = [new RTCPeerConnection(), new RTCPeerConnection()];
  here.onicecandidate = ({ candidate }) => there.addIceCandidate(candidate);
  there.onicecandidate = ({ candidate }) => here.addIceCandidate(candidate);
  const video = document.createElement("video");
  Object.assign(video, { muted: true, autoplay: true });
  document.body.append(video);
  there.ontrack = ({ streams }) => { video.srcObject = streams[0]; };
  const transceiver = here.addTransceiver(stream.getTracks()[0], {
    direction: "sendonly", streams: [stream],
    sendEncodings: [{ maxBitrate: kbps * 1000 }] });
  transceiver.setCodecPreferences(wanted);
  await here.setLocalDescription();
  await there.setRemoteDescription(here.localDescription);
  await there.setLocalDescription();
  await here.setRemoteDescription(there.localDescription);
  const find = async (pc, type) =>
    [...(await pc.getStats()).values()].find(entry => entry.type === type);
  const read = async () =>
    [await find(here, "outbound-rtp"), await find(there, "inbound-rtp")];
  const pause = ms => new Promise(resolve => setTimeout(resolve, ms));
  await pause(4000);  // The bandwidth is found first.
  const [sent, got] = await read();
  await pause(seconds * 1000);
  const [out, into] = await read();
  here.close(); there.close(); video.remove();
  for (const track of stream.getTracks()) track.stop();
  return {
    encode: (out.totalEncodeTime - sent.totalEncodeTime) / seconds,
    decode: (into.totalDecodeTime - got.totalDecodeTime) / seconds,
    fps: (into.framesDecoded - got.framesDecoded) / seconds,
    height: into.frameHeight,
    kbps: (into.bytesReceived - got.bytesReceived) * 8 / 1000 / seconds,
  };
}"""


def main() -> None:
    """Measure, print and keep the figures."""
    with sync_playwright() as driver, launch(driver) as browser:
        page = browser.new_page()
        # A page that may use a camera, and no server.
        page.route(PAGE, lambda route: route.fulfill(body="<!doctype html>"))
        page.goto(PAGE)
        rounds = [{codec: run(page, codec) for codec in CODECS} for _ in range(ROUNDS)]
    figures = {codec: typical([each[codec] for each in rounds]) for codec in CODECS}
    RESULT.parent.mkdir(parents=True, exist_ok=True)
    RESULT.write_text(json.dumps(figures, indent=2))
    for codec, measured in figures.items():
        print(line(codec, measured, figures[FIRST]))  # noqa: T201


def run(page: Page, codec: str) -> dict[str, float] | None:
    """One round of one codec; None where the browser does not send it."""
    measured: dict[str, float] | None = page.evaluate(_RUN, [codec, SECONDS, KBPS])
    return measured


def typical(rounds: list[Any]) -> dict[str, float] | None:
    """Medians, of each figure."""
    if None in rounds:
        return None
    return {
        name: statistics.median(each[name] for each in rounds) for name in rounds[0]
    }


def line(
    codec: str, measured: dict[str, float] | None, first: dict[str, float] | None
) -> str:
    """A codec in one line."""
    if not measured or not first:
        return f"{codec}: this browser does not send it"
    cost = measured["encode"] + measured["decode"]
    ratio = cost / (first["encode"] + first["decode"])
    return (
        f"{codec}: {1000 * cost:.0f} ms a second, {ratio:.2f} times {FIRST}; "
        f"{measured['height']:.0f} lines, {measured['fps']:.0f} fps, "
        f"{measured['kbps']:.0f} kbit/s"
    )


if __name__ == "__main__":
    main()
