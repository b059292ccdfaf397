"""The Document: a manuscript in its parsed, frozen form; what is approved, rendered and kept."""

from __future__ import annotations

import datetime
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cache
from typing import Literal

from pydantic import TypeAdapter

from newsletter.manuscripts.richtext import Block, Blocks, Figure, Inlines

SCHEMA_VERSION = 1
"""Stands beside every stored Document; raise it with a migration of stored revisions."""


class MailFormat(StrEnum):
    """What the HTML and text mail carries."""

    FULL = "full"
    """The whole issue."""
    TEASER = "teaser"
    """Each article's title and first lines, with a link to the web edition."""
    PDF_ONLY = "pdf_only"
    """A short covering note; the issue itself is the attached PDF."""


# ``key`` says which node this is across the revisions of one issue (keys.py gives it); like ``line`` it is no part of
# what a node says, so it does not count when two are compared.


@dataclass(frozen=True, slots=True)
class Period:
    """The reporting period, both days included."""

    first: datetime.date
    last: datetime.date


@dataclass(frozen=True, slots=True)
class Source:
    """Where an article's news comes from: the document reported on, as its own field and never as the word "Link"."""

    title: str
    original_title: str = ""
    original_language: str = ""
    """BCP 47, as ``zh-Hans``; empty where there is no original title."""
    url: str = ""
    bodies: tuple[str, ...] = ()
    date: datetime.date | None = None
    date_text: str = ""
    """The date as the manuscript wrote it, where it is no full date."""
    label: str = "Article"
    bodies_label: str = ""
    date_label: str = "Date"
    line: int | None = field(default=None, compare=False)
    key: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class Part:
    """A labelled stretch of an article (At a glance; the house's comment); an empty label is plain body text."""

    blocks: Blocks
    label: str = ""
    line: int | None = field(default=None, compare=False)
    key: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class Article:
    """A feature with a title, labelled parts and its sources; ``number`` is None where articles are not numbered."""

    title: str
    parts: tuple[Part, ...] = ()
    sources: tuple[Source, ...] = ()
    number: int | None = None
    line: int | None = field(default=None, compare=False)
    key: str = field(default="", compare=False)
    kind: Literal["article"] = "article"


@dataclass(frozen=True, slots=True)
class Brief:
    """A dated news line; ``date_text`` is the date as it should be read (``February 4``)."""

    text: Inlines
    date: datetime.date | None = None
    date_text: str = ""
    line: int | None = field(default=None, compare=False)
    key: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class BriefList:
    """Briefs under a common heading, as Policy news."""

    title: str
    briefs: tuple[Brief, ...] = ()
    line: int | None = field(default=None, compare=False)
    key: str = field(default="", compare=False)
    kind: Literal["briefs"] = "briefs"


@dataclass(frozen=True, slots=True)
class Note:
    """Free text: an editorial, an interview, events; without a title it continues its section."""

    blocks: Blocks = ()
    title: str = ""
    line: int | None = field(default=None, compare=False)
    key: str = field(default="", compare=False)
    kind: Literal["note"] = "note"


Entry = Article | BriefList | Note


@dataclass(frozen=True, slots=True)
class Section:
    """A titled part of the issue."""

    title: str
    entries: tuple[Entry, ...] = ()
    line: int | None = field(default=None, compare=False)
    key: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody named on the last page, with what they are (``Analyst``)."""

    name: str
    role: str = ""
    line: int | None = field(default=None, compare=False)
    key: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class PeopleGroup:
    """People under one heading: Authors, Editors."""

    title: str
    people: tuple[Person, ...] = ()
    line: int | None = field(default=None, compare=False)
    key: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class Contact:
    """Whom to write to about this issue."""

    address: str
    label: str = ""


@dataclass(frozen=True, slots=True)
class Publisher:
    """The publisher's block at the end of a manuscript, one line a row; overrides the publication's imprint."""

    title: str = "Publisher"
    lines: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Mailing:
    """How the issue goes out; an empty field takes the publication's default."""

    subject: str = ""
    preheader: str = ""
    format: MailFormat | None = None


@dataclass(frozen=True, slots=True)
class Correction:
    """What was wrong in a version that is out, and since when it reads otherwise."""

    text: str
    date: datetime.date | None = None


@dataclass(frozen=True, slots=True)
class Document:
    """One issue's content, complete and immutable."""

    title: str
    date: datetime.date | None = None
    period: Period | None = None
    language: str = "en"
    """BCP 47 language of the text."""
    organisation: str = ""
    """The name over the title, as a masthead prints it; empty takes the publication's."""
    mailing: Mailing = Mailing()
    sections: tuple[Section, ...] = ()
    people: tuple[PeopleGroup, ...] = ()
    contact: Contact | None = None
    publisher: Publisher | None = None
    corrections: tuple[Correction, ...] = ()
    """One for each version after the first, the oldest first."""


@cache
def _adapter() -> TypeAdapter[Document]:
    return TypeAdapter(Document)


def to_json(document: Document) -> str:
    """Return the one canonical JSON of *document* (UTF-8 text, lines included), the form that is stored."""
    return _adapter().dump_json(document).decode()


def from_json(stored: str | bytes) -> Document:
    """Return the Document that ``to_json`` wrote."""
    return _adapter().validate_json(stored)


def fingerprint(document: Document) -> str:
    """Return the SHA-256 (hex) of the canonical JSON; a sign-off is tied to it."""
    return hashlib.sha256(to_json(document).encode()).hexdigest()


def blocks_of(document: Document) -> Iterator[Block]:
    """Yield every top-level block of the document in reading order."""
    for section in document.sections:
        for entry in section.entries:
            match entry:
                case Article():
                    for part in entry.parts:
                        yield from part.blocks
                case Note():
                    yield from entry.blocks


def figures_of(document: Document) -> tuple[Figure, ...]:
    """Return every figure of the document, those inside lists and quotes too, in reading order."""

    def within(blocks: Iterator[Block] | Blocks) -> Iterator[Figure]:
        for block in blocks:
            match block.kind:
                case "figure":
                    yield block
                case "quote":
                    yield from within(block.blocks)
                case "bullets" | "numbers":
                    for item in block.items:
                        yield from within(item.blocks)

    return tuple(within(blocks_of(document)))
