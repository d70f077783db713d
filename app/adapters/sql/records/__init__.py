"""Records: one store for each noun, over one database."""

from collections.abc import Sequence

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from app.adapters.sql.engine import connect
from app.adapters.sql.records.agents import Agents
from app.adapters.sql.records.api_keys import ApiKeys
from app.adapters.sql.records.calls import Calls
from app.adapters.sql.records.check_pairs import CheckPairs
from app.adapters.sql.records.check_reports import CheckReports
from app.adapters.sql.records.customers import Customers
from app.adapters.sql.records.facts import Facts
from app.adapters.sql.records.idempotency import Idempotency
from app.adapters.sql.records.load_agents import LoadAgents
from app.adapters.sql.records.relays import Relays
from app.adapters.sql.records.rooms import Rooms
from app.adapters.sql.records.sessions import Sessions
from app.domain.facts import Fact
from app.domain.ids import RoomId


class Records:
    """Everything that is kept. Implements `app.ports.History`."""

    def __init__(self, engine: AsyncEngine) -> None:
        self.engine = engine
        self.agents = Agents(engine)
        self.sessions = Sessions(engine)
        self.api_keys = ApiKeys(engine)
        self.idempotency = Idempotency(engine)
        self.customers = Customers(engine)
        self.relays = Relays(engine)
        self.rooms = Rooms(engine)
        self.calls = Calls(engine)
        self.check_reports = CheckReports(engine)
        self.check_pairs = CheckPairs(engine)
        self.load_agents = LoadAgents(engine)
        self._facts = Facts(engine)

    @classmethod
    def open(cls, url: str) -> "Records":
        """Return the records at a SQLAlchemy URL; it connects when first asked."""
        return cls(connect(url))

    async def close(self) -> None:
        """Let go of the connections."""
        await self.engine.dispose()

    async def ping(self) -> None:
        """Ask the database for a sign of life.

        Raises:
            SQLAlchemyError or OSError: there is none.
        """
        async with self.engine.connect() as connection:
            await connection.execute(text("SELECT 1"))

    async def write(self, facts: Sequence[Fact]) -> set[RoomId]:
        """Store facts, each once, and return the rooms that have changed."""
        return await self._facts.write(facts)
