"""Editions: one rendering of an issue in a language and medium, as bytes with their SHA-256."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from enum import StrEnum


class Medium(StrEnum):
    """The four forms of an issue, each with its file name when written to a folder."""

    HTML = "html"
    """The responsive HTML part of the mail; pictures as ``cid:<sha256>``, links of the reader as slots."""
    TEXT = "text"
    """The plain-text part of the mail; slots too."""
    PDF = "pdf"
    """The print edition, PDF/A-3a and PDF/UA-1."""
    WEB = "web"
    """The web page, complete in itself."""


MEDIA_TYPES = {
    Medium.HTML: "text/html; charset=utf-8",
    Medium.TEXT: "text/plain; charset=utf-8",
    Medium.PDF: "application/pdf",
    Medium.WEB: "text/html; charset=utf-8",
}
FILE_NAMES = {Medium.HTML: "email.html", Medium.TEXT: "email.txt", Medium.PDF: "issue.pdf", Medium.WEB: "web.html"}


@dataclass(frozen=True, slots=True)
class Edition:
    """One rendering's bytes."""

    medium: Medium
    language: str
    data: bytes

    @property
    def sha256(self) -> str:
        """The SHA-256 of the bytes, hex; the manifest of these is what sign-off signs."""
        return hashlib.sha256(self.data).hexdigest()
