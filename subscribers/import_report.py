"""The report of an import: what became of each row, as a CSV file that no spreadsheet mistakes for formulas."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Protocol, Self

from sqlalchemy.orm import Session

from newsletter.kit import spreadsheet

HEADER = ("line", "address", "result", "reason")


@dataclass(frozen=True, slots=True)
class Fate:
    """What became of one row."""

    line: int
    address: str
    result: str
    """``taken``, ``merged`` or ``refused``."""
    reason: str = ""


class ImportReport:
    """Writes fates in step with the import: what a crash leaves behind a committed place is cut off on resuming."""

    def __init__(self, path: Path, *, committed: int = 0) -> None:
        """Open the report, going on at byte *committed* if the file reaches that far, else afresh."""
        resumes = committed > 0 and path.is_file() and path.stat().st_size >= committed
        self._file: IO[bytes] = path.open("r+b" if resumes else "wb")
        if resumes:
            self._file.truncate(committed)
            self._file.seek(committed)
        else:
            self._file.write(header())

    def write(self, fates: Iterable[Fate]) -> int:
        """Write *fates* down to the disk; return the length of the file in bytes."""
        self._file.write(lines(fates))
        self._file.flush()
        os.fsync(self._file.fileno())
        return self._file.tell()

    def close(self) -> None:
        """Close the file."""
        self._file.close()


class Ledger(Protocol):
    """Where an import writes what became of each row, in step with its transactions."""

    def write(self, session: Session, fates: Iterable[Fate], done: int) -> dict[str, int]:
        """Write *fates* down, the last of which is row *done*; return what the run is to remember about it."""


class FileLedger:
    """The report as a file of the importer's choice; without one nothing is written."""

    def __init__(self, path: Path | None, *, committed: int) -> None:
        """Open the report, if there is to be one, where the last transaction left it."""
        self._report = None if path is None else ImportReport(path, committed=committed)
        self._committed = committed

    def write(self, session: Session, fates: Iterable[Fate], done: int) -> dict[str, int]:
        """Write to the disk before the transaction commits; what is too much after a crash is cut off."""
        if self._report is None:
            return {}
        before, self._committed = self._committed, self._report.write(fates)
        return {"report_bytes": self._committed - before}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._report is not None:
            self._report.close()


def header() -> bytes:
    """Return what a report begins with."""
    return spreadsheet.MARK.encode() + _lines([HEADER])


def lines(fates: Iterable[Fate]) -> bytes:
    """Return *fates* as lines of CSV."""
    return _lines((str(one.line), one.address, one.result, one.reason) for one in fates)


def _lines(rows: Iterable[Iterable[str]]) -> bytes:
    return "".join(map(spreadsheet.line, rows)).encode("utf-8", "replace")
