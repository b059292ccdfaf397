"""Sign-off: freezing the editions of one revision and signing their manifest; sending uses exactly these bytes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from newsletter import notices
from newsletter.issues import approvals, assets, drafts, findings, letters
from newsletter.issues.mailing import ResolvedMailing, mailing_of
from newsletter.issues.models import Approval, ApprovalKind, Issue, IssueState, Revision, StoredEdition
from newsletter.kit.audit import record
from newsletter.kit.database import insert_for
from newsletter.kit.errors import Conflict, RenderingError, SignOffRefused
from newsletter.kit.sentences import N_, Sentence
from newsletter.kit.tokens import Keyring
from newsletter.manuscripts.document import Document, MailFormat
from newsletter.manuscripts.pictures import Pictures
from newsletter.publications import Profile
from newsletter.rendering.edition import Edition, Medium
from newsletter.rendering.editions import Editions, render

SIGNATURE_LABEL = "sign-off"


@dataclass(frozen=True, slots=True)
class Proofs:
    """Everything needed to render one revision, taken out of the database so that no session is held meanwhile."""

    issue_id: int
    revision_id: int
    revision_sha256: str
    document: Document
    pictures: Pictures
    profile: Profile
    mailing: ResolvedMailing

    def render(self) -> Editions:
        """Make the four editions; raises ``RenderingError``."""
        return render(
            self.document, self.profile.masthead, pictures=self.pictures,
            mail_format=self.mailing.format, preheader=self.mailing.preheader,
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class ApprovedEditions:
    """What was signed off, verified byte for byte: all that may be sent."""

    approval_id: int
    issue_id: int
    revision_id: int
    subject: str
    preheader: str
    mail_format: MailFormat
    editions: Editions
    pictures: Pictures
    approved_by: str
    approved_at: datetime

    def data(self, medium: Medium) -> bytes:
        """The signed bytes of one medium."""
        return self.editions[medium].data


def proofs_of(session: Session, issue: Issue) -> Proofs:
    """Take out what rendering the issue's current revision needs."""
    revision = drafts.current_revision(session, issue)
    profile = drafts.publication_of(session, issue).profile
    document = revision.document
    return Proofs(
        issue_id=issue.id,
        revision_id=revision.id,
        revision_sha256=revision.sha256,
        document=document,
        pictures=assets.load(session, document, profile.theme.logo),
        profile=profile,
        mailing=mailing_of(document, profile),
    )


def check(session: Session, issue: Issue) -> None:
    """Raise ``SignOffRefused`` naming every blocker that stands against the current revision."""
    revision = drafts.current_revision(session, issue)
    against = findings.of_revision(session, revision, drafts.publication_of(session, issue).profile).blockers
    if against:
        lines = [f"  {f'line {r.line}: ' if r.line else ''}{r.message} {r.advice}" for r in against]
        raise SignOffRefused(
            Sentence(N_("The issue cannot be signed off; findings that stand against it: %(count)s"), count=len(lines)),
            hint="\n" + "\n".join(lines),
        )


def approve(
    session: Session,
    issue: Issue,
    proofs: Proofs,
    editions: Editions,
    *,
    keyring: Keyring,
    by: str,
    now: datetime,
    kind: ApprovalKind = ApprovalKind.APPROVED,
    reason: str = "",
) -> Approval:
    """Freeze *editions* of the revision in *proofs* and sign their manifest; return the approval that counts.

    The issue is signed off when as many people have approved as its publication asks for; an emergency release is
    enough by itself. Raises ``Conflict`` if the issue was revised since they were rendered, or looks different from
    what somebody else approved, ``SignOffRefused`` if blockers stand or *by* may not, ``BadInput`` for a release
    without a reason.
    """
    if issue.current_revision_id != proofs.revision_id:
        raise Conflict(N_("The issue was revised while its editions were made; look at the new version first."))
    check(session, issue)
    complete = approvals.signed_off(session, issue)
    if complete is not None:
        return complete
    profile = drafts.publication_of(session, issue).profile
    standing = approvals.standing_of(session, issue, profile)
    approvals.check_person(standing, profile, by, kind=kind, reason=reason)
    manifest = _manifest(proofs, {medium: edition.sha256 for medium, edition in editions.items()})
    if any(other.manifest_json != manifest for other in standing.given):
        raise Conflict(Sentence(
            N_("The newsletter's settings were changed since %(names)s approved this issue, and it looks different "
               "now. Ask for changes and let it be approved anew."),
            names=approvals.names(standing.given),
        ))  # fmt: skip
    for edition in editions.values():
        _freeze(session, proofs.revision_id, edition, anew=not standing.given, now=now)
    enough = kind is ApprovalKind.RELEASE or standing.missing <= 1
    approval = Approval(
        issue_id=issue.id, revision_id=proofs.revision_id, manifest_json=manifest, kind=kind, reason=reason.strip(),
        signature=keyring.signature(SIGNATURE_LABEL, manifest.encode()), approved_by=by, approved_at=now,
        completes=enough,
    )  # fmt: skip
    session.add(approval)
    onward = IssueState.APPROVED if enough else IssueState.IN_REVIEW
    if issue.state is not onward:
        drafts.move(session, issue, onward)
    session.flush()
    record(
        session, at=now, actor=by, deed="issue.approve", subject=f"issue:{issue.id}", kind=kind.value,
        reason=reason.strip(), revision=proofs.revision_id, signed_off=enough, manifest=json.loads(manifest),
    )  # fmt: skip
    if kind is ApprovalKind.RELEASE:
        _tell_of_release(session, issue, profile, approval, now=now)
    return approval


