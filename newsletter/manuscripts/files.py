"""Manuscript files: what somebody hands in, read by what it is; Markdown, Word files, pictures beside them."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from newsletter.kit.errors import ManuscriptError
from newsletter.manuscripts.document import Document, figures_of
from newsletter.manuscripts.docx import is_word, read_docx
from newsletter.manuscripts.docx_changes import UNDECIDED, Decisions, TrackedChange
from newsletter.manuscripts.docx_comments import FileComment
from newsletter.manuscripts.docx_remarks import remarks_on_word
from newsletter.manuscripts.front_matter import split_front_matter
from newsletter.manuscripts.house_style import HouseStyle
from newsletter.manuscripts.lineless import without_lines
from newsletter.manuscripts.lines import decode, lines_of
from newsletter.manuscripts.picture_files import reencoded
from newsletter.manuscripts.pictures import Picture, Pictures
from newsletter.manuscripts.reader import read
from newsletter.manuscripts.remarks import Place, Remark, Severity

MAX_FILES = 40
"""Files in one drop: an issue has a dozen authors at most, each with a few pictures."""
MAX_TOTAL = 60_000_000
"""Bytes in one drop, pictures included."""
_PICTURES = (b"\x89PNG", b"\xff\xd8\xff", b"GIF8")


@dataclass(frozen=True, slots=True)
class ManuscriptFile:
    """A file as it came: its name, without a path, and its bytes."""

    name: str
    data: bytes

    @property
    def sha256(self) -> str:
        """The SHA-256 of its bytes, hex."""
        return hashlib.sha256(self.data).hexdigest()

    @property
    def is_picture(self) -> bool:
        """Say whether it is a picture that a manuscript may show."""
        return self.data.startswith(_PICTURES)


@dataclass(frozen=True)
class FileReading:
    """One manuscript file as read."""

    file: ManuscriptFile
    document: Document
    remarks: tuple[Remark, ...]
    pictures: Pictures
    whole: bool
    """It has a masthead of its own: a title of an issue with its date, or several sections."""
    changes: tuple[TrackedChange, ...] = ()
    """A Word file's tracked changes, decided on or not."""
    comments: tuple[FileComment, ...] = ()
    """A Word file's comments."""
    decisions: Decisions = UNDECIDED
    """What was decided on either."""

    @cached_property
    def titles(self) -> tuple[str, ...]:
        """The titles of its entries."""
        return tuple(entry.title for section in self.document.sections for entry in section.entries if entry.title)


def read_files(files: Sequence[ManuscriptFile], *, house_style: HouseStyle) -> tuple[FileReading, ...]:
    """Read what was handed in together; pictures among the files are those that Markdown files name.

    Raises ``ManuscriptError`` with a sentence for each file that cannot be read: all are taken in, or none.
    """
    if not files:
        raise ManuscriptError("No file was given; choose at least one manuscript (.md, .txt or .docx).")
    if len(files) > MAX_FILES or sum(len(file.data) for file in files) > MAX_TOTAL:
        raise ManuscriptError(
            f"That is more than {MAX_FILES} files or {MAX_TOTAL // 1_000_000} MB; hand them in by turns."
        )
    readings: list[FileReading] = []
    refused: list[str] = []
    pictures: dict[str, Picture] = {}
    for file in files:
        if file.is_picture:
            try:
                pictures[file.name] = reencoded(file.data, file.name)
            except ManuscriptError as error:
                refused.append(str(error))
    texts = _different([file for file in files if not file.is_picture])
    for file in texts:
        try:
            readings.append(read_file(file, house_style=house_style, pictures=pictures, alone=len(texts) == 1))
        except ManuscriptError as error:
            refused.append(str(error))
    if not texts and not refused:
        refused.append("These are pictures alone; hand in the manuscript that shows them as well.")
    used = {figure.source for reading in readings for figure in figures_of(reading.document)}
    shown = {name for reading in readings for name in reading.pictures}
    for name in pictures:
        if not refused and name not in used and name not in shown:
            readings[0] = replace(readings[0], remarks=(*readings[0].remarks, _unused(name)))
    if refused:
        raise ManuscriptError(" ".join(refused))
    return tuple(readings)


