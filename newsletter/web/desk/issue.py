"""One issue on the desk: what was found in it, beside the mail and the PDF that come of it."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from newsletter.issues import drafts, findings
from newsletter.manuscripts.remarks import Severity
from newsletter.manuscripts.whereabouts import spot_of
from newsletter.team.roles import Permission
from newsletter.web.auth import IssueDep, PublicationDep, VisitorDep, needs
from newsletter.web.desk.issue_lists import STATES, names
from newsletter.web.desk.page import page
from newsletter.web.desk.showing import WHOM
from newsletter.web.workplace import SessionDep

router = APIRouter()
PLACES = 3
"""Of one finding; the margin of the editor has all."""


@router.get("/p/{label}/i/{number}/", dependencies=[needs(Permission.READ)])
def issue(
    request: Request, visitor: VisitorDep, publication: PublicationDep, issue: IssueDep, session: SessionDep
) -> Response:
    """Show the issue: its findings beside its editions."""
    revision = drafts.current_revision(session, issue)
    document = revision.document
    found = findings.of_revision(session, revision, publication.profile)
    open_ones = {remark.key for remark in found.blockers}
    blocking = [remark for remark in found.remarks if remark.key in open_ones]
    return page(
        request, visitor, "desk/issue.html", publication=publication, issue=issue, revision=revision, states=STATES,
        names=names(session, {revision.author}),
        blocking=[(one, [(place, spot_of(document, place)) for place in one.places[:PLACES]]) for one in blocking],
        whom=WHOM,
        notices=[remark for remark in found.remarks if remark.severity is Severity.NOTICE],
    )  # fmt: skip
