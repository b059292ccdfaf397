"""How the PDF sets a language: Typst's names for it, and the family that draws its Chinese characters right."""

from __future__ import annotations

from newsletter.rendering.fonts import CJK_FAMILIES

_REGIONS = {"zh-Hans": "CN", "zh-Hant": "TW", "ja": "JP", "ko": "KR"}
_TRADITIONAL = {"hant", "tw", "hk", "mo"}


def typesetting(language: str) -> dict[str, str | None]:
    """Return Typst's ``lang`` and ``region`` for a BCP 47 *language*, and the ``cjk`` family that fits it."""
    primary, *subtags = language.lower().replace("_", "-").split("-")
    chinese = "zh-Hant" if _TRADITIONAL & set(subtags) else "zh-Hans"
    key = chinese if primary == "zh" else primary
    known = primary.isascii() and primary.isalpha() and len(primary) in {2, 3}
    region = next((tag.upper() for tag in subtags if len(tag) == 2 and tag.isascii() and tag.isalpha()), None)
    return {
        "lang": primary if known else "en",
        "region": region or _REGIONS.get(key),
        "cjk": CJK_FAMILIES.get(key, CJK_FAMILIES["zh-Hans"]),
    }
