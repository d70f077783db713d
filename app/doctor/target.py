"""What is examined, and how a check gets at it."""

import asyncio
import json
import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import msgspec
from msgspec import Struct

from app.doctor import http
from app.doctor.addresses import Site
from app.doctor.results import Amiss, NotApplicable
from app.domain.ice import IceServer, Relays, ice_servers
from app.domain.ids import ParticipantId
from app.domain.relay_urls import RelayUrl
from app.settings import Settings


IDLE_SECONDS = 90.0
HTTP = "http/1.1"
BUSY = (429, 503)
PAUSE = 1.5

NO_KEY = "give --key-file with an API key: `deskside apikey add` makes one"
NO_CREDENTIALS = "give --key-file or --turn-secret-file"


class Ice(Struct, frozen=True):
    """ICE servers as a browser gets them, in parts."""

    stun: tuple[RelayUrl, ...]
    turn: tuple[RelayUrl, ...]
    username: str = ""
    credential: str = ""
    expires_in: int = 0


class Mint(Protocol):
    """Whoever makes credentials for the relay."""

    async def __call__(self, seconds: int | None) -> Ice:
        """Return fresh ones, good for so long."""


@dataclass
class Target:
    """A deployed service, as seen from here.

    `settings` are there only where the doctor runs beside the service; `authority`
    is the certificate (PEM) of one that is to be trusted besides the usual ones.
    """

    site: Site
    authority: str = ""
    key: str = ""
    turn_secret: str = ""
    settings: Settings | None = None
    turn_host: str | None = None
    http_port: int = 80
    idle_seconds: float = IDLE_SECONDS
    expected_version: str = ""
    _known: Ice | None = None
    _lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    def trust(self, *alpn: str) -> ssl.SSLContext:
        """Return whom to believe, for a client that speaks these protocols.

        It matters on port 443: who names no protocol there wants TURN.
        """
        context = ssl.create_default_context()
        if self.authority:
            context.load_verify_locations(cadata=self.authority)
        if alpn:
            context.set_alpn_protocols(list(alpn))
        return context

    # Pages and API.

    async def get(self, path: str) -> http.Answer:
        """Open a page."""
        return await http.ask(self.site, "GET", path, tls=self.trust(HTTP))

    async def call_api(
        self, method: str, path: str, body: Mapping[str, Any] | None = None
    ) -> Any:
        """Ask the API with the key.

        Raises:
            NotApplicable: there is no key.
            Amiss: the service does not do it.
        """
        answer = await self._ask_api(method, path, body)
        if answer.status in BUSY:
            await asyncio.sleep(PAUSE)
            answer = await self._ask_api(method, path, body)
        if answer.status >= 400:
            raise _refusal(f"{method} /api/v1{path}", answer)
        return answer.json()

    async def _ask_api(
        self, method: str, path: str, body: Mapping[str, Any] | None
    ) -> http.Answer:
        if not self.key:
            raise NotApplicable(NO_KEY)
        headers = {"Authorization": f"Bearer {self.key}"}
        headers |= {"Content-Type": "application/json"}
        sent = json.dumps(body).encode() if body is not None else b""
        return await http.ask(
            self.site,
            method,
            f"/api/v1{path}",
            tls=self.trust(HTTP),
            headers=headers,
            body=sent,
        )

    # The relay.

    async def relays(self) -> Ice:
        """Return the servers that browsers are given; asked once."""
        async with self._lock:
            if self._known is None:
                self._known = await self._find_relays()
        return self._known

    async def _find_relays(self) -> Ice:
        if self.key or self.settings or self.turn_secret:
            return await self.mint()
        if self.turn_host:
            return _ice(_usual(self.turn_host), 0)
        raise NotApplicable(
            "which relay browsers are given is not known here: give --key-file, or "
            "--turn-host"
        )

    async def mint(self, seconds: int | None = None) -> Ice:
        """Return servers with fresh credentials, from whoever can make some.

        The service itself is asked first; where it does not answer, the relay can
        still be examined with its secret.
        """
        for way in self._mints():
            try:
                return await way(seconds)
            except (Amiss, OSError, http.HttpError):
                continue
        if self.key:
            raise NotApplicable("the service gives no credentials: see `key`")
        raise NotApplicable(NO_CREDENTIALS)

    def _mints(self) -> list[Mint]:
        ways: list[Mint] = []
        if self.key:
            ways.append(self.mint_by_api)
        if self.turn_secret or (self.settings and self.settings.turn_secret):
            ways.append(self._mint_by_secret)
        return ways

    async def mint_by_api(self, seconds: int | None = None) -> Ice:
        """Return what the service gives to holders of a key."""
        body = {} if seconds is None else {"seconds": seconds}
        answer = await self.call_api("POST", "/ice-servers", body)
        servers = msgspec.convert(answer["ice_servers"], tuple[IceServer, ...])
        return _ice(servers, int(answer["expires_in"]))

    async def _mint_by_secret(self, seconds: int | None) -> Ice:
        relays = self._own_relays()
        if seconds is not None:
            relays = msgspec.structs.replace(relays, ttl=seconds)
        who = ParticipantId(f"doctor.{time.monotonic_ns():x}")
        return _ice(ice_servers(relays, who, time.time()), relays.ttl)

    def _own_relays(self) -> Relays:
        settings = self.settings
        if settings and settings.turn_secret:
            return Relays(
                stun_urls=settings.stun_urls,
                turn_urls=settings.turn_urls,
                turn_secret=self.turn_secret or settings.turn_secret,
                ttl=settings.turn_ttl,
            )
        stun, turn = _usual(self.turn_host or self.site.host)
        return Relays(
            stun_urls=stun.urls,
            turn_urls=turn.urls,
            turn_secret=self.turn_secret,
        )


def _usual(host: str) -> tuple[IceServer, IceServer]:
    """The servers of a relay that is set up as ours are."""
    name = f"[{host}]" if ":" in host else host
    turn = (
        f"turn:{name}:3478?transport=udp",
        f"turn:{name}:3478?transport=tcp",
        f"turns:{name}:5349?transport=tcp",
        f"turns:{name}:443?transport=tcp",
    )
    return IceServer((f"stun:{name}:3478",)), IceServer(turn)


def _ice(servers: tuple[IceServer, ...], expires_in: int) -> Ice:
    urls = [RelayUrl.of(url) for server in servers for url in server.urls]
    named = [server for server in servers if server.username]
    return Ice(
        stun=tuple(url for url in urls if url.scheme.startswith("stun")),
        turn=tuple(url for url in urls if url.scheme.startswith("turn")),
        username=(named[0].username or "") if named else "",
        credential=(named[0].credential or "") if named else "",
        expires_in=expires_in,
    )


def _refusal(what: str, answer: http.Answer) -> Amiss:
    told = answer.json()
    error = told.get("error", {}) if isinstance(told, dict) else {}
    text = error.get("text", "no words")
    if answer.status == 401:
        fix = "Make a new key with `deskside apikey add`, and give it with --key-file."
    elif answer.status == 404:
        fix = "The service is older than this doctor, or the proxy hides its API."
    else:
        fix = "The service's log has the reason: journalctl -u 'deskside@*'"
    return Amiss(f"{what} was answered with {answer.status}: {text}", fix)
