"""Pictures of an issue: handed in, described, shown to whoever writes; nothing but the picture itself is kept."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import JSONResponse
from sqlalchemy.orm import Session
from starlette.datastructures import UploadFile

from newsletter.issues import assets, drafts, figures
from newsletter.issues.edits import CLOSED
from newsletter.issues.models import Issue
from newsletter.kit.catalogue import N_
from newsletter.kit.errors import BadInput, ManuscriptError
from newsletter.manuscripts.picture_files import MAX_BYTES, reencoded
from newsletter.publications import Publication
from newsletter.team.roles import Permission
from newsletter.team.sessions import Visitor
from newsletter.web.auth import (
    IssueDep,
    PublicationDep,
    VisitorDep,
    issue_numbered,
    needs,
    publication_called,
)
from newsletter.web.desk.editor import issue_path
from newsletter.web.desk.flash import back_to
from newsletter.web.desk.forms import FilledForm, filled
from newsletter.web.desk.handing_in import own_name
from newsletter.web.desk.page import page, words_of
from newsletter.web.desk.posted import FieldsDep
from newsletter.web.problems import BadForm, FormTooLong
from newsletter.web.workplace import SessionDep, WorkplaceDep

router = APIRouter(prefix="/p/{label}/i/{number}/pictures")
AROUND = 100_000
"""Bytes that a form may have beside its file."""
AT_A_TIME = 2
"""Pictures that are decoded at a time: one of 40 million pixels takes half a gigabyte meanwhile."""
PICTURE_HEADERS = {
    "Cache-Control": "private, max-age=31536000, immutable",  # named by the hash of its bytes
    "Content-Security-Policy": "default-src 'none'; sandbox; frame-ancestors 'none'",
}


@dataclass(frozen=True, slots=True)
class Upload:
    """What came with the form."""

    name: str
    data: bytes
    values: dict[str, str]


async def _upload(request: Request) -> Upload:
    """Read the form; raise ``FormTooLong`` before anything is taken in. Asynchronous: a slow sender holds no thread."""
    length = request.headers.get("content-length", "")
    if not length.isdigit():
        raise BadForm("The form did not say how long it is; please try again.")
    if int(length) > MAX_BYTES + AROUND:
        raise FormTooLong(f"The picture has more than {MAX_BYTES // 1_000_000} MB; save it smaller.")
    async with request.form(max_files=1, max_fields=10, max_part_size=AROUND) as form:
        given = form.get("picture")
        values = {name: value for name, value in form.items() if isinstance(value, str)}
        if isinstance(given, UploadFile) and given.filename:
            return Upload(given.filename, await given.read(), values)
        return Upload("", b"", values)


async def _turn() -> AsyncIterator[None]:
    yield


UploadDep = Annotated[Upload, Depends(_upload)]
DecodingDep = Annotated[None, Depends(_turn, scope="function", max_concurrency=AT_A_TIME)]


@router.get("", dependencies=[needs(Permission.READ)])
def pictures(
    request: Request, visitor: VisitorDep, publication: PublicationDep, issue: IssueDep, session: SessionDep,
    at: str = "",
) -> Response:  # fmt: skip
    """Show the issue's pictures with what is said of each, and a form for another."""
    return _page(request, visitor, session, publication, issue, form=filled({"key": at}))


@router.post("", dependencies=[needs(Permission.WRITE)])
def hand_in(
    request: Request, upload: UploadDep, label: str, number: int, visitor: VisitorDep, place: WorkplaceDep,
    turn: DecodingDep,
) -> Response:  # fmt: skip
    """Encode a picture anew, keep it, and put it into a text.

    The editor, which asks for JSON, gets its name and size instead, and puts it where the cursor stands.
    """
    words = words_of(request, visitor)
    for_editor = "application/json" in request.headers.get("accept", "")
    wrong: dict[str, str] = {}
    picture = None
    try:
        if not upload.data:
            raise BadInput(N_("Choose a picture first: JPEG, PNG, GIF or WebP."))
        picture = reencoded(upload.data, own_name(upload.name))
    except (BadInput, ManuscriptError) as error:
        if for_editor:
            raise
        wrong["picture"] = words(error.sentence)
    with place.database.write() as session:
        publication, issue = publication_called(session, label), issue_numbered(session, label, number)
        path, now = issue_path(publication, issue), place.clock()
        if picture is not None and for_editor:
            source = assets.keep(session, picture, now=now)
            told = {
                "source": source, "width": picture.width, "height": picture.height,
                "url": f"{request.scope.get('root_path', '')}{path}pictures/{picture.sha256}",
            }  # fmt: skip
            return JSONResponse(told, 201, headers={"Cache-Control": "no-store"})
        values = upload.values
        if picture is not None:
            try:
                figures.insert(
                    session, issue, picture, key=values.get("key", ""), alt=values.get("alt", ""),
                    caption=values.get("caption", ""), by=visitor.address, now=now,
                )  # fmt: skip
            except BadInput as error:
                wrong["key"] = words(error.sentence)
        if wrong:
            form = filled(values, wrong=wrong)
            return _page(request, visitor, session, publication, issue, form=form, status=422)
    return back_to(request, f"{path}pictures", words(N_("The picture stands at the end of its text.")))


@router.post("/described", dependencies=[needs(Permission.WRITE)])
def describe(
    request: Request, fields: FieldsDep, visitor: VisitorDep, publication: PublicationDep, issue: IssueDep,
    place: WorkplaceDep, session: SessionDep,
) -> Response:  # fmt: skip
    """Say anew what a picture shows."""
    figures.describe(
        session, issue, key=fields.get("key", ""), source=fields.get("source", ""), alt=fields.get("alt", ""),
        caption=fields.get("caption", ""), by=visitor.address, now=place.clock(),
    )  # fmt: skip
    return back_to(
        request,
        f"{issue_path(publication, issue)}pictures",
        words_of(request, visitor)(N_("The description is saved.")),
    )


@router.get("/{sha256}", dependencies=[needs(Permission.READ)])
def picture(issue: IssueDep, sha256: str, session: SessionDep) -> Response:
    """Answer with a picture as it was encoded here."""
    found = figures.find(session, sha256)
    return Response(found.data, media_type=found.media_type, headers=PICTURE_HEADERS)


def _page(
    request: Request, visitor: Visitor, session: Session, publication: Publication, issue: Issue, *,
    form: FilledForm, status: int = 200,
) -> Response:  # fmt: skip
    document = drafts.current_revision(session, issue).document
    return page(
        request, visitor, "desk/pictures.html", status=status, publication=publication, issue=issue, form=form,
        placed=figures.placed(session, document), texts=[(text.key, text.name) for text in figures.texts_of(document)],
        writes=visitor.may(Permission.WRITE, publication.id) and issue.state not in CLOSED,
        path=issue_path(publication, issue), document=document,
    )  # fmt: skip
