"""Contents: the outline of an issue, with the anchors that the editions share."""

from __future__ import annotations

from dataclasses import dataclass

from newsletter.manuscripts.document import Article, Document
from newsletter.rendering.characters import printable


@dataclass(frozen=True, slots=True)
class ContentsLine:
    """One entry as the table of contents shows it; ``number`` is empty where there is none."""

    title: str
    anchor: str
    number: str = ""


@dataclass(frozen=True, slots=True)
class ContentsPart:
    """A section with those of its entries that have a title."""

    title: str
    anchor: str
    lines: tuple[ContentsLine, ...]


def contents(document: Document) -> tuple[ContentsPart, ...]:
    """Return the outline of *document*: what has a title, and the sections that hold such."""
    parts = []
    for place, section in enumerate(document.sections, 1):
        lines = []
        for nth, entry in enumerate(section.entries, 1):
            if entry.title.strip():
                number = str(entry.number) if isinstance(entry, Article) and entry.number is not None else ""
                lines.append(ContentsLine(entry.title, entry_anchor(place, nth), number))
        if section.title.strip() or lines:
            parts.append(ContentsPart(section.title.strip(), section_anchor(place), tuple(lines)))
    return tuple(parts)


def section_anchor(place: int) -> str:
    """Return the anchor of the section at *place* (from 1)."""
    return f"section-{place}"


def entry_anchor(place: int, nth: int) -> str:
    """Return the anchor of the *nth* entry (from 1) of the section at *place*.

    Made of places and not of words: a link in a mail that was sent must still fit after a title is corrected.
    """
    return f"item-{place}-{nth}"


def anchor_of(document: Document, key: str) -> str:
    """Return the anchor of the section or entry *key* in every edition; empty for what has none."""
    for place, section in enumerate(document.sections, 1):
        if key and section.key == key:
            return section_anchor(place)
        for nth, entry in enumerate(section.entries, 1):
            if key and entry.key == key:
                return entry_anchor(place, nth)
    return ""


def title_of(document: Document, fallback: str) -> str:
    """Return the issue's title, or *fallback*, or the word every issue has at least."""
    return printable(document.title).strip() or printable(fallback).strip() or "Newsletter"
