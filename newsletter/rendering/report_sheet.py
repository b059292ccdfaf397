"""The report of a sending as a sheet: headings, facts, a curve and tables in words, for a page and for paper alike."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from newsletter.rendering.characters import printable
from newsletter.rendering.charts import Point, nice
from newsletter.rendering.fonts import CJK_FAMILIES, missing_glyphs
from newsletter.rendering.palette import light
from newsletter.rendering.pdf_compiler import Limits, compile_pdf
from newsletter.rendering.theme import Theme

LONGEST_CELL = 300
"""Characters of a table's cell on paper; a server's reply may be longer, and stands in full in the CSV."""
LACKING = "�"


@dataclass(frozen=True, slots=True)
class SheetTable:
    """One table; numbers stand at the right."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    numeric: tuple[bool, ...]
    """For each column, whether it holds numbers."""
    note: str = ""


@dataclass(frozen=True, slots=True)
class ReportSheet:
    """Everything a report says, in the words of one language."""

    language: str
    kicker: str
    title: str
    lead: str
    facts: tuple[tuple[str, str, str], ...]
    """Number, name, and a word on it."""
    curve_title: str
    curve_words: str
    """What the curve shows, for who cannot see it."""
    curve: tuple[Point, ...]
    tables: tuple[SheetTable, ...]
    foot: str


def report_pdf(sheet: ReportSheet, theme: Theme, *, made_at: datetime, limits: Limits = Limits()) -> bytes:
    """Return the sheet as PDF/A-3a and PDF/UA-1; raises ``RenderingError``.

    What no font here can show, as in a server's reply, is a �: a report must not fail for it.
    """
    top = nice(max((point.value for point in sheet.curve), default=0))
    content = _clean({
        **asdict(sheet), "top": top, "theme": asdict(light(theme)) | {"serif": theme.serif, "sans": theme.sans},
        "date": [made_at.year, made_at.month, made_at.day], "cjk": CJK_FAMILIES["zh-Hans"],
    })  # fmt: skip
    return compile_pdf(
        content, {}, families={theme.serif, theme.sans, CJK_FAMILIES["zh-Hans"]}, embedded={theme.sans},
        timestamp=int(made_at.timestamp()), limits=limits, main="report.typ",
    )  # fmt: skip


def _clean(value: Any) -> Any:
    match value:
        case str():
            text = printable(value)
            if len(text) > LONGEST_CELL:
                text = text[: LONGEST_CELL - 1] + "…"
            for character in missing_glyphs(text):
                text = text.replace(character, LACKING)
            return text
        case dict():
            return {name: _clean(inner) for name, inner in value.items()}
        case list() | tuple():
            return [_clean(inner) for inner in value]
        case _:
            return value
