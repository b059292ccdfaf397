"""A newsletter's logo: handed in as a picture, encoded anew, shown on the masthead of every edition from then on."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from starlette.datastructures import UploadFile

from newsletter.issues import assets
from newsletter.kit.catalogue import N_
from newsletter.kit.errors import ManuscriptError
from newsletter.manuscripts.picture_files import reencoded
from newsletter.profile_entries import put
from newsletter.team.roles import Permission
from newsletter.web.auth import VisitorDep, needs, publication_called
from newsletter.web.desk.flash import back_to
from newsletter.web.desk.handing_in import own_name
from newsletter.web.desk.page import words_of
from newsletter.web.problems import BadForm, FormTooLong
from newsletter.web.workplace import SessionDep, TurnDep, WorkplaceDep

router = APIRouter()
MOST_BYTES = 5_000_000
"""Of the file as it is handed in; a logo on a masthead has a few thousand."""
MAX_SIDE = 960
"""Pixels: four times the widest that an edition shows it, for print."""


async def handed_in(request: Request) -> tuple[str, bytes]:
    """Read the file's name and bytes; raise ``FormTooLong`` or ``BadForm``."""
    length = request.headers.get("content-length", "")
    if not length.isdigit():
        raise BadForm("The form did not say how long it is; please try again.")
    if int(length) > MOST_BYTES:
        raise FormTooLong("This file has more than 5 MB; save the logo smaller.")
    async with request.form(max_files=1, max_fields=5) as form:
        file = form.get("logo")
        return (file.filename or "", await file.read()) if isinstance(file, UploadFile) else ("", b"")


LogoFileDep = Annotated[tuple[str, bytes], Depends(handed_in)]


@router.post("/p/{label}/settings/look/logo", dependencies=[needs(Permission.ADMINISTER)])
def hand_in(
    request: Request, label: str, visitor: VisitorDep, place: WorkplaceDep, file: LogoFileDep, turn: TurnDep
) -> Response:
    """Take a logo; only its pixels are kept, whatever else the file held."""
    _, (name, data) = words_of(request, visitor), file
    path = f"/desk/p/{label}/settings/look"
    if not data:
        return back_to(request, path, _(N_("Choose a picture first.")), kind="wrong")
    try:
        picture = reencoded(data, own_name(name), max_side=MAX_SIDE)
    except ManuscriptError as error:
        return back_to(request, path, _(str(error)), kind="wrong")
    with place.database.write() as session:
        source = assets.keep(session, picture, now=place.clock())
        publication = publication_called(session, label)
        put(session, publication, {"theme.logo": source}, now=place.clock(), by=visitor.address)
    return back_to(request, path, _(N_("The logo is on the masthead from now on.")))


@router.post("/p/{label}/settings/look/logo/remove", dependencies=[needs(Permission.ADMINISTER)])
def remove(request: Request, label: str, visitor: VisitorDep, place: WorkplaceDep, session: SessionDep) -> Response:
    """Show the organisation's name again; issues that are signed off keep the logo they have."""
    publication = publication_called(session, label)
    put(session, publication, {"theme.logo": ""}, now=place.clock(), by=visitor.address)
    _ = words_of(request, visitor)
    return back_to(request, f"/desk/p/{label}/settings/look", _(N_("The logo is gone.")))
