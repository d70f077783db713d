"""A bare page of a call: static HTML, one peer connection, and nothing that looks on.

What a call costs a page at the least: two of them, each in a browser of its own, with
camera and microphone as Deskside asks for them. Their descriptions are carried by
whoever drives the browsers, so there is no signaling and no script during the call.
"""

from playwright.sync_api import BrowserContext, Page


URL = "https://bare.example/"

_HTML = """<!doctype html><title>Bare call</title>
<video id=remote autoplay playsinline></video>
<video id=own autoplay playsinline muted></video>
<script>
const pc = new RTCPeerConnection({ bundlePolicy: "max-bundle" });
pc.ontrack = ({ streams }) => { remote.srcObject = streams[0]; };
const gathered = () => new Promise(resolve => {
  const look = () => pc.iceGatheringState === "complete" && resolve();
  pc.onicegatheringstatechange = look;
  look();
});
const describe = async () => {
  await pc.setLocalDescription();
  await gathered();
  return pc.localDescription.toJSON();
};
const open = async () => {
  const stream = await navigator.mediaDevices.getUserMedia({
    audio: true, video: { width: { ideal: 1280 }, height: { ideal: 720 } } });
  own.srcObject = stream;
  for (const track of stream.getTracks()) pc.addTrack(track, stream);
};
const offer = async () => { await open(); return describe(); };
const answer = async description => {
  await open();
  await pc.setRemoteDescription(description);
  return describe();
};
</script>"""


def bare_page(context: BrowserContext) -> Page:
    """Open the page; it may use a camera, and there is no server."""
    page = context.new_page()
    page.route(URL, lambda route: route.fulfill(body=_HTML, content_type="text/html"))
    page.goto(URL)
    return page


def connect(one: Page, other: Page) -> None:
    """Have two bare pages call each other."""
    description = one.evaluate("offer()")
    description = other.evaluate("description => answer(description)", description)
    one.evaluate("description => pc.setRemoteDescription(description)", description)
    for page in (one, other):
        page.wait_for_function("() => pc.connectionState === 'connected'", polling=200)
