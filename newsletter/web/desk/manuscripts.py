"""Manuscripts of an issue on the desk: what came of each file, and a revised one looked at before it is taken in."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request, Response
from sqlalchemy.orm import Session

from newsletter.issues import drafts, received, replacements
from newsletter.issues.edits import CLOSED
from newsletter.issues.models import Issue, Revision
from newsletter.issues.received import FileState, ReceivedFile
from newsletter.kit.catalogue import N_
from newsletter.kit.errors import BadInput, Conflict, DeskError, ManuscriptError
from newsletter.manuscripts.docx_changes import Decision
from newsletter.manuscripts.files import FileReading, ManuscriptFile, read_file
from newsletter.manuscripts.replacing import Replacement
from newsletter.publications import Publication
from newsletter.team.roles import Permission
from newsletter.team.sessions import Visitor
from newsletter.web.auth import IssueDep, PublicationDep, VisitorDep, issue_numbered, needs, publication_called
from newsletter.web.desk.flash import back_to
from newsletter.web.desk.handing_in import HandedDep, HandedIn
from newsletter.web.desk.page import page, words_of
from newsletter.web.desk.posted import FieldsDep, number_in
from newsletter.web.workplace import SessionDep, TurnDep, Workplace, WorkplaceDep

router = APIRouter(prefix="/p/{label}/i/{number}/manuscripts")

STATES: dict[FileState, tuple[str, str]] = {
    FileState.WAITING: (N_("Waiting"), "waits"),
    FileState.TAKEN: (N_("Taken in"), "good"),
    FileState.SUPERSEDED: (N_("Replaced"), ""),
    FileState.SET_ASIDE: (N_("Set aside"), "gone"),
}
"""Each state as screens say it, and the tag's look."""
PICTURE = N_("That is a picture; hand in the manuscript. A Word file brings its pictures along.")
_KEY = re.compile(r"(?:change|comment)-\d{1,6}")
_PLACE = re.compile(r"place-(\d{1,3})")


@dataclass(frozen=True, slots=True)
class Look:
    """A waiting file as it would change the issue."""

    row: ReceivedFile
    reading: FileReading
    found: Replacement
    base: int
    """The number of the revision that it was held against."""


@router.get("", dependencies=[needs(Permission.READ)])
def files(
    request: Request, visitor: VisitorDep, publication: PublicationDep, issue: IssueDep, session: SessionDep
) -> Response:
    """List the files that came in, with what came of each, and ask for revised ones."""
    return _files(request, visitor, session, publication, issue)


@router.post("", dependencies=[needs(Permission.WRITE)])
def hand_in(
    request: Request, visitor: VisitorDep, place: WorkplaceDep, handed: HandedDep, label: str, number: int,
    turn: TurnDep,
) -> Response:  # fmt: skip
    """Keep revised files until somebody has looked at what they change."""
    return _hand_in(request, visitor, place, handed, label, number)


@router.get("/{file_id}", dependencies=[needs(Permission.READ)])
def file(
    request: Request, visitor: VisitorDep, place: WorkplaceDep, label: str, number: int, file_id: int,
    at: Annotated[list[str], Query(max_length=60)] = [],  # noqa: B006  # FastAPI copies it
) -> Response:  # fmt: skip
    """Show what a waiting file would change, and its tracked changes and comments one by one."""
    choices = _choices(dict(each.split(":", 1) for each in at if ":" in each))
    look, publication, issue = _look(place, label, number, file_id, choices)
    undecided = [c for c in look.reading.changes if look.reading.decisions.on(c.key) is None]
    return page(
        request, visitor, "desk/manuscript.html", publication=publication, issue=issue, look=look,
        path=_path(label, number), states=STATES, undecided=len(undecided), choices=choices,
        asked=[(n, match) for n, match in enumerate(look.found.matches) if match.is_question or n in choices],
        acts=visitor.may(Permission.WRITE, publication.id) and look.row.state is FileState.WAITING
        and issue.state not in CLOSED,
    )  # fmt: skip


@router.post("/{file_id}/decide", dependencies=[needs(Permission.WRITE)])
def decide(
    request: Request, fields: FieldsDep, visitor: VisitorDep, issue: IssueDep, place: WorkplaceDep, session: SessionDep,
    label: str, number: int, file_id: int,
) -> Response:  # fmt: skip
    """Keep what was decided on changes and comments, and show the text that comes of it."""
    row = received.get(session, issue, file_id)
    replacements.decide(session, row, _decided(fields), by=visitor.address, now=place.clock())
    return back_to(request, _path(label, number) + f"/{file_id}{_query(_choices(fields))}")


@router.post("/{file_id}/take", dependencies=[needs(Permission.WRITE)])
def take(
    request: Request, fields: FieldsDep, visitor: VisitorDep, place: WorkplaceDep, label: str, number: int,
    file_id: int, turn: TurnDep,
) -> Response:  # fmt: skip
    """Let the file replace its own article, and nothing else."""
    choices, base = _choices(fields), number_in(fields, "base")
    with place.database.write() as session:
        row = received.get(session, issue_numbered(session, label, number), file_id)
        replacements.decide(session, row, _decided(fields), by=visitor.address, now=place.clock())
    look, _publication, _issue = _look(place, label, number, file_id, choices)
    words = words_of(request, visitor)
    try:
        with place.database.write() as session:
            issue = issue_numbered(session, label, number)
            replacements.replace_with(
                session, issue, look.reading, by=visitor.address, now=place.clock(), choices=choices,
                base_number=base, row=received.get(session, issue, file_id),
            )  # fmt: skip
    except Conflict as error:
        there = _path(label, number) + f"/{file_id}{_query(choices)}"
        return back_to(request, there, words(error.sentence), kind="wrong")
    said = words(N_("%(name)s is taken in: %(came)s words came, %(went)s went."), name=look.row.name,
                 came=look.found.difference.words_added, went=look.found.difference.words_removed)  # fmt: skip
    return back_to(request, _path(label, number), said)


