"""Tables of a Word file as rows of cells: merged cells taken apart, what no cell can hold named."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mammoth import documents

from newsletter.manuscripts.docx_inlines import NoteWords, inlines_of, splinters_of
from newsletter.manuscripts.docx_oddities import Oddity
from newsletter.manuscripts.inline_tree import merged
from newsletter.manuscripts.richtext import Break, Inline, Inlines, plain

MAX_COLUMNS = 64
"""What Word allows; a span beyond it is a damaged file."""


def rows_of(
    table: Any, notes: NoteWords, oddities: list[Oddity], paragraph: int
) -> tuple[list[list[Inlines]], list[str]]:
    """Return the cells of *table* by row, and all its texts without markup.

    A merged cell stands in the first of its places, the others are empty; that, pictures, and tables within a cell
    are named in *oddities*.
    """
    rows: list[list[Inlines]] = []
    said: list[str] = []
    below: dict[int, int] = {}
    taken_apart: list[str] = []
    for row in table.children:
        cells: list[Inlines] = []
        for cell in getattr(row, "children", ()):
            while below.get(len(cells), 0) > 0:
                below[len(cells)] -= 1
                cells.append(())
            words = _words(cell, notes, oddities, paragraph)
            said.append(plain(words))
            span = min(max(1, cell.colspan), MAX_COLUMNS)
            if span > 1 or cell.rowspan > 1:
                taken_apart.append(plain(words))
            for place in range(span):
                if cell.rowspan > 1:
                    below[len(cells)] = cell.rowspan - 1
                cells.append(words if place == 0 else ())
        while below.get(len(cells), 0) > 0:
            below[len(cells)] -= 1
            cells.append(())
        rows.append(cells[:MAX_COLUMNS])
    if taken_apart and max(map(len, rows), default=0) > 1:
        oddities.append(Oddity("word-merged-cells", "; ".join(filter(None, taken_apart)), paragraph))
    return rows, said


def _words(cell: Any, notes: NoteWords, oddities: list[Oddity], paragraph: int) -> Inlines:
    """Return what a cell says; its paragraphs stand below each other."""
    words: list[Inline] = []
    for inner in _texts(cell, notes, oddities, paragraph):
        words += [Break(), *inner] if words else inner
    return merged(words)


def _texts(cell: Any, notes: NoteWords, oddities: list[Oddity], paragraph: int) -> Sequence[Inlines]:
    texts: list[Inlines] = []
    for child in getattr(cell, "children", ()):
        if isinstance(child, documents.Paragraph):
            splinters = list(splinters_of(child.children, notes))
            for splinter in splinters:
                if isinstance(splinter.content, documents.Image):
                    what = splinter.content.alt_text or "a picture in a table"
                    oddities.append(Oddity("inline-picture", what, paragraph))
            texts.append(inlines_of(splinters))
        elif isinstance(child, documents.Table | documents.TableRow | documents.TableCell):
            texts += _texts(child, notes, oddities, paragraph)
    return [text for text in texts if text]
