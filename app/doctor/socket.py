"""The signaling socket, through every proxy on the way."""

import asyncio
import json
import time

from app.doctor.results import Finding, NotApplicable, fail, ok
from app.doctor.target import HTTP, NO_KEY, Target
from app.doctor.websocket import Closed, Rejected, Socket, connect
from app.protocol.messages import SUBPROTOCOL
from app.web import idle as idle_socket


PATH = "/ws"
WORD = "still there?"

UPGRADE = (
    "Let the proxy pass Upgrade and Connection on: proxy_http_version 1.1; "
    "proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection "
    "$connection_upgrade;"
)


async def upgrade(target: Target) -> Finding:
    """A page gets its socket, and a foreign page does not."""
    began = time.perf_counter()
    try:
        answer = await _first_answer(target)
    except Rejected as rejected:
        return fail(f"{PATH}: {rejected}", _why(rejected))
    took = time.perf_counter() - began
    if answer != "pong":
        return fail(f"{PATH} answers a ping with {answer}", UPGRADE)
    if await _opens_to_strangers(target):
        return fail(
            "a page of another site may open the socket",
            "Let the proxy pass Host and Origin on as they come, and set "
            f"DESKSIDE_PUBLIC_URL to {target.site.origin}.",
        )
    return ok(f"opens and answers in {took * 1000:.0f} ms", answered_seconds=took)


async def _first_answer(target: Target) -> str:
    socket = await connect(target.site, PATH, SUBPROTOCOL, tls=target.trust(HTTP))
    try:
        await socket.send('{"type": "ping"}')
        return str(json.loads(await socket.receive()).get("type"))
    finally:
        await socket.close()


async def _opens_to_strangers(target: Target) -> bool:
    headers = {"Origin": "https://another.example"}
    try:
        socket = await connect(
            target.site, PATH, SUBPROTOCOL, tls=target.trust(HTTP), headers=headers
        )
    except Rejected:
        return False
    await socket.close()
    return True


def _why(rejected: Rejected) -> str:
    if rejected.status == 403:
        return "Set DESKSIDE_PUBLIC_URL to the URL that browsers use."
    return UPGRADE


async def idle(target: Target) -> Finding:
    """A socket on which nobody speaks stays open."""
    if not target.key:
        raise NotApplicable(NO_KEY)
    seconds = target.idle_seconds
    socket = await _open_idle(target)
    began = time.monotonic()
    try:
        await _be_silent(socket, seconds)
        await socket.send(WORD)
        answer = await socket.receive()
    except Closed as closed:
        lived = time.monotonic() - began
        return fail(
            f"{closed} after {lived:.0f} s of silence",
            "A proxy or firewall on the way cuts silent sockets: proxy_read_timeout "
            "and proxy_send_timeout of /ws must be longer than "
            f"{seconds:.0f} s, and so must idle timeouts before it.",
            open_seconds=lived,
        )
    finally:
        await socket.close()
    if answer != WORD:
        return fail(f"it answers {answer[:40]!r}", "Let nothing change what is said.")
    return ok(f"open and answering after {seconds:.0f} s", open_seconds=seconds)


async def _open_idle(target: Target) -> Socket:
    headers = {"Authorization": f"Bearer {target.key}"}
    try:
        return await connect(
            target.site,
            PATH,
            idle_socket.SUBPROTOCOL,
            tls=target.trust(HTTP),
            headers=headers,
        )
    except Rejected as rejected:
        if rejected.status == 401:
            raise NotApplicable("the service does not know the key") from rejected
        raise


async def _be_silent(socket: Socket, seconds: float) -> None:
    """Wait; whoever speaks up meanwhile can only be hanging up."""
    try:
        async with asyncio.timeout(seconds):
            await socket.receive()
    except TimeoutError:
        return
