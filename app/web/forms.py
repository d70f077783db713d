"""What people type, checked: typed values come out, or a text for each wrong field."""

import re
import unicodedata
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass

import phonenumbers

from app.domain.ids import CustomerId
from app.domain.records import NewCustomer
from app.web.i18n import gettext as _


Data = Mapping[str, str | None]
"""A form or a JSON object as it came: a missing field is an empty one."""

Errors = dict[str, str]
"""Field name to a text that says what is wrong and what would do."""

TITLE = 120
NAME = 120
PASSCODE_LEAST, PASSCODE_MOST = 4, 32
LONG_TEXT = 2000
EMAIL = 254  # RFC 5321 section 4.5.3.1.3, less the angle brackets
PHONE = 40
REFERENCE = 64

_JOINERS = "\u200c\u200d"  # Invisible, and part of many names and emoji.
_EMAIL = re.compile(r"[^\s@]+@[^\s@.]+(\.[^\s@.]+)*")


@dataclass(frozen=True, slots=True)
class RoomForm:
    """The fields of a room that its maker chooses."""

    title: str
    passcode: str
    description: str = ""
    customer_id: CustomerId | None = None


@dataclass(frozen=True, slots=True)
class VisitorForm:
    """What a customer gives to join; ``phone`` in E.164."""

    name: str
    phone: str
    passcode: str


def room(data: Data) -> RoomForm | Errors:
    """Check ``title``, ``passcode``, ``description`` and ``customer_id``.

    Whether that customer exists is for the caller to see.
    """
    fields = _Fields(data)
    form = RoomForm(
        title=fields.take("title", required(line, TITLE)),
        passcode=fields.take("passcode", new_passcode),
        description=fields.take("description", limited(paragraphs, LONG_TEXT)),
        customer_id=CustomerId(data.get("customer_id") or "") or None,
    )
    return fields.errors or form


def customer(data: Data, country: str) -> NewCustomer | Errors:
    """Check ``name``, ``phone``, ``email``, ``reference`` and ``notes``.

    ``country`` (ISO 3166, two letters) is where a phone without "+" is dialled.
    """
    fields = _Fields(data)
    form = NewCustomer(
        name=fields.take("name", required(line, NAME)),
        phone=fields.take("phone", lambda text: phone(text, country)),
        email=fields.take("email", email) or None,
        reference=fields.take("reference", limited(line, REFERENCE)) or None,
        notes=fields.take("notes", limited(paragraphs, LONG_TEXT)),
    )
    return fields.errors or form


def visitor(data: Data, country: str) -> VisitorForm | Errors:
    """Check ``name``, ``phone`` and that there is a ``passcode``."""
    fields = _Fields(data)
    form = VisitorForm(
        name=fields.take("name", required(line, NAME)),
        phone=fields.take("phone", lambda text: phone(text, country)),
        passcode=fields.take("passcode", required(line, PASSCODE_MOST)),
    )
    return fields.errors or form


class _Fields:
    """Reads fields one by one and keeps what was wrong with them."""

    def __init__(self, data: Data) -> None:
        self.data = data
        self.errors: Errors = {}

    def take(self, name: str, read: Callable[[str], str]) -> str:
        try:
            return read(self.data.get(name) or "")
        except ValueError as wrong:
            self.errors[name] = str(wrong)
            return ""


# Readers: text in, clean text out; a ValueError says what was wrong.

Reader = Callable[[str], str]


def line(text: str) -> str:
    """One line of printable text, its spaces tidied."""
    text = " ".join(unicodedata.normalize("NFC", text).split())
    if not _printable(text):
        raise ValueError(_("This holds characters that cannot be shown."))
    return text


def paragraphs(text: str) -> str:
    """Text of several lines."""
    text = unicodedata.normalize("NFC", text).replace("\r\n", "\n").strip()
    if not _printable(text.replace("\n", "").replace("\t", "")):
        raise ValueError(_("This holds characters that cannot be shown."))
    return text


def limited(read: Reader, most: int) -> Reader:
    """Bound the length of what another reader takes, in characters."""

    def take(text: str) -> str:
        # Refused before it is worked on, too: a huge text is not worth tidying.
        if len(text) > 4 * most or len(text := read(text)) > most:
            raise ValueError(_("Use at most %(most)d characters.") % {"most": most})
        return text

    return take


def required(read: Reader, most: int) -> Reader:
    """Demand a text, of a bounded length."""

    def take(text: str) -> str:
        text = limited(read, most)(text)
        if not text:
            raise ValueError(_("Please fill in this field."))
        return text

    return take


def new_passcode(text: str) -> str:
    """A passcode that can be read out."""
    text = required(line, PASSCODE_MOST)(text)
    if len(text) < PASSCODE_LEAST:
        least = {"least": PASSCODE_LEAST}
        raise ValueError(_("Use at least %(least)d characters.") % least)
    return text


def phone(text: str, country: str) -> str:
    """A phone number that can exist, in E.164."""
    text = required(line, PHONE)(text)
    number = None
    # Letters would be taken for the keys they stand on ("0800 FLOWERS").
    if not any(mark.isalpha() for mark in text):
        with suppress(phonenumbers.NumberParseException):
            number = phonenumbers.parse(text, country.upper())
    if number is None or not phonenumbers.is_valid_number(number):
        wrong = _("This is not a phone number. Example: %(example)s")
        raise ValueError(wrong % {"example": _example(country)})
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def email(text: str) -> str:
    """An e-mail address, or nothing."""
    text = limited(line, EMAIL)(text)
    if text and not _EMAIL.fullmatch(text):
        raise ValueError(_("This is not an e-mail address. Example: name@example.com"))
    return text


def _printable(text: str) -> bool:
    return all(mark.isprintable() or mark in _JOINERS for mark in text)


def _example(country: str) -> str:
    """Return a number of that country, as one would dial it from anywhere."""
    number = phonenumbers.example_number_for_type(
        country.upper(), phonenumbers.PhoneNumberType.MOBILE
    )
    if number is None:
        return "+62 812-345-678"
    shown = phonenumbers.PhoneNumberFormat.INTERNATIONAL
    return phonenumbers.format_number(number, shown)
