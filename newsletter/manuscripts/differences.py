"""Differences: what changed between two Documents, entry by entry and word by word, as one frozen value to show."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from difflib import SequenceMatcher
from functools import cached_property

from newsletter.manuscripts.difference_pairs import ALIKE, moved_among, pairs_among, rows_alike, units_alike
from newsletter.manuscripts.difference_rows import Row, Unit, UnitKind, unit_of_entry, units_of
from newsletter.manuscripts.difference_words import Change, Run, runs_between
from newsletter.manuscripts.document import Document, Entry

MAX_PAIRS = 2_500
"""Paragraphs against paragraphs that are compared for likeness; beyond this they are paired in their order."""


@dataclass(frozen=True, slots=True)
class RowDifference:
    """One field or paragraph: its runs read ``before`` without those added, ``after`` without those removed."""

    kind: str
    """``title``, ``label``, ``paragraph``, ``bullet``, ``source``, ``link`` …; the later one of two."""
    label: str
    """The part or source it belongs to."""
    change: Change
    runs: tuple[Run, ...]
    kind_before: str = ""
    """What it was, where that changed: a paragraph that became a bullet."""
    line: int | None = None
    """Its line in the later manuscript; in the earlier one if it is gone."""


@dataclass(frozen=True)
class UnitDifference:
    """One entry (or section's title, masthead, group of people) in both states."""

    kind: UnitKind
    title: str
    path: str
    change: Change
    rows: tuple[RowDifference, ...]
    moved: bool = False
    """It stands elsewhere in the issue than it did."""
    before: tuple[int, int] | None = None
    """Section and entry in the earlier Document, counted from 0; None if it was not there or is no entry."""
    after: tuple[int, int] | None = None
    """The same in the later Document."""
    rearranged: bool = False
    """It differs in nothing but its arrangement: lists joined or split, columns aligned otherwise."""

    @property
    def same(self) -> bool:
        """Nothing about it changed."""
        return self.change is Change.SAME and not self.moved

    @cached_property
    def changed_rows(self) -> tuple[RowDifference, ...]:
        """The rows that are not as they were."""
        return tuple(row for row in self.rows if row.change is not Change.SAME)


@dataclass(frozen=True)
class Difference:
    """Two Documents, compared: every unit of either, in the order of the later one."""

    units: tuple[UnitDifference, ...]

    @property
    def same(self) -> bool:
        """The two are equal."""
        return not self.changed

    @cached_property
    def changed(self) -> tuple[UnitDifference, ...]:
        """The units that are not as they were."""
        return tuple(unit for unit in self.units if not unit.same)

    @cached_property
    def words_added(self) -> int:
        """How many words came."""
        return _count(self.units, Change.ADDED)

    @cached_property
    def words_removed(self) -> int:
        """How many words went."""
        return _count(self.units, Change.REMOVED)


def compare(before: Document, after: Document) -> Difference:
    """Return what leads from *before* to *after*; ``same`` exactly if the two are equal."""
    old, new = units_of(before), units_of(after)
    pairs = pairs_among(old, new)
    moved = moved_among(old, new, pairs)
    gone = sorted(set(range(len(old))) - set(pairs.values()))
    found: list[UnitDifference] = []
    for at, unit in enumerate(new):
        was = pairs.get(at)
        while gone and was is not None and gone[0] < was:
            found.append(_between(old[gone.pop(0)], None))
        found.append(_between(old[was] if was is not None else None, unit, moved=at in moved))
    found += [_between(old[at], None) for at in gone]
    return Difference(tuple(found))


def compare_entries(before: Entry | None, after: Entry | None) -> UnitDifference:
    """Return what leads from one entry to another of the same kind; None stands for one that is not there."""
    old = unit_of_entry(before) if before else None
    new = unit_of_entry(after) if after else None
    if old and new and old.kind is not new.kind:
        new = replace(new, kind=old.kind)
    return _between(old, new)


def likeness(before: Entry, after: Entry) -> float:
    """Return from 0 to 1 how likely two entries are the same one in two states."""
    return units_alike(unit_of_entry(before), unit_of_entry(after))


def _between(old: Unit | None, new: Unit | None, *, moved: bool = False) -> UnitDifference:
    shown = new or old
    assert shown is not None
    rows = tuple(_rows(old.rows if old else (), new.rows if new else ()))
    differs = any(row.change is not Change.SAME for row in rows)
    if old is None or new is None:
        change = Change.ADDED if old is None else Change.REMOVED
    else:
        change = Change.SAME if old.content == new.content else Change.CHANGED
    return UnitDifference(
        kind=shown.kind, title=shown.title, path=shown.path, change=change, rows=rows, moved=moved,
        before=_place(old), after=_place(new), rearranged=change is Change.CHANGED and not differs,
    )  # fmt: skip


def _place(unit: Unit | None) -> tuple[int, int] | None:
    return (unit.section, unit.entry) if unit and unit.entry >= 0 else None


def _rows(old: Sequence[Row], new: Sequence[Row]) -> Iterator[RowDifference]:
    keys = [[(row.kind, row.words) for row in rows] for rows in (old, new)]
    matcher = SequenceMatcher(None, keys[0], keys[1], autojunk=False)
    for kind, start, end, other_start, other_end in matcher.get_opcodes():
        if kind == "equal":
            yield from (_same(row) for row in new[other_start:other_end])
        else:
            yield from _replaced(old[start:end], new[other_start:other_end])


def _replaced(old: Sequence[Row], new: Sequence[Row]) -> Iterator[RowDifference]:
    """Yield rows in the later order, each beside the earlier one it is like; what is gone stands where it stood."""
    pairs = _row_pairs(old, new)
    left = [at for at in range(len(old)) if at not in pairs.values()]
    for at, row in enumerate(new):
        was = pairs.get(at)
        while left and was is not None and left[0] < was:
            yield _one(old[left.pop(0)], None)
        yield _one(old[was] if was is not None else None, row)
    for at in left:
        yield _one(old[at], None)


def _row_pairs(old: Sequence[Row], new: Sequence[Row]) -> dict[int, int]:
    """Return later → earlier positions that rise together."""
    if len(old) * len(new) > MAX_PAIRS:
        return {at: at for at in range(min(len(old), len(new))) if rows_alike(old[at], new[at]) >= ALIKE}
    best = [[0.0] * (len(old) + 1) for _ in range(len(new) + 1)]
    scores = [[rows_alike(was, row) for was in old] for row in new]
    for at in range(len(new) - 1, -1, -1):
        for place in range(len(old) - 1, -1, -1):
            paired = scores[at][place] + best[at + 1][place + 1] if scores[at][place] >= ALIKE else 0
            best[at][place] = max(best[at + 1][place], best[at][place + 1], paired)
    pairs: dict[int, int] = {}
    at = place = 0
    while at < len(new) and place < len(old):
        score = scores[at][place]
        if score >= ALIKE and best[at][place] == score + best[at + 1][place + 1]:
            pairs[at] = place
            at, place = at + 1, place + 1
        elif best[at][place] == best[at + 1][place]:
            at += 1
        else:
            place += 1
    return pairs


def _same(row: Row) -> RowDifference:
    return RowDifference(row.kind, row.label, Change.SAME, runs_between(row.words, row.words), line=row.line)


def _one(old: Row | None, new: Row | None) -> RowDifference:
    shown = new or old
    assert shown is not None
    if old is None or new is None:
        change = Change.ADDED if old is None else Change.REMOVED
    else:
        change = Change.SAME if (old.kind, old.words) == (new.kind, new.words) else Change.CHANGED
    runs = runs_between(old.words if old else (), new.words if new else ())
    kind_before = old.kind if old and new and old.kind != new.kind else ""
    return RowDifference(shown.kind, shown.label, change, runs, kind_before, shown.line)


def _count(units: Sequence[UnitDifference], change: Change) -> int:
    texts = (run.text for unit in units for row in unit.rows for run in row.runs if run.change is change)
    return sum(any(map(str.isalnum, word)) for text in texts for word in text.split())
