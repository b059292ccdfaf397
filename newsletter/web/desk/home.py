"""The desk's first page: where manuscripts are dropped, and every issue there is."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from sqlalchemy.orm import Session
from starlette.concurrency import run_in_threadpool

from newsletter import publications
from newsletter.issues import drafts
from newsletter.kit.catalogue import N_
from newsletter.kit.errors import BadInput, DeskError, ManuscriptError
from newsletter.publications import Publication
from newsletter.team.roles import Permission
from newsletter.team.sessions import Visitor
from newsletter.web.auth import PublicationDep, VisitorDep, needs, publication_called, signed_in
from newsletter.web.desk.flash import back_to
from newsletter.web.desk.handing_in import HandedIn, handed_in, read_in
from newsletter.web.desk.issue_lists import Wanted, shown, wanted
from newsletter.web.desk.page import page, words_of
from newsletter.web.workplace import SessionDep, Workplace, WorkplaceDep

router = APIRouter()
WantedDep = Annotated[Wanted, Depends(wanted)]


@router.get("/", dependencies=[signed_in])
def home(request: Request, visitor: VisitorDep, session: SessionDep, asked: WantedDep) -> Response:
    """Show the drop area and the issues that the visitor may see."""
    return _home(request, visitor, session, asked)


@router.get("/p/{label}/", dependencies=[needs(Permission.READ)])
def of_publication(
    request: Request, visitor: VisitorDep, publication: PublicationDep, session: SessionDep, asked: WantedDep
) -> Response:
    """Show the drop area and the issues of one newsletter."""
    return _of_publication(request, visitor, session, publication, asked)


@router.post("/issues", dependencies=[signed_in])
async def begin(request: Request, visitor: VisitorDep, place: WorkplaceDep) -> Response:
    """Begin an issue from what was dropped, for the newsletter that the form names."""
    return await run_in_threadpool(_begin, request, visitor, place, await handed_in(request), everywhere=True)


@router.post("/p/{label}/issues", dependencies=[needs(Permission.WRITE)])
async def begin_here(request: Request, visitor: VisitorDep, place: WorkplaceDep, label: str) -> Response:
    """Begin an issue of this newsletter from what was dropped."""
    handed = await handed_in(request)
    return await run_in_threadpool(
        _begin, request, visitor, place, HandedIn(label, handed.files, handed.text), everywhere=False
    )


def _begin(request: Request, visitor: Visitor, place: Workplace, handed: HandedIn, *, everywhere: bool) -> Response:
    """Read what was handed in with no session open, then write the issue down."""
    with place.database.read() as session:
        writable = _writable(session, visitor)
    publication = next((each for each in writable if each.label == handed.label), None)
    try:
        if publication is None:
            raise BadInput(N_("Choose the newsletter that the issue is for."))
        received = read_in(handed, house_style=publication.profile.house_style)
    except (BadInput, ManuscriptError) as error:
        return _again(request, visitor, place, handed, error, everywhere=everywhere)
    with place.database.write() as session:
        issue = drafts.begin(
            session, publication_called(session, publication.label), received.document, remarks=received.remarks,
            pictures=received.pictures, by=visitor.address, now=place.clock(),
        )  # fmt: skip
    _ = words_of(request, visitor)
    return back_to(
        request,
        f"/desk/p/{publication.label}/i/{issue.number}/",
        _("Issue %(number)s is begun.", number=issue.number),
    )


def _again(
    request: Request, visitor: Visitor, place: Workplace, handed: HandedIn, error: DeskError, *, everywhere: bool
) -> Response:
    """Show the page again with what is wrong; a pasted text stands where it was, files must be chosen again."""
    trouble = {"sentence": words_of(request, visitor)(str(error)), "text": handed.text, "label": handed.label}
    with place.database.read() as session:
        if everywhere:
            return _home(request, visitor, session, Wanted(), status=422, trouble=trouble)
        publication = publication_called(session, handed.label)
        return _of_publication(request, visitor, session, publication, Wanted(), status=422, trouble=trouble)


def _home(
    request: Request, visitor: Visitor, session: Session, asked: Wanted, *, status: int = 200,
    trouble: dict[str, str] | None = None,
) -> Response:  # fmt: skip
    seen = [each for each in publications.every(session) if visitor.may(Permission.READ, each.id)]
    return page(
        request, visitor, "desk/home.html", status=status, publications=seen, trouble=trouble,
        writable=_writable(session, visitor), may_add=visitor.may(Permission.ADMINISTER, None),
        drop_path="/desk/issues", **shown(session, seen, asked),
    )  # fmt: skip


def _of_publication(
    request: Request, visitor: Visitor, session: Session, publication: Publication, asked: Wanted, *,
    status: int = 200, trouble: dict[str, str] | None = None,
) -> Response:  # fmt: skip
    writable = [publication] if visitor.may(Permission.WRITE, publication.id) else []
    return page(
        request, visitor, "desk/publication.html", status=status, publication=publication, publications=[publication],
        writable=writable, trouble=trouble, drop_path=f"/desk/p/{publication.label}/issues",
        **shown(session, [publication], asked),
    )  # fmt: skip


def _writable(session: Session, visitor: Visitor) -> list[Publication]:
    return [each for each in publications.every(session) if visitor.may(Permission.WRITE, each.id)]
