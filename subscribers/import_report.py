"""The report of an import: what became of each row, as a CSV file that no spreadsheet mistakes for formulas."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import IO

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
            self._file.write(spreadsheet.MARK.encode() + _lines([HEADER]))

    def write(self, fates: Iterable[Fate]) -> int:
        """Write *fates* down to the disk; return the length of the file in bytes."""
        self._file.write(_lines((str(one.line), one.address, one.result, one.reason) for one in fates))
        self._file.flush()
        os.fsync(self._file.fileno())
        return self._file.tell()

    def close(self) -> None:
        """Close the file."""
        self._file.close()


def _lines(rows: Iterable[Iterable[str]]) -> bytes:
    return "".join(map(spreadsheet.line, rows)).encode("utf-8", "replace")
