"""What a trusted reverse proxy says of the client: address, scheme and host."""

from typing import Any

from hypercorn.middleware import ProxyFixMiddleware


_SOCKET_SCHEMES = {"http": "ws", "https": "wss"}


def behind(asgi: Any, hops: int) -> Any:
    """Believe the ``X-Forwarded-*`` headers of so many proxies before us."""
    return ProxyFixMiddleware(_socket_schemes(asgi), trusted_hops=hops)


def _socket_schemes(asgi: Any) -> Any:
    """Proxies speak of http where Quart routes a WebSocket by ws."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "websocket":
            scheme = _SOCKET_SCHEMES.get(scope["scheme"], scope["scheme"])
            scope = {**scope, "scheme": scheme}
        await asgi(scope, receive, send)

    return app
