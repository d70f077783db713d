"""What a check page sends: every field bounded, and nothing kept that is not here.

Neither media nor addresses are among it. Times are in milliseconds. `types.js` of the
page has the same shapes; what each word means is written there.
"""

from typing import Annotated

from msgspec import Meta, Struct


Word = Annotated[str, Meta(max_length=32, pattern=r"^[a-z0-9_-]*\Z")]
Line = Annotated[str, Meta(max_length=200)]
Number = Annotated[float, Meta(ge=0, le=1e12)]
Words = Annotated[list[Word], Meta(max_length=20)]


class Browser(Struct, frozen=True, kw_only=True):
    """Which browser it is, and what it lacks."""

    name: Line
    platform: Line = ""
    agent: Annotated[str, Meta(max_length=400)] = ""
    language: Line = ""
    secure: bool = True
    missing: Words = []


class Device(Struct, frozen=True, kw_only=True):
    """A camera, a microphone or a speaker; ``error`` is what the browser called it."""

    state: Word
    error: Line = ""


class Devices(Struct, frozen=True, kw_only=True):
    """What is needed to be seen, to be heard and to hear."""

    camera: Device
    microphone: Device
    speaker: Device


class Service(Struct, frozen=True, kw_only=True):
    """Whether the service answers by HTTP and holds a WebSocket.

    ``relay`` is what the service itself sees of its relays: up, down or unknown ("").
    """

    reached: bool
    socket: bool
    relay: Word = ""
    took: Number = 0
    error: Line = ""


class IceError(Struct, frozen=True, kw_only=True):
    """What a server did instead of answering, as browsers tell it."""

    code: Annotated[int, Meta(ge=-1, le=9999)]
    text: Line = ""
    url: Line = ""


Errors = Annotated[list[IceError], Meta(max_length=20)]


class Direct(Struct, frozen=True, kw_only=True):
    """What this browser can offer without a relay."""

    candidates: Words = []
    asked: bool = True
    took: Number = 0
    errors: Errors = []


class Transport(Struct, frozen=True, kw_only=True):
    """One way to the relay: bytes sent that way, and those that came back."""

    kind: Word
    url: Line
    ok: bool
    relayed: bool = False
    echoed: Number = 0
    rtt: Number = 0
    took: Number = 0
    errors: Errors = []


class Bandwidth(Struct, frozen=True, kw_only=True):
    """How much came through in a second, over which transport."""

    kind: Word
    kbps: Number
    bytes: Number


class Verdict(Struct, frozen=True, kw_only=True):
    """What it comes to."""

    level: Word
    network: Word
    devices: Words = []
    causes: Words = []


class Way(Struct, frozen=True, kw_only=True):
    """What came of connecting two pages with each other, in one way."""

    ok: bool
    path: Word = ""
    protocol: Word = ""
    echoed: Number = 0
    rtt: Number = 0
    took: Number = 0


class Pair(Struct, frozen=True, kw_only=True):
    """What two pages on two networks found together."""

    direct: Way
    relay: Way
    verdict: Word


class Half(Struct, frozen=True, kw_only=True):
    """What one page found."""

    version: Annotated[int, Meta(ge=1, le=1)]
    at: Line
    host: Line
    browser: Browser
    devices: Devices
    service: Service
    direct: Direct
    transports: Annotated[list[Transport], Meta(max_length=16)]
    verdict: Verdict
    online: bool = True
    bandwidth: Bandwidth | None = None


class Report(Half, frozen=True, kw_only=True):
    """What a page sends to support: its own half, and that of a witness."""

    other: Half | None = None
    pair: Pair | None = None


class Letter(Struct, frozen=True, kw_only=True):
    """What one page tells the other; ``data`` is for that page to judge."""

    kind: Word
    data: Annotated[str, Meta(max_length=24_000)] = ""
