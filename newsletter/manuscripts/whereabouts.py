"""Whereabouts: finding again, after edits, the place that a remark or a comment was about."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from newsletter.manuscripts.document import Document
from newsletter.manuscripts.keys import find, key_of, path_to, walk
from newsletter.manuscripts.places import passages
from newsletter.manuscripts.remarks import Place


class Standing(StrEnum):
    """Whether a place is still what it was."""

    HERE = "here"
    """The words stand where they stood."""
    CHANGED = "changed"
    """The place is there, and the words that were quoted are not."""
    GONE = "gone"
    """What it was about has been taken out."""


@dataclass(frozen=True, slots=True)
class Spot:
    """A place in a Document: the entry (or section, or group of people) shown on one page, and the node within it."""

    entry: str
    key: str


def standing(document: Document, key: str, quote: str) -> Standing:
    """Say how the words *quote* of the node *key* stand in *document* now."""
    node = find(document, key)
    if node is None:
        return Standing.GONE
    if not quote:
        return Standing.HERE
    below = {key_of(one) for one in walk(node)} if key else None
    words = " ".join(quote.split())
    found = any(
        words in " ".join(passage.words.split())
        for passage in passages(document)
        if below is None or passage.key in below
    )
    return Standing.HERE if found else Standing.CHANGED


def entry_of(document: Document, key: str) -> str:
    """Return the key of what is edited on one page and holds the node *key*: an entry, a section, a group of people."""
    path = path_to(document, key)
    if len(path) > 2 and type(path[1]).__name__ == "Section":
        return key_of(path[2])
    return key_of(path[1]) if len(path) > 1 else ""


def spot_of(document: Document, place: Place) -> Spot | None:
    """Return where a remark's *place* is now; None if neither its path nor its words are found."""
    quote = " ".join(place.quote.split())
    at_path, with_words = "", ""
    for passage in passages(document):
        fits = not quote or quote in " ".join(passage.words.split()) or " ".join(passage.words.split()) in quote
        if passage.path == place.path and fits:
            return Spot(entry_of(document, passage.key), passage.key)
        if place.path and passage.path == place.path:
            at_path = at_path or passage.key
        if quote and quote in " ".join(passage.words.split()):
            with_words = with_words or passage.key
    key = at_path or with_words
    return Spot(entry_of(document, key), key) if key else None
