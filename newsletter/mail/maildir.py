"""The maildir of caught messages: each written whole or not at all, listed newest first, read by key."""

from __future__ import annotations

import itertools
import os
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from newsletter.kit.errors import NotFound
from newsletter.mail.caught import HEADER_OCTETS, CaughtMessage, CaughtSummary, envelope_lines, open_caught, summarise

# Exactly what ``add`` writes, so that no key leads out of the folder.
_KEY = re.compile(r"[0-9]{16}\.[0-9]+_[0-9]{9}\.eml")
_NUMBERS = itertools.count()


class Maildir:
    """A folder with ``tmp`` and ``new``; one file a message, its envelope in X-Catcher lines on top."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._drafts = f"{folder}/tmp/"  # noqa: S108  # the name a maildir has for it
        self._new = f"{folder}/new/"

    def create(self) -> None:
        """Make the folders if they are missing."""
        for name in ("tmp", "new", "cur"):
            (self.folder / name).mkdir(parents=True, exist_ok=True)

    def add(self, data: bytes, *, sender: str, recipients: Sequence[str], at: datetime) -> str:
        """Write a message and return its key; a reader sees it whole or not at all."""
        key = f"{int(at.timestamp() * 1_000_000):016d}.{os.getpid()}_{next(_NUMBERS):09d}.eml"
        draft = self._drafts + key
        try:
            with open(draft, "xb") as file:  # noqa: PTH123  # pathlib costs as much as the write
                file.write(envelope_lines(sender, recipients, at.astimezone(UTC)) + data)
            os.rename(draft, self._new + key)  # noqa: PTH104  # as above
        except BaseException:
            Path(draft).unlink(missing_ok=True)
            raise
        return key

    def keys(self) -> list[str]:
        """Return the keys of all messages, newest first."""
        try:
            names = os.listdir(self._new)  # noqa: PTH208  # a hundred thousand names need no Path each
        except FileNotFoundError:
            return []
        return sorted((name for name in names if _KEY.fullmatch(name)), reverse=True)

    def newest(self, limit: int = 50, *, skip: int = 0) -> list[CaughtSummary]:
        """Return at most *limit* messages, newest first, after *skip* of them."""
        found = []
        for key in self.keys()[skip : skip + limit]:
            try:
                with (self.folder / "new" / key).open("rb") as file:
                    start = file.read(HEADER_OCTETS)
                    size = os.fstat(file.fileno()).st_size
            except FileNotFoundError:  # removed since it was listed
                continue
            found.append(summarise(key, start, file_size=size))
        return found

    def stored(self, key: str) -> bytes:
        """Return the file of *key*, its X-Catcher lines on top; raise ``NotFound``."""
        if not _KEY.fullmatch(key):
            raise NotFound("There is no such message; the outbox lists what there is.")
        try:
            return (self.folder / "new" / key).read_bytes()
        except FileNotFoundError as error:
            raise NotFound("There is no such message any more; the outbox lists what there is.") from error

    def read(self, key: str) -> CaughtMessage:
        """Open the message *key* for display; raise ``NotFound``."""
        return open_caught(key, self.stored(key))
