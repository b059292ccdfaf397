"""Assembling: the files of several authors put together as one ordered Document, each entry's origin remembered."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from newsletter.manuscripts.document import Article, Document, Entry, Note, Section
from newsletter.manuscripts.figures import with_sources
from newsletter.manuscripts.files import FileReading
from newsletter.manuscripts.labels import known
from newsletter.manuscripts.lineless import without_lines
from newsletter.manuscripts.pictures import Picture, Pictures
from newsletter.manuscripts.places import SEPARATOR
from newsletter.manuscripts.remarks import Place, Remark, Severity

_LEADING = re.compile(r"^\D{0,12}?0*(\d{1,3})(?!\d)")
_HEAD = re.compile(r"masthead|front[ _-]?matter|cover|titel(?:seite|ei)?|impressum|imprint|kopf", re.IGNORECASE)
_DIGITS = re.compile(r"(\d+)")


@dataclass(frozen=True, slots=True)
class Origin:
    """Which entries of an assembled Document came of which file; places are (section, entry), counted from 0."""

    name: str
    sha256: str
    places: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class Assembled:
    """Several files as one Document."""

    document: Document
    remarks: tuple[Remark, ...]
    pictures: Pictures
    origins: tuple[Origin, ...]


@dataclass(slots=True)
class _Drawer:
    """A section in the making: entries with the file each came of, None for the skeleton's."""

    title: str
    entries: list[tuple[Entry, int | None]]


def in_order(readings: Sequence[FileReading]) -> tuple[FileReading, ...]:
    """Return *readings* by the numbers in their names, else in their titles, else by name as people count."""
    return tuple(sorted(readings, key=_rank))


def assemble(readings: Sequence[FileReading], skeleton: Document | None = None) -> Assembled:
    """Return one Document of all *readings*; *skeleton* (``succession.emptied``) knows sections, people, masthead.

    A single file that is a whole issue is taken as it is. Of several with a masthead the first gives it; what another
    says differently is a Remark.
    """
    if len(readings) == 1 and readings[0].whole:
        return _alone(readings[0])
    ordered = tuple(_own_pictures(reading) for reading in in_order(readings))
    head = _head(ordered)
    base = head.document if head else skeleton or Document("", language=ordered[0].document.language)
    if head and skeleton:
        base = _completed(base, skeleton)
    drawers = _drawers(ordered, head, skeleton)
    numbered = _is_numbered([*(reading.document for reading in ordered), *([skeleton] if skeleton else [])])
    sections, places = _closed(drawers, numbered=numbered)
    remarks = [remark for reading in ordered for remark in _named(reading)]
    remarks += [remark for reading in ordered if reading is not head for remark in _second_head(reading, head)]
    if not base.title.strip():
        remarks.append(_no_title())
    pictures: dict[str, Picture] = {}
    for reading in ordered:
        pictures |= reading.pictures
    origins = tuple(
        Origin(reading.file.name, reading.file.sha256, tuple(place for place, of in places if of == at))
        for at, reading in enumerate(ordered)
    )
    return Assembled(without_lines(replace(base, sections=sections)), tuple(remarks), pictures, origins)


# --- order ----------------------------------------------------------------------------------------------------


def number_of(reading: FileReading) -> int | None:
    """Return the number that a file's name begins with, or its only article's."""
    match = _LEADING.match(reading.file.name)
    if match:
        return int(match.group(1))
    numbers = [
        entry.number for section in reading.document.sections for entry in section.entries if isinstance(entry, Article)
    ]
    return numbers[0] if len(numbers) == 1 else None


def _rank(reading: FileReading) -> tuple[bool, bool, int, list[tuple[bool, int, str]]]:
    number = number_of(reading)
    head = reading.whole or bool(_HEAD.search(reading.file.name))
    # "Article 10" comes after "Article 9".
    pieces = [(not piece.isdigit(), int(piece) if piece.isdigit() else 0, piece) for piece in
              _DIGITS.split(reading.file.name.casefold()) if piece]  # fmt: skip
    return not head, number is None, number or 0, pieces


