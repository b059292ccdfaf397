"""What the team notes about readers: tags and own fields, defined for the house and set on a person's page."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response
from sqlalchemy.orm import Session

from newsletter.kit.audit import record
from newsletter.kit.catalogue import N_
from newsletter.kit.errors import BadInput, Conflict
from newsletter.team.roles import Permission
from newsletter.team.sessions import Visitor
from newsletter.web.auth import VisitorDep
from newsletter.web.desk.flash import back_to
from newsletter.web.desk.forms import filled
from newsletter.web.desk.page import page, words_of
from newsletter.web.desk.readers.person import person_page
from newsletter.web.desk.readers.scope import Scope, ScopeDep, reader
from newsletter.web.desk.signing_in import FormDep
from newsletter.web.readers.forms import Form
from newsletter.web.workplace import SessionDep, WorkplaceDep
from subscribers import own_fields, tagging
from subscribers.attributes import FieldKind

router = APIRouter()
KINDS = {
    FieldKind.TEXT: N_("Text"),
    FieldKind.NUMBER: N_("Number"),
    FieldKind.DATE: N_("Date"),
    FieldKind.CHOICE: N_("Choice"),
}
ADDED, GONE = N_("%(name)s is added."), N_("%(name)s is removed.")


@router.get("/notes")
def show(request: Request, visitor: VisitorDep, scope: ScopeDep, session: SessionDep) -> Response:
    """Show the tags and the fields that there are."""
    return _notes(request, visitor, session, scope)


@router.post("/notes/fields")
def add_field(
    request: Request, visitor: VisitorDep, scope: ScopeDep, place: WorkplaceDep, form: FormDep, session: SessionDep
) -> Response:
    """Make a field."""
    kind, choices = form.get("kind"), form.get("choices")
    try:
        if kind not in set(FieldKind):
            raise BadInput(N_("Choose what the field holds."))
        field = own_fields.add(
            session, form.get("name"), FieldKind(kind), choices=choices.splitlines(), by=visitor.address,
            now=place.clock(),
        )  # fmt: skip
    except (BadInput, Conflict) as error:
        return _notes(request, visitor, session, scope, typed=form, sentence=str(error))
    return back_to(request, f"{scope.path}/notes", words_of(request, visitor)(ADDED, name=field.name))


@router.post("/notes/fields/{field_id}/remove")
def remove_field(
    request: Request, visitor: VisitorDep, scope: ScopeDep, field_id: int, place: WorkplaceDep, session: SessionDep
) -> Response:
    """Take a field away with everything it says of anybody."""
    _of_the_house(visitor)
    name = own_fields.remove(session, field_id, by=visitor.address, now=place.clock())
    return back_to(request, f"{scope.path}/notes", words_of(request, visitor)(GONE, name=name))


@router.post("/notes/tags/{tag_id}/remove")
def remove_tag(
    request: Request, visitor: VisitorDep, scope: ScopeDep, tag_id: int, place: WorkplaceDep, session: SessionDep
) -> Response:
    """Take a tag off everybody, and away."""
    _of_the_house(visitor)
    name = tagging.remove(session, tag_id, by=visitor.address, now=place.clock())
    return back_to(request, f"{scope.path}/notes", words_of(request, visitor)(GONE, name=name))


@router.post("/{reader_id}/tags")
def put_tag(
    request: Request, visitor: VisitorDep, scope: ScopeDep, reader_id: int, place: WorkplaceDep, form: FormDep,
    session: SessionDep,
) -> Response:  # fmt: skip
    """Put a tag on a reader, or take it off."""
    person, now = reader(session, scope, reader_id), place.clock()
    try:
        tag = tagging.ensure(session, form.get("tag"), now=now)
    except BadInput as error:
        return person_page(request, visitor, session, scope, person, sentence=str(error))
    off = form.get("act") == "take"
    if off:
        tagging.take(session, tag.id, [person.id])
    else:
        tagging.put(session, tag.id, [person.id])
    record(session, at=now, actor=visitor.address, deed="reader.untag" if off else "reader.tag",
           subject=f"subscriber:{person.id}", tag=tag.name)  # fmt: skip
    return back_to(request, f"{scope.path}/{person.id}")


@router.post("/{reader_id}/fields")
def set_fields(
    request: Request, visitor: VisitorDep, scope: ScopeDep, reader_id: int, place: WorkplaceDep, form: FormDep,
    session: SessionDep,
) -> Response:  # fmt: skip
    """Set what the own fields say of a reader; an empty one is taken away."""
    person, now = reader(session, scope, reader_id), place.clock()
    held = own_fields.values_of(session, person.id)
    fields = [each for each in own_fields.every(session) if form.has(f"field-{each.id}")]
    try:
        values = {each.id: own_fields.read_value(each, form.get(f"field-{each.id}")) for each in fields}
    except BadInput as error:
        typed = {f"field-{each.id}": form.get(f"field-{each.id}") for each in fields}
        return person_page(request, visitor, session, scope, person, typed=typed, sentence=str(error))
    changed = {field: value for field, value in values.items() if (value.shown if value else "") != held.get(field, "")}
    for field, value in changed.items():
        own_fields.put(session, field, [(person.id, value)])
    if changed:
        names = [each.name for each in fields if each.id in changed]
        record(session, at=now, actor=visitor.address, deed="reader.note", subject=f"subscriber:{person.id}",
               fields=names)  # fmt: skip
    said = N_("Noted.") if changed else N_("Nothing was changed.")
    return back_to(request, f"{scope.path}/{person.id}", words_of(request, visitor)(said))


def _of_the_house(visitor: Visitor) -> None:
    """Raise ``Conflict`` unless *visitor* looks after all readers: what is removed is gone everywhere."""
    if not visitor.may(Permission.READERS, None):
        raise Conflict(N_("All newsletters share this; somebody who looks after all readers can remove it."))


def _notes(
    request: Request, visitor: Visitor, session: Session, scope: Scope, *, typed: Form = Form(), sentence: str = ""
) -> Response:
    said = words_of(request, visitor)(sentence)
    return page(
        request, visitor, "desk/readers/notes.html", status=422 if sentence else 200, publication=scope.publication,
        scope=scope, zone=scope.zone, tags=tagging.every(session), counts=tagging.counts(session),
        fields=own_fields.every(session), kinds=KINDS, may_remove=visitor.may(Permission.READERS, None),
        form=filled({"kind": "text"} | dict(typed.fields), wrong={"": said} if said else None, summary=said),
        options=[(kind.value, words_of(request, visitor)(name)) for kind, name in KINDS.items()],
    )  # fmt: skip
