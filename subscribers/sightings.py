"""Sightings: on which line of a file an address stood first, kept on disk so that memory stays flat."""

from __future__ import annotations

import sqlite3
from types import TracebackType
from typing import Self


class Sightings:
    """A private temporary table, gone when closed; SQLite spills it to disk when it grows."""

    def __init__(self) -> None:
        self._table = sqlite3.connect("", isolation_level=None)
        self._table.execute("PRAGMA journal_mode=OFF")
        self._table.execute("CREATE TABLE seen (key TEXT PRIMARY KEY, line INTEGER) WITHOUT ROWID")
        self._table.execute("BEGIN")

    def first_line(self, key: str, line: int) -> int:
        """Return the line on which *key* stood first: *line* itself if it is new."""
        if self._table.execute("INSERT OR IGNORE INTO seen VALUES (?, ?)", (key, line)).rowcount:
            return line
        return int(self._table.execute("SELECT line FROM seen WHERE key = ?", (key,)).fetchone()[0])

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._table.close()