def _own_pictures(reading: FileReading) -> FileReading:
    """Name each picture by its hash, so that two authors' ``chart.png`` stay two pictures."""
    names = {name: f"{picture.sha256[:16]}{picture.suffix}" for name, picture in reading.pictures.items()}
    pictures = {names[name]: picture for name, picture in reading.pictures.items()}
    return replace(reading, document=with_sources(reading.document, names), pictures=pictures)


def _head(ordered: Sequence[FileReading]) -> FileReading | None:
    return next((reading for reading in ordered if reading.whole), None)


# --- sections -------------------------------------------------------------------------------------------------


def _drawers(ordered: Sequence[FileReading], head: FileReading | None, skeleton: Document | None) -> list[_Drawer]:
    """Put every entry into its section: its file's own, one that the file's name says, or the skeleton's for its
    kind."""
    drawers = [_Drawer(section.title, [(e, None) for e in section.entries]) for section in _sections(skeleton)]
    for at, reading in enumerate(ordered):
        for section in reading.document.sections:
            if section.title and reading is not head and _opens_nothing(section, drawers):
                continue
            for entry in section.entries or ():
                drawer = _drawer_for(entry, section, reading, drawers)
                _put(drawer, entry, at)
            if section.title and not section.entries and not _called(section.title, drawers):
                drawers.append(_Drawer(section.title, []))
    return drawers


def _sections(skeleton: Document | None) -> Sequence[Section]:
    return skeleton.sections if skeleton else ()


def _opens_nothing(section: Section, drawers: Sequence[_Drawer]) -> bool:
    return not section.entries and _called(section.title, drawers) is not None


def _drawer_for(entry: Entry, section: Section, reading: FileReading, drawers: list[_Drawer]) -> _Drawer:
    if section.title:
        found = _called(section.title, drawers)
    else:
        found = _holding(entry, drawers) or _in_name(reading.file.name, drawers) or _of_kind(entry, drawers)
    if found is None:
        found = _Drawer(section.title, [])
        drawers.append(found)
    return found


def _called(title: str, drawers: Sequence[_Drawer]) -> _Drawer | None:
    return next((drawer for drawer in drawers if known(drawer.title) == known(title)), None)


def _holding(entry: Entry, drawers: Sequence[_Drawer]) -> _Drawer | None:
    """The section that has an entry of this title, or bears it itself (Editorial)."""
    if not entry.title:
        return None
    same = (
        drawer
        for drawer in drawers
        if any(known(other.title) == known(entry.title) for other, _ in drawer.entries)
        or (not isinstance(entry, Article) and known(drawer.title) == known(entry.title))
    )
    return next(same, None)


def _in_name(name: str, drawers: Sequence[_Drawer]) -> _Drawer | None:
    words = re.sub(r"[\W_]+", " ", name).casefold()
    return next((d for d in drawers if d.title and re.sub(r"[\W_]+", " ", d.title).casefold() in words), None)


def _of_kind(entry: Entry, drawers: Sequence[_Drawer]) -> _Drawer | None:
    """The section with most entries of the kind; without a skeleton, the one opened last for it."""
    counts = [(sum(type(other) is type(entry) for other, _ in drawer.entries), drawer) for drawer in drawers]
    best = max(counts, key=lambda pair: pair[0], default=(0, None))
    if best[0]:
        return best[1]
    return next((drawer for drawer in reversed(drawers) if not drawer.title), None)


