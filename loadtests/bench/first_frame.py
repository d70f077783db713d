"""From the customer's click on Join to the first remote frame.

The yardstick is a bare page with two peer connections in it, from media ready to the
first remote frame, in the same browser and the same run: what a connection costs at
the least when it is made at the click. Deskside prepares everything before the click,
so its ratio should be at most 1. The two are measured in turn, so that a busy machine
slows both.

Run it with ``make bench``.
"""

import json
import statistics
import sys
from pathlib import Path

from playwright.sync_api import Page

from loadtests.bench.stage import stage
from tests.e2e.people import SLOW, Agent, Customer


ROUNDS = 15
RESULT = Path("var/bench/first_frame.json")

_WATCH = """
  window.times = {};
  addEventListener("click", ({ target }) => {
    if (target.closest("#join-both")) times.click = performance.now();
  }, true);
  addEventListener("DOMContentLoaded", () => {
    document.querySelector("video#remote")?.requestVideoFrameCallback(() => {
      times.frame = performance.now();
    });
  });
"""

_BARE = """async () => {
  const stream = await navigator.mediaDevices.getUserMedia({
    audio: true, video: { width: { ideal: 1280 }, height: { ideal: 720 } } });
  const video = document.createElement("video");
  Object.assign(video, { muted: true, autoplay: true });
  document.body.append(video);
  const begin = performance.now();
  const [here, there] = [new RTCPeerConnection(), new RTCPeerConnection()];
  here.onicecandidate = ({ candidate }) => there.addIceCandidate(candidate);
  there.onicecandidate = ({ candidate }) => here.addIceCandidate(candidate);
  const frame = new Promise(resolve =>
    video.requestVideoFrameCallback(() => resolve(performance.now())));
  there.ontrack = ({ streams }) => { video.srcObject = streams[0]; };
  for (const track of stream.getTracks()) here.addTrack(track, stream);
  await here.setLocalDescription();
  await there.setRemoteDescription(here.localDescription);
  await there.setLocalDescription();
  await here.setRemoteDescription(there.localDescription);
  const took = (await frame) - begin;
  here.close(); there.close(); video.remove();
  for (const track of stream.getTracks()) track.stop();
  return took;
}"""


def bare(page: Page) -> float:
    """Return the milliseconds that two peer connections in one page need."""
    took: float = page.evaluate(_BARE)
    return took


def call(agent: Agent, customer: Customer) -> float:
    """Return the milliseconds from the customer's click to the agent's picture."""
    agent.create_room()
    agent.enter_room()
    agent.pass_check()
    customer.join(agent)
    customer.page.wait_for_function("() => window.deskside?.connection === 'connected'")
    customer.pass_check()
    customer.page.wait_for_function("() => window.times?.frame", timeout=SLOW)
    took: float = customer.page.evaluate("times.frame - times.click")
    customer.press("End call")
    agent.page.wait_for_url(lambda url: not url.endswith("/call"))
    return took


def measure() -> dict[str, list[float]]:
    """Take both times in turn."""
    times: dict[str, list[float]] = {"bare": [], "call": []}
    with stage() as (people, _):
        agent = people.agent()
        customer = people.customer(prepare=lambda c: c.add_init_script(_WATCH))
        yardstick = people.customer()
        yardstick.go("/login")
        for number in range(ROUNDS + 1):
            taken = {"bare": bare(yardstick.page), "call": call(agent, customer)}
            print(f"{number:2}", *(f"{k} {v:6.0f} ms" for k, v in taken.items()))  # noqa: T201
            if number:  # the first round warms up
                for name, took in taken.items():
                    times[name].append(took)
    return times


def main() -> int:
    """Print the figures and keep them; 1 where the promise is not kept."""
    times = measure()
    medians = {name: statistics.median(taken) for name, taken in times.items()}
    ratios = [ours / bare for ours, bare in zip(*reversed(times.values()), strict=True)]
    ratio = statistics.median(ratios)
    for name, taken in times.items():
        print(  # noqa: T201
            f"{name}: {min(taken):.0f} / {medians[name]:.0f} / {max(taken):.0f} ms"
            " (least, median, most)"
        )
    print(f"click to first frame, times a bare page: {ratio:.2f} (promised: 1)")  # noqa: T201
    RESULT.parent.mkdir(parents=True, exist_ok=True)
    RESULT.write_text(json.dumps({"ratio": ratio, "times": times}, indent=1))
    return int(ratio > 1)


if __name__ == "__main__":
    sys.exit(main())
