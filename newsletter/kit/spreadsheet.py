"""CSV that spreadsheets open: lines in which no cell is run as a formula."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable

FORMULA_SIGNS = ("=", "+", "-", "@", "\t", "\r")
"""A cell that begins with one of these is run as a formula by spreadsheets (OWASP: CSV injection)."""
_WITHIN = re.compile(r"([;\t\r\n]\s*)(?=[=+@-])")
"""Where a formula would begin if the line were divided there: many a country's Excel divides at semicolons, and then
quotation marks hold nothing together."""
_KEPT = r"\1'"
MARK = "\ufeff"
"""With this mark at its beginning Excel reads a file as UTF-8."""


def line(cells: Iterable[object]) -> str:
    """Return *cells* as one line of CSV (RFC 4180); None is empty, an apostrophe keeps words from being run."""
    out = io.StringIO()
    csv.writer(out, lineterminator="\r\n").writerow(
        [guarded(cell) if isinstance(cell, str) else cell for cell in cells]
    )
    return out.getvalue()


def guarded(cell: str) -> str:
    """Return *cell* so that a spreadsheet shows it and does not run it, wherever it divides the line."""
    if cell.startswith(FORMULA_SIGNS):
        return f"'{cell[0]}{_WITHIN.sub(_KEPT, cell[1:])}"
    return _WITHIN.sub(_KEPT, cell)
