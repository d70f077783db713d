"""The mailbox of two check pages that look whether they reach each other.

It is in the database, so that the two may ask different nodes. Whoever has the link is
let in once, as the second side; each side then shows a key of its own.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import RowMapping, delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from app.adapters.sql.records.store import Store, new_id, sha256
from app.adapters.sql.tables import check_letters, check_pairs
from app.domain.checks import CheckLetter, Side


LIFETIME = timedelta(minutes=30)
MOST_PAIRS = 1000
MOST_LETTERS = 60
"""Letters of one pair: a check takes about ten, and can be run again."""


class Full(Exception):
    """There are as many pairs, or letters of one, as there can be."""


class CheckPairs(Store):
    """Pairs and their letters. All of it is gone half an hour after it began."""

    async def begin(self, now: datetime) -> tuple[str, str]:
        """Make a pair; return its id, for the link, and the first side's key.

        Raises:
            Full: too many pairs are at it.
        """
        pair_id, key = new_id(), new_id()
        async with self._writing() as connection:
            # The one place where every pair passes: lapsed ones go here.
            await connection.execute(
                delete(check_pairs).where(_pairs.expires_at <= now)
            )
            count = select(func.count()).select_from(check_pairs)
            if (await connection.execute(count)).scalar_one() >= MOST_PAIRS:
                raise Full
            await connection.execute(
                insert(check_pairs).values(
                    id=pair_id, first_hash=sha256(key), expires_at=now + LIFETIME
                )
            )
        return pair_id, key

    async def join(self, pair_id: str, now: datetime) -> str | None:
        """Return the second side's key, to one asker alone; None to all others."""
        key = new_id()
        query = update(check_pairs).where(
            _pairs.id == pair_id, _pairs.expires_at > now, _pairs.second_hash.is_(None)
        )
        async with self._writing() as connection:
            joined = await connection.execute(query.values(second_hash=sha256(key)))
        return key if joined.rowcount else None

    async def side(self, pair_id: str, key: str, now: datetime) -> Side | None:
        """Return whose key it is, if anybody's."""
        query = select(check_pairs).where(_pairs.id == pair_id, _pairs.expires_at > now)
        async with self._reading() as connection:
            row = (await connection.execute(query)).mappings().one_or_none()
        return _whose(row, sha256(key)) if row else None

    async def post(self, pair_id: str, side: Side, body: str) -> None:
        """Leave a letter for the other side.

        Raises:
            Full: the two have written as much as they may.
        """
        async with self._writing() as connection:
            number = await _last_number(connection, pair_id) + 1
            if number > MOST_LETTERS:
                raise Full
            await connection.execute(
                insert(check_letters).values(
                    pair_id=pair_id, number=number, side=side, body=body
                )
            )

    async def letters(
        self, pair_id: str, reader: Side, after: int
    ) -> Sequence[CheckLetter]:
        """Return what the other side left after that number, the first first."""
        query = select(_letters.number, _letters.body).where(
            _letters.pair_id == pair_id,
            _letters.side == reader.other,
            _letters.number > after,
        )
        async with self._reading() as connection:
            rows = await connection.execute(query.order_by(_letters.number))
        return [CheckLetter(number, body) for number, body in rows]


_pairs, _letters = check_pairs.c, check_letters.c


def _whose(row: RowMapping, digest: bytes) -> Side | None:
    hashes = {row["first_hash"]: Side.FIRST, row["second_hash"]: Side.SECOND}
    return hashes.get(digest)


async def _last_number(connection: AsyncConnection, pair_id: str) -> int:
    # Locked: both sides may write at once.
    pair = select(_pairs.id).where(_pairs.id == pair_id).with_for_update()
    await connection.execute(pair)
    last = select(func.max(_letters.number)).where(_letters.pair_id == pair_id)
    return (await connection.execute(last)).scalar_one() or 0
