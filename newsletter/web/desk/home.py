"""The desk's first page: where manuscripts are dropped, and every issue there is."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

from fastapi import APIRouter, Depends, Form, Request, Response
from sqlalchemy.orm import Session

from newsletter import publications
from newsletter.issues import intake
from newsletter.issues.intake import Intake
from newsletter.kit.catalogue import N_, Words
from newsletter.kit.errors import BadInput, Conflict, DeskError, ManuscriptError
from newsletter.manuscripts.files import read_files
from newsletter.publications import Publication
from newsletter.team.roles import Permission
from newsletter.team.sessions import Visitor
from newsletter.web.auth import PublicationDep, VisitorDep, needs, publication_called, signed_in
from newsletter.web.desk.flash import back_to
from newsletter.web.desk.handing_in import HandedDep, HandedIn
from newsletter.web.desk.issue_lists import Wanted, shown, wanted
from newsletter.web.desk.new_publication import form_page
from newsletter.web.desk.page import page, words_of
from newsletter.web.workplace import SessionDep, TurnDep, Workplace, WorkplaceDep

router = APIRouter()
CHOOSE = N_("Choose the newsletter that the issue is for.")
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
def begin(request: Request, visitor: VisitorDep, place: WorkplaceDep, handed: HandedDep, turn: TurnDep) -> Response:
    """Begin an issue from what was dropped, for the newsletter that the form names."""
    return _begin(request, visitor, place, handed, everywhere=True)


@router.post("/p/{label}/issues", dependencies=[needs(Permission.WRITE)])
def begin_here(
    request: Request, visitor: VisitorDep, place: WorkplaceDep, label: str, handed: HandedDep, turn: TurnDep
) -> Response:
    """Begin an issue of this newsletter from what was dropped."""
    return _begin(request, visitor, place, replace(handed, label=label), everywhere=False)


@router.post("/issues/next", dependencies=[signed_in])
def begin_next(
    request: Request, visitor: VisitorDep, place: WorkplaceDep, session: SessionDep,
    publication: Annotated[str, Form(max_length=40)] = "",
) -> Response:  # fmt: skip
    """Begin the next issue like the last one, without its words, for the newsletter that the form names."""
    chosen = next((each for each in _writable(session, visitor) if each.label == publication), None)
    if chosen is None:
        raise BadInput(CHOOSE)
    return _next(request, visitor, session, chosen, place)


@router.post("/p/{label}/issues/next", dependencies=[needs(Permission.WRITE)])
def begin_next_here(
    request: Request, visitor: VisitorDep, publication: PublicationDep, session: SessionDep, place: WorkplaceDep
) -> Response:
    """Begin this newsletter's next issue like the last one, without its words."""
    return _next(request, visitor, session, publication, place)


def _next(request: Request, visitor: Visitor, session: Session, publication: Publication, place: Workplace) -> Response:
    _ = words_of(request, visitor)
    try:
        issue = intake.begin_next(session, publication, by=visitor.address, now=place.clock())
    except Conflict as error:  # nothing was written
        return back_to(request, f"/desk/p/{publication.label}/", _(error.sentence), kind="warning")
    said = _("Issue %(number)s is begun with the structure of the one before.", number=issue.number)
    return back_to(request, f"/desk/p/{publication.label}/i/{issue.number}/", said)


def _begin(request: Request, visitor: Visitor, place: Workplace, handed: HandedIn, *, everywhere: bool) -> Response:
    """Read what was handed in with no session open, then write the issue down."""
    with place.database.read() as session:
        writable = _writable(session, visitor)
    publication = next((each for each in writable if each.label == handed.label), None)
    try:
        if publication is None:
            raise BadInput(CHOOSE)
        readings = read_files(handed.manuscripts, house_style=publication.profile.house_style)
    except (BadInput, ManuscriptError) as error:
        return _again(request, visitor, place, handed, error, everywhere=everywhere)
    with place.database.write() as session:
        taken = intake.take_in(
            session, publication_called(session, publication.label), readings, by=visitor.address, now=place.clock()
        )
    return back_to(
        request, f"/desk/p/{publication.label}/i/{taken.issue.number}/", _said(words_of(request, visitor), taken)
    )


def _said(_: Words, taken: Intake) -> str:
    """Say what came of the files, and what in them waits for somebody to decide."""
    said = _.ngettext(
        "Issue %(number)s is begun.", "Issue %(number)s is begun from %(count)s files.", len(taken.files),
        number=taken.issue.number,
    )  # fmt: skip
    undecided = sum(each.changes + each.comments for each in taken.files)
    if undecided:
        said += " " + _.ngettext(
            "One tracked change or comment waits for a decision.",
            "%(count)s tracked changes and comments wait for a decision.", undecided,
        )  # fmt: skip
    return said


def _again(
    request: Request, visitor: Visitor, place: Workplace, handed: HandedIn, error: DeskError, *, everywhere: bool
) -> Response:
    """Show the page again with what is wrong; a pasted text stands where it was, files must be chosen again."""
    trouble = {"sentence": words_of(request, visitor)(error.sentence), "text": handed.text, "label": handed.label}
    with place.database.read() as session:
        if everywhere:
            return _home(request, visitor, session, Wanted(), status=422, trouble=trouble)
        publication = publication_called(session, handed.label)
        return _of_publication(request, visitor, session, publication, Wanted(), status=422, trouble=trouble)


def _home(
    request: Request, visitor: Visitor, session: Session, asked: Wanted, *, status: int = 200,
    trouble: dict[str, str] | None = None,
) -> Response:  # fmt: skip
    there_are = publications.every(session)
    if not there_are and visitor.may(Permission.ADMINISTER, None):
        return form_page(request, visitor)
    seen = [each for each in there_are if visitor.may(Permission.READ, each.id)]
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
        writable=writable, may_add=False, trouble=trouble, drop_path=f"/desk/p/{publication.label}/issues",
        **shown(session, [publication], asked),
    )  # fmt: skip


def _writable(session: Session, visitor: Visitor) -> list[Publication]:
    return [each for each in publications.every(session) if visitor.may(Permission.WRITE, each.id)]
