"""What an unfinished manuscript leaves: placeholder words, empty articles, headings twice, words twice."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from newsletter.manuscripts.document import Article, BriefList
from newsletter.manuscripts.places import path_of, title_of
from newsletter.manuscripts.proofing.rule import Copy, Found, counted
from newsletter.manuscripts.remarks import Fix, Place

_LEFTOVER = re.compile(
    r"\[(?:TK|TBC|TBD|XX+|\?+)\]|\bTKTK\w*|\b(?:TODO|FIXME|TBD|TBC)\b|\bX{3,}\b|\bxxx+\b|\b[Ll]orem [Ii]psum\b|\?\?\?"
)
_TWICE = re.compile(r"\b([^\W\d_]{2,})[ \xa0\n]+(\1)\b", re.IGNORECASE)
_MAY_DOUBLE = frozenset(("that", "had", "is", "die", "der", "das", "den", "sie", "wenn", "vous", "nous"))
"""Words that grammar allows twice in a row."""


def placeholder_words(copy: Copy) -> Iterator[Found]:
    """Find words that stand for text still to come."""
    places = tuple(
        passage.place(match.group()) for passage in copy.passages for match in _LEFTOVER.finditer(passage.words)
    )
    if places:
        message = counted(len(places), "Text still to come is marked here.", "places are marked as text still to come.")
        yield Found(message, "Write what belongs here.", places)


def empty_text(copy: Copy) -> Iterator[Found]:
    """Find articles, parts of articles and lists of briefs with nothing in them."""
    places: list[Place] = []
    for section in copy.document.sections:
        for entry in section.entries:
            path = path_of(section.title, title_of(entry))
            match entry:
                case Article(parts=parts):
                    empty = [part for part in parts if not part.blocks]
                    if not parts or len(empty) == len(parts):
                        places.append(Place(entry.line, path, entry.title))
                    else:
                        places += [Place(part.line, path_of(path, part.label), part.label) for part in empty]
                case BriefList(briefs=()):
                    places.append(Place(entry.line, path, entry.title))
    if places:
        message = counted(len(places), "Nothing stands below a heading.", "headings have nothing below them.")
        yield Found(message, "Write the text, or take the heading out.", tuple(places))


def repeated_headings(copy: Copy) -> Iterator[Found]:
    """Find sections with the same title, and entries with the same title in one section."""
    places: list[Place] = []
    seen: set[tuple[str, str]] = set()
    for section in copy.document.sections:
        keys = [("", section.title, section.line, section.title)]
        keys += [(section.title, e.title, e.line, path_of(section.title, title_of(e))) for e in section.entries]
        for above, title, line, path in keys:
            key = (above.casefold(), " ".join(title.casefold().split()))
            if title and key in seen:
                places.append(Place(line, path, title))
            seen.add(key)
    if places:
        message = counted(len(places), "A heading comes twice.", "headings come twice.")
        yield Found(message, "Check that no text was pasted twice, and give each its own heading.", tuple(places))


def doubled_words(copy: Copy) -> Iterator[Found]:
    """Find a word twice in a row; names such as Bora Bora are none."""
    places = tuple(
        replace(passage.place(match.group()), fix=Fix(match.group(), match.group(1)))
        for passage in copy.passages
        if passage.field in {"text", "title", "caption", "source", "alt"}
        for match in _TWICE.finditer(passage.words)
        if match.group(2).islower() and match.group(2) not in _MAY_DOUBLE
    )
    if places:
        message = counted(len(places), "A word stands twice in a row.", "words stand twice in a row.")
        yield Found(message, "Take one of the two out.", places)
