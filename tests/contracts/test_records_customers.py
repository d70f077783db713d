"""The customer directory, alike on both databases."""

import pytest

from app.adapters.sql.records import Records
from app.domain.records import CursorError, Customer, NewCustomer, Taken


BUDI = NewCustomer("Budi Santoso", "+6281234567890", "budi@mail.id", "C-0042", "VIP")
SITI = NewCustomer("Siti Rahma", "+6281399990000", None, "C-0043")
JOSE = NewCustomer("José 100% _Best_", "+34600111222", "jose@correo.es", None)
DEWI = NewCustomer("Dewi Budiman", "+6281234560000", None, None)


@pytest.fixture
async def directory(records: Records) -> Records:
    """A directory with four customers."""
    await records.customers.import_rows([BUDI, SITI, JOSE, DEWI])
    return records


async def names(records: Records, q: str, limit: int = 10) -> list[str]:
    """Whom a search finds, by first name."""
    found = await records.customers.search(q, limit)
    return [customer.name.split()[0] for customer in found]


async def test_customer_reads_as_it_was_added(records: Records) -> None:
    """What was added comes back the same."""
    customer = await records.customers.add(
        BUDI.name, BUDI.phone, BUDI.email, BUDI.reference, BUDI.notes
    )
    assert await records.customers.read(customer.id) == customer
    assert customer == Customer(
        id=customer.id,
        name="Budi Santoso",
        phone="+6281234567890",
        email="budi@mail.id",
        reference="C-0042",
        notes="VIP",
        created_at=customer.created_at,
    )


@pytest.mark.parametrize(
    ("q", "found"),
    [
        ("budi", ["Budi", "Dewi"]),  # by name, those that begin with it first
        ("SANTOSO", ["Budi"]),
        ("sant bud", ["Budi"]),  # every word, in any order
        ("jose", ["José"]),  # without the accent
        ("JOSÉ", ["José"]),
        ("c-004", ["Budi", "Siti"]),  # by reference
        ("mail.id", ["Budi"]),  # by e-mail
        ("+62812", ["Budi", "Dewi"]),  # by phone, as stored
        ("0812-3456 7890", ["Budi"]),  # by phone, as dialled at home
        ("67890", ["Budi"]),  # by the end of a phone
        ("0042", ["Budi"]),  # digits of a reference are digits, too
        ("100%", ["José"]),  # wildcards are plain characters
        ("1%0", []),
        ("_best_", ["José"]),
        ("b_st", []),
        ("\\", []),
        ("", []),
        ("   ", []),
    ],
)
async def test_customer_search_finds(
    directory: Records, q: str, found: list[str]
) -> None:
    """Name, phone, e-mail and reference are searched, without case or wildcards."""
    assert await names(directory, q) == found


async def test_customer_search_is_limited(directory: Records) -> None:
    """A search gives no more than was asked for, and at least one."""
    assert await names(directory, "budi", 1) == ["Budi"]
    assert await names(directory, "budi", -5) == ["Budi"]


async def test_customer_list_goes_page_by_page(directory: Records) -> None:
    """All customers come by name, each once, whatever is added meanwhile."""
    first = await directory.customers.list(limit=2)
    await directory.customers.add("Aaron", "+6281111111111")
    rest = await directory.customers.list(cursor=first.next_cursor, limit=2)
    listed = [customer.name.split()[0] for customer in first.items + rest.items]
    assert listed == ["Budi", "Dewi", "José", "Siti"]
    assert rest.next_cursor is None


async def test_customer_list_can_be_searched(directory: Records) -> None:
    """A list with a query holds what the search would find, page by page."""
    first = await directory.customers.list("budi", limit=1)
    rest = await directory.customers.list("budi", first.next_cursor, 1)
    assert [c.name for c in first.items + rest.items] == [BUDI.name, DEWI.name]


@pytest.mark.parametrize(
    "cursor", ["", "x", "W10", "WzEsMl0", "WyJhIiwgMV0", "e30", "\ud800", "é", "MQ"]
)
async def test_customer_list_refuses_a_made_up_cursor(
    directory: Records, cursor: str
) -> None:
    """A cursor that no page gave out is refused, not taken for something else."""
    with pytest.raises(CursorError):
        await directory.customers.list(cursor=cursor)


async def test_customer_reference_is_unique(directory: Records) -> None:
    """A reference names one customer; a phone may be shared."""
    with pytest.raises(Taken) as refused:
        await directory.customers.add("Other", "+6281234567891", reference="C-0042")
    assert refused.value.field == "reference"
    await directory.customers.add("Wife of Budi", BUDI.phone)


async def test_customer_import_is_whole_or_not_at_all(records: Records) -> None:
    """One row that cannot be stored leaves the directory as it was."""
    rows = [NewCustomer(f"N{n}", "+6281234567890") for n in range(1200)]
    with pytest.raises(Taken):
        await records.customers.import_rows([*rows, BUDI, BUDI])
    assert (await records.customers.list()).items == ()


async def test_customer_import_tells_its_progress(records: Records) -> None:
    """Every stored row is counted once."""
    steps: list[int] = []
    rows = [NewCustomer(f"N{n}", "+6281234567890") for n in range(1200)]
    assert await records.customers.import_rows(rows, steps.append) == 1200
    assert sum(steps) == 1200
    assert len(steps) > 1


async def test_customer_directory_knows_what_it_has(directory: Records) -> None:
    """Of any number of phones and references it tells those it has."""
    phones = {f"+62812{n:08}" for n in range(1500)} | {BUDI.phone}
    known = await directory.customers.known(phones, {"C-0043", "C-9999"})
    assert known == ({BUDI.phone}, {"C-0043"})