def hashes(approval: Approval) -> dict[str, str]:
    """Return medium → SHA-256 of the editions that *approval* signed, for people who compare."""
    editions: dict[str, str] = json.loads(approval.manifest_json)["editions"]
    return editions


def approved_editions(session: Session, issue: Issue, *, keyring: Keyring) -> ApprovedEditions:
    """Return the signed-off editions of *issue*, each checked against the signed manifest.

    Raises ``Conflict`` if nothing is signed off, or if signature or bytes are not what was signed.
    """
    approval = approvals.signed_off(session, issue)
    if approval is None:
        raise Conflict(
            N_("The issue is not signed off; somebody must approve it first."),
            hint=f"`newsletter issue approve {issue.id}` does that.",
        )
    return editions_of(session, approval, keyring=keyring)


def editions_of(session: Session, approval: Approval, *, keyring: Keyring) -> ApprovedEditions:
    """Return the editions that *approval* signed, verified; raise ``Conflict`` if anything was tampered with."""
    if not keyring.verify_signature(SIGNATURE_LABEL, approval.manifest_json.encode(), approval.signature):
        raise Conflict(N_("The sign-off of this issue does not bear our signature; approve it again."))
    manifest: dict[str, Any] = json.loads(approval.manifest_json)
    stored = session.scalars(select(StoredEdition).where(StoredEdition.revision_id == approval.revision_id))
    editions = {row.medium: Edition(row.medium, row.language, row.data) for row in stored}
    if {medium.value: edition.sha256 for medium, edition in editions.items()} != manifest["editions"]:
        raise Conflict(N_("The issue's editions are not the ones that were signed off; approve it again."))
    document = session.get_one(Revision, approval.revision_id).document
    return ApprovedEditions(
        approval_id=approval.id,
        issue_id=approval.issue_id,
        revision_id=approval.revision_id,
        subject=manifest["subject"],
        preheader=manifest["preheader"],
        mail_format=MailFormat(manifest["format"]),
        editions=editions,
        pictures=assets.load(session, document, *assets.shown_in(editions[Medium.HTML].data)),
        approved_by=approvals.names(_signatures(session, approval)),
        approved_at=approval.approved_at,
    )


def _signatures(session: Session, approval: Approval) -> list[Approval]:
    """Return the approvals under the manifest that *approval* completed, itself the last."""
    return list(
        session.scalars(
            select(Approval)
            .where(
                Approval.revision_id == approval.revision_id,
                Approval.manifest_json == approval.manifest_json,
                Approval.voided_at.is_not_distinct_from(approval.voided_at),
                Approval.id <= approval.id,
            )
            .order_by(Approval.id)
        )
    )


def _tell_of_release(session: Session, issue: Issue, profile: Profile, approval: Approval, *, now: datetime) -> None:
    """Write to the team that an issue was signed off by one person alone, and why."""
    letter = letters.released(profile, issue.title, by=approval.approved_by, reason=approval.reason)
    notices.write(
        session, publication_id=issue.publication_id, purpose="emergency-release", address=profile.team,
        subject=letter.subject, text=letter.text, language=letter.language, now=now,
    )  # fmt: skip


def _freeze(session: Session, revision_id: int, edition: Edition, *, anew: bool, now: datetime) -> None:
    """Store one edition; *anew* takes the place of bytes that nobody's approval stands for any more.

    What is out, or ordered to go out, is never replaced.
    """
    insert = insert_for(session)
    session.execute(
        insert(StoredEdition)
        .values(
            revision_id=revision_id, language=edition.language, medium=edition.medium,
            sha256=edition.sha256, data=edition.data, created_at=now,
        )
        .on_conflict_do_nothing()
    )  # fmt: skip
    stored = session.scalars(
        select(StoredEdition).where(
            StoredEdition.revision_id == revision_id,
            StoredEdition.language == edition.language,
            StoredEdition.medium == edition.medium,
        )
    ).one()
    if stored.sha256 == edition.sha256:
        return
    if not anew or _was_signed_off(session, revision_id):
        raise RenderingError(Sentence(
            N_("The %(medium)s edition of this version was signed off before and comes out differently now; "
               "save the issue once more and sign that version off."), medium=edition.medium.value,
        ))  # fmt: skip
    stored.sha256, stored.data, stored.created_at = edition.sha256, edition.data, now


def _was_signed_off(session: Session, revision_id: int) -> bool:
    """Tell whether the revision was ever signed off completely, so that a sending may hold its bytes."""
    return bool(
        session.scalar(select(exists().where(Approval.revision_id == revision_id, Approval.completes.is_(True))))
    )


def _manifest(proofs: Proofs, hashes: Mapping[Medium, str]) -> str:
    """The canonical JSON that is signed: sorted keys, no spaces."""
    manifest = {
        "issue": proofs.issue_id,
        "revision": proofs.revision_sha256,
        "subject": proofs.mailing.subject,
        "preheader": proofs.mailing.preheader,
        "format": proofs.mailing.format.value,
        "editions": {medium.value: digest for medium, digest in hashes.items()},
    }
    return json.dumps(manifest, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
