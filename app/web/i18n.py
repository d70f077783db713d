"""The reader's language: which one it is, and every text in it.

Texts are written in English where they are used, `_("…")` in Python and templates,
`t("…")` in scripts, and looked up in `app/locale/<tag>/LC_MESSAGES/messages.po`.
`tools/messages.py` gathers them. A text without translation shows in English.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from gettext import c2py
from pathlib import Path
from typing import TypeAlias

from babel import Locale
from babel.core import negotiate_locale
from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po
from quart import Quart, Response, current_app, g, has_request_context, request

from app.domain.records import Agent


COOKIE = "lang"
SOURCE = "en"
PSEUDO = "ar-XB"
A_YEAR = 365 * 24 * 3600

OWN_NAMES = {"id": "Bahasa Indonesia"}
"""What Babel calls otherwise than the people who speak it."""

Forms: TypeAlias = str | tuple[str, ...]
"""A text, or its plural forms in the order of the catalog."""


def english_form(n: int) -> int:
    """The index of the plural form in English: 0 for one, else 1."""
    return int(n != 1)


@dataclass(frozen=True, slots=True)
class Language:
    """One language the pages can be read in."""

    tag: str
    """BCP 47, as in `<html lang>`."""
    name: str
    """In its own words."""
    formats: str
    """The tag by which numbers and dates are written."""
    direction: str = "ltr"
    texts: Mapping[str, Forms] = field(default_factory=dict)
    form: Callable[[int], int] = english_form
    """From a number to the index of its plural form."""
    disguise: Callable[[str], str] | None = None
    """Makes a text of the pseudo-locale out of an English one."""

    @property
    def locale(self) -> Locale:
        """Babel's idea of the formats."""
        return Locale.parse(self.formats, sep="-")

    def text(self, source: str) -> str:
        """The text in this language, else in English."""
        found = self.texts.get(source)
        if isinstance(found, str):
            return found
        return self.disguise(source) if self.disguise else source

    def plural(self, one: str, many: str, n: int) -> str:
        """The text for this number in this language, else in English."""
        forms = self.texts.get(one)
        if isinstance(forms, tuple):
            return forms[self.form(n)]
        english = one if n == 1 else many
        return self.disguise(english) if self.disguise else english


class Languages:
    """The languages on offer, and which texts each script needs."""

    def __init__(self, folder: Path, default: str, *, pseudo: bool) -> None:
        """Read every catalog below `folder`.

        Raises ValueError where there is none for the default language.
        """
        sources = _read(folder / "messages.pot")
        self.script_texts = _texts_by_script(sources)
        offered = [Language(SOURCE, "English", SOURCE)]
        offered += [_language(path) for path in sorted(folder.glob("*/*/messages.po"))]
        if pseudo:
            offered.append(_pseudo_language())
        self.offered = {language.tag: language for language in offered}
        if default not in self.offered:
            raise ValueError(f"there is no catalog for {default!r} in {folder}")
        self.default = self.offered[default]

    def best(self, wishes: Iterable[str]) -> Language:
        """The language for the first wish that can be met, else the default."""
        tag = negotiate_locale(list(wishes), list(self.offered), sep="-")
        return self.offered[tag] if tag else self.default

    def for_scripts(self, language: Language, paths: Iterable[str]) -> dict[str, Forms]:
        """What `t()` needs in these scripts: English to the language's text.

        Empty for English itself: what is not found is shown as it stands.
        """
        if language.tag == SOURCE:
            return {}
        needed = {key for path in paths for key in self.script_texts.get(path, ())}
        return {source: _forms(language, source, many) for source, many in needed}


def _forms(language: Language, source: str, many: str) -> Forms:
    if found := language.texts.get(source):
        return found
    if many:
        return (language.text(source), language.text(many))
    return language.text(source)


def _read(path: Path) -> Catalog:
    with path.open("rb") as file:
        return read_po(file, locale=None)


