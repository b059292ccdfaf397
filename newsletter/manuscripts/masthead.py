"""The masthead of a loose manuscript: date, reporting period, organisation and title in its first lines."""

from __future__ import annotations

import datetime
import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from newsletter.manuscripts.dates import find_dates, find_period
from newsletter.manuscripts.document import Period
from newsletter.manuscripts.markdown import read_inlines
from newsletter.manuscripts.pieces import FieldLine, Piece, Prose, Title
from newsletter.manuscripts.repairs import Finding
from newsletter.manuscripts.richtext import plain

_PERIOD_WORDS = re.compile(r"reporting period|period covered|period|berichtszeitraum|zeitraum|报告期", re.IGNORECASE)
_DATE_WORDS = re.compile(
    r"^(?:published|date|issue date|datum|stand|ausgabe vom|vom|erschienen am)?\s*[:：]?\s*", re.IGNORECASE
)
_BESIDE_DATES = frozenset(
    "from until through to and of the on bis vom und am den der mon tue wed thu fri"  # noqa: SIM905
    " sat sun mo di mi do fr sa so".split()
)
"""Short words that a date is written with; any other beside one is missed, and named, if the line becomes the date."""
MAX_LINES = 8
"""How far down a masthead reaches."""
MAX_LINE = 120
"""Characters of a line in a masthead; what is longer is text."""


@dataclass(slots=True)
class Masthead:
    """What the first lines say; ``used`` is how many pieces they took."""

    title: str = ""
    date: datetime.date | None = None
    period: Period | None = None
    organisation: str = ""
    used: int = 0
    taken: list[str] = field(default_factory=list)
    """Lines whose words became dates: they are in the issue, but not as words."""
    rest: list[Piece] = field(default_factory=list)
    """Short lines of the masthead that have no field; they open the text."""


def read_masthead(pieces: Sequence[Piece], findings: list[Finding]) -> Masthead:
    """Read the masthead off the front of *pieces*.

    Lines before the last title line name the organisation: a masthead prints it over the title.
    """
    head = Masthead()
    names: list[Title] = []
    for at, piece in enumerate(pieces[:MAX_LINES]):
        if isinstance(piece, Title) and piece.number is None and _take_dates(piece.text, head):
            head.used = at + 1
            continue
        if isinstance(piece, FieldLine) and piece.kind == "date" and _take_dates(piece.text, head):
            head.taken.append(piece.label)
            head.used = at + 1
            continue
        if isinstance(piece, Prose) and (kept := _take_lines(piece, head)) is not None:
            head.rest += [kept] if kept.text.strip() else []
            head.used = at + 1
            continue
        if not isinstance(piece, Title) or piece.number is not None or _opens_section(pieces, at, names, head):
            break
        names.append(piece)
        head.used = at + 1
    _name(names, head, findings)
    return head


def _take_lines(prose: Prose, head: Masthead) -> Prose | None:
    """Take the dates from short lines of prose; return what else they say, None if there is no date among them.

    Where a line says more than a date (``Weekly letter, 14 May 2025``) the date is taken and the line stays.
    """
    lines = prose.text.split("\n")
    if any(len(line) > MAX_LINE for line in lines) or len([line for line in lines if line.strip()]) > MAX_LINES:
        return None
    before = (head.date, head.period)
    kept = [line if not _take_dates(line, head) else "" for line in lines]
    for line in kept:
        text = line.replace("\\", "")
        dates = find_dates(text)
        if head.period is None:
            head.period = find_period(text, head.date)
        if head.date is None and len(dates) == 1 and not _PERIOD_WORDS.search(text):
            head.date = dates[0].full()
    return Prose("\n".join(kept), prose.line) if (head.date, head.period) != before else None


def _take_dates(written: str, head: Masthead) -> bool:
    """Take the issue's date and the period from a line; False if it says anything else."""
    text = written.replace("\\", "").strip(" *_#")
    dates = find_dates(text)
    if not dates or "\n" in text.strip():
        return False
    rest = text
    for found in reversed(dates):
        rest = rest[: found.start] + rest[found.end :]
    rest = _PERIOD_WORDS.sub("", _DATE_WORDS.sub("", rest))
    if re.search(r"\w{4,}", re.sub(r"\b(?:from|until|bis|vom|through)\b", "", rest, flags=re.IGNORECASE)):
        return False
    period_words = _PERIOD_WORDS.search(text)
    first = dates[0]
    if head.date is None and first.year and not (period_words and period_words.start() < first.start):
        head.date = first.full()
    period = find_period(text, head.date)
    if period and (head.period is None):
        head.period = period
    if (head.date is None and period is None) or (period is None and len(dates) > 1):
        return False
    others = {word for word in re.findall(r"\w+", rest) if word.casefold() not in _BESIDE_DATES}
    head.taken.append(re.sub(r"\w+", lambda word: "" if word.group() in others else word.group(), written))
    return True


def _opens_section(pieces: Sequence[Piece], at: int, names: Sequence[Title], head: Masthead) -> bool:
    """Say whether the title at *at* stands over text, and so belongs to the body."""
    piece = pieces[at]
    assert isinstance(piece, Title)
    if piece.level == 1 and not any(name.level == 1 for name in names):
        others = [p for p in pieces[at + 1 :] if isinstance(p, Title) and p.level is not None]
        return any(other.level == 1 for other in others) and bool(names or head.title)
    if piece.level is not None:
        return True
    if len(names) >= 2:
        return True
    following = pieces[at + 1] if at + 1 < len(pieces) else None
    if isinstance(following, Title) and following.number is not None and names:
        return True
    if isinstance(following, Prose) and names and not find_dates(following.text[:60]):
        return not any(isinstance(p, Title) for p in pieces[at + 1 :]) or bool(piece.caps)
    return False


def _name(names: Sequence[Title], head: Masthead, findings: list[Finding]) -> None:
    texts = [_words(name, findings) for name in names]
    top = next((at for at, name in enumerate(names) if name.level == 1), None)
    if top is None:
        top = min(1, len(names) - 1)
    if not names:
        return
    head.title = texts[top]
    if top >= 1:
        head.organisation = texts[top - 1]
    head.rest += [name for at, name in enumerate(names) if at not in {top, top - 1} or (top == 0 and at == -1)]


def _words(title: Title, findings: list[Finding]) -> str:
    inlines, found = read_inlines(title.text, line=title.line)
    findings += found
    return plain(inlines).strip()
