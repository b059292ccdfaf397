"""One issue on the desk: what was found in it, beside the mail and the PDF that come of it."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from newsletter.issues import drafts, findings, signoff
from newsletter.manuscripts.remarks import Severity
from newsletter.rendering.edition import Medium
from newsletter.team.roles import Permission
from newsletter.web.auth import IssueDep, PublicationDep, VisitorDep, issue_numbered, needs
from newsletter.web.desk.issue_lists import STATES, names
from newsletter.web.desk.page import page
from newsletter.web.desk.previews import preview
from newsletter.web.workplace import SessionDep, WorkplaceDep

router = APIRouter()


@router.get("/p/{label}/i/{number}/", dependencies=[needs(Permission.READ)])
def issue(
    request: Request, visitor: VisitorDep, publication: PublicationDep, issue: IssueDep, session: SessionDep
) -> Response:
    """Show the issue: its findings beside its editions."""
    revision = drafts.current_revision(session, issue)
    found = findings.of_revision(session, revision, publication.profile)
    open_ones = {remark.key for remark in found.blockers}
    return page(
        request, visitor, "desk/issue.html", publication=publication, issue=issue, revision=revision, states=STATES,
        names=names(session, {revision.author}),
        blocking=[remark for remark in found.remarks if remark.key in open_ones],
        notices=[remark for remark in found.remarks if remark.severity is Severity.NOTICE],
    )  # fmt: skip


@router.get("/p/{label}/i/{number}/preview/{medium}", dependencies=[needs(Permission.READ)])
def edition(place: WorkplaceDep, label: str, number: int, medium: Medium) -> Response:
    """Show one edition of the current revision, rendered with no session open."""
    with place.database.read() as session:
        proofs = signoff.proofs_of(session, issue_numbered(session, label, number))
    return preview(
        medium, proofs.document, proofs.profile.masthead, pictures=proofs.pictures,
        mail_format=proofs.mailing.format, preheader=proofs.mailing.preheader,
    )  # fmt: skip
