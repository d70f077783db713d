"""`deskside customer`: the customer directory."""

import sys
from typing import Any

import click

from app.adapters.sql.records import Records
from app.cli.shared import with_records
from app.domain.records import Taken
from app.settings import Settings
from app.web import customer_csv


SHOWN_PROBLEMS = 100


@click.group()
def customer() -> None:
    """The customer directory."""


@customer.command("import")
@click.argument("file", type=click.File("rb"))
@click.option(
    "--skip-duplicates",
    is_flag=True,
    help="Leave out rows whose phone or reference came before or is in the directory.",
)
@with_records
async def import_customers(
    settings: Settings,
    records: Records,
    file: Any,
    skip_duplicates: bool,
) -> None:
    """Add the customers of a CSV file to the directory: all of them, or none.

    The first line names the columns: name and phone, and any of email, reference
    and notes. UTF-8; separated by commas, semicolons or tabs.
    """
    try:
        sheet = _read_sheet(customer_csv.decode(file.read()), settings.default_country)
    except customer_csv.NotACsv as error:
        raise click.ClickException(str(error)) from None
    await _find_known(records, sheet)
    _report(sheet, skip_duplicates=skip_duplicates)
    stored = await _store(records, sheet)
    click.echo(f"Imported {stored} customers.")


def _read_sheet(text: str, country: str) -> customer_csv.Sheet:
    lines = text.count("\n")
    with click.progressbar(length=lines, label="Checking", file=sys.stderr) as bar:
        return customer_csv.read(text, country, bar.update)


async def _find_known(records: Records, sheet: customer_csv.Sheet) -> None:
    new = sheet.customers.values()
    phones = {customer.phone for customer in new}
    references = {customer.reference for customer in new if customer.reference}
    customer_csv.find_known(sheet, *await records.customers.known(phones, references))


def _report(sheet: customer_csv.Sheet, *, skip_duplicates: bool) -> None:
    """Name what is wrong, and end where that keeps the rest from being stored."""
    problems = sorted(sheet.wrong + sheet.duplicates, key=lambda found: found.line)
    for problem in problems[:SHOWN_PROBLEMS]:
        click.echo(str(problem), err=True)
    if len(problems) > SHOWN_PROBLEMS:
        click.echo(f"… and {len(problems) - SHOWN_PROBLEMS} more.", err=True)
    if sheet.wrong or (sheet.duplicates and not skip_duplicates):
        count = len({problem.line for problem in problems})
        rows = "1 row" if count == 1 else f"{count} rows"
        hint = "" if sheet.wrong else " --skip-duplicates imports the rest."
        raise click.ClickException(f"Nothing was imported, because of {rows}.{hint}")


async def _store(records: Records, sheet: customer_csv.Sheet) -> int:
    rows = list(sheet.customers.values())
    try:
        with click.progressbar(
            length=len(rows), label="Storing", file=sys.stderr
        ) as bar:
            return await records.customers.import_rows(rows, bar.update)
    except Taken as taken:
        raise click.ClickException(
            f"Nothing was imported: meanwhile somebody else stored the same "
            f"{taken.field}. Try again."
        ) from None
