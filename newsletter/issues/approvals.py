"""Approvals: how many a publication asks for, who may give one, and which of them stand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from newsletter.issues.models import Approval, ApprovalKind, Issue, IssueState, Revision
from newsletter.kit.errors import BadInput, SignOffRefused
from newsletter.kit.sentences import N_, Sentence
from newsletter.mail.address import address_key
from newsletter.publications import Profile

SIGNED_OFF = frozenset({IssueState.APPROVED, IssueState.PUBLISHED})
"""The states of an issue whose newest revision is signed off."""


@dataclass(frozen=True, slots=True)
class Standing:
    """How far the newest revision of an issue is on its way to being signed off."""

    needed: int
    given: tuple[Approval, ...]
    last_edited_by: str
    complete: bool

    @property
    def missing(self) -> int:
        """How many approvals are still wanting."""
        return 0 if self.complete else max(1, self.needed) - len(self.given)

    def refusal(self, person: str, *, kind: ApprovalKind = ApprovalKind.APPROVED) -> str:
        """Say why *person* cannot approve, empty if nothing stands against it; permission is the caller's question."""
        if any(same_person(one.approved_by, person) for one in self.given):
            return Sentence(
                N_("%(person)s has approved this version already; somebody else must give the other approval."),
                person=person,
            )
        if kind is ApprovalKind.RELEASE or not self.needed or not same_person(self.last_edited_by, person):
            return ""
        return Sentence(N_("%(person)s edited this issue last, so somebody else must approve it. "
                           "If nobody is there, a deputy can, or an emergency release with its reason."),
                        person=person)  # fmt: skip


def standing_of(session: Session, issue: Issue, profile: Profile) -> Standing:
    """Return how far the newest revision of *issue* is."""
    return Standing(
        needed=profile.approvals,
        given=tuple(given(session, issue)),
        last_edited_by=session.get_one(Revision, issue.current_revision_id).author,
        complete=signed_off(session, issue) is not None,
    )


def given(session: Session, issue: Issue) -> list[Approval]:
    """Return the approvals of the issue's newest revision that no edit has voided, the first one first."""
    return list(
        session.scalars(
            select(Approval)
            .where(
                Approval.issue_id == issue.id,
                Approval.revision_id == issue.current_revision_id,
                Approval.voided_at.is_(None),
            )
            .order_by(Approval.id)
        )
    )


def signed_off(session: Session, issue: Issue) -> Approval | None:
    """Return the approval that completed the sign-off of the newest revision, None if it is not signed off."""
    approvals = given(session, issue) if issue.state in SIGNED_OFF else []
    return approvals[-1] if approvals and approvals[-1].completes else None


def check_person(standing: Standing, profile: Profile, person: str, *, kind: ApprovalKind, reason: str) -> None:
    """Raise ``SignOffRefused`` if *person* cannot approve as *kind*, ``BadInput`` for a release without a reason."""
    refusal = standing.refusal(person, kind=kind)
    if refusal:
        raise SignOffRefused(refusal)
    if kind is ApprovalKind.DEPUTY and not is_deputy(profile, person):
        raise SignOffRefused(Sentence(
            N_("%(person)s is no deputy of %(newsletter)s; its settings name them."),
            person=person, newsletter=profile.name,
        ))  # fmt: skip
    if kind is ApprovalKind.RELEASE and not reason.strip():
        raise BadInput(N_("Say why it cannot wait for anybody else; the reason is kept, and the team gets it by mail."))


def void(session: Session, issue_id: int, *, now: datetime) -> None:
    """Void every approval of the issue: its words, or somebody's mind, have changed."""
    session.execute(
        update(Approval).where(Approval.issue_id == issue_id, Approval.voided_at.is_(None)).values(voided_at=now)
    )


def names(approvals: Sequence[Approval]) -> str:
    """Return who signed, in words."""
    return " and ".join(approval.approved_by for approval in approvals)


def is_deputy(profile: Profile, person: str) -> bool:
    """Tell whether the publication names *person* as a deputy."""
    return any(same_person(deputy, person) for deputy in profile.deputies)


def same_person(one: str, other: str) -> bool:
    """Tell whether two names are one person's: addresses as mailboxes, others without case."""
    return _identity(one) == _identity(other)


def _identity(name: str) -> str:
    try:
        return address_key(name.strip())
    except BadInput:  # a name on the command line
        return name.strip().casefold()
