"""Places: where in an issue something stands, as a reader would say it; its texts with their places."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from newsletter.manuscripts.document import Article, BriefList, Document, Entry, Note, Section
from newsletter.manuscripts.remarks import Place
from newsletter.manuscripts.richtext import Block, Break, Footnote, Inlines, Text, plain

SEPARATOR = " › "


def title_of(entry: Entry) -> str:
    """Return an entry's title with its number, as a reader sees it."""
    if isinstance(entry, Article) and entry.number is not None:
        return f"{entry.number}. {entry.title}"
    return entry.title


def path_of(*names: str) -> str:
    """Return the names that are not empty as a path."""
    return SEPARATOR.join(name for name in names if name)


@dataclass(frozen=True, slots=True)
class Passage:
    """One text of a Document with its place: a field as ``words``, and as ``inlines`` where it has markup."""

    words: str
    line: int | None
    path: str
    field: str
    """What it is: title, label, text, source, original, body, person, masthead, alt, caption."""
    inlines: Inlines = ()
    key: str = ""
    """The key of the section, entry, part, source, brief or person it stands in; empty for the issue itself."""

    def place(self, quote: str = "") -> Place:
        """Return the place of this passage with the words *quote*."""
        return Place(self.line, self.path, quote or self.words)


def passages(document: Document) -> Iterator[Passage]:
    """Yield every text of *document* in reading order."""
    corrections = [correction.text for correction in document.corrections]
    mailing = document.mailing
    for words in (document.organisation, document.title, mailing.subject, mailing.preheader, *corrections):
        if words:
            yield Passage(words, None, "", "masthead")
    for section in document.sections:
        if section.title:
            yield Passage(section.title, section.line, section.title, "title", key=section.key)
        for entry in section.entries:
            yield from _entry(section, entry)
    for group in document.people:
        for person in group.people:
            path = path_of(group.title, person.name)
            yield Passage(person.name, person.line, path, "person", key=person.key)
            if person.role:
                yield Passage(person.role, person.line, path, "person", key=person.key)
    if document.contact and document.contact.label:
        yield Passage(document.contact.label, None, "", "person")
    if document.publisher:
        for words in document.publisher.lines:
            yield Passage(words, None, document.publisher.title, "publisher")


def _entry(section: Section, entry: Entry) -> Iterator[Passage]:
    path = path_of(section.title, title_of(entry))
    if entry.title:
        yield Passage(entry.title, entry.line, path, "title", key=entry.key)
    match entry:
        case Article():
            for part in entry.parts:
                inner = path_of(path, part.label)
                if part.label:
                    yield Passage(part.label, part.line, inner, "label", key=part.key)
                yield from _blocks(part.blocks, inner, part.key)
            for source in entry.sources:
                inner = path_of(path, source.label)
                for words, field in (
                    (source.title, "source"),
                    (source.original_title, "original"),
                    (", ".join(source.bodies), "body"),
                ):
                    if words:
                        yield Passage(words, source.line, inner, field, key=source.key)
        case BriefList():
            for brief in entry.briefs:
                yield from _text(brief.text, brief.line, path_of(path, brief.date_text), "text", brief.key)
        case Note():
            yield from _blocks(entry.blocks, path, entry.key)


def _text(inlines: Inlines, line: int | None, path: str, field: str, key: str) -> Iterator[Passage]:
    """Yield a text, and after it its footnotes, whose links are the text's."""
    yield Passage(plain(inlines), line, path, field, inlines, key)
    for note in _footnotes(inlines):
        yield Passage(plain(note.children), line, path, "text", key=key)


def _footnotes(inlines: Inlines) -> Iterator[Footnote]:
    for inline in inlines:
        if isinstance(inline, Footnote):
            yield inline
        if not isinstance(inline, Text | Break):
            yield from _footnotes(inline.children)


def _blocks(blocks: Sequence[Block], path: str, key: str) -> Iterator[Passage]:  # noqa: PLR0912  # a branch for each kind
    for block in blocks:
        match block.kind:
            case "paragraph" | "subheading":
                yield from _text(block.children, block.line, path, "text", key)
            case "quote":
                yield from _blocks(block.blocks, path, key)
            case "bullets" | "numbers":
                for item in block.items:
                    yield from _blocks(item.blocks, path, key)
            case "figure":
                if block.alt:
                    yield Passage(block.alt, block.line, path, "alt", key=key)
                if block.caption:
                    yield from _text(block.caption, block.line, path, "caption", key)
            case "table":
                for row in (block.header, *block.rows):
                    for cell in row:
                        if cell:
                            yield from _text(cell, block.line, path, "text", key)
                if block.caption:
                    yield from _text(block.caption, block.line, path, "caption", key)


class Paths:
    """The paths of one Document by line; a line between two passages belongs to the one before it."""

    def __init__(self, document: Document) -> None:
        found = sorted((p.line, p.path) for p in passages(document) if p.line is not None)
        self._lines = [line for line, _ in found]
        self._paths = [path for _, path in found]

    def at(self, line: int | None) -> str:
        """Return the path of what stands on *line*; empty before the first section."""
        return self._paths[position - 1] if line and (position := bisect_right(self._lines, line)) else ""
