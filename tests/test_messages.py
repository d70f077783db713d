"""The catalogs: complete, current, and usable by pages and scripts."""

from pathlib import Path

import pytest
from babel.messages.catalog import Catalog

from app.web.i18n import PSEUDO, Languages, pseudo
from tools import messages


LOCALE = Path(messages.LOCALE)


@pytest.fixture(scope="module")
def languages() -> Languages:
    return Languages(LOCALE, "en", pseudo=True)


def test_catalogs_are_current_and_complete() -> None:
    """
    Every text of the sources is gathered, and translated with its placeholders.
    """
    assert list(messages.check()) == []


def test_check_finds_a_missing_translation() -> None:
    """
    A text without translation, or with an uncertain one, is found.
    """
    catalog = Catalog(locale="id")
    catalog.add("Rooms", "Ruang")
    catalog.add("History", "")
    catalog.add("Settings", "Setelan", flags=["fuzzy"])

    assert [m.id for m in messages.missing(catalog)] == ["History", "Settings"]


def test_check_finds_a_lost_placeholder() -> None:
    """
    A translation has the same placeholders as its text.
    """
    catalog = Catalog(locale="id")
    catalog.add("%(name)s left.", "%(nama)s keluar.")
    catalog.add("{name} is here.", "{name} di sini.")

    assert [m.id for m in messages.mismatched(catalog)] == ["%(name)s left."]


def test_texts_of_every_kind_of_source_are_gathered() -> None:
    """
    Python, templates and scripts are all read, plurals too.
    """
    texts = {m.id if isinstance(m.id, str) else m.id[0] for m in messages.gather()}

    assert {"Please fill in this field.", "Customer link", "{n} minute"} <= texts


def test_languages_are_named_in_their_own_words(languages: Languages) -> None:
    """
    Whoever looks for their language finds its own name.
    """
    names = {tag: language.name for tag, language in languages.offered.items()}

    assert names["en"] == "English"
    assert names["id"] == "Bahasa Indonesia"


@pytest.mark.parametrize(
    ("wishes", "tag"),
    [
        (["id-ID", "en"], "id"),
        (["fr", "id"], "id"),
        (["fr"], "en"),
        ([], "en"),
        (["xx-rubbish-%00"], "en"),
    ],
)
def test_best_language_is_the_first_that_is_offered(
    languages: Languages, wishes: list[str], tag: str
) -> None:
    """
    The first wish that can be met decides; without one, the default.
    """
    assert tag == languages.best(wishes).tag


def test_default_language_must_have_a_catalog() -> None:
    """
    A deployment whose language is not there does not start.
    """
    with pytest.raises(ValueError, match="'fr'"):
        Languages(LOCALE, "fr", pseudo=False)


def test_plural_follows_the_language(languages: Languages) -> None:
    """
    English has two forms, Indonesian one.
    """
    english, indonesian = languages.offered["en"], languages.offered["id"]
    forms = ("{n} minute", "{n} minutes")

    assert english.plural(*forms, 1) == "{n} minute"
    assert english.plural(*forms, 2) == "{n} minutes"
    assert indonesian.plural(*forms, 1) == "{n} menit"
    assert indonesian.plural(*forms, 7) == "{n} menit"


def test_scripts_get_only_their_own_texts(languages: Languages) -> None:
    """
    A page carries the translations its scripts use, and nothing in English.
    """
    indonesian = languages.offered["id"]
    texts = languages.for_scripts(indonesian, ["js/lib/time.js"])

    assert texts["{n} minute"] == ("{n} menit",)
    assert "Copied" not in texts
    assert languages.for_scripts(languages.offered["en"], ["js/lib/time.js"]) == {}


def test_pseudo_locale_shows_what_was_forgotten(languages: Languages) -> None:
    """
    The pseudo-locale reads from right to left, and changes all but the placeholders.
    """
    disguised = languages.offered[PSEUDO]

    assert disguised.direction == "rtl"
    assert disguised.text("Rooms").startswith("⟦Róómš")
    assert "%(name)s" in pseudo("%(name)s left.")
    assert "{n}" in pseudo("{n} minutes")
    assert '<a href="x">' in pseudo('Read <a href="x">this</a>')


def test_pseudo_locale_exists_only_where_it_is_switched_on() -> None:
    """
    People are not offered a language that is none.
    """
    assert PSEUDO not in Languages(LOCALE, "en", pseudo=False).offered