def pasted(text: str) -> ManuscriptFile:
    """Return pasted text as a manuscript; Markdown is read as such."""
    return ManuscriptFile("pasted text", text.encode("utf-8", "replace"))


def _different(files: Sequence[ManuscriptFile]) -> list[ManuscriptFile]:
    """Return *files* without copies of one another: who drops a folder drops ``draft (1).docx``, too."""
    return list({file.sha256: file for file in reversed(files)}.values())[::-1]


def read_file(
    file: ManuscriptFile,
    *,
    house_style: HouseStyle,
    pictures: Mapping[str, Picture] | None = None,
    alone: bool = True,
    decisions: Decisions = UNDECIDED,
) -> FileReading:
    """Read one manuscript, a Word file or text; *alone* says that it is to be an issue by itself.

    *pictures* are those handed in with it; with None it is for the caller to look for them. *decisions* are those on a
    Word file's tracked changes and comments. Raises ``ManuscriptError``.
    """
    if is_word(file.data):
        return _word(file, house_style, alone=alone, decisions=decisions)
    reading = read(file.data, house_style=house_style, name=file.name)
    whole = alone or _is_whole(reading.document, house_form=_has_front_matter(file))
    if not whole:
        reading = read(file.data, house_style=house_style, name=file.name, part=True)
    given = pictures or {}
    shown = {figure.source for figure in figures_of(reading.document)}
    taken = {name: given[name] for name in shown if name in given}
    missing = tuple(_missing(name) for name in sorted(shown - taken.keys())) if pictures is not None else ()
    return FileReading(file, reading.document, (*reading.remarks, *missing), taken, whole)


def _word(file: ManuscriptFile, house_style: HouseStyle, *, alone: bool, decisions: Decisions) -> FileReading:
    word = read_docx(file.data, file.name, decisions=decisions)
    if not word.text.strip():
        raise ManuscriptError(f"{file.name!r} has no words in it; hand in a manuscript with a title and some text.")
    reading = read(word.text, house_style=house_style, name=file.name, headed=word.headed)
    whole = alone or _is_whole(reading.document, house_form=False)
    if not whole:
        reading = read(word.text, house_style=house_style, name=file.name, part=True, headed=word.headed)
    own = remarks_on_word(word, reading.document, decisions, house_style.severities)
    # Nobody has seen the lines of a Word file: a place is named by what it stands in.
    remarks = tuple(
        replace(remark, places=tuple(replace(place, line=None) for place in remark.places))
        for remark in (*own, *reading.remarks)
    )
    document = without_lines(reading.document)
    return FileReading(file, document, remarks, word.pictures, whole, word.changes, word.comments, decisions)


def _has_front_matter(file: ManuscriptFile) -> bool:
    return split_front_matter(lines_of(decode(file.data, file.name)[0])) is not None


def _is_whole(document: Document, *, house_form: bool) -> bool:
    """Say whether a file is an issue with a masthead, not one author's part of it."""
    if document.date or document.period or (house_form and (document.people or document.publisher)):
        return True
    return sum(bool(section.title) for section in document.sections) > 1 and bool(document.people)


def _missing(name: str) -> Remark:
    return Remark(
        "missing-picture", Severity.ERROR, f"The picture {name[:80]!r} is not among the files.",
        "Hand it in together with the manuscript, or put another in its place.", (Place(quote=name),),
    )  # fmt: skip


def _unused(name: str) -> Remark:
    return Remark(
        "unused-picture", Severity.WARNING, f"No manuscript shows the picture {name[:80]!r}; it is left out.",
        f"Write ![what it shows]({name}) where it belongs, or leave it out.", (Place(quote=name),),
    )  # fmt: skip
