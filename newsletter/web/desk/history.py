"""The history of an issue: its versions, what each changed word by word, and the way back to any."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from newsletter.issues import edits, history
from newsletter.kit.catalogue import N_
from newsletter.manuscripts.differences import compare
from newsletter.team.roles import Permission
from newsletter.web.auth import IssueDep, PublicationDep, VisitorDep, needs
from newsletter.web.desk.editor import issue_path, path_of
from newsletter.web.desk.flash import back_to
from newsletter.web.desk.page import page, words_of
from newsletter.web.desk.posted import FieldsDep, number_in
from newsletter.web.workplace import SessionDep, WorkplaceDep

router = APIRouter(prefix="/p/{label}/i/{number}/history")


@router.get("", dependencies=[needs(Permission.READ)])
def versions(
    request: Request, visitor: VisitorDep, publication: PublicationDep, issue: IssueDep, session: SessionDep,
    a: int = 0, b: int = 0,
) -> Response:  # fmt: skip
    """List the versions, and show what changed from version *a* to *b* where two are chosen."""
    found = history.versions(session, issue)
    difference = None
    if a and b:
        before, after = (edits.of_number(session, issue, one).document for one in (a, b))
        difference = compare(before, after)
    return page(
        request, visitor, "desk/history.html", publication=publication, issue=issue, versions=found, a=a, b=b,
        difference=difference, path=issue_path(publication, issue),
        writes=visitor.may(Permission.WRITE, publication.id),
    )  # fmt: skip


@router.post("/restore", dependencies=[needs(Permission.WRITE)])
def restore(
    request: Request, fields: FieldsDep, visitor: VisitorDep, publication: PublicationDep, issue: IssueDep,
    place: WorkplaceDep, session: SessionDep,
) -> Response:  # fmt: skip
    """Make an older version the newest; none is lost by it."""
    older = number_in(fields, "version")
    revision = edits.restore(session, issue, older, by=visitor.address, now=place.clock())
    sentence = words_of(request, visitor)(
        N_("Version %(older)s stands again, as version %(number)s."), older=older, number=revision.number
    )
    return back_to(request, path_of(publication, issue), sentence)
