"""The print edition: a Document as PDF/A-3a and PDF/UA-1, set by Typst."""

from __future__ import annotations

import datetime
import unicodedata
from types import MappingProxyType

from newsletter.kit.errors import RenderingError
from newsletter.manuscripts.document import Document, figures_of
from newsletter.manuscripts.pictures import Pictures
from newsletter.rendering import pdf_content
from newsletter.rendering.characters import fit_to_render
from newsletter.rendering.fonts import missing_glyphs
from newsletter.rendering.pdf_compiler import Limits, compile_pdf
from newsletter.rendering.pdf_pictures import in_screen_colours
from newsletter.rendering.pdf_richtext import Data, file_name
from newsletter.rendering.theme import Masthead

EASTERN = {"zh", "ja", "ko"}
"""The languages whose words the templates set in an East Asian family."""
NO_PICTURES: Pictures = MappingProxyType({})


def pdf(
    document: Document, masthead: Masthead, *, pictures: Pictures = NO_PICTURES, limits: Limits = Limits()
) -> bytes:
    """Return the issue as a PDF; *pictures* by the ``source`` of their Figures.

    Raises ``RenderingError`` with one sentence: a picture or a glyph is missing, the time or memory of *limits* did not
    suffice, a font could not be loaded. Takes half a second, in a process of its own.
    """
    document = fit_to_render(document, edition="PDF")
    content = pdf_content.content(document, masthead, pictures)
    _require_glyphs("".join(pdf_content.strings_in(content)))
    families = {masthead.theme.serif, masthead.theme.sans}
    return compile_pdf(
        content,
        _files(document, masthead, pictures),
        families=families | {setting["cjk"] for setting in content["languages"].values()},
        embedded=_families_used(content),
        timestamp=_noon(document.date or pdf_content.UNDATED),
        limits=limits,
    )


def _families_used(content: Data) -> set[str]:
    """The families that cannot be missing from the paper: page numbers, a Latin title, each East Asian word."""
    used = {content["theme"]["sans"]}
    title = [span["text"] for span in content["title"] if "language" not in span]
    if any(character.isascii() and character.isalnum() for character in "".join(title)):
        used.add(content["theme"]["serif"])
    # Not the publication's name: it heads the second page, and there may be none.
    printed = [content[name] for name in ("title", "organisation", "publisher", "sections", "people")]
    for span in pdf_content.foreign_spans(printed):
        setting = content["languages"][span["language"]]
        if setting["lang"] in EASTERN and any(_is_eastern(character) for character in span["text"]):
            used.add(setting["cjk"])
    return used


def _is_eastern(character: str) -> bool:
    return character >= "\u2e80" and character.isalpha()


def _files(document: Document, masthead: Masthead, pictures: Pictures) -> dict[str, bytes]:
    """Only the pictures this issue shows; two names for the same bytes are one file."""
    shown = [pictures[figure.source] for figure in figures_of(document)]
    if masthead.theme.logo:
        shown.append(pictures[masthead.theme.logo])
    return {file_name(picture.sha256, picture.suffix): in_screen_colours(picture) for picture in shown}


def _noon(day: datetime.date) -> int:
    return int(datetime.datetime.combine(day, datetime.time(12), datetime.UTC).timestamp())


def _require_glyphs(text: str) -> None:
    missing = missing_glyphs(text)
    if missing:
        named = ", ".join(f"{c!r} ({unicodedata.name(c, 'no name')}, U+{ord(c):04X})" for c in missing[:5])
        more = f" and {len(missing) - 5} more" if len(missing) > 5 else ""
        raise RenderingError(
            f"The PDF edition has no glyph for {named}{more}; replace the character in the manuscript."
        )
