"""Languages of an edition and of its parts: tags, writing direction, and the foreign scripts within a line."""

from __future__ import annotations

import re
from collections.abc import Iterator

_TAG = re.compile(r"[A-Za-z]{2,3}(?:-[A-Za-z0-9]{2,8})*")
_RIGHT_TO_LEFT = frozenset({"ar", "dv", "fa", "he", "ku", "ps", "sd", "ug", "ur", "yi"})

_HAN = "\u2e80-\u2fdf\u3005-\u3007\u3021-\u3029\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_KANA = "\u3041-\u30ff\u31f0-\u31ff"
_HANGUL = "\u1100-\u11ff\u3131-\u318e\uac00-\ud7a3"
_LETTER = f"[{_HAN}{_KANA}{_HANGUL}]"
# Punctuation and digits belong to a run only between two of its letters.
_RUN = re.compile(f"{_LETTER}(?:[{_HAN}{_KANA}{_HANGUL}\u3000-\u303f\uff00-\uffef0-9“”—·+]*{_LETTER})?")


def tag(language: str, default: str = "en") -> str:
    """Return *language* if it is shaped like a BCP 47 tag, else *default*."""
    return language if _TAG.fullmatch(language) else default


def direction(language: str) -> str:
    """Return ``rtl`` or ``ltr``, as the HTML attribute ``dir`` wants it."""
    return "rtl" if language.split("-", maxsplit=1)[0].lower() in _RIGHT_TO_LEFT else "ltr"


def is_east_asian(language: str) -> bool:
    """Say whether Chinese characters are at home in *language*, so that they need no tag of their own."""
    return language.split("-", maxsplit=1)[0].lower() in {"zh", "ja", "ko"}


def script_runs(text: str, language: str) -> Iterator[tuple[str, str]]:
    """Yield *text* in pieces with the language each is to be read in; an empty one means *language* (WCAG 3.1.2)."""
    if is_east_asian(language):
        yield text, ""
        return
    end = 0
    for run in _RUN.finditer(text):
        if run.start() > end:
            yield text[end : run.start()], ""
        yield run.group(), _language_of(run.group())
        end = run.end()
    if end < len(text):
        yield text[end:], ""


def _language_of(run: str) -> str:
    if re.search(f"[{_KANA}]", run):
        return "ja"
    return "ko" if re.search(f"[{_HANGUL}]", run) else "zh-Hans"
