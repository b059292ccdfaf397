"""The editor: an issue's structure and texts, saved as they are written, beside findings, comments and a preview."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse
from sqlalchemy.orm import Session

from newsletter.issues import comments, drafts, edits, findings
from newsletter.issues.edits import CLOSED, Edited
from newsletter.issues.models import Issue, Revision
from newsletter.kit.catalogue import N_, Words
from newsletter.kit.errors import BadInput
from newsletter.manuscripts.changes import Add, Change, Kind, Move, Remove, SetField, step
from newsletter.manuscripts.fixing import fixes_of
from newsletter.manuscripts.keys import key_of, path_to
from newsletter.manuscripts.merging import Clash, changed_fields, same_structure
from newsletter.manuscripts.whereabouts import Standing, spot_of
from newsletter.publications import Publication
from newsletter.rendering.contents import anchor_of
from newsletter.team.roles import Permission
from newsletter.team.sessions import Visitor
from newsletter.web.auth import IssueDep, PublicationDep, VisitorDep, needs
from newsletter.web.desk.editor_view import FORMATS, changes_of, label_of, outline, sheet
from newsletter.web.desk.flash import back_to
from newsletter.web.desk.page import page, words_of
from newsletter.web.desk.posted import BodyDep, FieldsDep, number_in
from newsletter.web.problems import BadForm
from newsletter.web.workplace import SessionDep, WorkplaceDep

router = APIRouter(prefix="/p/{label}/i/{number}")
PAGES = frozenset({Kind.SECTION, Kind.ARTICLE, Kind.BRIEFS, Kind.NOTE, Kind.GROUP})
"""What has a page of its own in the editor."""
NOT_WHOLE = "What the page sent cannot be read; load it again. Nothing of what you wrote is lost."


def path_of(publication: Publication, issue: Issue, at: str = "") -> str:
    """Return the path of the editor's page for the node *at*."""
    return issue_path(publication, issue) + "editor" + (f"?at={at}" if at else "")


def issue_path(publication: Publication, issue: Issue) -> str:
    """Return the path of the issue at the desk, which all of its pages go on from."""
    return f"/desk/p/{publication.label}/i/{issue.number}/"


@router.get("/editor", dependencies=[needs(Permission.READ)])
def editor(
    request: Request, visitor: VisitorDep, publication: PublicationDep, issue: IssueDep, session: SessionDep,
    at: str = "",
) -> Response:  # fmt: skip
    """Show one entry of the issue, to be written."""
    return shown(request, visitor, session, publication, issue, at=at)


@router.post("/edit", dependencies=[needs(Permission.WRITE)])
def edit(
    request: Request, fields: FieldsDep, visitor: VisitorDep, publication: PublicationDep, issue: IssueDep,
    place: WorkplaceDep, session: SessionDep,
) -> Response:  # fmt: skip
    """Save a form, then do what its button says; what meets somebody else's change comes back in both versions."""
    at = fields.get("at", "")
    base = number_in(fields, "base")
    try:
        done = edits.edit(session, issue, changes_of(fields), base_number=base, by=visitor.address, now=place.clock())
    except BadInput as error:
        return shown(
            request, visitor, session, publication, issue, at=at, status=422, typed=fields,
            wrong=words_of(request, visitor)(error.sentence),
        )  # fmt: skip
    if done.clashes:
        return shown(request, visitor, session, publication, issue, at=at, status=409, clashes=done.clashes)
    words = words_of(request, visitor)
    deed = fields.get("do", "save")
    if deed == "save":
        sentence = words(N_("Saved as version %(number)s."), number=done.revision.number)
        return back_to(request, path_of(publication, issue, at), sentence)
    change = _deed(deed, done.revision)
    if change is None:
        return back_to(request, path_of(publication, issue, at))
    again = edits.edit(
        session, issue, [change], base_number=done.revision.number, by=visitor.address, now=place.clock()
    )
    if isinstance(change, Remove):
        above = key_of(path_to(done.revision.document, change.key)[-2])
        sentence = words(N_("Taken out. An older version in the history has it still."))
        return back_to(request, path_of(publication, issue, above if change.key == at else at), sentence)
    if again.added and isinstance(change, Add) and change.kind in PAGES:
        at = again.added[0]
    return back_to(request, path_of(publication, issue, at))


@router.post("/changes", dependencies=[needs(Permission.WRITE)])
def autosave(
    request: Request, body: BodyDep, visitor: VisitorDep, issue: IssueDep, place: WorkplaceDep, session: SessionDep
) -> Response:
    """Save what was written since, and say in JSON what came of it: the version, the clashes, what others changed."""
    base, changes = _read_changes(body)
    done = edits.edit(session, issue, changes, base_number=base, by=visitor.address, now=place.clock())
    return JSONResponse(_told(done, words_of(request, visitor)), headers={"Cache-Control": "no-store"})


