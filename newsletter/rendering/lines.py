"""Lines: the short lines that every HTML and text edition composes in the same way."""

from __future__ import annotations

import datetime

from newsletter.manuscripts.document import Correction, Document
from newsletter.rendering.contents import title_of
from newsletter.rendering.theme import Masthead
from newsletter.rendering.wording import Wording


def organisation_of(document: Document, masthead: Masthead) -> str:
    """Return the line over the title: the manuscript's own, the publication, or the publisher, whichever says more
    than the title does; empty if none does."""
    title = title_of(document, masthead.publication)
    names = (document.organisation, masthead.publication, masthead.publisher)
    return next((name for name in names if name.strip() and name != title), "")


def imprint_lines(masthead: Masthead) -> tuple[str, ...]:
    """Return the publication's imprint, one line a row."""
    imprint = masthead.imprint
    rows = (imprint.name or masthead.publisher, *imprint.lines, imprint.email, imprint.website)
    return tuple(row for row in rows if row.strip())


def with_colon(label: str) -> str:
    """Return a run-in label with its colon, unless it ends with a mark of its own."""
    label = label.strip()
    return label if not label or label[-1] in ":?!：？！." else f"{label}:"


def dated(as_written: str, date: datetime.date | None, words: Wording) -> str:
    """Return a date as the manuscript wrote it, else as the language writes it, else nothing."""
    return as_written or (words.date(date) if date else "")


def correction_label(correction: Correction, words: Wording) -> str:
    """Return what stands before a correction's text: since when the issue reads otherwise."""
    if correction.date is None:
        return words.corrected
    return words.corrected_on.replace("{date}", words.date(correction.date))
