"""Visibility: who may open an issue in the archive, as its newsletter says or as the issue itself says otherwise."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import ColumnElement, case, func, select
from sqlalchemy.orm import Session

from newsletter.issues.models import Issue, Visibility
from newsletter.kit.audit import record
from newsletter.publications import Access, Publication


def seen_by() -> ColumnElement[str]:
    """Return who may open the joined ``Issue`` of the joined ``Publication``, as a value of ``Visibility``."""
    usual = case((Publication.access == Access.OPEN, Visibility.PUBLIC.value), else_=Visibility.READERS.value)
    return func.coalesce(Issue.visibility, usual)


def is_open_to_all(session: Session, issue_ids: Collection[int]) -> bool:
    """Tell whether anybody may open every one of these issues."""
    closed = select(Issue.id).join(Publication, Publication.id == Issue.publication_id)
    return session.scalar(closed.where(Issue.id.in_(issue_ids), seen_by() != Visibility.PUBLIC).limit(1)) is None


def show_to(session: Session, issue: Issue, whom: Visibility | None, *, by: str, now: datetime) -> bool:
    """Let *whom* open the issue from now on, None: whoever its newsletter is for; tell whether that changes anything.

    Mails that are out keep the links they have: those of an issue that was open to all open no longer.
    """
    if issue.visibility is whom:
        return False
    issue.visibility = whom
    told = {"to": whom.value if whom else ""}
    record(session, at=now, actor=by, deed="issue.show_to", subject=f"issue:{issue.id}", **told)
    session.flush()
    return True