@router.get("/state", dependencies=[needs(Permission.READ)])
def state(request: Request, visitor: VisitorDep, issue: IssueDep, session: SessionDep, since: int) -> Response:
    """Say in JSON what others changed since version *since*."""
    current = drafts.current_revision(session, issue)
    told: dict[str, object] = {"version": current.number, "by": current.author, "fields": {}, "restructured": False}
    if current.number != since:
        base = edits.of_number(session, issue, since).document
        told["fields"] = _fields(changed_fields(base, current.document))
        told["restructured"] = not same_structure(base, current.document)
    return JSONResponse(told, headers={"Cache-Control": "no-store"})


def shown(
    request: Request, visitor: Visitor, session: Session, publication: Publication, issue: Issue, *, at: str = "",
    status: int = 200, clashes: Sequence[Clash] = (), wrong: str = "", typed: Mapping[str, str] | None = None,
) -> Response:  # fmt: skip
    """Return the editor's page."""
    revision = drafts.current_revision(session, issue)
    document = revision.document
    found = findings.of_revision(session, revision, publication.profile)
    this = sheet(document, at)
    located = [(remark, [(place, spot_of(document, place)) for place in remark.places]) for remark in found.remarks]
    here = [(r, spots) for r, spots in located if any((s.entry if s else "") == this.key for _, s in spots)]
    placed = comments.placed(document, comments.of_issue(session, issue))
    open_ones = [one for one in placed if one.comment.resolved_at is None]
    marks = [spot.entry for remark, spots in located if remark in found.blockers for _, spot in spots if spot]
    marks += [one.entry for one in open_ones]
    return page(
        request, visitor, "desk/editor.html", status=status, publication=publication, issue=issue, revision=revision,
        document=document, sheet=this, outline=outline(document, this.key, marks), formats=FORMATS,
        comments=[one for one in placed if one.entry == this.key and one.standing is not Standing.GONE]
        + [one for one in placed if this.key == "" and one.standing is Standing.GONE],
        numbers=_numbers(session, issue, [one.comment.revision_id for one in placed]),
        remarks=here, mendable={remark.key for remark, _ in here if remark.fixes and fixes_of(document, remark)},
        waived=found.waived,
        clashes=[_clash(one) for one in clashes], wrong=wrong, typed=typed or {},
        writes=visitor.may(Permission.WRITE, publication.id) and issue.state not in CLOSED,
        waives=visitor.may(Permission.EDIT, publication.id), path=issue_path(publication, issue),
        anchor=anchor_of(document, this.key),
    )  # fmt: skip


def _numbers(session: Session, issue: Issue, ids: Sequence[int]) -> dict[int, int]:
    return {one: session.get_one(Revision, one).number for one in set(ids)}


def _deed(deed: str, revision: Revision) -> Change | None:
    """Return the change that a button asks for; raise ``BadForm`` for what no button says."""
    name, _, rest = deed.partition(":")
    match name:
        case "up" | "down":
            return step(revision.document, rest, -1 if name == "up" else 1)
        case "remove":
            return Remove(rest)
        case "add":
            kind, _, parent = rest.partition(":")
            if kind in set(Kind):
                return Add(Kind(kind), parent)
    raise BadForm(NOT_WHOLE)


def _read_changes(body: bytes) -> tuple[int, list[Change]]:
    """Return base and changes of an autosave; raise ``BadForm`` for anything else."""
    try:
        told = json.loads(body)
        base, given = told["base"], told["changes"]
        changes = [_read_change(one) for one in given]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise BadForm(NOT_WHOLE) from error
    if not isinstance(base, int) or isinstance(base, bool) or not 0 < base < 2**31:
        raise BadForm(NOT_WHOLE)
    return base, changes


def _read_change(given: Mapping[str, str]) -> Change:
    """Return one change; raises what its use raises for what is none."""
    texts = {name: value for name, value in given.items() if isinstance(value, str)}
    match given["do"]:
        case "set":
            return SetField(texts["key"], texts["name"], texts["value"])
        case "move":
            return Move(texts["key"], texts["parent"], texts["after"])
        case _:
            raise ValueError(given)


def _fields(changed: Mapping[tuple[str, str], str]) -> dict[str, str]:
    return {f"{key}|{name}": value for (key, name), value in changed.items()}


def _told(done: Edited, words: Words) -> dict[str, object]:
    return {
        "version": done.revision.number,
        "by": done.revision.author,
        "clashes": [_clash(one) | {"label": words(label_of(_name(one)))} for one in done.clashes],
        "fields": _fields(done.theirs),
        "restructured": done.restructured,
    }


def _name(clash: Clash) -> str:
    return clash.change.name if isinstance(clash.change, SetField) else ""


def _clash(clash: Clash) -> dict[str, str | bool]:
    change = clash.change
    field = f"{change.key}|{change.name}" if isinstance(change, SetField) else ""
    return {
        "field": field,
        "name": label_of(_name(clash)),
        "mine": change.value if isinstance(change, SetField) else "",
        "base": clash.base,
        "theirs": clash.theirs or "",
        "gone": clash.theirs is None,
    }
