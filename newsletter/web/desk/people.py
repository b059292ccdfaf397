"""The people of the desk: who they are, what they may do, inviting them and shutting them out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fastapi import APIRouter, Request, Response
from sqlalchemy import select
from sqlalchemy.orm import Session

from newsletter import publications
from newsletter.kit.catalogue import N_
from newsletter.kit.errors import BadInput, Conflict, DeskError, NotFound
from newsletter.publications import Publication
from newsletter.team import identities, notes, passes, people, second_factor
from newsletter.team.models import DeskPerson, PassKind, RoleGrant
from newsletter.team.roles import Permission, Role
from newsletter.team.sessions import Visitor
from newsletter.web.auth import NOTHING_HERE, VisitorDep, needs
from newsletter.web.desk.flash import back_to
from newsletter.web.desk.forms import FilledForm, filled
from newsletter.web.desk.page import page, words_of
from newsletter.web.desk.signing_in import FormDep
from newsletter.web.desk.welcome import pass_place
from newsletter.web.readers.forms import Form
from newsletter.web.workplace import SessionDep, TurnDep, Workplace, WorkplaceDep

router = APIRouter(prefix="/people", dependencies=[needs(Permission.ADMINISTER)])
NO_SUCH_ROLE = N_("Choose a role and the newsletter it is for.")
INVITED = N_("%(name)s is invited; the mail with the link is on its way.")
CHANGED = N_("Done.")
EVERYWHERE = "*"
"""What the form says for all newsletters; no label can be that."""


@router.get("")
def show(request: Request, visitor: VisitorDep, session: SessionDep) -> Response:
    """List everybody, with their roles, and the form that invites."""
    return _everybody(request, visitor, session)


@router.post("")
def invite(request: Request, visitor: VisitorDep, place: WorkplaceDep, form: FormDep, _turn: TurnDep) -> Response:
    """Write somebody down, give them a role and mail them a link; without a newsletter to write from, show the link."""
    now = place.clock()
    try:
        with place.database.write() as session:
            role, where = _role_in(session, form)
            person = people.add(
                session, form.get("address"), name=form.get("name"), language=form.get("language"), now=now,
                by=visitor.address,
            )  # fmt: skip
            people.give(session, person, role, where, now=now, by=visitor.address)
            return _invited(request, visitor, place, session, person)
    except (BadInput, Conflict) as error:
        with place.database.read() as session:
            return _everybody(request, visitor, session, typed=form, sentence=error.sentence, status=422)


@router.get("/{person_id}")
def show_person(request: Request, visitor: VisitorDep, person_id: int, session: SessionDep) -> Response:
    """Show one person and what can be done about them."""
    return _person(request, visitor, session, _somebody(session, person_id))


@router.post("/{person_id}/invite")
def invite_again(
    request: Request, visitor: VisitorDep, person_id: int, place: WorkplaceDep, session: SessionDep
) -> Response:
    """Mail another link to somebody who has not come yet; the earlier one dies."""
    person = _somebody(session, person_id)
    if person.password_hash is not None or person.identity is not None or person.deactivated_at is not None:
        raise Conflict("Only somebody who has not come in yet can be invited.")
    return _invited(request, visitor, place, session, person)


@router.post("/{person_id}/roles")
def give_role(
    request: Request, visitor: VisitorDep, person_id: int, place: WorkplaceDep, form: FormDep, session: SessionDep
) -> Response:
    """Give a person a role."""
    return _change(
        request, visitor, session, place, person_id,
        lambda person: people.give(
            session, person, *_role_in(session, form), now=place.clock(), by=visitor.address
        ),
    )  # fmt: skip


@router.post("/{person_id}/roles/take")
def take_role(
    request: Request, visitor: VisitorDep, person_id: int, place: WorkplaceDep, form: FormDep, session: SessionDep
) -> Response:
    """Take a role from a person."""
    return _change(
        request, visitor, session, place, person_id,
        lambda person: people.take(
            session, person, *_role_in(session, form), now=place.clock(), by=visitor.address
        ),
    )  # fmt: skip


@router.post("/{person_id}/deactivate")
def deactivate(
    request: Request, visitor: VisitorDep, person_id: int, place: WorkplaceDep, session: SessionDep
) -> Response:
    """Shut a person out at once; what they did stays on record."""
    return _change(
        request, visitor, session, place, person_id,
        lambda person: people.deactivate(session, person, now=place.clock(), by=visitor.address),
    )  # fmt: skip


@router.post("/{person_id}/reactivate")
def reactivate(
    request: Request, visitor: VisitorDep, person_id: int, place: WorkplaceDep, session: SessionDep
) -> Response:
    """Let a person in again."""
    return _change(
        request, visitor, session, place, person_id,
        lambda person: people.reactivate(session, person, now=place.clock(), by=visitor.address),
    )  # fmt: skip


@router.post("/{person_id}/second-factor/off")
def turn_off_second_factor(
    request: Request, visitor: VisitorDep, person_id: int, place: WorkplaceDep, session: SessionDep
) -> Response:
    """Let somebody in who has lost telephone and recovery codes: with the password alone, until they set up another."""
    return _change(
        request, visitor, session, place, person_id,
        lambda person: second_factor.turn_off(session, person, now=place.clock(), by=visitor.address),
    )  # fmt: skip


@router.post("/{person_id}/untie")
def untie(request: Request, visitor: VisitorDep, person_id: int, place: WorkplaceDep, session: SessionDep) -> Response:
    """Forget which account of the organisation is the person's, so that another can be tied."""
    return _change(
        request, visitor, session, place, person_id,
        lambda person: identities.untie(session, person, now=place.clock(), by=visitor.address),
    )  # fmt: skip


