"""The consent record as a PDF that a person, a lawyer or a court can read, and check without us."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from datetime import datetime

from newsletter.kit.errors import RenderingError
from newsletter.rendering.characters import fit_to_render
from newsletter.rendering.fonts import missing_glyphs
from newsletter.rendering.pdf_compiler import Limits, compile_pdf

SANS, CJK = "Noto Sans", "Noto Sans CJK SC"
MAIN = "consent.typ"
UNKNOWN = "\ufffd"


@dataclass(frozen=True, slots=True)
class Entry:
    """One event of the record."""

    title: str
    facts: tuple[tuple[str, str], ...]
    """Label and value, to be read."""
    proof: tuple[tuple[str, str], ...]
    """Label and value, to be recomputed."""


@dataclass(frozen=True, slots=True)
class ConsentPage:
    """Everything the PDF shows, in one language."""

    language: str
    title: str
    lead: str
    facts: tuple[tuple[str, str], ...]
    entries_title: str
    entries: tuple[Entry, ...]
    check_title: str
    check: tuple[str, ...]
    """How to verify it, a paragraph each."""
    json: str
    """The same record for a program, attached: exactly what was sealed, whatever a font or a line break does to it."""
    publisher: str
    made: datetime


def consent_pdf(page: ConsentPage, *, limits: Limits = Limits()) -> bytes:
    """Return the record as PDF/A-3a and PDF/UA-1; raises ``RenderingError`` if it cannot be set.

    A character that no font of ours has is shown as a replacement character: a record must not fail for a name.
    """
    attached = page.json
    page = fit_to_render(replace(page, json=""), edition="PDF")
    content = {**asdict(page), "made": page.made.isoformat(timespec="seconds"), "sans": SANS, "cjk": CJK}
    lost = set(missing_glyphs("".join(_strings(content))))
    if UNKNOWN in lost:
        raise RenderingError("The fonts have no sign for a missing character; install them again.")
    data = _replaced(content, dict.fromkeys(lost, UNKNOWN)) | {"json": attached}
    return compile_pdf(
        data, {}, families={SANS, CJK}, embedded={SANS}, timestamp=int(page.made.timestamp()), limits=limits, main=MAIN
    )


def _strings(value: object) -> list[str]:
    match value:
        case str():
            return [value]
        case dict():
            return [text for one in value.values() for text in _strings(one)]
        case list() | tuple():
            return [text for one in value for text in _strings(one)]
        case _:
            return []


def _replaced(value: object, lost: dict[str, str]) -> dict[str, object]:
    table = str.maketrans(lost)

    def walk(one: object) -> object:
        match one:
            case str():
                return one.translate(table)
            case dict():
                return {name: walk(inner) for name, inner in one.items()}
            case list() | tuple():
                return [walk(inner) for inner in one]
            case _:
                return one

    walked = walk(value)
    assert isinstance(walked, dict)
    return walked
