"""Subject and preheader: the two lines of an issue that an inbox shows."""

from __future__ import annotations

import re

from newsletter.manuscripts.document import Article, Document
from newsletter.rendering.characters import printable
from newsletter.rendering.contents import title_of
from newsletter.rendering.theme import Masthead
from newsletter.rendering.wording import wording

LONGEST_SUBJECT = 200
"""Characters; inboxes show some 60, and a folded header of three lines is where filters begin to frown."""
LONGEST_PREHEADER = 150
"""Characters; no inbox shows more."""
_DIRECTIONS = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
"""Writing-direction controls, which in a subject can only dress up one word as another."""


def subject_of(document: Document, masthead: Masthead, *, default: str = "") -> str:
    """Return the issue's subject: its own, else *default* (``{title}``, ``{publication}``, ``{date}`` are filled), else
    the title with the first article's. That of a corrected issue says so first."""
    subject = _first_subject(document, masthead, default)
    if not document.corrections:
        return subject
    pattern = wording(masthead.language).correction_subject
    return _line(pattern.replace("{subject}", subject), LONGEST_SUBJECT)


def _first_subject(document: Document, masthead: Masthead, default: str) -> str:
    title = title_of(document, masthead.publication)
    return (
        _line(document.mailing.subject, LONGEST_SUBJECT)
        or _line(_filled(default, document, masthead), LONGEST_SUBJECT)
        or _line(": ".join([title, *_titles(document)[:1]]), LONGEST_SUBJECT)
        or "Newsletter"
    )


def preheader_of(document: Document, masthead: Masthead, *, default: str = "") -> str:
    """Return the line an inbox shows beside the subject: the issue's own, else *default*, filled as a subject's
    is, else the articles' titles."""
    written = _line(document.mailing.preheader, LONGEST_PREHEADER)
    if written := written or _line(_filled(default, document, masthead), LONGEST_PREHEADER):
        return written
    titles = _titles(document)
    # The default subject has said the first one already.
    rest = titles[1:] if len(titles) > 1 and not document.mailing.subject else titles
    return (
        _line(" · ".join(rest), LONGEST_PREHEADER)
        or _line(masthead.publication, LONGEST_PREHEADER)
        or subject_of(document, masthead)[:LONGEST_PREHEADER]
    )


def _filled(pattern: str, document: Document, masthead: Masthead) -> str:
    """Fill the names in braces; no ``str.format``, since a pattern is a person's text and may hold any brace."""
    values = {
        "title": title_of(document, masthead.publication),
        "publication": masthead.publication,
        "date": wording(masthead.language).date(document.date) if document.date else "",
    }
    return re.sub(r"\{(title|publication|date)\}", lambda name: values[name.group(1)], pattern)


def _titles(document: Document) -> list[str]:
    entries = [entry for section in document.sections for entry in section.entries]
    articles = [entry.title for entry in entries if isinstance(entry, Article) and entry.title.strip()]
    return articles or [entry.title for entry in entries if entry.title.strip()]


def _line(text: str, longest: int) -> str:
    """Return *text* as one line of at most *longest* characters, cut at a word."""
    line = " ".join(_DIRECTIONS.sub("", printable(text)).split())
    if len(line) <= longest:
        return line
    words, space, _ = line[: longest - 1].rpartition(" ")
    return (words.rstrip(" ·,;:") if space else line[: longest - 1]) + "…"
