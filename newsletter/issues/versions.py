"""Versions: what of an issue is out, the first and each correction, with the sign-off whose editions readers see."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, UniqueConstraint, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from newsletter.issues import drafts
from newsletter.issues.models import Issue, IssueState
from newsletter.kit.audit import record
from newsletter.kit.database import Base, RowId, UtcDateTime, insert_for


class PublishedVersion(Base):
    """One version of an issue that is out; earlier ones stay readable at addresses of their own."""

    __tablename__ = "published_versions"
    __table_args__ = (UniqueConstraint("issue_id", "version"),)

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    issue_id: Mapped[int] = mapped_column(ForeignKey("issues.id"))
    version: Mapped[int]
    approval_id: Mapped[int] = mapped_column(ForeignKey("approvals.id"))
    """The sign-off of the editions that readers see."""
    published_at: Mapped[datetime] = mapped_column(UtcDateTime)


def publish(session: Session, issue: Issue, *, approval_id: int, by: str, now: datetime) -> None:
    """Note that the issue's version is out, as *approval_id* signed it off; harmless if it was noted before."""
    if issue.state is IssueState.PUBLISHED:
        return
    drafts.move(session, issue, IssueState.PUBLISHED)
    issue.published_at = issue.published_at or now
    insert = insert_for(session)(PublishedVersion).values(
        issue_id=issue.id, version=issue.version, approval_id=approval_id, published_at=now
    )
    # A rehearsal that was edited and signed off anew before the real sending: readers see what they were sent.
    session.execute(
        insert.on_conflict_do_update(index_elements=["issue_id", "version"], set_={"approval_id": approval_id})
    )
    record(session, at=now, actor=by, deed="issue.publish", subject=f"issue:{issue.id}", version=issue.version)


def published(session: Session, issue: Issue) -> list[PublishedVersion]:
    """Return the versions of *issue* that are out, the first one first."""
    return list(
        session.scalars(
            select(PublishedVersion).where(PublishedVersion.issue_id == issue.id).order_by(PublishedVersion.version)
        )
    )


def is_out(session: Session, issue: Issue) -> bool:
    """Tell whether the issue's present version is out, so that what comes now is a correction."""
    return any(one.version == issue.version for one in published(session, issue))