def _somebody(session: Session, person_id: int) -> DeskPerson:
    found = session.get(DeskPerson, person_id)
    if found is None:
        raise NotFound(NOTHING_HERE)
    return found


def _change(
    request: Request, visitor: Visitor, session: Session, place: Workplace, person_id: int,
    change: Callable[[DeskPerson], object],
) -> Response:  # fmt: skip
    """Carry *change* out and show the person, with the reason if it cannot be."""
    person = _somebody(session, person_id)
    try:
        change(person)
    except (BadInput, Conflict) as error:
        return _person(request, visitor, session, person, sentence=error.sentence, status=_status(error))
    return back_to(request, f"/desk/people/{person_id}", words_of(request, visitor)(CHANGED))


def _status(error: DeskError) -> int:
    return 409 if isinstance(error, Conflict) else 422


def _role_in(session: Session, form: Form) -> tuple[Role, Publication | None]:
    """Return the role and the newsletter that a form names; raise ``BadInput``."""
    role, label = form.get("role"), form.get("publication")
    if role not in set(Role) or not label:
        raise BadInput(NO_SUCH_ROLE)
    if label == EVERYWHERE:
        return Role(role), None
    where = session.scalar(select(Publication).where(Publication.label == label))
    if where is None:
        raise BadInput(NO_SUCH_ROLE)
    return Role(role), where


def _invited(request: Request, visitor: Visitor, place: Workplace, session: Session, person: DeskPerson) -> Response:
    now = place.clock()
    link = pass_place(place, passes.issue(session, PassKind.INVITATION, person, now=now))
    if notes.invite(session, person, link, by=visitor.name, now=now):
        return back_to(request, "/desk/people", words_of(request, visitor)(INVITED, name=person.name))
    return page(request, visitor, "desk/invitation.html", person=person, link=link)


def _everybody(
    request: Request, visitor: Visitor, session: Session, *, typed: Form = Form(), sentence: str = "", status: int = 200
) -> Response:
    return page(
        request, visitor, "desk/people.html", status=status, people=people.every(session), roles=_roles(session),
        publications=publications.every(session), kinds=list(Role), languages=tuple(people.LANGUAGES.items()),
        form=_form(request, visitor, {"language": visitor.language} | dict(typed.fields), sentence),
    )  # fmt: skip


def _person(
    request: Request, visitor: Visitor, session: Session, person: DeskPerson, *, sentence: str = "", status: int = 200
) -> Response:
    return page(
        request, visitor, "desk/person.html", status=status, person=person,
        roles=_roles(session).get(person.id, []), publications=publications.every(session), kinds=list(Role),
        form=_form(request, visitor, {}, sentence),
    )  # fmt: skip


def _form(request: Request, visitor: Visitor, values: dict[str, str], sentence: str) -> FilledForm:
    said = words_of(request, visitor)(sentence)
    return filled(values, wrong={"": said} if said else None, summary=said)


def _roles(session: Session) -> dict[int, list[Any]]:
    """Return everybody's roles, each with the newsletter it is for."""
    rows = session.execute(
        select(RoleGrant, Publication)
        .outerjoin(Publication, Publication.id == RoleGrant.publication_id)
        .order_by(Publication.name, RoleGrant.role)
    )
    held: dict[int, list[Any]] = {}
    for grant, publication in rows:
        held.setdefault(grant.person_id, []).append({"role": grant.role, "publication": publication})
    return held
