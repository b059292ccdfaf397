"""Pieces: a loose manuscript cut into titles, source fields, people, publisher's lines and prose."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from newsletter.manuscripts.dates import find_dates
from newsletter.manuscripts.house_style import HouseStyle
from newsletter.manuscripts.labels import Labels, known
from newsletter.manuscripts.letters import CLOSING
from newsletter.manuscripts.lines import Line


@dataclass(frozen=True, slots=True)
class Title:
    """A line that stands over something; ``level`` is its number of # signs, None where it had none."""

    text: str
    line: int
    level: int | None = None
    number: int | None = None
    caps: bool = False


@dataclass(frozen=True, slots=True)
class FieldLine:
    """A labelled line of a source; ``kind`` is source, bodies or date."""

    kind: str
    label: str
    text: str
    line: int


@dataclass(frozen=True, slots=True)
class Prose:
    """Markdown text between the other pieces."""

    text: str
    line: int


@dataclass(frozen=True, slots=True)
class Roll:
    """The lines below a heading like Authors or Publisher, in their groups; ``kind`` is people or publisher."""

    kind: str
    title: str
    groups: tuple[tuple[Line, ...], ...]
    line: int


Piece = Title | FieldLine | Prose | Roll
Chunk = tuple[Line, ...]

_ATX = re.compile(r"^ {0,3}(#{1,6})(?:[ \t]+(.*?))?(?:[ \t]+#+)?[ \t]*$")
_NUMBERED = re.compile(r"^\s*(?:\*\*|__)?(\d{1,3})[.)][ \t]+(\S.*?)(?:\*\*|__)?\s*$")
_BULLET = re.compile(r"^\s*[-*+][ \t]+\S")
_BOLD = re.compile(r"^\s*(\*\*|__)(?P<text>[^*_].*?)\1\s*$")
_ENDS_SENTENCE = (".", ",", ";", ":", "!", "?", "…", "：", "。", "？")
MAX_TITLE = 200
MAX_PLAIN_TITLE = 90
_BYLINE = re.compile(r"(?:By|Von)\s+[^\W\d_][\w.’'-]+(?:\s+[\w.’',&-]+){0,8}")
CAPS_SHARE = 0.8
"""Letters in capitals that make a line a heading: MERICs TOP 5 has eight of nine."""


def chunks_of(lines: Sequence[Line]) -> list[Chunk]:
    """Return the groups of lines between empty lines."""
    chunks: list[list[Line]] = [[]]
    for line in lines:
        if line.blank:
            chunks.append([])
        else:
            chunks[-1].append(line)
    return [tuple(chunk) for chunk in chunks if chunk]


def split_number(text: str) -> tuple[int | None, str]:
    """Return the number a title begins with, and the rest."""
    match = _NUMBERED.match(text)
    return (int(match.group(1)), match.group(2)) if match else (None, text)


def is_caps(text: str) -> bool:
    """Say whether *text* is written in capitals, but for a letter or two."""
    letters = [character for character in text if character.isalpha()]
    capitals = sum(character.isupper() for character in letters)
    return len(letters) >= 2 and capitals >= CAPS_SHARE * len(letters)


def without_marks(text: str) -> str:
    """Return a title's text without bold marks around it and a colon after it."""
    match = _BOLD.match(text)
    return (match.group("text") if match else text.strip()).strip()


