"""A list of readers as an Excel workbook: its first sheet, read as a stream of rows of words."""

from __future__ import annotations

import datetime
import zipfile
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from newsletter.kit.errors import BadInput
from subscribers.list_file import MAX_COLUMNS, Row, digest_of

MOST_UNPACKED = 2_000_000_000
"""Octets; a million readers with ten columns have a quarter of it, a zip bomb has more."""
MOST_BESIDE = 400_000_000
"""Octets of a part that is no sheet, such as the words that cells share: it is in memory all at once. Those of a
million readers have a quarter."""
MOST_ENTRIES = 2_000
SHEETS = "xl/worksheets/"
NOT_ONE = "is no Excel workbook that can be read; save it as .xlsx or as CSV (UTF-8)"


@dataclass(frozen=True, slots=True)
class Workbook:
    """A workbook that was looked at; ``rows`` is that of a ``ListFile``."""

    path: Path
    sha256: str
    encoding: str = ""
    separator: str = ""

    def rows(self) -> Iterator[Row]:
        """Yield every row of the first sheet that is not empty; raise ``BadInput`` where the file breaks off."""
        from openpyxl import load_workbook  # takes half a second, and most lists are CSV

        try:
            book = load_workbook(self.path, read_only=True, data_only=True, keep_links=False)
            with closing(book):
                for line, cells in enumerate(book.worksheets[0].iter_rows(values_only=True), start=1):
                    words = tuple(map(said, cells[:MAX_COLUMNS]))
                    if any(words):
                        yield Row(line, words, line)
        except BadInput:
            raise
        except Exception as error:  # whatever openpyxl makes of a damaged file
            raise BadInput(f"{self.path.name} {NOT_ONE}.") from error


def look_at(path: Path) -> Workbook:
    """Find out whether *path* is a workbook of a decent size; raise ``BadInput`` in one sentence if not."""
    try:
        with zipfile.ZipFile(path) as package:
            entries = package.infolist()
    except (zipfile.BadZipFile, OSError) as error:
        raise BadInput(f"{path.name} {NOT_ONE}.") from error
    if not any(entry.filename == "xl/workbook.xml" for entry in entries):
        raise BadInput(f"{path.name} {NOT_ONE}.")
    beside = max((entry.file_size for entry in entries if not entry.filename.startswith(SHEETS)), default=0)
    unpacked = sum(entry.file_size for entry in entries)
    if len(entries) > MOST_ENTRIES or unpacked > MOST_UNPACKED or beside > MOST_BESIDE:
        raise BadInput(f"{path.name} unpacks to more than any list of readers; save the list alone as CSV (UTF-8).")
    return Workbook(path, digest_of(path))


def said(cell: Any) -> str:
    """Return what a cell says, as a person would write it: a day without midnight, a whole number without .0."""
    match cell:
        case None:
            return ""
        case bool():
            return "yes" if cell else "no"
        case float() if cell.is_integer():
            return str(int(cell))
        case datetime.datetime():
            at = cell.time()
            return cell.date().isoformat() if at == datetime.time() else cell.isoformat(sep=" ", timespec="minutes")
        case _:
            return str(cell).strip()
