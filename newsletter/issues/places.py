"""Places: where an issue's web edition and PDF stand, as paths below the public URL."""

from __future__ import annotations

ARCHIVE = "/n/"
READER_PARAMETER = "r"
"""The query parameter with a reader's token, for publications that are not open to everybody."""


def publication_path(label: str) -> str:
    """Return the path of a publication's list of issues."""
    return f"{ARCHIVE}{label}/"


def issue_path(label: str, number: int) -> str:
    """Return the path of an issue's web edition; it ends in a slash, so that its links can be relative."""
    return f"{publication_path(label)}{number}/"


def pdf_path(label: str, number: int) -> str:
    """Return the path of an issue's PDF."""
    return f"{issue_path(label, number)}issue.pdf"
