"""Customers from a spreadsheet: every row checked, every wrong one named by line."""

import csv
import io
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from app.domain.records import NewCustomer
from app.web import forms


COLUMNS = ("name", "phone", "email", "reference", "notes")
REQUIRED = frozenset({"name", "phone"})
DELIMITERS = ",;\t"
"""Spreadsheets write semicolons where the comma is for decimals."""


class NotACsv(Exception):
    """The file as a whole cannot be read; the text says why and what would do."""


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong in a line; lines are counted from 1, the header included."""

    line: int
    text: str

    def __str__(self) -> str:
        return f"Line {self.line}: {self.text}"


@dataclass(slots=True)
class Sheet:
    """What was read: customers by line, what was wrong, and what came twice."""

    customers: dict[int, NewCustomer] = field(default_factory=dict)
    wrong: list[Problem] = field(default_factory=list)
    duplicates: list[Problem] = field(default_factory=list)

    def drop(self, line: int, text: str) -> None:
        """Take a customer out as a duplicate."""
        del self.customers[line]
        self.duplicates.append(Problem(line, text))


def decode(data: bytes) -> str:
    """Return the text of a file in UTF-8, with or without a byte order mark.

    Raises:
        NotACsv: it is in another encoding.
    """
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise NotACsv(
            f"Line {line} is not in UTF-8. Save the file as “CSV UTF-8”."
        ) from None


def read(
    text: str, country: str, progress: Callable[[int], None] = lambda lines: None
) -> Sheet:
    """Check every row of a CSV file with a header line.

    ``progress`` is called with the number of lines each step has read.

    Raises:
        NotACsv: the header is not one of ours.
    """
    sheet = Sheet()
    rows = _rows(text, sheet)
    header = _header(next(rows, (1, []))[1])
    before = 1
    for line, cells in rows:
        _take(sheet, line, header, cells, country)
        progress(line - before)
        before = line
    _find_repeated(sheet)
    return sheet


def find_known(sheet: Sheet, phones: set[str], references: set[str]) -> None:
    """Take out the customers that the directory has already."""
    for line, new in list(sheet.customers.items()):
        if new.reference in references:
            sheet.drop(line, f"reference {new.reference} is in the directory")
        elif new.phone in phones:
            sheet.drop(line, f"phone {new.phone} is in the directory")


def _rows(text: str, sheet: Sheet) -> Iterator[tuple[int, list[str]]]:
    """Yield the rows that are not blank, each with the line it begins in."""
    first = text.split("\n", 1)[0]
    delimiter = max(DELIMITERS, key=first.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    while True:
        line = reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            sheet.wrong.append(Problem(line, f"cannot be read: {error}"))
            continue
        if any(cell.strip() for cell in cells):
            yield line, cells


def _header(cells: Sequence[str]) -> list[str]:
    names = [cell.strip().lower() for cell in cells]
    while names and not names[-1]:
        names.pop()
    unknown = sorted(set(names) - set(COLUMNS))
    missing = sorted(REQUIRED - set(names))
    if unknown or missing or len(set(names)) < len(names):
        found = ", ".join(names) or "nothing"
        raise NotACsv(
            f"The first line must name the columns {', '.join(COLUMNS)} "
            f"(name and phone at least, each once). It has: {found}."
        )
    return names


def _take(
    sheet: Sheet, line: int, header: Sequence[str], cells: Sequence[str], country: str
) -> None:
    if any(cell.strip() for cell in cells[len(header) :]):
        text = f"has {len(cells)} columns, the first line {len(header)}"
        sheet.wrong.append(Problem(line, text))
        return
    form = forms.customer(dict(zip(header, cells, strict=False)), country)
    if isinstance(form, NewCustomer):
        sheet.customers[line] = form
        return
    for name, text in form.items():
        sheet.wrong.append(Problem(line, f"{name}: {text}"))


def _find_repeated(sheet: Sheet) -> None:
    phones: dict[str, int] = {}
    references: dict[str, int] = {}
    for line, new in list(sheet.customers.items()):
        if new.reference and new.reference in references:
            earlier = references[new.reference]
            sheet.drop(line, f"reference {new.reference} is in line {earlier}, too")
        elif new.phone in phones:
            sheet.drop(line, f"phone {new.phone} is in line {phones[new.phone]}, too")
        else:
            phones[new.phone] = line
            references[new.reference or ""] = line
