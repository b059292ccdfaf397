"""Comments: what people say of a place in an issue, until it is resolved."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, String, Text, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

import newsletter.issues.models  # noqa: F401  # the tables that foreign keys here refer to
from newsletter.issues.models import Issue, Revision
from newsletter.kit.audit import record
from newsletter.kit.database import Base, RowId, UtcDateTime, named
from newsletter.kit.errors import BadInput, NotFound
from newsletter.manuscripts.document import Document
from newsletter.manuscripts.keys import find
from newsletter.manuscripts.whereabouts import Standing, entry_of, standing

LONGEST = 5_000
"""Characters of a comment."""
LONGEST_QUOTE = 300


class CommentKind(StrEnum):
    """What a comment says."""

    REMARK = "remark"
    """Something to look at."""
    CORRECT = "correct"
    """The reviewer finds the article correct as it was shown."""


class Comment(Base):
    """One comment on a place of an issue."""

    __tablename__ = "comments"

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    issue_id: Mapped[int] = mapped_column(ForeignKey("issues.id"), index=True)
    revision_id: Mapped[int] = mapped_column(ForeignKey("revisions.id"))
    """The revision its author looked at."""
    kind: Mapped[CommentKind] = mapped_column(named(CommentKind))
    place_key: Mapped[str] = mapped_column(String(64))
    """The key of the node it is about; empty for the whole issue."""
    quote: Mapped[str] = mapped_column(String(LONGEST_QUOTE))
    """The words it is about; empty for all of the place."""
    text: Mapped[str] = mapped_column(Text)
    author: Mapped[str] = mapped_column(String(254))
    """The address of a person of the desk, or of a reviewer."""
    review_link_id: Mapped[int | None] = mapped_column(RowId)
    """The mailed link it came through; None for a person of the desk."""
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    resolved_by: Mapped[str] = mapped_column(String(254), default="")
    resolved_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


@dataclass(frozen=True, slots=True)
class Placed:
    """A comment with where it stands in the issue as it is now."""

    comment: Comment
    standing: Standing
    entry: str
    """The key of what is edited on one page there; empty for the issue itself, or where it is gone."""


def add(
    session: Session,
    issue: Issue,
    revision: Revision,
    *,
    place_key: str,
    text: str,
    by: str,
    now: datetime,
    quote: str = "",
    kind: CommentKind = CommentKind.REMARK,
    review_link_id: int | None = None,
) -> Comment:
    """Note a comment on a place of *revision*; raises ``BadInput`` without words, ``NotFound`` without the place."""
    text = text.strip()
    if not text and kind is CommentKind.REMARK:
        raise BadInput("Write what should be looked at.")
    if len(text) > LONGEST:
        raise BadInput(f"This comment has more than {LONGEST:,} characters; say it in two.")
    if find(revision.document, place_key) is None:
        raise NotFound("The place of this comment is not in the issue.")
    comment = Comment(
        issue_id=issue.id, revision_id=revision.id, kind=kind, place_key=place_key,
        quote=" ".join(quote.split())[:LONGEST_QUOTE], text=text.replace("\x00", ""), author=by,
        review_link_id=review_link_id, created_at=now,
    )  # fmt: skip
    session.add(comment)
    session.flush()
    record(
        session, at=now, actor=by, deed=f"comment.{kind.value}", subject=f"issue:{issue.id}", comment=comment.id,
        revision=revision.number,
    )  # fmt: skip
    return comment


def resolve(session: Session, issue: Issue, comment_id: int, *, by: str, now: datetime) -> None:
    """Mark a comment of *issue* as done; harmless if it is. Raises ``NotFound``."""
    _find(session, issue, comment_id)
    done = session.execute(
        update(Comment)
        .where(Comment.id == comment_id, Comment.resolved_at.is_(None))
        .values(resolved_at=now, resolved_by=by)
        .returning(Comment.id)
    ).scalar()
    if done is not None:
        record(session, at=now, actor=by, deed="comment.resolve", subject=f"issue:{issue.id}", comment=comment_id)


def reopen(session: Session, issue: Issue, comment_id: int, *, by: str, now: datetime) -> None:
    """Take a resolved comment up again; raises ``NotFound``."""
    comment = _find(session, issue, comment_id)
    if comment.resolved_at is not None:
        comment.resolved_at, comment.resolved_by = None, ""
        session.flush()
        record(session, at=now, actor=by, deed="comment.reopen", subject=f"issue:{issue.id}", comment=comment_id)


def of_issue(session: Session, issue: Issue) -> Sequence[Comment]:
    """Return every comment on *issue*, oldest first."""
    return session.scalars(select(Comment).where(Comment.issue_id == issue.id).order_by(Comment.id)).all()


def placed(document: Document, comments: Sequence[Comment]) -> list[Placed]:
    """Say of each comment where it stands in *document*."""
    return [
        Placed(one, standing(document, one.place_key, one.quote), entry_of(document, one.place_key)) for one in comments
    ]


def _find(session: Session, issue: Issue, comment_id: int) -> Comment:
    comment = session.scalar(select(Comment).where(Comment.id == comment_id, Comment.issue_id == issue.id))
    if comment is None:
        raise NotFound("This issue has no such comment.")
    return comment
