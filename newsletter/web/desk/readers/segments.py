"""Segments at the desk: conditions put together by clicks, counted at once, and used for many readers at a time."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse
from markupsafe import escape
from sqlalchemy import Select
from sqlalchemy.orm import Session

from newsletter.delivery import narrowing
from newsletter.kit.audit import record
from newsletter.kit.catalogue import N_
from newsletter.kit.errors import BadInput, Conflict
from newsletter.publications import Publication
from newsletter.team.sessions import Visitor
from newsletter.web.auth import PublicationDep, VisitorDep, publication_called
from newsletter.web.desk.flash import back_to
from newsletter.web.desk.forms import filled
from newsletter.web.desk.page import PAGE_HEADERS, page, words_of
from newsletter.web.desk.readers import segment_form
from newsletter.web.desk.readers.scope import Scope
from newsletter.web.desk.readers.segment_form import HOWS
from newsletter.web.desk.signing_in import FormDep
from newsletter.web.readers.forms import Form
from newsletter.web.workplace import SessionDep, TurnDep, Workplace, WorkplaceDep
from subscribers import own_fields, segment_list, segments, tagging
from subscribers.conditions import BROKEN, Conditions, Group, Joined, Subject
from subscribers.segment_table import Segment

router = APIRouter(prefix="/segments")
BATCH = 20_000
NEW = Conditions(Joined.ALL, (Group(Joined.ANY, ()),))


@router.get("")
def every(request: Request, visitor: VisitorDep, publication: PublicationDep, session: SessionDep) -> Response:
    """List the segments of the newsletter."""
    scope = Scope(publication)
    return page(
        request, visitor, "desk/readers/segments.html", publication=publication, scope=scope,
        segments=segment_list.every(session, publication.id),
    )  # fmt: skip


@router.get("/new")
def begin(
    request: Request, visitor: VisitorDep, publication: PublicationDep, place: WorkplaceDep, session: SessionDep
) -> Response:
    """Show the form with nothing in it yet."""
    return _form(request, visitor, session, place, publication, NEW)


@router.post("/new")
def make(
    request: Request, visitor: VisitorDep, publication: PublicationDep, place: WorkplaceDep, form: FormDep,
    session: SessionDep,
) -> Response:  # fmt: skip
    """Add or remove a condition, or save the segment."""
    return _press(request, visitor, session, place, publication, form, None)


@router.post("/count")
def count(
    request: Request, visitor: VisitorDep, publication: PublicationDep, place: WorkplaceDep, form: FormDep,
    session: SessionDep,
) -> Response:  # fmt: skip
    """Answer with how many fit what the form holds now, for the number beside it."""
    _ = words_of(request, visitor)
    try:
        number = _.number(_count(session, place, visitor, publication, segment_form.read(form)))
    except BadInput as error:
        return HTMLResponse(f'<span class="small">{escape(_(str(error)))}</span>', headers=PAGE_HEADERS)
    return HTMLResponse(str(escape(number)), headers=PAGE_HEADERS)


@router.get("/{segment_id}")
def show(
    request: Request, visitor: VisitorDep, publication: PublicationDep, segment_id: int, place: WorkplaceDep,
    session: SessionDep,
) -> Response:  # fmt: skip
    """Show a segment to be changed and used."""
    segment = segment_list.get(session, publication.id, segment_id)
    wanted = segment_list.conditions_of(segment)
    return _form(request, visitor, session, place, publication, wanted, segment=segment, name=segment.name)


@router.post("/{segment_id}")
def change(
    request: Request, visitor: VisitorDep, publication: PublicationDep, segment_id: int, place: WorkplaceDep,
    form: FormDep, session: SessionDep,
) -> Response:  # fmt: skip
    """Add or remove a condition, or save the segment."""
    segment = segment_list.get(session, publication.id, segment_id)
    return _press(request, visitor, session, place, publication, form, segment)


@router.post("/{segment_id}/remove")
def remove(
    request: Request, visitor: VisitorDep, publication: PublicationDep, segment_id: int, place: WorkplaceDep,
    session: SessionDep,
) -> Response:  # fmt: skip
    """Take the segment away; its readers stay."""
    segment = segment_list.get(session, publication.id, segment_id)
    name = segment.name
    segment_list.remove(session, segment, by=visitor.address, now=place.clock())
    said = words_of(request, visitor)(N_("%(name)s is removed."), name=name)
    return back_to(request, f"{Scope(publication).path}/segments", said)


@router.post("/{segment_id}/notes")
def note(
    request: Request, visitor: VisitorDep, label: str, segment_id: int, place: WorkplaceDep, form: FormDep,
    _turn: TurnDep,
) -> Response:  # fmt: skip
    """Put a tag on everybody in the segment, take it off, or set a field, in lots so that nobody waits for long."""
    with place.database.read() as session:
        publication = publication_called(session, label)
        segment = segment_list.get(session, publication.id, segment_id)
        readers = segments.readers(session, _place(session, place, publication), segment_list.conditions_of(segment))
    path = f"{Scope(publication).path}/segments/{segment_id}"
    _ = words_of(request, visitor)
    try:
        _note(place, visitor, publication, segment, readers, form)
    except BadInput as error:
        return back_to(request, path, _(str(error)), kind="wrong")
    return back_to(request, path, _(N_("Noted for everybody in the segment.")))


def _note(
    place: Workplace, visitor: Visitor, publication: Publication, segment: Segment, readers: Select[tuple[int]],
    form: Form,
) -> None:  # fmt: skip
    act, said = form.get("act"), dict[str, object]()
    with place.database.write() as session:
        if act == "field":
            number = form.get("field")
            field = own_fields.get(session, int(number) if number.isdecimal() and len(number) < 10 else 0)
            value = own_fields.read_value(field, form.get("value"))
            if value is None:
                raise BadInput(N_("Say what the field is to hold."))
            said = {"field": field.name}
        else:
            tag = tagging.ensure(session, form.get("tag"), now=place.clock())
            said = {"tag": tag.name, "off": act == "take"}
        record(session, at=place.clock(), actor=visitor.address, deed="readers.note",
               subject=f"publication:{publication.id}", segment=segment.name, **said)  # fmt: skip
    after: int | None = 0
    while after is not None:
        with place.database.write() as session:
            if act == "field":
                assert value is not None
                after = own_fields.put_within(session, field.id, value, readers, after=after, batch=BATCH)
            elif act == "take":
                after = tagging.take_within(session, tag.id, readers, after=after)
            else:
                after = tagging.put_within(session, tag.id, readers, after=after)


def _press(
    request: Request, visitor: Visitor, session: Session, place: Workplace, publication: Publication, form: Form,
    segment: Segment | None,
) -> Response:  # fmt: skip
    wanted = Conditions()
    offered = segment_form.offers(session, visitor, Scope(publication), publication, words_of(request, visitor))
    sentence = ""
    try:
        wanted = segment_form.read(form)
        if form.get("act") == "save":
            full = _permitted(session, visitor, publication, wanted.without_empty)
            segments.checked(session, _place(session, place, publication), full)
            saved = segment_list.save(
                session, publication.id, form.get("name"), full, by=visitor.address, now=place.clock(), segment=segment
            )
            said = words_of(request, visitor)(N_("The segment is saved."))
            return back_to(request, f"{Scope(publication).path}/segments/{saved.id}", said)
        wanted = segment_form.changed(wanted, form, offered)
    except (BadInput, Conflict) as error:
        sentence = str(error)
    return _form(
        request, visitor, session, place, publication, wanted, segment=segment, name=form.get("name"), sentence=sentence
    )


def _form(
    request: Request, visitor: Visitor, session: Session, place: Workplace, publication: Publication,
    wanted: Conditions, *, segment: Segment | None = None, name: str = "", sentence: str = "",
) -> Response:  # fmt: skip
    """Return the form; while a value is still missing, nobody is counted and nothing is said about it."""
    scope = Scope(publication)
    _ = words_of(request, visitor)
    try:
        fitting = _.number(_count(session, place, visitor, publication, wanted))
    except BadInput:
        fitting = "–"
    said = _(sentence)
    return page(
        request, visitor, "desk/readers/segment.html", status=422 if sentence else 200, publication=publication,
        scope=scope, segment=segment, wanted=wanted, fitting=fitting, hows=HOWS, key_of=segment_form.key_of,
        offers=segment_form.offers(session, visitor, scope, publication, _), tags=tagging.every(session),
        fields=own_fields.every(session),
        form=filled({"name": name}, wrong={"": said} if said else None, summary=said),
    )  # fmt: skip


def _count(
    session: Session, place: Workplace, visitor: Visitor, publication: Publication, wanted: Conditions
) -> int:  # fmt: skip
    asked = _permitted(session, visitor, publication, wanted.without_empty)
    return segments.count(session, _place(session, place, publication), asked)


def _permitted(session: Session, visitor: Visitor, publication: Publication, wanted: Conditions) -> Conditions:
    """Return *wanted*; raise ``BadInput`` if it asks who reads a newsletter whose readers *visitor* may not see."""
    seen = {each.id for each in Scope(publication).seen(session, visitor)}
    if any(one.subject is Subject.READS and one.of not in seen for one in wanted.every):
        raise BadInput(BROKEN)  # as for a newsletter that there is not
    return wanted


def _place(session: Session, place: Workplace, publication: Publication) -> segments.Place:
    return narrowing.place(session, publication.id, now=place.clock())
