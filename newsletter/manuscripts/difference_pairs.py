"""Pairs among two states of an issue: which entry is which, and which of them moved."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Sequence
from difflib import SequenceMatcher

from newsletter.manuscripts.difference_rows import Row, Unit, UnitKind

ALIKE = 0.5
"""Two entries or paragraphs that share less than this are shown as one gone and another come."""
FIELDS = frozenset(("title", "section", "date", "period", "language", "subject", "preheader", "format", "organisation",
                    "link", "contact"))  # fmt: skip
"""Rows of which a unit or source has one: they are the same field whatever they say."""
_NUMBER = re.compile(r"^\d+\.\s+")


def pairs_among(old: Sequence[Unit], new: Sequence[Unit]) -> dict[int, int]:
    """Return later position → earlier position of the units taken for the same: the most alike first."""
    bags = [[bag_of(unit.rows) for unit in units] for units in (old, new)]
    scored = [
        (_likeness(was, unit, _overlap(bags[0][place], bags[1][at])), -abs(place - at), at, place)
        for at, unit in enumerate(new)
        for place, was in enumerate(old)
        if unit.kind is was.kind
    ]
    pairs: dict[int, int] = {}
    taken: set[int] = set()
    for score, _, at, place in sorted(scored, reverse=True):
        if score >= ALIKE and at not in pairs and place not in taken:
            pairs[at] = place
            taken.add(place)
    return pairs


def units_alike(one: Unit, other: Unit) -> float:
    """Return from 0 to 1 how likely two units are one in two states; 0 if they are not of a kind."""
    return _likeness(one, other, _overlap(bag_of(one.rows), bag_of(other.rows))) if one.kind is other.kind else 0


def _likeness(one: Unit, other: Unit, content: float) -> float:
    if one.kind in {UnitKind.MASTHEAD, UnitKind.CLOSING}:
        return 1
    titles = _bare(one.title), _bare(other.title)
    named_alone = one.kind in {UnitKind.SECTION, UnitKind.PEOPLE}
    if titles[0] == titles[1] and (titles[0] or named_alone):
        return 0.9 + content / 10
    title = SequenceMatcher(None, *titles).ratio() if all(titles) else 0
    if named_alone:
        return 0.89 * title
    return 0.89 * max(content, (title + content) / 2, title - 0.2)


def _bare(title: str) -> str:
    return " ".join(_NUMBER.sub("", title).casefold().split())


def bag_of(rows: Sequence[Row]) -> Counter[str]:
    """Return how often each word stands in *rows*."""
    return Counter(word.text.casefold() for row in rows for word in row.words if any(map(str.isalnum, word.text)))


def _overlap(one: Counter[str], other: Counter[str]) -> float:
    total = one.total() + other.total()
    return 2 * (one & other).total() / total if total else 1


def moved_among(old: Sequence[Unit], new: Sequence[Unit], pairs: dict[int, int]) -> set[int]:
    """Return the later positions of what stands in another order or another section than before."""
    moved: set[int] = set()
    for kinds in ({UnitKind.SECTION}, {UnitKind.PEOPLE}, {UnitKind.ARTICLE, UnitKind.BRIEFS, UnitKind.NOTE}):
        places = [at for at in sorted(pairs) if new[at].kind in kinds]
        stay = _rising([pairs[at] for at in places])
        moved |= {at for position, at in enumerate(places) if position not in stay}
    sections = {old[was].section: new[at].section for at, was in pairs.items() if new[at].kind is UnitKind.SECTION}
    for at, was in pairs.items():
        if new[at].entry >= 0 and sections.get(old[was].section, new[at].section) != new[at].section:
            moved.add(at)
    return moved


def _rising(numbers: Sequence[int]) -> set[int]:
    """Return the positions of a longest rising subsequence: what stayed in order, so that few things are moved."""
    tails: list[int] = []
    positions: list[int] = []
    before: list[int] = []
    for at, number in enumerate(numbers):
        place = bisect_left(tails, number)
        before.append(positions[place - 1] if place else -1)
        tails[place:] = [number] if place == len(tails) else [number, *tails[place + 1 :]]
        positions[place:] = [at] if place == len(positions) else [at, *positions[place + 1 :]]
    stay: set[int] = set()
    at = positions[-1] if positions else -1
    while at >= 0:
        stay.add(at)
        at = before[at]
    return stay


def rows_alike(one: Row, other: Row) -> float:
    """Return from 0 to 1 how likely two rows are the same field or paragraph."""
    if one.kind == other.kind and one.kind in FIELDS:
        return 1
    if (one.kind in FIELDS) != (other.kind in FIELDS):
        return 0
    return _overlap(bag_of([one]), bag_of([other])) * (1 if one.kind == other.kind else 0.9)
