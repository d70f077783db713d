"""Text as it is searched: without case, accents or wildcards."""

import re
import unicodedata

from sqlalchemy import ColumnElement, and_, or_


ESCAPE = "\\"
MOST = 200
"""How much of a query is looked at: databases bound their patterns, too."""


def fold(text: str) -> str:
    """Return text as it is compared: José, JOSÉ and jose are the same."""
    apart = unicodedata.normalize("NFKD", text)
    return "".join(mark for mark in apart if not unicodedata.combining(mark)).casefold()


def searchable(*parts: str | None) -> str:
    """Return the folded parts that there are, a line each."""
    return "\n".join(fold(part) for part in parts if part)


def contains(column: ColumnElement[str], query: str) -> ColumnElement[bool]:
    """Return whether every word of a query is somewhere in a `searchable` column.

    A query that could be a phone number also matches as one, however it is written:
    "0812-345" is found in "+62812345678".
    """
    query = query[:MOST]
    words = and_(*(_has(column, fold(word)) for word in query.split()))
    digits = _dialled(query)
    return or_(words, _has(column, digits)) if digits else words


def begins(column: ColumnElement[str], query: str) -> ColumnElement[bool]:
    """Return whether a folded column begins with a query."""
    return column.startswith(_escaped(fold(query[:MOST])), escape=ESCAPE)


def _has(column: ColumnElement[str], text: str) -> ColumnElement[bool]:
    return column.contains(_escaped(text), escape=ESCAPE)


def _escaped(text: str) -> str:
    return re.sub(r"[\\%_]", r"\\\g<0>", text)


def _dialled(query: str) -> str:
    """Return the digits of a phone number without its leading zeros, or nothing."""
    if not re.fullmatch(r"[\d\s()+./-]+", query, re.ASCII):
        return ""
    return re.sub(r"\D", "", query).lstrip("0")
