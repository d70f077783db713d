"""Pages: redirect, headers, HTTP/2, health, version, and the key."""

import asyncio
import ipaddress

from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.events import Event, ResponseReceived

from app.doctor import http, tls
from app.doctor.addresses import Site
from app.doctor.results import Finding, NotApplicable, fail, ok, warn
from app.doctor.target import Target


YEAR = 365 * 24 * 3600

PROXY = (
    "Let nginx pass the service's headers on as they are; see nginx/ in the release."
)


async def redirect(target: Target) -> Finding:
    """Who types the name alone comes to https."""
    if not target.site.secure:
        return _plain(target)
    plain = Site("http", target.site.host, target.http_port)
    answer = await http.ask(plain, "GET", "/login?a=b", tls=target.trust())
    there, status = answer.header("location"), answer.status
    if status in (301, 307, 308) and there == f"{target.site.origin}/login?a=b":
        return ok(f"port {target.http_port} leads to {target.site.origin} ({status})")
    shown = f" to {there}" if there else ""
    return fail(
        f"{plain.origin} answers with {status}{shown}, and does not lead to the same "
        f"page of {target.site.origin}",
        "Let the server of port 80 answer: return 308 https://$host$request_uri;",
    )


def _plain(target: Target) -> Finding:
    if _is_this_machine(target.site.host):
        raise NotApplicable("on this machine alone http is enough")
    return fail(
        f"{target.site.origin} is not https: browsers give it no camera",
        "Serve it by https: `deskside_certificate` in the inventory, or "
        "DESKSIDE_TLS_CERT.",
    )


def _is_this_machine(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


async def headers(target: Target) -> Finding:
    """Pages come with the headers that keep browsers on our side."""
    answer = await target.get("/login")
    wrong = [*_missing(answer, secure=target.site.secure)]
    if wrong:
        return fail(f"/login: {'; '.join(wrong)}", PROXY, wrong=len(wrong))
    if any(sign.isdecimal() for sign in answer.header("server")):
        seen = f"all there; and the server tells its version: {answer.header('server')}"
        return warn(seen, "server_tokens off; in nginx.", wrong=0)
    return ok("HSTS, CSP and the others are there", wrong=0)


def _missing(answer: http.Answer, *, secure: bool) -> list[str]:
    policy = answer.header("content-security-policy")
    wanted = {
        f"status {answer.status}": answer.status == 200,
        "no Strict-Transport-Security of a year": not secure or _hsts(answer) >= YEAR,
        "no Content-Security-Policy": bool(policy),
        "a Content-Security-Policy that lets anything in": "unsafe" not in policy,
        "nobody keeps it out of frames": "frame-ancestors" in policy,
        "no X-Content-Type-Options: nosniff": (
            answer.header("x-content-type-options") == "nosniff"
        ),
        "no Referrer-Policy": bool(answer.header("referrer-policy")),
        "no Permissions-Policy for the camera": (
            "camera=(self)" in answer.header("permissions-policy")
        ),
    }
    twice = [
        name for name in ("strict-transport-security",) if len(answer.all(name)) > 1
    ]
    return [
        *(words for words, there in wanted.items() if not there),
        *(f"{name} twice" for name in twice),
    ]


def _hsts(answer: http.Answer) -> int:
    for part in answer.header("strict-transport-security").split(";"):
        name, _equals, value = part.strip().partition("=")
        if name.lower() == "max-age" and value.strip('"').isdecimal():
            return int(value.strip('"'))
    return 0


async def http2(target: Target) -> Finding:
    """Browsers get pages by HTTP/2."""
    picked = await tls.negotiated(target, ("h2", "http/1.1"))
    if picked != "h2":
        return fail(
            f"{target.site.authority} speaks {picked or 'no protocol it names'}",
            "http2 on; in nginx, and let its port 443 send ALPN h2 to the pages.",
        )
    status = await _ask_by_http2(target)
    if status != 200:
        return fail(f"/healthz by HTTP/2 is {status}", "Look into nginx's error log.")
    return ok("pages come by HTTP/2")


async def _ask_by_http2(target: Target) -> int:
    reader, writer = await asyncio.open_connection(
        target.site.host, target.site.port, ssl=target.trust("h2")
    )
    try:
        return await _http2_status(reader, writer, target.site)
    finally:
        writer.transport.abort()


async def _http2_status(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, site: Site
) -> int:
    connection = H2Connection(H2Configuration())
    connection.initiate_connection()
    names = {":method": "GET", ":scheme": "https", ":path": "/healthz"}
    names[":authority"] = site.authority
    connection.send_headers(1, list(names.items()), end_stream=True)
    while True:
        writer.write(connection.data_to_send())
        data = await reader.read(65536)
        if not data:
            return 0
        for event in connection.receive_data(data):
            if status := _status(event):
                return status


def _status(event: Event) -> int:
    if not isinstance(event, ResponseReceived):
        return 0
    return int(dict(event.headers or [])[b":status"])


async def health(target: Target) -> Finding:
    """The service answers, through whatever stands before it."""
    answer = await target.get("/healthz")
    if answer.status == 200 and answer.json() == {"status": "ok"}:
        return ok("/healthz is ok")
    return fail(
        f"/healthz is answered with {answer.status}",
        "Is a node running? systemctl status 'deskside@*', and nginx's error log.",
    )


async def version(target: Target) -> Finding:
    """What is served is of the release that is here."""
    document = (await target.get("/openapi.json")).json()
    served = document.get("info", {}).get("version") if document else None
    if served == target.expected_version:
        return ok(f"{served}, as here")
    seen = f"{served or 'no version'} is served; here is {target.expected_version}"
    if target.settings:
        fix = "Restart the nodes one after the other: systemctl restart 'deskside@*'."
        return fail(seen, fix)
    return warn(seen, "Run the doctor of the release that is deployed, or upgrade.")


async def key(target: Target) -> Finding:
    """The service knows the key, and gives credentials for the relay."""
    ice = await target.mint_by_api()
    if not ice.turn:
        return fail(
            "the service gives browsers no relay",
            "Set DESKSIDE_TURN_URLS and DESKSIDE_TURN_SECRET: without a relay calls "
            "work only where browsers reach each other directly.",
        )
    return ok(f"gives {len(ice.turn)} relay URLs, good for {ice.expires_in} s")