def _put(drawer: _Drawer, entry: Entry, at: int) -> None:
    """Put an entry in, in the place of the skeleton's empty one that waits for it."""
    if isinstance(entry, Note) and not entry.title and len(drawer.entries) == 1:
        other, of = drawer.entries[0]
        if of is None and isinstance(other, Note) and not other.blocks:
            drawer.entries[0] = (replace(entry, title=other.title), at)
            return
    if isinstance(entry, Note) and known(entry.title) == known(drawer.title):
        entry = replace(entry, title="")
    for place, (other, of) in enumerate(drawer.entries):
        if of is None and type(other) is type(entry) and known(other.title) in {known(entry.title), ""}:
            drawer.entries[place] = (entry, at)
            return
    after = [place for place, (_, of) in enumerate(drawer.entries) if of is not None and of <= at]
    drawer.entries.insert(after[-1] + 1 if after else len(drawer.entries), (entry, at))


Places = list[tuple[tuple[int, int], int]]


def _closed(drawers: Sequence[_Drawer], *, numbered: bool) -> tuple[tuple[Section, ...], Places]:
    """Return the sections, and each entry's place with the file it came of; empty articles of the skeleton go."""
    sections: list[Section] = []
    places: Places = []
    number = 0
    for drawer in drawers:
        entries: list[Entry] = []
        for entry, of in drawer.entries:
            if of is None and isinstance(entry, Article):
                continue
            if isinstance(entry, Article) and numbered:
                number += 1
                entry = replace(entry, number=number)  # noqa: PLW2901  # the same entry, with its number
            if of is not None:
                places.append(((len(sections), len(entries)), of))
            entries.append(entry)
        sections.append(Section(drawer.title, tuple(entries)))
    return tuple(sections), places


def _is_numbered(documents: Sequence[Document]) -> bool:
    articles = [e for d in documents for s in d.sections for e in s.entries if isinstance(e, Article)]
    return any(article.number is not None for article in articles)


# --- masthead and remarks -------------------------------------------------------------------------------------


def _alone(reading: FileReading) -> Assembled:
    document = reading.document
    places = tuple((at, place) for at, section in enumerate(document.sections) for place in range(len(section.entries)))
    origin = Origin(reading.file.name, reading.file.sha256, places)
    return Assembled(document, reading.remarks, reading.pictures, (origin,))


def _completed(base: Document, skeleton: Document) -> Document:
    return replace(
        base,
        organisation=base.organisation or skeleton.organisation,
        people=base.people or skeleton.people,
        contact=base.contact or skeleton.contact,
        publisher=base.publisher or skeleton.publisher,
    )


def _named(reading: FileReading) -> list[Remark]:
    """A file's remarks with its name before each place; its lines mean nothing in the issue."""
    return [
        replace(remark, places=tuple(_in_file(place, reading.file.name) for place in remark.places))
        for remark in reading.remarks
    ]


def _in_file(place: Place, name: str) -> Place:
    line = f"line {place.line}" if place.line and not name.lower().endswith(".docx") else ""
    return Place(None, SEPARATOR.join(filter(None, (name, place.path or line))), place.quote)


def _second_head(reading: FileReading, head: FileReading | None) -> list[Remark]:
    """What a file says of masthead, people and publisher that the issue has from elsewhere."""
    document = reading.document
    main = head.document if head else Document("")
    said = [document.title] if document.title and document.title != main.title else []
    said += [str(document.date)] if document.date and document.date != main.date else []
    said += [f"{p.first} – {p.last}" for p in (document.period,) if p and p != main.period]
    said += [person.name for group in document.people for person in group.people if group not in main.people]
    if document.publisher and document.publisher != main.publisher:
        said += document.publisher.lines
    if not said:
        return []
    return [
        Remark(
            "second-masthead", Severity.WARNING,
            f"{reading.file.name} has a masthead of its own (title, date or people), which is left out.",
            "Check that nothing of it is missing.", (Place(path=reading.file.name, quote="; ".join(said)),),
        )
    ]  # fmt: skip


def _no_title() -> Remark:
    return Remark(
        "title-missing", Severity.ERROR, "The issue has no title.",
        "Write it into the issue, or hand in a file with title and date as well.", (Place(),),
    )  # fmt: skip
