"""A Document as the PDF templates read it: one dictionary of data, written as ``issue.json``."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any, assert_never

from newsletter.manuscripts.document import Article, BriefList, Document, Note, Part, PeopleGroup, Section, Source
from newsletter.manuscripts.pictures import Pictures
from newsletter.rendering.characters import printable
from newsletter.rendering.contents import title_of
from newsletter.rendering.lines import correction_label, dated, organisation_of
from newsletter.rendering.logo import logo_of
from newsletter.rendering.palette import light
from newsletter.rendering.pdf_headings import number_levels
from newsletter.rendering.pdf_language import typesetting
from newsletter.rendering.pdf_richtext import Data, Typesetter, file_name, link_target
from newsletter.rendering.theme import Masthead, Theme
from newsletter.rendering.wording import Wording, wording

UNDATED = datetime.date(2000, 1, 1)
"""The day of making that an issue without a date claims (PDF/A asks for one): fixed, as same input gives same bytes."""
LONG_SUMMARY = 1600
"""Characters up to which a tinted box is kept on one page; beyond, that would leave half a page empty."""


POINTS = 0.75
"""Points in a CSS pixel."""


def content(document: Document, masthead: Masthead, pictures: Pictures) -> Data:
    """Return everything the templates show; raises ``RenderingError`` for a picture that is not in *pictures*."""
    words = wording(masthead.language)
    setter = Typesetter(document.language, pictures, words.figure)
    sections = [_section(section, setter, words) for section in document.sections]
    number_levels(sections)
    data: Data = {
        "title": setter.text(title_of(document, masthead.publication)),
        "organisation": setter.text(organisation_of(document, masthead)),
        "logo": _logo(document, masthead, pictures),
        "publication": setter.text(masthead.publication),
        "publisher": setter.text(masthead.publisher or masthead.imprint.name),
        "date": words.date(document.date) if document.date else "",
        "period": _period(document, words),
        "corrections": [
            {"label": correction_label(one, words), "text": setter.text(one.text)}
            for one in reversed(document.corrections)
        ],
        "sections": sections,
        "people": [_group(group, setter) for group in document.people],
        "contact": _contact(document, setter),
        "imprint": _imprint(document, masthead, setter, words),
        "words": {"contents": words.contents, "page_of": words.page_of, "reporting_period": words.reporting_period},
        "metadata": _metadata(document, masthead),
        "theme": _theme(masthead.theme),
        "language": document.language,
        "wording_language": words.language,
    }
    tags = {document.language, words.language, *(span["language"] for span in foreign_spans(data))}
    data["languages"] = {tag: typesetting(tag) for tag in sorted(tags)}
    return data


def _logo(document: Document, masthead: Masthead, pictures: Pictures) -> Data:
    """Return what the cover shows of the logo, sizes in points; empty if there is none."""
    found = logo_of(document, masthead, pictures)
    if found is None:
        return {}
    file = file_name(found.picture.sha256, found.picture.suffix)
    return {"file": file, "alt": found.alt, "width": found.width * POINTS, "height": found.height * POINTS}


def foreign_spans(data: Any) -> Iterator[Data]:
    """Yield every span that has a language of its own."""
    match data:
        case {"text": str(), "language": str()}:
            yield data
        case dict():
            for value in data.values():
                yield from foreign_spans(value)
        case list():
            for value in data:
                yield from foreign_spans(value)


def strings_in(data: Any) -> Iterator[str]:
    """Yield every string that might be printed."""
    match data:
        case str():
            yield data
        case dict():
            for value in data.values():
                yield from strings_in(value)
        case list():
            for value in data:
                yield from strings_in(value)


def _period(document: Document, words: Wording) -> str:
    if document.period is None:
        return ""
    return words.span(document.period.first, document.period.last)


def _section(section: Section, setter: Typesetter, words: Wording) -> Data:
    entries: list[Data] = []
    for entry in section.entries:
        match entry:
            case Article():
                entries.append(_article(entry, setter, words))
            case BriefList():
                entries.append(_briefs(entry, setter, words))
            case Note():
                entries.append(
                    {"kind": "note", "title": setter.title(entry.title), "blocks": setter.blocks(entry.blocks)}
                )
            case _:
                assert_never(entry)
    return {"title": setter.title(section.title), "entries": entries}


def _parts(parts: tuple[Part, ...], setter: Typesetter) -> Iterator[Data]:
    """What stands first under a label is what a reader in a hurry reads: it gets the tinted box."""
    for index, part in enumerate(parts):
        label, blocks = setter.text(_with_colon(part.label)), setter.blocks(part.blocks)
        if index > 0 or not part.label:
            yield {"label": label, "blocks": blocks, "summary": False}
            continue
        # Pictures and tables bring a ground of their own: the box ends before the first.
        wide = (place for place, block in enumerate(blocks) if block["kind"] in {"figure", "table"})
        end = next(wide, len(blocks))
        boxed, after = blocks[:end], blocks[end:]
        long = sum(len(words) for words in strings_in(boxed)) > LONG_SUMMARY
        yield {"label": label, "blocks": boxed, "summary": end > 0, "long": long}
        if after:
            yield {"label": [], "blocks": after, "summary": False}


def _article(article: Article, setter: Typesetter, words: Wording) -> Data:
    return {
        "kind": "article",
        "number": article.number,
        "title": setter.title(article.title),
        "parts": list(_parts(article.parts, setter)),
        "sources": [_source(source, setter, words) for source in article.sources],
    }


def _source(source: Source, setter: Typesetter, words: Wording) -> Data:
    date = source.date_text or (words.date(source.date) if source.date else "")
    rows = [(source.bodies_label or words.issued_by, ", ".join(source.bodies)), (source.date_label, date)]
    return {
        "label": setter.text(_with_colon(source.label)),
        "title": setter.text(source.title.strip() or source.url.strip()),
        "url": link_target(source.url),
        "original": _original(source, setter),
        "rows": [
            {"label": setter.text(_with_colon(name)), "value": setter.text(value)} for name, value in rows if value
        ],
    }


def _original(source: Source, setter: Typesetter) -> list[Data]:
    """The original title in its own language, which the manuscript names or the script tells."""
    title = printable(source.original_title)
    if not title:
        return []
    if not source.original_language:
        return setter.text(title)
    return [{"text": title, "language": source.original_language}]


def _briefs(briefs: BriefList, setter: Typesetter, words: Wording) -> Data:
    return {
        "kind": "briefs",
        "title": setter.title(briefs.title),
        "briefs": [
            {
                "date": setter.text(dated(brief.date_text, brief.date, words)),
                "spans": setter.spans(brief.text),
            }
            for brief in briefs.briefs
        ],
    }


def _group(group: PeopleGroup, setter: Typesetter) -> Data:
    people = [{"name": setter.text(person.name), "role": setter.text(person.role)} for person in group.people]
    return {"title": setter.title(group.title), "people": people}


def _contact(document: Document, setter: Typesetter) -> Data | None:
    contact = document.contact
    if contact is None:
        return None
    return {"label": setter.text(_with_colon(contact.label)), "value": _reachable(contact.address, setter)}


def _imprint(document: Document, masthead: Masthead, setter: Typesetter, words: Wording) -> Data:
    """The manuscript's publisher block as it stands, else the publication's imprint."""
    imprint = masthead.imprint
    if document.publisher is not None:
        title, lines = document.publisher.title, document.publisher.lines
    else:
        title, lines = (
            words.imprint,
            (imprint.name or masthead.publisher, *imprint.lines, imprint.email, imprint.website),
        )
    return {"title": setter.title(title), "lines": [_linked(line, setter) for line in lines if line.strip()]}


def _linked(line: str, setter: Typesetter) -> list[Data]:
    """Make addresses within an imprint's line clickable, word by word."""
    spans: list[Data] = []
    for index, word in enumerate(line.split()):
        spans += ([{"text": " "}] if index else []) + _reachable(word, setter)
    return spans


