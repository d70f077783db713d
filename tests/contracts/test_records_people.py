"""Agents, sessions and API keys, alike on both databases."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text

from app.adapters.sql.records import Records
from app.adapters.sql.records.sessions import IDLE, LONGEST, OVERLAP
from app.domain.ids import AgentId
from app.domain.records import Agent, AgentRole, Taken


NOW = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)


@pytest.fixture
async def agent(records: Records) -> Agent:
    """An agent of no special rights."""
    return await records.agents.add(
        "Ayu@Example.com ", "Ayu", AgentRole.AGENT, "hash of ayu"
    )


async def test_agent_reads_as_it_was_added(records: Records, agent: Agent) -> None:
    """What was added comes back the same, times aware and in UTC."""
    assert await records.agents.read(agent.id) == agent
    assert agent.created_at.tzinfo is UTC
    assert len(agent.id) == 22


async def test_agent_is_found_by_address_whatever_the_case(
    records: Records, agent: Agent
) -> None:
    """An e-mail address is the same in any case; the password hash comes with it."""
    assert await records.agents.find(" AYU@example.COM") == (agent, "hash of ayu")
    assert await records.agents.find("nobody@example.com") is None


async def test_agent_cannot_take_an_address_twice(
    records: Records, agent: Agent
) -> None:
    """An address has one account, also after its agent was disabled."""
    await records.agents.disable(agent.id)
    with pytest.raises(Taken) as refused:
        await records.agents.add("AYU@example.com", "Other", AgentRole.ADMIN, "hash")
    assert refused.value.field == "email"


async def test_nobody_logs_in_who_is_no_more(records: Records) -> None:
    """Agents made up for load tests go while they log in."""
    with pytest.raises(LookupError):
        await records.sessions.start(AgentId("removed"), NOW)


async def test_agent_list_is_by_name(records: Records, agent: Agent) -> None:
    """All agents are listed by name, disabled ones too."""
    other = await records.agents.add("a@x", "Agus", AgentRole.ADMIN, "hash")
    await records.agents.disable(other.id)
    assert [a.name for a in await records.agents.list()] == ["Agus", "Ayu"]


async def test_agent_changes_password_and_language(
    records: Records, agent: Agent
) -> None:
    """Password and language are stored; the language can be given up again."""
    await records.agents.set_password(agent.id, "new hash")
    await records.agents.set_locale(agent.id, "id")
    found, password_hash = await records.agents.find(agent.email) or (None, None)
    assert (found and found.locale, password_hash) == ("id", "new hash")
    await records.agents.set_locale(agent.id, None)
    found = await records.agents.read(agent.id)
    assert found
    assert found.locale is None


async def test_disabled_agent_is_locked_out_at_once(
    records: Records, agent: Agent
) -> None:
    """Disabling ends sessions and stops keys; enabling lets in, with a new session."""
    token = await records.sessions.start(agent.id, NOW)
    _key, plain = await records.api_keys.add("script", agent.id)
    await records.agents.disable(agent.id)
    assert await records.sessions.read(token, NOW) is None
    assert await records.api_keys.find(plain, NOW) is None
    await records.agents.enable(agent.id)
    assert await records.sessions.read(token, NOW) is None
    assert await records.api_keys.find(plain, NOW) == agent


async def test_session_lapses_when_idle(records: Records, agent: Agent) -> None:
    """A token is good for `IDLE` and not a moment longer."""
    token = await records.sessions.start(agent.id, NOW)
    last = NOW + IDLE - timedelta(milliseconds=1)
    assert await records.sessions.read(token, last) == agent
    assert await records.sessions.read(token, NOW + IDLE) is None
    assert await records.sessions.read("made up", NOW) is None


async def test_session_rotates_with_an_overlap(records: Records, agent: Agent) -> None:
    """The new token counts, the old one for a minute more; then only the new one."""
    old = await records.sessions.start(agent.id, NOW)
    new = await records.sessions.rotate(old, NOW)
    assert new != old
    assert await records.sessions.read(old, NOW) == agent
    assert await records.sessions.read(old, NOW + OVERLAP) is None
    assert await records.sessions.read(new, NOW + OVERLAP) == agent


async def test_session_rotation_of_no_session_gives_none(
    records: Records, agent: Agent
) -> None:
    """A token that is no good cannot be turned into one that is."""
    lapsed = await records.sessions.start(agent.id, NOW)
    later = NOW + IDLE
    for token in ("made up", lapsed):
        rotated = await records.sessions.rotate(token, later)
        assert await records.sessions.read(rotated, later) is None


async def test_session_ends_after_the_longest_time(
    records: Records, agent: Agent
) -> None:
    """However often it is rotated, a log-in lasts `LONGEST`."""
    token, now = await records.sessions.start(agent.id, NOW), NOW
    while now < NOW + LONGEST - timedelta(hours=1):
        now += timedelta(hours=1)
        token = await records.sessions.rotate(token, now)
        assert await records.sessions.read(token, now) == agent
    token = await records.sessions.rotate(token, NOW + LONGEST)
    assert await records.sessions.read(token, NOW + LONGEST) is None


async def test_session_end_ends_one_and_end_all_all(
    records: Records, agent: Agent
) -> None:
    """Logging out ends one session; `end_all` every one of the agent."""
    tokens = [await records.sessions.start(agent.id, NOW) for _ in range(3)]
    await records.sessions.end(tokens[0])
    assert [await records.sessions.read(t, NOW) for t in tokens] == [None, agent, agent]
    await records.sessions.end_all(agent.id)
    assert [await records.sessions.read(t, NOW) for t in tokens] == [None] * 3


async def test_session_start_clears_lapsed_ones(records: Records, agent: Agent) -> None:
    """Lapsed sessions do not pile up: the next log-in removes them."""
    await records.sessions.start(agent.id, NOW)
    await records.sessions.start(agent.id, NOW + IDLE)
    async with records.engine.connect() as connection:
        count = await connection.scalar(text("SELECT count(*) FROM sessions"))
    assert count == 1


async def test_key_acts_as_its_agent_until_revoked(
    records: Records, agent: Agent
) -> None:
    """A key finds its agent; a revoked one finds nobody, and stays in the list."""
    key, plain = await records.api_keys.add("script", agent.id)
    assert plain.startswith(key.prefix)
    assert plain.startswith("dsk_")
    assert await records.api_keys.find(plain, NOW) == agent
    assert await records.api_keys.find(plain + "x", NOW) is None
    assert await records.api_keys.revoke(key.id)
    assert not await records.api_keys.revoke(key.id)
    assert await records.api_keys.find(plain, NOW) is None
    assert [k.revoked_at is None for k in await records.api_keys.list()] == [False]


async def test_key_remembers_its_last_use_to_the_minute(
    records: Records, agent: Agent
) -> None:
    """The last use is kept, but not written anew at every request."""
    _key, plain = await records.api_keys.add("script", agent.id)
    for seconds in (0, 30, 90):
        await records.api_keys.find(plain, NOW + timedelta(seconds=seconds))
        (key,) = await records.api_keys.list()
        expected = 90 if seconds == 90 else 0
        assert key.last_used_at == NOW + timedelta(seconds=expected)


async def test_secrets_are_not_stored(records: Records, agent: Agent) -> None:
    """Neither a session's token nor an API key is anywhere in the database."""
    token = await records.sessions.start(agent.id, NOW)
    _key, plain = await records.api_keys.add("script", agent.id)
    async with records.engine.connect() as connection:
        for table in ("sessions", "api_keys"):
            rows = (await connection.execute(text(f"SELECT * FROM {table}"))).all()  # noqa: S608
            assert token not in str(rows)
            assert plain not in str(rows)
