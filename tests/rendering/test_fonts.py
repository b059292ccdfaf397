"""The fonts: where they lie, and which characters they have."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from newsletter.rendering.fonts import CJK_FAMILIES, PACKAGES, font_files, font_folders, missing_glyphs


def test_every_font_lies_in_a_wheel():
    """No machine's own fonts are needed."""
    assert len(font_folders()) == len(PACKAGES)
    for family in PACKAGES:
        assert font_files(family)
        assert all("site-packages" in str(path) or path.is_file() for path in font_files(family))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Plain English, 100 % of it.",
        "Größe, façade, Łódź, naïve, Ελλάδα, Москва",
        "国家能源局《指导意见》（2024—2027年）",
        "國家 東京 かな 한국어",
        "“quotes” – dashes — … • € ½ ² → ≥ ✓",
        "tab\tline\nnull\x00 soft\u00adhyphen zero\u200bwidth joiner\u200d bom\ufeff variation\ufe0f",
    ],
)
def test_what_a_newsletter_writes_can_be_shown(text):
    """Latin, Greek, Cyrillic and the scripts of East Asia; what is never drawn needs no glyph."""
    assert missing_glyphs(text) == ()


@pytest.mark.parametrize(
    ("text", "missing"),
    [("a😀b😀", ("😀",)), ("\ue000", ("\ue000",)), ("שלום", ("ו", "ל", "ם", "ש")), ("\ud800", ("\ud800",))],
)
def test_what_cannot_be_shown_is_named_once(text, missing):
    """Emoji, private use, scripts without a font here, half a character."""
    assert missing_glyphs(text) == missing


@given(st.text())
@settings(max_examples=60, deadline=None)
def test_what_is_missing_is_part_of_the_text(text):
    """In the order of code points, never twice, never a control character."""
    missing = missing_glyphs(text)
    assert set(missing) <= set(text)
    assert list(missing) == sorted(set(missing))
    assert not any(unicodedata.category(character) == "Cc" for character in missing)


def test_each_east_asian_language_has_its_own_family():
    """The families are those of the one collection."""
    assert len(set(CJK_FAMILIES.values())) == 4
    assert all(family.startswith("Noto Sans CJK ") for family in CJK_FAMILIES.values())
