"""Corrections at the desk: beginning the next version of an issue that is out, and how it reaches the readers."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form, Request, Response
from sqlalchemy.orm import Session

from newsletter.delivery import corrected, orders
from newsletter.issues import approvals, corrections, drafts, versions
from newsletter.issues.models import Issue
from newsletter.kit.errors import BadInput, Conflict, DispatchRefused
from newsletter.publications import Publication
from newsletter.team.roles import Permission
from newsletter.team.sessions import Visitor
from newsletter.web.auth import IssueDep, PublicationDep, VisitorDep, needs
from newsletter.web.desk.flash import back_to
from newsletter.web.desk.forms import filled
from newsletter.web.desk.issue_page import issue_page, path_of
from newsletter.web.desk.page import words_of
from newsletter.web.workplace import SessionDep, Workplace, WorkplaceDep

router = APIRouter()


@router.get("/p/{label}/i/{number}/correction", dependencies=[needs(Permission.SEND)])
def correction(
    request: Request,
    visitor: VisitorDep,
    publication: PublicationDep,
    issue: IssueDep,
    session: SessionDep,
    place: WorkplaceDep,
) -> Response:
    """Show which versions are out, and how the next one is made."""
    return _page(request, visitor, session, publication, issue, place)


@router.post("/p/{label}/i/{number}/correction", dependencies=[needs(Permission.SEND)])
def begin(
    request: Request,
    visitor: VisitorDep,
    publication: PublicationDep,
    issue: IssueDep,
    session: SessionDep,
    place: WorkplaceDep,
    note: Annotated[str, Form(max_length=20_000)] = "",
) -> Response:
    """Begin the next version with the note that its editions show."""
    _ = words_of(request, visitor)
    try:
        corrections.begin(session, issue, note=note, by=visitor.address, now=place.clock())
    except BadInput as error:
        return _page(request, visitor, session, publication, issue, place, note=note, wrong=_(error.sentence))
    said = _("The next version has begun. Mend the text; what readers see has not changed yet.")
    return back_to(request, path_of(publication, issue) + "editor", said)


@router.post("/p/{label}/i/{number}/correction/publish", dependencies=[needs(Permission.SEND)])
def publish(
    request: Request,
    visitor: VisitorDep,
    publication: PublicationDep,
    issue: IssueDep,
    session: SessionDep,
    place: WorkplaceDep,
) -> Response:
    """Put the signed-off correction on the web and write to nobody."""
    _ = words_of(request, visitor)
    path = path_of(publication, issue) + "correction"
    try:
        corrected.publish_without_mail(
            session, issue, keyring=place.settings.keyring, by=visitor.address, now=place.clock()
        )
    except (Conflict, DispatchRefused) as error:
        return back_to(request, path, _(error.sentence), kind="wrong")
    return back_to(request, path, _("The web page and the PDF are corrected; nobody was written to."))


def _page(
    request: Request,
    visitor: Visitor,
    session: Session,
    publication: Publication,
    issue: Issue,
    place: Workplace,
    *,
    note: str = "",
    wrong: str = "",
) -> Response:
    out = versions.published(session, issue)
    return issue_page(
        request, visitor, "desk/correction.html", publication, issue, status=422 if wrong else 200,
        out=out, under_way=bool(out) and not versions.is_out(session, issue),
        signed=approvals.signed_off(session, issue) is not None,
        concerned=orders.readers_of(session, issue, route=place.routes.default.name, now=place.clock())
        if issue.version > 1 else 0,
        document=drafts.current_revision(session, issue).document,
        form=filled({"note": note}, wrong={"note": wrong} if wrong else {}),
    )  # fmt: skip
