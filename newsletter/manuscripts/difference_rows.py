"""Rows of a Document: everything an issue says, field by field, in the order of reading, ready to be compared."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from newsletter.manuscripts.difference_words import Words, text_of, words_in, words_of_inlines
from newsletter.manuscripts.document import Article, BriefList, Document, Entry, Note, Section, Source
from newsletter.manuscripts.places import path_of, title_of
from newsletter.manuscripts.richtext import Block, Blocks, Figure, ListItem, Table


class UnitKind(StrEnum):
    """What a stretch of an issue is; only stretches of a kind are compared with each other."""

    MASTHEAD = "masthead"
    """Title, date, period, how it is mailed."""
    SECTION = "section"
    """A section's title."""
    ARTICLE = "article"
    """An article with its parts and sources."""
    BRIEFS = "briefs"
    """A list of dated news lines."""
    NOTE = "note"
    """Free text."""
    PEOPLE = "people"
    """A group of people."""
    CLOSING = "closing"
    """Contact and publisher's lines."""


@dataclass(frozen=True, slots=True)
class Row:
    """One field or paragraph: what it is (``title``, ``paragraph``, ``bullet`` …), where, and its words."""

    kind: str
    words: Words
    label: str = ""
    """The part of the article or the source it belongs to."""
    line: int | None = None

    @property
    def text(self) -> str:
        """Its characters."""
        return text_of(self.words)


@dataclass(frozen=True, slots=True)
class Unit:
    """A stretch of an issue that is compared as one: an entry, a section's title, the masthead."""

    kind: UnitKind
    title: str
    path: str
    rows: tuple[Row, ...]
    section: int = -1
    """The section it stands in, counted from 0; -1 outside of all."""
    entry: int = -1
    """The entry within its section, counted from 0; -1 for what is no entry."""
    content: object = None
    """The value compared: two units are the same if these are."""


def units_of(document: Document) -> tuple[Unit, ...]:
    """Return the units of *document* in reading order."""
    return tuple(_units(document))


def unit_of_entry(entry: Entry, *, section: Section | None = None, at: tuple[int, int] = (-1, -1)) -> Unit:
    """Return one entry as a unit; *at* is its place: section and entry, counted from 0."""
    kind = {"article": UnitKind.ARTICLE, "briefs": UnitKind.BRIEFS, "note": UnitKind.NOTE}[entry.kind]
    title = title_of(entry)
    path = path_of(section.title if section else "", title)
    return Unit(kind, title, path, tuple(_entry(entry)), at[0], at[1], entry)


def _units(document: Document) -> Iterator[Unit]:
    head = tuple(_masthead(document))
    values = (document.title, document.date, document.period, document.language, document.organisation)
    yield Unit(UnitKind.MASTHEAD, "", "", head, content=(*values, document.mailing, document.corrections))
    for number, section in enumerate(document.sections):
        titled = (_plain("section", section.title, line=section.line),)
        yield Unit(UnitKind.SECTION, section.title, section.title, titled, number, content=section.title)
        for place, entry in enumerate(section.entries):
            yield unit_of_entry(entry, section=section, at=(number, place))
    for group in document.people:
        people = tuple(_plain("person", ", ".join(filter(None, (p.name, p.role))), line=p.line) for p in group.people)
        heading = _plain("title", group.title, line=group.line)
        yield Unit(UnitKind.PEOPLE, group.title, group.title, (heading, *people), content=group)
    if document.contact or document.publisher:
        rows = tuple(_closing(document))
        title = document.publisher.title if document.publisher else ""
        yield Unit(UnitKind.CLOSING, title, title, rows, content=(document.contact, document.publisher))


def _plain(kind: str, text: str, *, label: str = "", line: int | None = None) -> Row:
    return Row(kind, words_in(text), label, line)


