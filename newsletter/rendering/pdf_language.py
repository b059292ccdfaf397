"""Which language a stretch of text is in, as far as its script tells, and how the PDF sets that language."""

from __future__ import annotations

import re
from collections.abc import Iterator

from newsletter.rendering.fonts import CJK_FAMILIES

_HAN = "\u2e80-\u2fdf\u3005-\u3007\u3021-\u3029\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_KANA = "\u3040-\u30ff\u31f0-\u31ff"
_HANGUL = "\u1100-\u11ff\u3130-\u318f\uac00-\ud7af"
_PUNCTUATION = "\u3000-\u3004\u3008-\u3020\u302a-\u303f\u3100-\u312f\uff00-\uffef"
_EAST = f"[{_HAN}{_KANA}{_HANGUL}{_PUNCTUATION}]"
_BETWEEN = r"[0-9 .,%·“”‘’\-–—]"
"""Digits, quotes and dashes between two Chinese characters belong to the Chinese: （2024-2026年）."""
_EASTERN_RUN = re.compile(f"{_EAST}+(?:{_BETWEEN}{{1,12}}{_EAST}+)*")
_LETTER = re.compile(f"[{_HAN}{_KANA}{_HANGUL}]")

_REGIONS = {"zh-Hans": "CN", "zh-Hant": "TW", "ja": "JP", "ko": "KR"}
_TRADITIONAL = {"hant", "tw", "hk", "mo"}


def language_runs(text: str, language: str) -> Iterator[tuple[str, str]]:
    """Yield *text* in stretches, each with its BCP 47 language; ``""`` is the surrounding *language* itself."""
    surrounding = script_language(language)
    end = 0
    for match in _EASTERN_RUN.finditer(text):
        if not _LETTER.search(match[0]):  # a lone 、 says nothing
            continue
        if match.start() > end:
            yield text[end : match.start()], ""
        guess = _eastern_language(match[0], surrounding)
        yield match[0], "" if guess == surrounding else guess
        end = match.end()
    if end < len(text):
        yield text[end:], ""


def script_language(language: str) -> str:
    """Return the key of ``CJK_FAMILIES`` that *language* is set as, or *language* itself where it is none of them."""
    primary, *subtags = language.lower().replace("_", "-").split("-")
    if primary == "zh":
        return "zh-Hant" if _TRADITIONAL & set(subtags) else "zh-Hans"
    return primary if primary in CJK_FAMILIES else language


def typesetting(language: str) -> dict[str, str | None]:
    """Return Typst's ``lang`` and ``region`` for a BCP 47 *language*, and the ``cjk`` family that fits it."""
    key = script_language(language)
    primary, *subtags = language.replace("_", "-").split("-")
    known = primary.isascii() and primary.isalpha() and len(primary) in {2, 3}
    region = next((tag.upper() for tag in subtags if len(tag) == 2 and tag.isascii() and tag.isalpha()), None)
    return {
        "lang": primary.lower() if known else "en",
        "region": region or _REGIONS.get(key),
        "cjk": CJK_FAMILIES.get(key, CJK_FAMILIES["zh-Hans"]),
    }


def _eastern_language(run: str, surrounding: str) -> str:
    if re.search(f"[{_HANGUL}]", run):
        return "ko"
    if re.search(f"[{_KANA}]", run):
        return "ja"
    # Han alone could be any of them; the surrounding language decides, and abroad it is the mainland's.
    return surrounding if surrounding in CJK_FAMILIES else "zh-Hans"
