"""Reviews: asking for one and asking for changes, and all that was said on an issue's way to its sign-off."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import JSON, ForeignKey, String, Text, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from newsletter import notices
from newsletter.issues import approvals, drafts, letters
from newsletter.issues.letters import Letter
from newsletter.issues.models import Approval, Issue, IssueState, Revision
from newsletter.kit.audit import record
from newsletter.kit.database import Base, RowId, UtcDateTime, named
from newsletter.kit.errors import BadInput, Conflict
from newsletter.kit.sentences import N_, Sentence
from newsletter.mail.address import address_key

ASKED_LIMIT = 20
"""People asked at once; more is a circular."""
NOTE_LIMIT = 5000
"""Characters."""


class ReviewKind(StrEnum):
    """What was said about an issue beside approving it."""

    ASKED = "asked"
    """Somebody asked for a review."""
    CHANGES_REQUESTED = "changes_requested"
    """An approver wants something changed; what was approved is void."""


class Review(Base):
    """One word about one revision on its way to the sign-off; approvals stand in a table of their own."""

    __tablename__ = "reviews"

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    issue_id: Mapped[int] = mapped_column(ForeignKey("issues.id"), index=True)
    revision_id: Mapped[int] = mapped_column(ForeignKey("revisions.id"))
    kind: Mapped[ReviewKind] = mapped_column(named(ReviewKind))
    by: Mapped[str] = mapped_column(String(254))
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    note: Mapped[str] = mapped_column(Text, default="")
    asked: Mapped[list[str]] = mapped_column(JSON, default=list)
    """The addresses of those who were asked."""


@dataclass(frozen=True, slots=True)
class Step:
    """One line in the story of an issue's sign-off."""

    kind: str
    """A ``ReviewKind`` or an ``ApprovalKind``."""
    by: str
    at: datetime
    note: str
    version: int
    """The number of the revision it was said about."""
    asked: tuple[str, ...] = ()
    voided_at: datetime | None = None


def ask(
    session: Session, issue: Issue, *, of: Sequence[str], note: str, by: str, now: datetime, link: str = ""
) -> Review:
    """Ask the people *of* these addresses to review the issue, by mail with the *link*; with nobody named, just say so.

    Raises ``BadInput`` for an address that is none, ``Conflict`` if there is nothing to review any more.
    """
    people = list({address_key(address): address for address in of}.values())
    if len(people) > ASKED_LIMIT:
        raise BadInput(Sentence(
            N_("At most %(most)s people can be asked at once; these are %(count)s."),
            most=ASKED_LIMIT, count=len(people),
        ))  # fmt: skip
    if issue.state in approvals.SIGNED_OFF:
        raise Conflict(N_("The issue is signed off; there is nothing to review before it is edited again."))
    if issue.state is not IssueState.IN_REVIEW:
        drafts.move(session, issue, IssueState.IN_REVIEW)
    review = _say(session, issue, ReviewKind.ASKED, note=note, by=by, now=now, asked=people)
    profile = drafts.publication_of(session, issue).profile
    letter = letters.asked(profile, issue.title, by=by, note=review.note, link=link)
    for address in people:
        _tell(session, issue, address, "review-asked", letter, now=now)
    return review


def request_changes(session: Session, issue: Issue, *, note: str, by: str, now: datetime, link: str = "") -> Review:
    """Say what has to change; every approval given so far is void, and whoever asked for the review is told.

    Raises ``BadInput`` without a note, ``Conflict`` if nobody has asked for a review or the issue is out already.
    """
    if not note.strip():
        raise BadInput(N_("Say what should be changed, so that whoever mends it knows."))
    drafts.move(session, issue, IssueState.CHANGES_REQUESTED)
    approvals.void(session, issue.id, now=now)
    review = _say(session, issue, ReviewKind.CHANGES_REQUESTED, note=note, by=by, now=now, asked=[])
    profile = drafts.publication_of(session, issue).profile
    tell_asker(
        session, issue, letters.changes_requested(profile, issue.title, by=by, note=review.note, link=link),
        purpose="changes-requested", by=by, now=now,
    )  # fmt: skip
    return review


def tell_asker(session: Session, issue: Issue, letter: Letter, *, purpose: str, by: str, now: datetime) -> None:
    """Write to whoever asked for a review last, unless that was *by*, or somebody without an address."""
    asker = session.scalar(
        select(Review.by)
        .where(Review.issue_id == issue.id, Review.kind == ReviewKind.ASKED)
        .order_by(Review.id.desc())
        .limit(1)
    )
    if asker is None or approvals.same_person(asker, by):
        return
    try:
        address_key(asker)
    except BadInput:  # asked on the command line, under a name
        return
    _tell(session, issue, asker, purpose, letter, now=now)


def story(session: Session, issue: Issue) -> list[Step]:
    """Return all that was said and signed on the issue's way, the newest first."""
    said = session.execute(
        select(Review, Revision.number)
        .join(Revision, Revision.id == Review.revision_id)
        .where(Review.issue_id == issue.id)
    ).all()
    signed = session.execute(
        select(Approval, Revision.number)
        .join(Revision, Revision.id == Approval.revision_id)
        .where(Approval.issue_id == issue.id)
    ).all()
    steps = [Step(one.kind.value, one.by, one.at, one.note, number, tuple(one.asked)) for one, number in said]
    steps += [
        Step(one.kind.value, one.approved_by, one.approved_at, one.reason, number, voided_at=one.voided_at)
        for one, number in signed
    ]
    return sorted(steps, key=lambda step: step.at, reverse=True)


def _say(
    session: Session, issue: Issue, kind: ReviewKind, *, note: str, by: str, now: datetime, asked: list[str]
) -> Review:
    note = note.strip()
    if len(note) > NOTE_LIMIT:
        raise BadInput(Sentence(
            N_("The note has %(count)s characters; %(most)s are the most."), count=len(note), most=NOTE_LIMIT
        ))  # fmt: skip
    revision = drafts.current_revision(session, issue)
    review = Review(
        issue_id=issue.id, revision_id=revision.id, kind=kind, by=by, at=now, note=note, asked=asked
    )  # fmt: skip
    session.add(review)
    session.flush()
    record(
        session, at=now, actor=by, deed=f"issue.review.{kind.value}", subject=f"issue:{issue.id}",
        revision=revision.number, note=note, asked=asked,
    )  # fmt: skip
    return review


def _tell(session: Session, issue: Issue, address: str, purpose: str, letter: Letter, *, now: datetime) -> None:
    notices.write(
        session, publication_id=issue.publication_id, purpose=purpose, address=address, subject=letter.subject,
        text=letter.text, language=letter.language, now=now,
    )  # fmt: skip