def _reachable(word: str, setter: Typesetter) -> list[Data]:
    """Return *word* as a link where it is a mail or web address."""
    if word.startswith(("http://", "https://", "mailto:")):
        url = word
    elif "@" in word.strip("@") and " " not in word:
        url = f"mailto:{word}"
    elif word.startswith("www."):
        url = f"https://{word}"
    else:
        return setter.text(word)
    return [{"link": link_target(url), "body": setter.text(word.removeprefix("mailto:"))}]


def _metadata(document: Document, masthead: Masthead) -> Data:
    """What a library's catalogue and a window's title bar show (XMP, ISO 32000-1 §14.3)."""
    authors = document.people[0].people if document.people else ()
    date = document.date or UNDATED
    return {
        "title": printable(title_of(document, masthead.publication)),
        "authors": [printable(person.name) for person in authors] or [printable(masthead.publisher)],
        "keywords": [printable(word) for word in (masthead.publication, *(s.title for s in document.sections)) if word],
        "date": [date.year, date.month, date.day],
    }


def _theme(theme: Theme) -> dict[str, str]:
    """The theme's fonts, and its colours as far moved as they must be to be read on paper."""
    return {**asdict(light(theme)), "serif": theme.serif, "sans": theme.sans}


def _with_colon(label: str) -> str:
    """Labels run in with a colon, unless they end with a mark of their own."""
    label = label.strip()
    return label if not label or label[-1] in ":?!：？！." else f"{label}:"
