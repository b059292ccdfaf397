"""CSV that spreadsheets open."""

from __future__ import annotations

import csv
import io
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.kit import spreadsheet

CELLS = st.lists(st.text(st.characters(exclude_categories=["Cs"])) | st.integers() | st.none(), min_size=2)


def read(line: str) -> list[str]:
    """The one row in *line*."""
    (row,) = csv.reader(io.StringIO(line, newline=""))
    return row


@pytest.mark.parametrize("cell", ["=1+1", "+49 30 1", "-2", "@SUM(A1)", "\t=1", "\r=1"])
def test_no_cell_is_run_as_a_formula(cell):
    """Whatever readers call themselves, a spreadsheet shows it."""
    assert read(spreadsheet.line([cell, "x"])) == ["'" + cell, "x"]


@pytest.mark.parametrize("cell", ["Ada;=1+1", "Ada; \t@SUM(A1)", "Ada\n-2+3", "Ada\t+1"])
def test_no_cell_is_run_where_the_spreadsheet_divides_at_semicolons(cell):
    """As the Excel of half of Europe does, to which quotation marks in the middle of a word mean nothing."""
    parts = re.split(r"[;\t\r\n]", spreadsheet.line(["ada@example.org", cell]))[1:]
    assert not any(part.strip().startswith(("=", "+", "-", "@")) for part in parts)


@given(CELLS)
def test_a_line_says_what_its_cells_say(cells):
    """Commas, quotes and line breaks stay inside their cell; None is an empty one."""
    expected = [
        spreadsheet.guarded(cell) if isinstance(cell, str) else str("" if cell is None else cell) for cell in cells
    ]
    assert read(spreadsheet.line(cells)) == expected
