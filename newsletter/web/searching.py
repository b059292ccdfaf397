"""Searching: which entries of published issues hold all the words somebody looks for."""

from __future__ import annotations

import re
import unicodedata
from collections import OrderedDict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from threading import Lock

from newsletter.manuscripts.document import Document, Section
from newsletter.manuscripts.places import passages, title_of
from newsletter.rendering.characters import printable
from newsletter.rendering.contents import entry_anchor

LONGEST_QUESTION = 200
"""Characters; what goes beyond is no search."""
MOST_WORDS = 8
MOST_FOUND = 50
"""Issues; whoever finds more needs another word."""
ENTRIES_EACH = 3
"""Entries shown of one issue."""
KEPT = 2000
"""Issues whose text stays in memory: some 40 KB each, read from the database once."""
AROUND = 70
"""Characters shown before and after what was found."""


@dataclass(frozen=True, slots=True)
class Findable:
    """One entry of an issue as it is searched."""

    title: str
    anchor: str
    words: str
    folded: str
    """``words`` as they are compared."""


@dataclass(frozen=True, slots=True)
class Fragment:
    """A stretch of an excerpt; ``found`` where it is one of the words looked for."""

    text: str
    found: bool = False


@dataclass(frozen=True, slots=True)
class Hit:
    """One entry that holds what was looked for."""

    title: str
    anchor: str
    excerpt: tuple[Fragment, ...]


class Shelved:
    """The searchable texts of published revisions, which never change; thread safe."""

    def __init__(self) -> None:
        self._kept: OrderedDict[int, tuple[Findable, ...]] = OrderedDict()
        self._lock = Lock()

    def missing(self, revision_ids: Iterable[int]) -> list[int]:
        """Return which of *revision_ids* are not in memory."""
        with self._lock:
            return [one for one in revision_ids if one not in self._kept]

    def put(self, revision_id: int, document: Document) -> tuple[Findable, ...]:
        """Keep what can be found in *document*, and return it."""
        texts = findable(document)
        with self._lock:
            self._kept[revision_id] = texts
            while len(self._kept) > KEPT:
                self._kept.popitem(last=False)
        return texts

    def get(self, revision_id: int) -> tuple[Findable, ...] | None:
        """Return what can be found in a revision, None if it is not in memory."""
        with self._lock:
            return self._kept.get(revision_id)


def fold(text: str) -> str:
    """Return *text* as it is compared: no case, one form of each letter, no accents, one space between words."""
    plain = unicodedata.normalize("NFKD", text).casefold()
    return " ".join("".join(letter for letter in plain if not unicodedata.combining(letter)).split())


def words_of(question: str) -> tuple[str, ...]:
    """Return the words to look for in *question*, without repeats."""
    return tuple(dict.fromkeys(fold(printable(question)[:LONGEST_QUESTION]).split()))[:MOST_WORDS]


def findable(document: Document) -> tuple[Findable, ...]:
    """Return every entry of *document* with its text."""
    return tuple(
        Findable(title_of(entry) or section.title or document.title, entry_anchor(place, nth), words, fold(words))
        for place, section in enumerate(document.sections, 1)
        for nth, entry in enumerate(section.entries, 1)
        if (words := _text_of(Document("", sections=(Section(section.title, (entry,)),))))
    )


def hits(texts: Iterable[Findable], words: tuple[str, ...]) -> tuple[Hit, ...]:
    """Return the entries that hold every one of *words*, at most ``ENTRIES_EACH``."""
    found = []
    for text in texts:
        if words and all(word in text.folded for word in words):
            found.append(Hit(printable(text.title), text.anchor, excerpt(text.words, words)))
            if len(found) == ENTRIES_EACH:
                break
    return tuple(found)


def excerpt(text: str, words: tuple[str, ...]) -> tuple[Fragment, ...]:
    """Return the surroundings of the first of *words* in *text*, the words marked."""
    places = sorted(_places(text, words))
    if not places:
        return (Fragment(text[: 2 * AROUND].rstrip() + ("…" if len(text) > 2 * AROUND else "")),)
    begin = max(0, places[0][0] - AROUND)
    begin = begin and text.rfind(" ", 0, begin + 1) + 1  # at a word
    end = min(len(text), places[0][1] + AROUND)
    fragments: list[Fragment] = [Fragment("…")] if begin else []
    at = begin
    for start, stop in places:
        if start < at or stop > end:
            continue
        fragments += [Fragment(text[at:start]), Fragment(text[start:stop], found=True)]
        at = stop
    fragments.append(Fragment(text[at:end] + ("…" if end < len(text) else "")))
    return tuple(one for one in fragments if one.text)


def _places(text: str, words: tuple[str, ...]) -> Iterator[tuple[int, int]]:
    """Yield where *words* stand in *text* as it is shown: folding may change how long a stretch is."""
    for match in re.finditer(r"\S+", text):
        folded = fold(match.group())
        if any(word in folded for word in words):
            yield match.span()


def _text_of(document: Document) -> str:
    return " · ".join(printable(passage.words) for passage in passages(document) if passage.words)