@router.post("/{file_id}/set-aside", dependencies=[needs(Permission.WRITE)])
def set_aside(
    request: Request, visitor: VisitorDep, issue: IssueDep, place: WorkplaceDep, session: SessionDep,
    label: str, number: int, file_id: int,
) -> Response:  # fmt: skip
    """Leave the file aside; the issue stays as it is."""
    row = received.get(session, issue, file_id)
    replacements.set_aside(session, row, by=visitor.address, now=place.clock())
    said = words_of(request, visitor)(N_("%(name)s is set aside; the issue is as it was."), name=row.name)
    return back_to(request, _path(label, number), said)


def _files(
    request: Request, visitor: Visitor, session: Session, publication: Publication, issue: Issue, *,
    trouble: str = "", status: int = 200,
) -> Response:  # fmt: skip
    return page(
        request, visitor, "desk/manuscripts.html", status=status, publication=publication, issue=issue,
        files=received.all_of(session, issue), states=STATES, path=_path(publication.label, issue.number),
        trouble=trouble, acts=visitor.may(Permission.WRITE, publication.id) and issue.state not in CLOSED,
    )  # fmt: skip


def _hand_in(
    request: Request, visitor: Visitor, place: Workplace, handed: HandedIn, label: str, number: int
) -> Response:
    words = words_of(request, visitor)
    try:
        with place.database.read() as session:
            house = publication_called(session, label).profile.house_style
        given = handed.manuscripts
        for each in given:
            if each.is_picture:
                raise BadInput(PICTURE)
            read_file(each, house_style=house, alone=False)  # what cannot be read is said now, not later
        rows = _kept(place, visitor, given, label, number)
    except (BadInput, ManuscriptError, Conflict) as error:
        return _again(request, visitor, place, label, number, error)
    if len(rows) == 1:
        return back_to(request, _path(label, number) + f"/{rows[0]}")
    said = words(N_("%(count)s files are waiting to be looked at."), count=len(rows))
    return back_to(request, _path(label, number), said)


def _kept(place: Workplace, visitor: Visitor, given: tuple[ManuscriptFile, ...], label: str, number: int) -> list[int]:
    with place.database.write() as session:
        issue = issue_numbered(session, label, number)
        return [replacements.hand_in(session, issue, each, by=visitor.address, now=place.clock()).id for each in given]


def _again(request: Request, visitor: Visitor, place: Workplace, label: str, number: int, error: DeskError) -> Response:
    said = words_of(request, visitor)(error.sentence)
    with place.database.read() as session:
        publication = publication_called(session, label)
        issue = issue_numbered(session, label, number)
        return _files(request, visitor, session, publication, issue, trouble=said, status=422)


def _look(
    place: Workplace, label: str, number: int, file_id: int, choices: Mapping[int, str]
) -> tuple[Look, Publication, Issue]:
    """Read the file with no session open, then hold it against the issue."""
    with place.database.read() as session:
        publication = publication_called(session, label)
        issue = issue_numbered(session, label, number)
        row = received.get(session, issue, file_id)
        handed, decisions = row.file, row.decisions
        house = publication.profile.house_style
        alone = received.is_all_of(session, issue, row.name)
    reading = read_file(handed, house_style=house, alone=alone, decisions=decisions)
    with place.database.read() as session:
        found, revision = _proposed(session, issue, reading, choices)
        return Look(row, reading, found, revision.number), publication, issue


def _proposed(
    session: Session, issue: Issue, reading: FileReading, choices: Mapping[int, str]
) -> tuple[Replacement, Revision]:
    return replacements.proposal(session, drafts.get(session, issue.id), reading, choices=choices)


def _decided(fields: Mapping[str, str]) -> dict[str, Decision | None]:
    """What the form says of each change and comment; a button for all wins over each."""
    known = {key: value for key, value in fields.items() if _KEY.fullmatch(key)}
    everything = fields.get("all", "")
    if everything in set(Decision):
        known |= {key: everything for key in known if key.startswith("change-")}
    return {key: Decision(value) if value in set(Decision) else None for key, value in known.items()}


def _choices(fields: Mapping[str, str]) -> dict[int, str]:
    """Which entry of the issue each entry of the file replaces, as far as somebody said."""
    found = ((_PLACE.fullmatch(name), key) for name, key in fields.items())
    return {int(match.group(1)): key[:64] for match, key in found if match and key}


def _query(choices: Mapping[int, str]) -> str:
    return "?" + urlencode([("at", f"place-{at}:{key}") for at, key in choices.items()]) if choices else ""


def _path(label: str, number: int) -> str:
    return f"/desk/p/{label}/i/{number}/manuscripts"
