"""Reports of the check page: kept for some days, found by a code."""

import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import delete, func, insert, select
from sqlalchemy.exc import IntegrityError

from app.adapters.sql.records.store import Store, build
from app.adapters.sql.tables import check_reports
from app.domain.checks import CODE_LENGTH, CODE_LETTERS, CheckReport


MOST = 5000
"""Reports kept at a time: with 64 kB at most each, a third of a gigabyte."""

TRIES = 5


class Full(Exception):
    """There are as many reports as are kept; the oldest must lapse first."""


class CheckReports(Store):
    """What people have sent to support."""

    async def add(self, report: CheckReport, kept: timedelta) -> str:
        """Keep a report under a new code, which is returned; its own is not looked at.

        Raises:
            Full: too many were sent within the time for which they are kept.
        """
        for _ in range(TRIES):
            code = "".join(secrets.choice(CODE_LETTERS) for _ in range(CODE_LENGTH))
            try:
                await self._insert(report, code, report.at - kept)
            except IntegrityError:
                continue  # One in a hundred thousand is taken.
            return code
        raise Full

    async def read(self, code: str, since: datetime) -> CheckReport | None:
        """Return a report that came after that moment."""
        query = select(check_reports).where(_table.code == code, _table.at > since)
        async with self._reading() as connection:
            row = (await connection.execute(query)).mappings().one_or_none()
        return build(CheckReport, row) if row else None

    async def recent(self, since: datetime, limit: int) -> Sequence[CheckReport]:
        """Return reports that came after that moment, the latest first."""
        query = select(check_reports).where(_table.at > since)
        query = query.order_by(_table.at.desc()).limit(limit)
        async with self._reading() as connection:
            rows = (await connection.execute(query)).mappings().all()
        return [build(CheckReport, row) for row in rows]

    async def _insert(self, report: CheckReport, code: str, lapsed: datetime) -> None:
        async with self._writing() as connection:
            # The one place where every report passes: old ones go here.
            await connection.execute(delete(check_reports).where(_table.at <= lapsed))
            count = select(func.count()).select_from(check_reports)
            if (await connection.execute(count)).scalar_one() >= MOST:
                raise Full
            await connection.execute(
                insert(check_reports).values(
                    code=code,
                    at=report.at,
                    network=report.network,
                    verdict=report.verdict,
                    device=report.device,
                    body=report.body,
                )
            )


_table = check_reports.c
