"""The fonts that editions are set in: where their files lie, and which characters they have."""

from __future__ import annotations

import importlib.util
import unicodedata
from functools import cache
from pathlib import Path

from newsletter.kit.errors import RenderingError

PACKAGES = {
    "Noto Sans": ("fontpkg_noto_sans", "files"),
    "Noto Serif": ("fontpkg_noto_serif", "files"),
    "Noto Sans CJK": ("manimgx_fonts_cjk", ""),
}
"""Fonts are wheels, so that every machine sets the same page; system fonts are never looked at. All are OFL."""

CJK_FAMILIES = {
    "zh-Hans": "Noto Sans CJK SC",
    "zh-Hant": "Noto Sans CJK TC",
    "ja": "Noto Sans CJK JP",
    "ko": "Noto Sans CJK KR",
}
"""One code point has other strokes in other countries: the family to set each language in."""

_ASCII_PRINTABLE = frozenset(range(0x20, 0x7F))
# Shaping drops these (Default_Ignorable_Code_Point, Unicode 15 §5.21), so no font needs a glyph for them.
_IGNORABLE = frozenset(
    {0x034F, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x3164, *range(0xFE00, 0xFE10), *range(0xE0000, 0xE1000)}
)


@cache
def font_folder(family: str) -> Path:
    """Return the folder with the files of *family* (a key of ``PACKAGES``), without importing its package."""
    package, folder = PACKAGES[family]
    spec = importlib.util.find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise RenderingError(f"The font {family} is not installed; install the package {package.replace('_', '-')}.")
    return Path(spec.submodule_search_locations[0]) / folder


def font_folders() -> tuple[Path, ...]:
    """Return every folder with fonts."""
    return tuple(font_folder(family) for family in PACKAGES)


def font_files(family: str) -> tuple[Path, ...]:
    """Return the files of *family*, in the order of their names: upright before or after italic, or one collection."""
    return tuple(sorted(p for p in font_folder(family).iterdir() if p.suffix in {".ttf", ".otf", ".ttc"}))


def missing_glyphs(text: str) -> tuple[str, ...]:
    """Return the characters of *text* that no font here can show, each once, in code-point order.

    An engine would print an empty box or stop; the caller names them instead. Private-use characters count as missing
    even where a font has something there: nobody can know what they mean (ISO 19005-3 §6.2.11.7 bars them).
    """
    wanted = {ord(character) for character in set(text)} - _ASCII_PRINTABLE
    wanted = {point for point in wanted if not _needs_no_glyph(point)}
    private = {point for point in wanted if unicodedata.category(chr(point)) in {"Co", "Cs"}}
    remaining = wanted - private
    for family in PACKAGES:  # the largest last, and only opened if the others leave something over
        if not remaining:
            break
        remaining -= _characters(family)
    return tuple(chr(point) for point in sorted(private | remaining))


def _needs_no_glyph(point: int) -> bool:
    """Controls and format characters (joiners, direction marks, soft hyphen) are never drawn."""
    return point in _IGNORABLE or unicodedata.category(chr(point)) in {"Cc", "Cf"}


@cache
def _characters(family: str) -> frozenset[int]:
    from fontTools.ttLib import TTFont  # a tenth of a second that plain English need not pay

    path = next(p for p in font_files(family) if "Italic" not in p.name)
    with TTFont(path, lazy=True, fontNumber=0 if path.suffix == ".ttc" else -1) as font:
        return frozenset(font.getBestCmap())