def _masthead(document: Document) -> Iterator[Row]:
    mailing = document.mailing
    period = document.period
    for kind, text in (
        ("organisation", document.organisation),
        ("title", document.title),
        ("date", document.date.isoformat() if document.date else ""),
        ("period", f"{period.first.isoformat()} – {period.last.isoformat()}" if period else ""),
        ("language", document.language),
        ("subject", mailing.subject),
        ("preheader", mailing.preheader),
        ("format", mailing.format.value if mailing.format else ""),
    ):
        if text:
            yield _plain(kind, text)
    for correction in document.corrections:
        day = correction.date.isoformat() if correction.date else ""
        yield _plain("correction", f"{day} {correction.text}".strip())


def _closing(document: Document) -> Iterator[Row]:
    if document.contact:
        words = f"{document.contact.label} {document.contact.address}".strip()
        yield _plain("contact", words)
    if document.publisher:
        yield _plain("title", document.publisher.title)
        for line in document.publisher.lines:
            yield _plain("publisher", line)


def _entry(entry: Entry) -> Iterator[Row]:
    if title_of(entry):
        yield _plain("title", title_of(entry), line=entry.line)
    match entry:
        case Article():
            for part in entry.parts:
                if part.label:
                    yield _plain("label", part.label, label=part.label, line=part.line)
                yield from _blocks(part.blocks, part.label)
            for source in entry.sources:
                yield from _source(source)
        case BriefList():
            for brief in entry.briefs:
                date = brief.date.isoformat() if brief.date else ""
                head = " ".join(filter(None, (date, f"({brief.date_text})" if brief.date_text else "")))
                dated = words_in(f"{head}: ") if head else ()
                yield Row("brief", (*dated, *words_of_inlines(brief.text)), "", brief.line)
        case Note():
            yield from _blocks(entry.blocks, "")


def _source(source: Source) -> Iterator[Row]:
    for kind, text in (
        ("source", source.title),
        ("original", " ".join(filter(None, (source.original_title, source.original_language)))),
        ("link", source.url),
        ("bodies", ": ".join(filter(None, (source.bodies_label, ", ".join(source.bodies))))),
        ("date", " ".join(filter(None, (source.date.isoformat() if source.date else "", source.date_text)))),
    ):
        if text:
            yield _plain(kind, text, label=source.label, line=source.line)


def _blocks(blocks: Blocks, label: str, kind: str = "") -> Iterator[Row]:
    for block in blocks:
        yield from _block(block, label, kind)


def _block(block: Block, label: str, kind: str) -> Iterator[Row]:
    match block.kind:
        case "paragraph":
            yield Row(kind or "paragraph", words_of_inlines(block.children), label, block.line)
        case "subheading":
            yield Row(f"heading {block.level}", words_of_inlines(block.children), label, block.line)
        case "quote":
            yield from _blocks(block.blocks, label, "quote")
        case "bullets":
            for item in block.items:
                yield from _item(item, label, "bullet")
        case "numbers":
            for number, item in enumerate(block.items, block.start):
                yield from _item(item, label, f"number {number}")
        case "figure":
            yield from _figure(block, label)
        case "table":
            yield from _table(block, label)


def _item(item: ListItem, label: str, kind: str) -> Iterator[Row]:
    if not item.blocks:
        yield Row(kind, (), label, item.line)
    for place, block in enumerate(item.blocks):
        yield from _block(block, label, kind if place == 0 else "item, continued")


def _figure(figure: Figure, label: str) -> Iterator[Row]:
    yield _plain("picture", figure.source, label=label, line=figure.line)
    if figure.alt:
        yield _plain("description", figure.alt, label=label, line=figure.line)
    if figure.caption:
        yield Row("caption", words_of_inlines(figure.caption), label, figure.line)


def _table(table: Table, label: str) -> Iterator[Row]:
    for place, row in enumerate((table.header, *table.rows)):
        words: list[Words] = []
        for cell in row:
            words += [words_in(" | ")] if words else []
            words.append(words_of_inlines(cell))
        kind = "table row" if place else "table heading"
        yield Row(kind, tuple(word for cell in words for word in cell), label, table.line)
    if table.caption:
        yield Row("caption", words_of_inlines(table.caption), label, table.line)