class Cutter:
    """Cut chunks into pieces, front to back."""

    def __init__(self, chunks: Sequence[Chunk], labels: Labels, house: HouseStyle, *, headed: bool = False) -> None:
        self.chunks = list(chunks)
        self.labels = labels
        self.people = {known(title): title for title in house.people_titles}
        self.publisher = {known(title): title for title in house.publisher_titles}
        self.has_headings = headed or sum(bool(_ATX.match(line.text)) for chunk in chunks for line in chunk) >= 3
        self.pieces: list[Piece] = []
        self._prose: list[Line] = []

    def cut(self) -> list[Piece]:
        """Return the pieces in the order of the manuscript."""
        at = 0
        while at < len(self.chunks):
            roll = self._roll(at)
            if roll:
                self._flush()
                piece, at = roll
                self.pieces.append(piece)
                continue
            self._chunk(at)
            at += 1
        self._flush()
        return self.pieces

    def _flush(self) -> None:
        """Put the gathered prose down as one piece, its empty lines back in so that line numbers hold."""
        if self._prose:
            written = {line.number: line.text for line in self._prose}
            first, last = self._prose[0].number, self._prose[-1].number
            text = "\n".join(written.get(number, "") for number in range(first, last + 1))
            self.pieces.append(Prose(text, first))
            self._prose = []

    def _put(self, piece: Piece) -> None:
        self._flush()
        self.pieces.append(piece)

    def _chunk(self, at: int) -> None:
        lines = list(self.chunks[at])
        title = self._title(at)
        if title:
            piece, used = title
            self._put(piece)
            lines = lines[used:]
        while lines:
            line = lines.pop(0)
            heading = _ATX.match(line.text)
            field = self.labels.field(line.text)
            if heading:
                number, text = split_number((heading.group(2) or "").strip())
                self._put(Title(without_marks(text), line.number, len(heading.group(1)), number))
            elif field:
                kind, label, rest = field
                while lines and not self._begins(lines[0].text):
                    rest += "\n" + lines.pop(0).text.strip()
                self._put(FieldLine(kind, label, rest, line.number))
            else:
                if self.labels.starts_part(line.text):
                    self._flush()
                self._prose.append(line)

    def _begins(self, text: str) -> bool:
        return bool(_ATX.match(text) or _BULLET.match(text) or self.labels.field(text) or self.labels.starts_part(text))

    def _title(self, at: int) -> tuple[Title, int] | None:
        """Return the title that chunk *at* begins with and how many of its lines that takes."""
        chunk = self.chunks[at]
        first = chunk[0]
        text = without_marks(first.text)
        if _ATX.match(first.text) or self.labels.field(first.text) or self.labels.starts_part(first.text):
            return None
        if len(chunk) > 1 and re.fullmatch(r" {0,3}(=+|-{2,})\s*", chunk[1].text) and len(text) <= MAX_TITLE:
            number, text = split_number(text)
            return Title(text, first.number, 1 if "=" in chunk[1].text else 2, number), 2
        if self.labels.is_part(text) or split_dated(text):
            return None
        return self._numbered(at) or self._capitals(chunk) or self._plain(at)

    def _numbered(self, at: int) -> tuple[Title, int] | None:
        chunk = self.chunks[at]
        number, text = split_number(chunk[0].text)
        if number is None or self._number(at + 1) == number + 1 or self._number(at - 1) == number - 1:
            return None
        used = 1
        while used < len(chunk) and not self._begins(chunk[used].text):
            if used == 3 or split_number(chunk[used].text)[0] is not None:
                return None
            text += " " + without_marks(chunk[used].text)
            used += 1
        if len(text) > MAX_TITLE or text.endswith((".", ",", ";", ":")) or "](" in text:
            return None
        return Title(without_marks(text), chunk[0].number, None, number), used

    def _number(self, at: int) -> int | None:
        """Return the number of a chunk that is one numbered line."""
        if not 0 <= at < len(self.chunks) or len(self.chunks[at]) > 1:
            return None
        return split_number(self.chunks[at][0].text)[0]

    def _capitals(self, chunk: Chunk) -> tuple[Title, int] | None:
        used = 0
        while used < len(chunk) and used < 3 and _is_heading_like(chunk[used].text) and is_caps(chunk[used].text):
            used += 1
        if not used:
            return None
        text = " ".join(without_marks(line.text) for line in chunk[:used])
        return (Title(text, chunk[0].number, caps=True), used) if len(text) <= MAX_PLAIN_TITLE else None

    def _plain(self, at: int) -> tuple[Title, int] | None:
        """A short line by itself is a title; under # headings only one directly over a dated list."""
        chunk = self.chunks[at]
        first = chunk[0].text
        text = without_marks(first)
        over_list = len(chunk) > 1 and bool(_BULLET.match(chunk[1].text)) and _is_dated_item(chunk[1].text)
        if len(chunk) > 1 and not over_list:
            return None
        if (at + 1 == len(self.chunks) or self._signs(at)) and not over_list:
            return None
        if self.has_headings and not over_list and not _is_dated_item(self.chunks[at + 1][0].text):
            return None
        if not _is_heading_like(first) or not (text[0].isupper() or text[0].isdigit() or text[0] in "“\"'„‘¿«"):
            return None
        return Title(text, chunk[0].number), 1

    def _signs(self, at: int) -> bool:
        """Say whether the short line at *at* closes a letter or names who wrote it, below the title or the text."""
        line = without_marks(self.chunks[at][0].text)
        if CLOSING.fullmatch(line) or (at and _BYLINE.fullmatch(line) and not self._prose):
            return True
        before = self._prose[-1].text.strip() if self._prose else ""
        # After a sentence, a line in small letters over one in capitals closes the text: a section has capitals itself.
        ends = before.endswith((".", "!", "?")) and is_caps(self.chunks[at + 1][0].text)
        return ends or bool(CLOSING.fullmatch(before))

    def _roll(self, at: int) -> tuple[Roll, int] | None:
        """Return the people or publisher's block that begins at chunk *at*, and the chunk after it."""
        first = self.chunks[at][0]
        heading = _ATX.match(first.text)
        name = known((heading.group(2) or "") if heading else first.text)
        kind = "people" if name in self.people else "publisher" if name in self.publisher else ""
        if not kind or (not heading and self.labels.field(first.text) and not first.text.rstrip().endswith(":")):
            return None
        if name in self.labels.bodies and first.text.rstrip().endswith(":"):
            return None
        title = (self.people | self.publisher)[name]
        groups = [self.chunks[at][1:]] if len(self.chunks[at]) > 1 else []
        at += 1
        while at < len(self.chunks) and not self._ends_roll(at, kind):
            groups.append(self.chunks[at])
            at += 1
        return Roll(kind, title, tuple(groups), first.number), at

    def _ends_roll(self, at: int, kind: str) -> bool:
        chunk = self.chunks[at]
        first = chunk[0].text
        name = known(first)
        if name in self.people or name in self.publisher or _ATX.match(first):
            return True
        if self.labels.field(first) or self.labels.starts_part(first) or _is_dated_item(first):
            return True
        if kind == "publisher":
            return len(first) > MAX_TITLE
        words = sum(len(line.text.split()) for line in chunk)
        many = any(len(line.text) > 120 for line in chunk) and not _BULLET.match(first)
        numbered = split_number(first)[0] is not None and self._numbered(at) is not None
        return many or numbered or (len(chunk) == 1 and is_caps(first) and words <= 6 and _is_heading_like(first))


def split_dated(text: str) -> bool:
    """Say whether *text* begins with a date and a colon, as a brief does."""
    head, colon, _ = text.partition(":")
    return bool(colon) and len(head) <= 40 and bool(find_dates(head.replace("\\", "")))


def _is_dated_item(text: str) -> bool:
    return bool(_BULLET.match(text)) and bool(find_dates(text.replace("\\", "")[:40]))


def _is_heading_like(line: str) -> bool:
    text = without_marks(line)
    return (
        2 <= len(text) <= MAX_PLAIN_TITLE
        and not text.endswith(_ENDS_SENTENCE)
        and not _BULLET.match(line)
        and not any(sign in text for sign in ("](", "|", "@", "://", "www.", "![", "<"))
        and not text.startswith((">", "[", ":", "(", "+"))
        and any(character.isalpha() for character in text)
        and len(text.split()) <= 14
    )
