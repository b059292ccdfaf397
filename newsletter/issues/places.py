"""Places: where an issue's web edition and PDF stand, as paths below the public URL."""

from __future__ import annotations

ARCHIVE = "/n/"
PDF_NAME = "issue.pdf"
"""Beside the web edition, which links to it by this name."""


READER_SHELF = "r/"
"""Below a publication's list of issues, the one that a reader's own token opens."""


def publication_path(label: str) -> str:
    """Return the path of a publication's list of issues."""
    return f"{ARCHIVE}{label}/"


def issue_path(label: str, number: int) -> str:
    """Return the path of an issue's web edition; it ends in a slash, so that its links can be relative."""
    return f"{publication_path(label)}{number}/"


def pdf_path(label: str, number: int) -> str:
    """Return the path of an issue's PDF."""
    return issue_path(label, number) + PDF_NAME


def version_path(place: str, version: int) -> str:
    """Return where one version of the issue at *place* stands for good; at *place* itself stands the newest."""
    return f"{place}versions/{version}/"


def opened_for(place: str, reader: str) -> str:
    """Return where the token *reader* opens the issue at *place* of a publication that is not open to everybody.

    A folder and no query, so that the web edition's own link to the PDF beside it carries the token as well.
    """
    return f"{place}{reader}/"
