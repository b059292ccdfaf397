"""Showing: the desk's choice of who may open an issue in the archive."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form, Request, Response

from newsletter.issues import visibility
from newsletter.issues.models import Visibility
from newsletter.kit.catalogue import N_
from newsletter.team.roles import Permission
from newsletter.web.auth import IssueDep, PublicationDep, VisitorDep, needs
from newsletter.web.desk.flash import back_to
from newsletter.web.desk.issue_page import path_of
from newsletter.web.desk.page import words_of
from newsletter.web.problems import BadForm
from newsletter.web.readers.forms import NOT_WHOLE
from newsletter.web.workplace import SessionDep, WorkplaceDep

router = APIRouter()
WHOM = {
    "": N_("Whoever the newsletter is for"),
    Visibility.PUBLIC.value: N_("Anybody"),
    Visibility.READERS.value: N_("Readers, by the link in their mail"),
    Visibility.HIDDEN.value: N_("Readers, by that link alone; it is on no list"),
}
"""What the page says for each choice; the first is none of its own."""


@router.post("/p/{label}/i/{number}/visibility", dependencies=[needs(Permission.SEND)])
def show_to(
    request: Request,
    visitor: VisitorDep,
    publication: PublicationDep,
    issue: IssueDep,
    session: SessionDep,
    place: WorkplaceDep,
    whom: Annotated[str, Form(max_length=20)] = "",
) -> Response:
    """Let others open the issue from now on."""
    if whom not in WHOM:
        raise BadForm(NOT_WHOLE)
    visibility.show_to(session, issue, Visibility(whom) if whom else None, by=visitor.address, now=place.clock())
    _ = words_of(request, visitor)
    said = _("In the archive it opens for: %(whom)s.", whom=_(WHOM[whom]))
    return back_to(request, path_of(publication, issue), said)
