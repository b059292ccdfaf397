"""History: the versions of an issue, those of one sitting together."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from newsletter.issues.models import Approval, Issue, Revision

SITTING = timedelta(minutes=15)
"""Saves of one person closer together than this are one sitting: the editor saves at every pause."""


@dataclass(frozen=True, slots=True)
class Version:
    """One sitting, shown as its last revision."""

    number: int
    author: str
    at: datetime
    saves: int
    before: int
    """The number of the revision before the sitting; 0 for the first."""
    approved_by: str


def versions(session: Session, issue: Issue) -> list[Version]:
    """Return the versions of *issue*, newest first; one that was approved stands by itself."""
    rows = session.execute(
        select(Revision.number, Revision.author, Revision.created_at, Approval.approved_by)
        .outerjoin(Approval, Approval.revision_id == Revision.id)
        .where(Revision.issue_id == issue.id)
        .order_by(Revision.number, Approval.id)
    )
    return list(_sittings((row.number, row.author, row.created_at, row.approved_by or "") for row in rows))[::-1]


def _sittings(rows: Iterator[tuple[int, str, datetime, str]]) -> Iterator[Version]:
    held: Version | None = None
    for number, author, at, approved_by in rows:
        if held is not None and held.number == number:  # approved twice
            held = Version(held.number, held.author, held.at, held.saves, held.before, approved_by)
            continue
        if held is not None and not held.approved_by and held.author == author and at - held.at < SITTING:
            held = Version(number, author, at, held.saves + 1, held.before, approved_by)
            continue
        if held is not None:
            yield held
        held = Version(number, author, at, 1, held.number if held else 0, approved_by)
    if held is not None:
        yield held
