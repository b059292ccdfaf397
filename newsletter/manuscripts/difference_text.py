"""Differences as lines of text: ``[-gone-]{+new+}``, with a few words around, for a terminal or a mail."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from newsletter.manuscripts.difference_words import Change, Run
from newsletter.manuscripts.differences import Difference, RowDifference, UnitDifference

AROUND = 60
"""Characters that are shown of what stayed, on either side of a change."""
_SIGNS = {Change.ADDED: "+", Change.REMOVED: "-", Change.CHANGED: "~", Change.SAME: "="}


def marked(run: Run) -> str:
    """Return a run as ``{+new+}`` or ``[-gone-]``; what stayed stays bare."""
    match run.change:
        case Change.ADDED:
            return f"{{+{run.text}+}}"
        case Change.REMOVED:
            return f"[-{run.text}-]"
        case _:
            return run.text


def lines_of_difference(difference: Difference, mark: Callable[[Run], str] = marked) -> Iterator[str]:
    """Yield the changed entries, each with its changed rows; *mark* says how a run is set."""
    for unit in difference.changed:
        yield from lines_of_unit(unit, mark)


def lines_of_unit(unit: UnitDifference, mark: Callable[[Run], str] = marked) -> Iterator[str]:
    """Yield one entry's headline and its changed rows."""
    notes = [note for note, holds in (("moved", unit.moved), ("arranged otherwise", unit.rearranged)) if holds]
    name = unit.path or f"({unit.kind.value})"
    aside = f" ({', '.join(notes)})" if notes else ""
    yield f"{_SIGNS[unit.change]} {name}{aside}"
    for row in unit.changed_rows:
        kind = f"{row.kind_before} → {row.kind}" if row.kind_before else row.kind
        where = f"{row.label}, {kind}" if row.label and row.label != kind else kind
        yield f"    {where}: {''.join(_shortened(row, mark))}"


def _shortened(row: RowDifference, mark: Callable[[Run], str]) -> Iterator[str]:
    """Yield the row's runs, the long ones that stayed cut to what stands beside a change."""
    for at, run in enumerate(row.runs):
        text = run.text.replace("\n", " ")
        if run.change is not Change.SAME or len(text) <= 2 * AROUND:
            yield mark(Run(text, run.change, run.marks))
            continue
        before = text[:AROUND] if at else ""
        after = text[-AROUND:] if at + 1 < len(row.runs) else ""
        yield f"{before} … {after}"
