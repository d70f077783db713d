"""The silent socket, by which a doctor learns what proxies do."""

import asyncio

import pytest
from quart import Quart
from quart.testing import WebsocketResponseError

from app.adapters.sql.records import Records
from app.domain.records import Agent
from app.web import idle


@pytest.fixture
async def key(records: Records, agent: Agent) -> str:
    """A key of an agent."""
    _key, plain = await records.api_keys.add("doctor", agent.id)
    return plain


async def say(service: Quart, key: str, text: str | None) -> object:
    """Open a silent socket, say something or nothing, and give what it says."""
    headers = {"Origin": "http://localhost", "Authorization": f"Bearer {key}"}
    client = service.test_client()
    async with client.websocket(
        "/ws", headers=headers, scope_base={"subprotocols": [idle.SUBPROTOCOL]}
    ) as socket:
        if text is not None:
            await socket.send(text)
        async with asyncio.timeout(5):
            return await socket.receive()


async def test_socket_says_back_what_is_said(service: Quart, key: str) -> None:
    """It is silent until then, and answers with the same words."""
    assert await say(service, key, "still there?") == "still there?"
    with pytest.raises(TimeoutError):
        await say(service, key, None)


async def test_socket_needs_a_key(service: Quart, key: str) -> None:
    """Nobody else may hold sockets without a seat."""
    for wrong in ("", key[:-1]):
        with pytest.raises(WebsocketResponseError) as refused:
            await say(service, wrong, "hello")
        assert refused.value.response.status_code == 401


async def test_sockets_are_few(
    service: Quart, key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Even a good key holds only some."""
    monkeypatch.setattr(idle, "MOST_AT_ONCE", 0)
    with pytest.raises(WebsocketResponseError) as refused:
        await say(service, key, "hello")
    assert refused.value.response.status_code == 503
