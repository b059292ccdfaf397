"""Replacing: which article of an issue a revised file stands for, and the issue with that one alone replaced."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from newsletter.manuscripts.assembling import number_of
from newsletter.manuscripts.differences import Difference, compare, likeness
from newsletter.manuscripts.document import Article, Document, Entry, Note, Section
from newsletter.manuscripts.files import FileReading
from newsletter.manuscripts.lineless import without_lines
from newsletter.manuscripts.places import path_of, title_of

SURE = 0.6
"""An article this like one of the issue's, and clearly more so than any other, is taken for the same."""
CLEARLY = 0.15
"""How much more like it than the next."""
FAMILIAR = 0.2
"""With the name of the file that it came of, an article may be rewritten down to this."""
NEW = "new"
"""The choice that an entry is none of the issue's, but a further one."""
_VERSION = re.compile(
    r"\.[a-z0-9]{2,5}$|\(\d+\)|\b(?:v|ver|version|rev|revised|final|neu|new|korr|korrigiert|copy|kopie|fassung|endfassung)"
    r"[ ._-]*\d*\b|\b\d{4}-?\d{2}-?\d{2}\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Candidate:
    """An entry of the issue that a file's entry may stand for."""

    key: str
    path: str
    likeness: float


@dataclass(frozen=True, slots=True)
class Match:
    """One entry of a revised file and the one it replaces; ``key`` is empty while that is a question."""

    title: str
    key: str
    candidates: tuple[Candidate, ...]
    """The most alike first."""

    @property
    def is_question(self) -> bool:
        """A person has to say which it is."""
        return not self.key


@dataclass(frozen=True)
class Replacement:
    """What a revised file would make of an issue; ``document`` leaves out what is still a question."""

    document: Document
    difference: Difference
    matches: tuple[Match, ...]
    whole: bool
    """The file is the whole issue."""
    untouched: tuple[str, ...]
    """Paths of what came of an earlier state of the file and is not in this one; it stays as it is."""

    @property
    def questions(self) -> tuple[Match, ...]:
        """The entries of which nobody knows yet which they replace."""
        return tuple(match for match in self.matches if match.is_question)


def file_stem(name: str) -> str:
    """Return a file's name without its ending, version, copy number or date: what stays when it is revised."""
    bare = re.sub(r"[\W_]+", " ", _VERSION.sub(" ", name.replace("_", " ")))
    return " ".join(bare.casefold().split())


def propose(
    document: Document,
    reading: FileReading,
    *,
    origin: Collection[str] = (),
    choices: Mapping[int, str] | None = None,
    whole: bool = False,
) -> Replacement:
    """Return *document* with what *reading* says instead of what it said before.

    *origin* are the keys of the entries that came of this file's earlier state, *choices* the keys (or ``NEW``) that a
    person gave for the file's entries by position. *whole* replaces the issue. An entry is never replaced by one that
    is not surely the same.
    """
    if whole:
        after = reading.document
        return Replacement(after, compare(document, after), (), whole=True, untouched=())
    entries = [entry for section in reading.document.sections for entry in section.entries if _says(entry)]
    existing = [
        (entry, path_of(section.title, title_of(entry))) for section in document.sections for entry in section.entries
    ]
    matches: list[Match] = []
    taken: set[str] = set()
    number = number_of(reading) if len(entries) == 1 else None
    for at, entry in enumerate(entries):
        candidates = _candidates(entry, [pair for pair in existing if pair[0].key not in taken])
        chosen = (choices or {}).get(at, "")
        known = {candidate.key for candidate in candidates} | {NEW}
        key = chosen if chosen in known else _sure(candidates, entry, existing, origin, number, alone=len(entries) == 1)
        if key and key != NEW:
            taken.add(key)
        matches.append(Match(title_of(entry) or _beginning(entry), key, candidates))
    after = _replaced(document, list(zip(entries, (match.key for match in matches), strict=True)))
    if reading.whole and origin:
        after = _with_masthead(after, reading.document)
    untouched = tuple(path for entry, path in existing if entry.key in set(origin) - taken)
    return Replacement(after, compare(document, after), tuple(matches), whole=False, untouched=untouched)


def _with_masthead(document: Document, said: Document) -> Document:
    """Return *document* with title, date, people and whatever else of a masthead a revised file says."""
    names = ("title", "date", "period", "organisation", "people", "contact", "publisher")
    return replace(document, **{name: getattr(said, name) for name in names if getattr(said, name)})


def _says(entry: Entry) -> bool:
    match entry:
        case Note():
            return bool(entry.blocks)
        case _:
            return True


def _beginning(entry: Entry) -> str:
    return {"article": "an article without a title", "briefs": "a list of news", "note": "a text without a title"}[
        entry.kind
    ]


def _candidates(entry: Entry, existing: Sequence[tuple[Entry, str]]) -> tuple[Candidate, ...]:
    alike = [Candidate(other.key, path or _beginning(other), _likeness(entry, other)) for other, path in existing]
    return tuple(sorted(alike, key=lambda candidate: -candidate.likeness))


def _likeness(entry: Entry, other: Entry) -> float:
    if entry.kind == other.kind:
        return likeness(entry, other)
    # What was a note may come back as an article, with the same title.
    same = entry.title and entry.title.casefold() == other.title.casefold()
    return 0.7 if same and "briefs" not in {entry.kind, other.kind} else 0.0


def _sure(
    candidates: Sequence[Candidate],
    entry: Entry,
    existing: Sequence[tuple[Entry, str]],
    origin: Collection[str],
    number: int | None,
    *,
    alone: bool,
) -> str:
    """Return the key of the one entry that this surely stands for; empty if a person must say."""
    if not candidates:
        return ""
    own = [candidate for candidate in candidates if candidate.key in origin]
    if alone and len(own) == 1 and own[0].likeness >= FAMILIAR and candidates[0].likeness - own[0].likeness < CLEARLY:
        return own[0].key
    best = candidates[0]
    second = candidates[1].likeness if len(candidates) > 1 else 0.0
    if best.likeness >= SURE and best.likeness - second >= CLEARLY:
        numbers = {other.key: other.number for other, _ in existing if isinstance(other, Article)}
        at = entry.number if isinstance(entry, Article) and entry.number is not None else number
        # The number in the file's name against it: then it is a question, unless the title is the very same.
        contradicts = at is not None and numbers.get(best.key) not in {None, at} and not origin
        return "" if contradicts and best.likeness < 0.9 else best.key
    return ""


def _replaced(document: Document, pairs: Sequence[tuple[Entry, str]]) -> Document:
    by_key = {key: entry for entry, key in pairs if key and key != NEW}
    sections = [
        replace(section, entries=tuple(_in_place_of(entry, by_key.get(entry.key)) for entry in section.entries))
        for section in document.sections
    ]
    for entry, key in pairs:
        if key == NEW:
            fresh = replace(_bare(entry), key="")
            if isinstance(fresh, Article):
                fresh = replace(fresh, number=_next_number(document))
            if not sections:
                sections.append(Section(""))
            at = _section_for(entry, document)
            sections[at] = replace(sections[at], entries=(*sections[at].entries, fresh))
    return replace(document, sections=tuple(sections))


def _in_place_of(old: Entry, new: Entry | None) -> Entry:
    """Return *new* in the place of *old*: with its key, its number, and its title where the file has none."""
    if new is None:
        return old
    new = _bare(new)
    if isinstance(new, Article) and isinstance(old, Article):
        return replace(new, key=old.key, number=old.number, title=new.title or old.title)
    if isinstance(new, Note) and isinstance(old, Note):
        return replace(new, key=old.key, title=new.title if old.title else "")
    return replace(new, key=old.key, title=new.title or old.title)


def _bare(entry: Entry) -> Entry:
    """Return *entry* without lines: those of its file mean nothing in the issue."""
    return without_lines(Document("", sections=(Section("", (entry,)),))).sections[0].entries[0]


def _section_for(entry: Entry, document: Document) -> int:
    """The section with most entries of the kind, the last one if none has any."""
    counts = [sum(type(other) is type(entry) for other in section.entries) for section in document.sections]
    return max(range(len(counts)), key=lambda at: (counts[at], at), default=0)


def _next_number(document: Document) -> int | None:
    numbers = [
        e.number for s in document.sections for e in s.entries if isinstance(e, Article) and e.number is not None
    ]
    return max(numbers) + 1 if numbers else None
