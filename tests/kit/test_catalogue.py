"""The catalogue: every word of the desk in German, plural forms, dates and numbers as people write them."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po
from hypothesis import given
from hypothesis import strategies as st

from newsletter.kit.catalogue import files, languages, preferred, words

ROOT = Path(__file__).resolve().parents[2]
KEYWORDS = {"_": None, "N_": None, "gettext": None, "ngettext": (1, 2)}
PLACES = re.compile(r"%\((\w+)\)s|(%[^(%])")
BERLIN = ZoneInfo("Europe/Berlin")
AT = datetime(2026, 3, 4, 23, 40, tzinfo=UTC)


def said_on_screens() -> set[str | tuple[str, ...]]:
    """Every message in templates and code."""
    found: set[str | tuple[str, ...]] = set()
    kinds = [("templates", "**.html", "jinja2"), ("templates", "**.j2", "jinja2"), ("newsletter", "**.py", "python"),
             ("subscribers", "**.py", "python")]  # fmt: skip
    for folder, pattern, method in kinds:
        options = {pattern: {"trimmed": "true", "silent": "false", "extensions": "jinja2.ext.do"}}
        for _, _, message, _, _ in extract_from_dir(ROOT / folder, [(pattern, method)], options, KEYWORDS):
            found.add(message)
    return {message for message in found if message}


def german() -> dict[str | tuple[str, ...], str | tuple[str, ...]]:
    """Every translation, however many files there are."""
    found: dict[str | tuple[str, ...], str | tuple[str, ...]] = {}
    for path in files("de"):
        with path.open("rb") as file:
            for message in read_po(file, locale="de", abort_invalid=True):
                if not message.id:
                    continue
                key = tuple(message.id) if isinstance(message.id, list | tuple) else message.id
                assert not message.fuzzy, f"{path.name}: {key!r} is marked fuzzy"
                text = tuple(message.string) if isinstance(message.string, list | tuple) else message.string
                assert found.get(key, text) == text, f"{key!r} has two translations, the second in {path.name}"
                found[key] = text
    return found


def test_every_word_of_the_desk_has_its_german():
    """Whoever adds a sentence adds its translation to templates/locale/de/<area>.po."""
    translated = german()
    assert len(translated) > 10
    missing = sorted(
        str(message)
        for message in said_on_screens()
        if not all(part and part.strip() for part in _forms(translated.get(message, "")))
    )
    assert missing == []


def test_no_translation_is_left_of_words_that_went():
    """A catalogue that only grows is read by nobody."""
    assert sorted(str(message) for message in german().keys() - said_on_screens()) == []


def test_translations_fill_the_same_places():
    """A name that is missing in the German would never be shown; one too many would be an error on the page."""
    for message, text in german().items():
        wanted = {place for form in _forms(message) for place in PLACES.findall(form)}
        assert {place for form in _forms(text) for place in PLACES.findall(form)} == wanted, message


def _forms(message: str | tuple[str, ...]) -> tuple[str, ...]:
    return message if isinstance(message, tuple) else (message,)


def test_a_sentence_is_said_in_the_persons_language_and_filled():
    """German and English; a language that the desk does not have gets English."""
    assert words("de")("Skip to the content") == "Zum Inhalt springen"
    assert words("de-AT").language == "de"
    assert words("fr")("Skip to the content") == "Skip to the content"
    assert words("de")("Nobody %(what)s this.", what="translated") == "Nobody translated this."
    assert words("de")("") == ""
    assert words("en")("100 % of it") == "100 % of it"


def test_numbers_choose_their_plural():
    """One and many, written as the language writes numbers."""
    assert words("en").ngettext("%(count)s issue", "%(count)s issues", 1) == "1 issue"
    assert words("en").ngettext("%(count)s issue", "%(count)s issues", 1200) == "1,200 issues"


def test_dates_are_those_of_the_publications_clock():
    """Twenty to midnight UTC is the next day in Berlin."""
    english, german = words("en"), words("de")
    assert english.day(AT, BERLIN) == "5 March 2026"
    assert german.day(AT, BERLIN) == "5. März 2026"
    assert german.weekday(date(2026, 3, 4)) == "Mittwoch, 4. März 2026"
    assert (english.clock(AT, BERLIN), english.moment(AT, BERLIN)) == ("00:40", "5 March 2026, 00:40")
    assert german.short_day(AT) == "04.03.2026"
    assert german.ago(AT - timedelta(hours=2), AT) == "vor 2 Stunden"
    assert english.span(timedelta(minutes=10)) == "10 minutes"


def test_numbers_sizes_and_shares():
    """As each language writes them."""
    english, german = words("en"), words("de")
    assert (english.number(12345.5), german.number(12345.5)) == ("12,345.5", "12.345,5")
    assert (english.percent(0.1234), german.percent(0.1234, 1)) == ("12%", "12,3\xa0%")
    assert [german.size(n) for n in (0, 999, 1500, 84_321, 102_400_000)] == [
        "0 B",
        "999 B",
        "1,5 kB",
        "84 kB",
        "102 MB",
    ]
    assert english.spell(["a", "b", "c"]) == "a, b and c"


@pytest.mark.parametrize(
    ("asked", "got"),
    [
        ("", "en"), ("de", "de"), ("de-CH, en;q=0.7", "de"), ("en-GB,de;q=0.9", "en"), ("fr, de;q=0.3, en;q=0.5", "en"),
        ("de;q=0, en;q=0.1", "en"), ("*", "en"), ("de;q=nan", "en"), ("de;q=1.0", "de"), ("de;q=x,en;q=0.1", "en"),
    ],
)  # fmt: skip
def test_before_sign_in_the_browser_says_which_language(asked: str, got: str):
    """By weight, then by order."""
    assert preferred(asked) == got


@given(st.text())
def test_whatever_the_browser_says_is_a_language(asked: str):
    """A header is anybody's to write."""
    assert preferred(asked) in languages()