def _language(path: Path) -> Language:
    catalog = _read(path)
    tag = path.parent.parent.name
    locale = Locale.parse(tag, sep="-")
    return Language(
        tag=tag,
        name=OWN_NAMES.get(tag) or (locale.get_display_name() or tag).capitalize(),
        formats=tag,
        direction=locale.text_direction,
        texts=dict(_translations(catalog)),
        form=c2py(catalog.plural_expr),
    )


def _translations(catalog: Catalog) -> Iterable[tuple[str, Forms]]:
    for message in catalog:
        source = message.id if isinstance(message.id, str) else message.id[0]
        text = message.string
        if not source or message.fuzzy or not text:
            continue
        if isinstance(text, str):
            yield source, text
        elif all(text):
            yield source, tuple(text)


def _texts_by_script(catalog: Catalog) -> dict[str, set[tuple[str, str]]]:
    """Per script, as its path below app/static: the (text, plural or "") it uses."""
    found: dict[str, set[tuple[str, str]]] = {}
    for message in catalog:
        key = (message.id, "") if isinstance(message.id, str) else tuple(message.id)
        for path, _ in message.locations:
            if path.endswith(".js"):
                script = path.removeprefix("app/static/")
                found.setdefault(script, set()).add((key[0], key[1]))
    return found


# The pseudo-locale: English that is longer, accented, marked at both ends and written
# from right to left. What is not so on a page was forgotten.

_ACCENTS = str.maketrans("aceinosuyACEINOSUYgrtl", "áçéíñóšúýÁÇÉÍÑÓŠÚÝĝŕţļ")
_KEPT = re.compile(r"(%\(\w+\)[sd]|\{\w+\}|<[^>]+>|&\w+;|%%)")


def pseudo(text: str) -> str:
    """The text of the pseudo-locale; placeholders and tags stay as they are."""
    parts = _KEPT.split(text)
    disguised = [
        part if index % 2 else part.translate(_ACCENTS)
        for index, part in enumerate(parts)
    ]
    return f"⟦{''.join(disguised)}{'·' * (len(text) // 4)}⟧"


def _pseudo_language() -> Language:
    return Language(PSEUDO, "Ƥšéúðó (RTL)", SOURCE, "rtl", disguise=pseudo)


# What is being read now.

_ENGLISH = Language(SOURCE, "English", SOURCE)


def current() -> Language:
    """The language of this request; English where there is none."""
    if not has_request_context():
        return _ENGLISH
    if "language" not in g:
        g.language = _chosen()
    language: Language = g.language
    return language


def _chosen() -> Language:
    languages: Languages | None = current_app.extensions.get("languages")
    return languages.best(_wishes()) if languages else _ENGLISH


def gettext(source: str) -> str:
    """Translate for whoever is asking. Import it as `_`."""
    return current().text(source)


def ngettext(one: str, many: str, n: int) -> str:
    """Translate the form for this number for whoever is asking."""
    return current().plural(one, many, n)


def install(app: Quart, languages: Languages, *, secure: bool) -> None:
    """Offer the languages; one chosen by `?lang=` is kept in a cookie."""
    app.extensions["languages"] = languages

    @app.after_request
    async def remember(response: Response) -> Response:
        if request.args.get("lang") in languages.offered:
            _keep(response, current().tag, secure=secure)
        return response


def _keep(response: Response, tag: str, *, secure: bool) -> None:
    """Let the browser ask for this language from now on."""
    response.set_cookie(
        COOKIE, tag, max_age=A_YEAR, secure=secure, httponly=True, samesite="Lax"
    )


def _wishes() -> list[str]:
    """What the address says, the agent's settings, the cookie, the browser."""
    agent: Agent | None = g.get("agent")
    saved = agent.locale if agent else None
    chosen = (request.args.get("lang"), saved, request.cookies.get(COOKIE))
    return [tag for tag in chosen if tag] + list(request.accept_languages.values())
