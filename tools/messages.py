"""Keeps the catalogs: gathers every text; `--check` finds what is not translated.

`app/locale/messages.pot` lists every text with the files that use it; a language has
`app/locale/<tag>/LC_MESSAGES/messages.po`. To begin one: `--locale <tag>`.
"""

import argparse
import io
import re
import sys
from collections.abc import Iterator
from pathlib import Path

from babel import Locale
from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po
from babel.plural import to_gettext


ROOT = Path(__file__).resolve().parent.parent
LOCALE = ROOT / "app" / "locale"
POT = LOCALE / "messages.pot"

METHODS = [
    ("static/vendor/**", "ignore"),
    ("static/**.js", "javascript"),
    ("web/templates/**.html", "jinja2"),
    ("**.py", "python"),
]
KEYWORDS = {
    "_": None,
    "gettext": None,
    "ngettext": (1, 2),
    "t": None,
    "tn": (1, 2),
}
OPTIONS = {
    "**.html": {"trimmed": "true", "silent": "false", "newstyle_gettext": "true"}
}

# Lines of a catalog's head that only say when and by whom: they would change each time.
_VOLATILE = re.compile(
    rb'^"(?:POT-Creation-Date|PO-Revision-Date|Last-Translator|Language-Team'
    rb"|Report-Msgid-Bugs-To|Generated-By|Project-Id-Version):.*\n",
    re.MULTILINE,
)
_PLACES = re.compile(r"%\(\w+\)[sd]|\{\w+\}|<[^>]+>")


def main() -> int:
    """Update or check every catalog; 1 where the check found something."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="change nothing")
    parser.add_argument("--locale", help="also begin a catalog for this language")
    arguments = parser.parse_args()
    if not arguments.check:
        update(arguments.locale)
        return 0
    problems = list(check())
    print("\n".join(problems) or "Every text is gathered and translated.")
    return 1 if problems else 0


def gather() -> Catalog:
    """Every text of the sources, with the files it is in."""
    catalog = Catalog(
        fuzzy=False, charset="utf-8", header_comment="# Texts of Deskside."
    )
    found = extract_from_dir(
        ROOT / "app", METHODS, OPTIONS, KEYWORDS, comment_tags=("Translators:",)
    )
    for path, line, message, comments, context in sorted(found, key=lambda f: f[:2]):
        place = (f"app/{Path(path).as_posix()}", line)
        catalog.add(message, None, [place], auto_comments=comments, context=context)
    return catalog


def update(locale: str | None = None) -> None:
    """Write the list of texts, and bring every language's catalog up to it."""
    texts = gather()
    POT.parent.mkdir(parents=True, exist_ok=True)
    POT.write_bytes(written(texts))
    if locale:
        begin(locale)
    for path in catalogs():
        catalog = read(path)
        catalog.update(texts, no_fuzzy_matching=True)
        path.write_bytes(written(catalog))
        print(f"{path.relative_to(ROOT)}: {sum(1 for _ in missing(catalog))} missing")


def begin(locale: str) -> None:
    """Make an empty catalog for a language, with its plural rule."""
    path = LOCALE / locale / "LC_MESSAGES" / "messages.po"
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.exists():
        return
    known = Locale.parse(locale, sep="-")
    catalog = Catalog(known, header_comment=f"# {known.english_name}.", fuzzy=False)
    text = written(catalog).decode()
    # Babel's own list of plural rules lacks languages that CLDR has.
    rule = f'"Plural-Forms: {to_gettext(known.plural_form)}\\n"'
    path.write_text(re.sub(r'"Plural-Forms: .*"', lambda _: rule, text))


def check() -> Iterator[str]:
    """What is wrong with the catalogs, a line each."""
    if not POT.exists() or POT.read_bytes() != written(gather()):
        yield f"{POT.relative_to(ROOT)} is not current: run `python -m tools.messages`"
    for path in catalogs():
        catalog, name = read(path), path.relative_to(ROOT)
        for message in missing(catalog):
            yield f"{name}: not translated: {message.id!r}"
        for message in mismatched(catalog):
            yield f"{name}: other placeholders: {message.id!r}"


def catalogs() -> list[Path]:
    """The catalog of each language."""
    return sorted(LOCALE.glob("*/LC_MESSAGES/messages.po"))


def read(path: Path) -> Catalog:
    """A catalog as it is in the file."""
    with path.open("rb") as file:
        return read_po(file, locale=path.parent.parent.name.replace("-", "_"))


def missing(catalog: Catalog) -> Iterator[Message]:
    """Texts that are not, or not surely, translated."""
    for message in catalog:
        if message.id and (message.fuzzy or not all(forms(message.string))):
            yield message


def mismatched(catalog: Catalog) -> Iterator[Message]:
    """Translations that lost, gained or misspelt a placeholder or a tag."""
    for message in catalog:
        allowed = [places(source) for source in forms(message.id)]
        texts = forms(message.string)
        if message.id and any(text and places(text) not in allowed for text in texts):
            yield message


def forms(text: object) -> list[str]:
    """The plural forms of a text, or the text alone."""
    return (
        [str(form) for form in text] if isinstance(text, list | tuple) else [str(text)]
    )


def places(text: str) -> list[str]:
    """The placeholders and tags of a text."""
    return sorted(_PLACES.findall(text))


def written(catalog: Catalog) -> bytes:
    """A catalog as a file: sorted, without line numbers and dates, hence calm."""
    file = io.BytesIO()
    write_po(
        file,
        catalog,
        width=88,
        sort_output=True,
        include_lineno=False,
        ignore_obsolete=True,
    )
    return _VOLATILE.sub(b"", file.getvalue())


if __name__ == "__main__":
    sys.exit(main())
