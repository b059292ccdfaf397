"""Review links: a mailed, expiring link with which somebody without an account looks at one article and answers."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import ForeignKey, String, Text, func, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from newsletter import notices
from newsletter.issues import comments, drafts, edits
from newsletter.issues.comments import Comment, CommentKind
from newsletter.issues.models import Issue, Revision
from newsletter.issues.review_mail import invitation
from newsletter.kit.audit import record
from newsletter.kit.database import Base, RowId, UtcDateTime
from newsletter.kit.errors import BadInput, BadToken, Conflict, NotFound
from newsletter.mail.address import address_key
from newsletter.manuscripts.document import Article, BriefList, Document, Note, Section
from newsletter.manuscripts.keys import path_to
from newsletter.manuscripts.places import title_of

LIFETIME = timedelta(days=7)
"""An issue is written in less."""
MOST_ANSWERS = 100
"""Through one link; a forwarded link is no door to fill the database through."""
MOST_OPEN = 200
"""Links of one issue that are open at a time: nobody uses the desk to send mail to the world."""


class ReviewLink(Base):
    """One mailed link; only the hash of its token is kept."""

    __tablename__ = "review_links"

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    issue_id: Mapped[int] = mapped_column(ForeignKey("issues.id"), index=True)
    entry_key: Mapped[str] = mapped_column(String(64))
    token_sha256: Mapped[str] = mapped_column(String(64), unique=True)
    address: Mapped[str] = mapped_column(String(254))
    message: Mapped[str] = mapped_column(Text)
    invited_by: Mapped[str] = mapped_column(String(254))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """When the team took it back."""


@dataclass(frozen=True, slots=True)
class Shown:
    """What a link opens: one entry of the newest revision, as an issue of its own."""

    link: ReviewLink
    issue: Issue
    revision: Revision
    document: Document
    title: str


def invite(
    session: Session,
    issue: Issue,
    *,
    entry_key: str,
    address: str,
    message: str,
    by: str,
    by_name: str,
    url: str,
    token: str,
    now: datetime,
) -> ReviewLink:
    """Mail *address* a link to one entry; *url* is where *token*, a fresh secret, leads.

    Raises ``BadInput`` for an address that cannot be used, ``NotFound`` if there is no such entry, ``Conflict`` if too
    many links are open.
    """
    try:
        address_key(address)
    except BadInput as error:
        raise BadInput(f"The link cannot be mailed: {error}") from error
    if len(message) > comments.LONGEST:
        raise BadInput(f"The message has more than {comments.LONGEST:,} characters; shorten it.")
    document = drafts.current_revision(session, issue).document
    _, title = alone(document, entry_key)
    if _open_links(session, issue, now) >= MOST_OPEN:
        raise Conflict(f"{MOST_OPEN} links of this issue are open; take some back first.")
    link = ReviewLink(
        issue_id=issue.id, entry_key=entry_key, token_sha256=_hash(token), address=address, message=message.strip(),
        invited_by=by, created_at=now, expires_at=now + LIFETIME,
    )  # fmt: skip
    session.add(link)
    session.flush()
    publication = drafts.publication_of(session, issue)
    mail = invitation(
        publication.profile, title=title, by=by_name or by, message=link.message, url=url, until=link.expires_at
    )
    notices.write(
        session, publication_id=publication.id, purpose="review", address=address, subject=mail.subject,
        text=mail.text, language=publication.profile.language, now=now,
    )  # fmt: skip
    record(
        session, at=now, actor=by, deed="review.invite", subject=f"issue:{issue.id}", link=link.id, address=address,
        entry=entry_key,
    )  # fmt: skip
    return link


def opened(session: Session, token: str, *, now: datetime) -> Shown:
    """Return what *token* opens; raise ``BadToken`` if it is none of ours, has expired or was taken back.

    Changes nothing: mail gateways open every link.
    """
    link = session.scalar(select(ReviewLink).where(ReviewLink.token_sha256 == _hash(token)))
    if link is None or link.ended_at is not None or now >= link.expires_at:
        raise BadToken
    issue = session.get_one(Issue, link.issue_id)
    revision = drafts.current_revision(session, issue)
    try:
        document, title = alone(revision.document, link.entry_key)
    except NotFound as error:
        raise BadToken from error
    return Shown(link, issue, revision, document, title)


def answer(
    session: Session, token: str, *, kind: CommentKind, text: str, quote: str, revision_number: int, now: datetime
) -> Comment:
    """Note what the reviewer says of revision *revision_number*, which the page showed.

    Raises ``BadToken`` for a link that opens nothing, ``BadInput`` for a comment without words, ``Conflict`` if this
    link has said enough.
    """
    shown = opened(session, token, now=now)
    said = session.scalar(select(func.count()).where(Comment.review_link_id == shown.link.id)) or 0
    if said >= MOST_ANSWERS:
        raise Conflict(f"This link has taken {MOST_ANSWERS} comments; please write to {shown.link.invited_by} instead.")
    revision = edits.of_number(session, shown.issue, revision_number)
    alone(revision.document, shown.link.entry_key)
    return comments.add(
        session, shown.issue, revision, place_key=shown.link.entry_key, text=text, quote=quote, kind=kind,
        by=shown.link.address, review_link_id=shown.link.id, now=now,
    )  # fmt: skip


def take_back(session: Session, issue: Issue, link_id: int, *, by: str, now: datetime) -> None:
    """End a link of *issue* before its time; raises ``NotFound``."""
    link = session.scalar(select(ReviewLink).where(ReviewLink.id == link_id, ReviewLink.issue_id == issue.id))
    if link is None:
        raise NotFound("This issue has no such link.")
    if link.ended_at is None:
        link.ended_at = now
        session.flush()
        record(session, at=now, actor=by, deed="review.take-back", subject=f"issue:{issue.id}", link=link.id)


def of_issue(session: Session, issue: Issue) -> Sequence[ReviewLink]:
    """Return every link of *issue*, newest first."""
    return session.scalars(
        select(ReviewLink).where(ReviewLink.issue_id == issue.id).order_by(ReviewLink.id.desc())
    ).all()


def alone(document: Document, entry_key: str) -> tuple[Document, str]:
    """Return *document* with nothing but one entry in it, and the entry's title; raise ``NotFound``."""
    path = path_to(document, entry_key)
    if len(path) != 3 or not isinstance(path[2], Article | BriefList | Note):
        raise NotFound("This is not an article, a list of briefs or a text of the issue.")
    section, entry = path[1], path[2]
    assert isinstance(section, Section)
    lone = replace(document, sections=(replace(section, entries=(entry,)),), people=(), contact=None, publisher=None)
    return lone, title_of(entry) or section.title or document.title


def _open_links(session: Session, issue: Issue, now: datetime) -> int:
    return (
        session.scalar(
            select(func.count()).where(
                ReviewLink.issue_id == issue.id, ReviewLink.ended_at.is_(None), ReviewLink.expires_at > now
            )
        )
        or 0
    )


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
