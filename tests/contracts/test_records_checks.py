"""Reports of the check page and its mailbox, alike on both databases."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from app.adapters.sql.records import Records, check_pairs, check_reports
from app.domain.checks import CODE_LENGTH, CheckReport, Side, read_code, shown_code


NOW = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)
MONTH = timedelta(days=30)


def report(at: datetime = NOW) -> CheckReport:
    return CheckReport("", at, "192.0.2.0/24", "ready", "Chrome 140", '{"a": "ü"}')


async def test_report_is_found_by_its_code(records: Records) -> None:
    """What was sent comes back, under a code that can be read out."""
    code = await records.check_reports.add(report(), MONTH)
    found = await records.check_reports.read(code, NOW - MONTH)
    assert found
    assert (found.body, found.network, found.at) == ('{"a": "ü"}', "192.0.2.0/24", NOW)
    assert len(code) == CODE_LENGTH
    assert read_code(f" {shown_code(code).lower()} ") == code


async def test_reports_lapse(records: Records) -> None:
    """An old report is not shown, and goes for good when the next one comes."""
    old = await records.check_reports.add(report(), MONTH)
    later = NOW + MONTH
    assert await records.check_reports.read(old, later - MONTH) is None
    new = await records.check_reports.add(report(later), MONTH)
    listed = await records.check_reports.recent(NOW - MONTH, 10)
    assert [one.code for one in listed] == [new]


async def test_reports_are_bounded(
    records: Records, monkeypatch: pytest.MonkeyPatch
) -> None:
    """More than are kept are refused, until some have lapsed."""
    monkeypatch.setattr(check_reports, "MOST", 2)
    for _ in range(2):
        await records.check_reports.add(report(), MONTH)
    with pytest.raises(check_reports.Full):
        await records.check_reports.add(report(), MONTH)
    await records.check_reports.add(report(NOW + MONTH), MONTH)


async def test_pair_takes_one_second_side(records: Records) -> None:
    """Of those that open the link at once, one is let in; keys tell the sides."""
    pairs = records.check_pairs
    pair, first = await pairs.begin(NOW)
    keys = await asyncio.gather(*(pairs.join(pair, NOW) for _ in range(4)))
    (second,) = [key for key in keys if key]
    assert await pairs.side(pair, first, NOW) is Side.FIRST
    assert await pairs.side(pair, second, NOW) is Side.SECOND
    assert await pairs.side(pair, "made up", NOW) is None
    assert await pairs.join("made up", NOW) is None


async def test_letters_reach_the_other_side_in_order(records: Records) -> None:
    """Each reads what the other wrote, once, though both write at the same time."""
    pairs = records.check_pairs
    pair, _key = await pairs.begin(NOW)
    texts = [str(number) for number in range(5)]
    for text in texts:
        await asyncio.gather(
            pairs.post(pair, Side.FIRST, f"f{text}"),
            pairs.post(pair, Side.SECOND, f"s{text}"),
        )
    read = await pairs.letters(pair, Side.SECOND, 0)
    assert [letter.body for letter in read] == [f"f{text}" for text in texts]
    assert await pairs.letters(pair, Side.SECOND, read[-1].number) == []
    read = await pairs.letters(pair, Side.FIRST, 0)
    assert [letter.body for letter in read] == [f"s{text}" for text in texts]


async def test_pairs_are_bounded(
    records: Records, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So many pairs, so many letters of each, and for so long."""
    monkeypatch.setattr(check_pairs, "MOST_PAIRS", 1)
    monkeypatch.setattr(check_pairs, "MOST_LETTERS", 2)
    pairs = records.check_pairs
    pair, key = await pairs.begin(NOW)
    with pytest.raises(check_pairs.Full):
        await pairs.begin(NOW)
    for _ in range(2):
        await pairs.post(pair, Side.FIRST, "{}")
    with pytest.raises(check_pairs.Full):
        await pairs.post(pair, Side.SECOND, "{}")
    later = NOW + check_pairs.LIFETIME
    assert await pairs.side(pair, key, later) is None
    assert await pairs.join(pair, later) is None
    await pairs.begin(later)
    assert await pairs.letters(pair, Side.SECOND, 0) == []
