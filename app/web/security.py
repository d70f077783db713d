"""What every response promises and every request keeps: headers, origin, cookies."""

import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from quart import Quart, Response, abort, request


SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
BODY_BYTES = 1024 * 1024
BODY_SECONDS = 20
TWO_YEARS = 2 * 365 * 24 * 3600

# Takes bearer keys and no cookies, so a foreign page can do nothing with it.
COOKIELESS = "/api/v1/"

FEATURES = {
    "camera": "(self)",
    "microphone": "(self)",
    "display-capture": "(self)",
    "fullscreen": "(self)",
    "picture-in-picture": "(self)",
    "screen-wake-lock": "(self)",
    "speaker-selection": "(self)",
    "autoplay": "(self)",
    "clipboard-write": "(self)",
    "geolocation": "()",
    "payment": "()",
    "usb": "()",
    "serial": "()",
    "hid": "()",
    "midi": "()",
    "browsing-topics": "()",
}


@dataclass(frozen=True, slots=True)
class Cookies:
    """Cookies that no script reads and, over https, no other host can set."""

    secure: bool

    def name(self, name: str) -> str:
        """The name as sent: the prefix makes browsers insist on https and our host."""
        return f"__Host-{name}" if self.secure else name

    def read(self, name: str) -> str:
        """The value the browser sent, or nothing."""
        return request.cookies.get(self.name(name), "")

    def put(
        self, response: Response, name: str, value: str, seconds: int | None = None
    ) -> None:
        """Give the browser a cookie for so long, or until it is closed."""
        response.set_cookie(
            self.name(name),
            value,
            max_age=seconds,
            path="/",
            secure=self.secure,
            httponly=True,
            samesite="Lax",
        )

    def drop(self, response: Response, name: str) -> None:
        """Take the cookie back."""
        response.delete_cookie(
            self.name(name),
            path="/",
            secure=self.secure,
            httponly=True,
            samesite="Lax",
        )


def origin_allowed(origin: str | None, scheme: str, host: str, public_url: str) -> bool:
    """Whether the `Origin` of a request or WebSocket handshake is our own.

    Our own is the public URL or the address the browser itself asked for: behind
    several names, or on a LAN, these differ.
    """
    if not origin:
        return False
    http = {"ws": "http", "wss": "https"}.get(scheme, scheme)
    own = _origin(public_url), _origin(f"{http}://{host}")
    given = _origin(origin)
    return given[1] is not None and given in own


def _origin(url: str) -> tuple[str, str | None, int | None]:
    try:
        parts = urlsplit(url)
        port = parts.port or {"http": 80, "https": 443}.get(parts.scheme)
    except ValueError:
        return "", None, None
    return parts.scheme, parts.hostname, port


def install(app: Quart, public_url: str) -> None:
    """Hold every request and response of the app to these rules."""
    secure = public_url.startswith("https:")
    app.config["MAX_CONTENT_LENGTH"] = BODY_BYTES
    app.config["BODY_TIMEOUT"] = BODY_SECONDS

    @app.before_request
    async def refuse_other_sites() -> None:
        if request.method in SAFE_METHODS or request.path.startswith(COOKIELESS):
            return
        if not _same_origin(public_url):
            abort(403)

    @app.after_request
    async def promise(response: Response) -> Response:
        for name, value in headers(request.scheme, request.host, secure=secure).items():
            response.headers.setdefault(name, value)
        return response


def _same_origin(public_url: str) -> bool:
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None:
        return site == "same-origin"
    origin = request.headers.get("Origin")
    return origin_allowed(origin, request.scheme, request.host, public_url)


def headers(scheme: str, host: str, *, secure: bool) -> dict[str, str]:
    """The headers of a page asked for at this scheme and host."""
    features = ", ".join(f"{name}={who}" for name, who in FEATURES.items())
    found = {
        "Content-Security-Policy": content_security_policy(scheme, host),
        "Permissions-Policy": features,
        # Not "no-referrer": that would also take the Origin from our own forms.
        "Referrer-Policy": "same-origin",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin",
        "X-Content-Type-Options": "nosniff",
        "Cache-Control": "no-store",
    }
    if secure and scheme == "https":
        found["Strict-Transport-Security"] = f"max-age={TWO_YEARS}"
    return found


def content_security_policy(scheme: str, host: str) -> str:
    """Everything from here and nothing inline."""
    # Safari before 15.4 does not count WebSockets as 'self'.
    known = re.fullmatch(r"[\w.\-:\[\]]+", host)
    websocket = f" {'wss' if scheme == 'https' else 'ws'}://{host}" if known else ""
    rules = {
        "default-src": "'none'",
        "script-src": "'self'",
        "style-src": "'self'",
        "img-src": "'self' data: blob:",
        "font-src": "'self'",
        "connect-src": f"'self'{websocket}",
        "media-src": "'self' blob: mediastream:",
        "manifest-src": "'self'",
        "form-action": "'self'",
        "base-uri": "'none'",
        "frame-ancestors": "'none'",
    }
    return "; ".join(f"{name} {sources}" for name, sources in rules.items())
