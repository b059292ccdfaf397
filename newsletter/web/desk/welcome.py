"""The welcome: what a single-use link leads to, and asking for one when the password is forgotten."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse
from sqlalchemy import select
from sqlalchemy.orm import Session

from newsletter.kit.errors import BadInput, NotFound, TooMany
from newsletter.team import accounts, notes, passes, passwords, people
from newsletter.team.entrance import key_of
from newsletter.team.models import AttemptKind, DeskPerson, PassKind
from newsletter.team.roles import Role
from newsletter.web.auth import public
from newsletter.web.desk.forms import filled
from newsletter.web.desk.page import page, words_of
from newsletter.web.desk.provider import offer
from newsletter.web.desk.signing_in import CallerDep, FormDep, admitted
from newsletter.web.workplace import SessionDep, TurnDep, Workplace, WorkplaceDep

router = APIRouter()
FIRST_ROLES = (Role.ADMINISTRATOR, Role.APPROVER)
"""What the first administrator may do, in all newsletters: look after the house, and work in it until others come."""


@router.get("/welcome/{token}", dependencies=[public])
def greet(request: Request, token: str, place: WorkplaceDep, session: SessionDep) -> Response:
    """Show the form that the link is for; mail gateways that follow it use nothing up."""
    try:
        return _form(request, place, _shown(session, token, place))
    except NotFound as error:
        return _over(request, error)


@router.post("/welcome/{token}", dependencies=[public])
def come_in(
    request: Request, token: str, place: WorkplaceDep, caller: CallerDep, form: FormDep, _turn: TurnDep
) -> Response:
    """Use the link up: take the name and the password, and sign in whoever needs no code besides."""
    try:
        with place.database.read() as session:
            shown = _shown(session, token, place)
        shown = {**shown, **{name: form.get(name) for name in ("name", "address", "language") if form.get(name)}}
        try:
            passwords.check(form.get("password"), about=(shown["name"], shown["address"].partition("@")[0]))
            password_hash = passwords.hash_of(form.get("password"))
            with place.database.write() as session:
                person = _carry_out(session, token, shown, password_hash, place)
                if person.totp_secret is not None:  # a mailed link is no second factor
                    return RedirectResponse(f"{place.root}/desk/sign-in", 303)
                session_token = place.entrance.admit(session, person, caller, way="link")
        except BadInput as error:
            return _form(request, place, shown, sentence=words_of(request, None)(error.sentence), status=422)
    except NotFound as error:
        return _over(request, error)
    return admitted(place, session_token)


@router.post("/welcome/{token}/provider", dependencies=[public])
def by_provider(request: Request, token: str, place: WorkplaceDep) -> Response:
    """Lead an invited person to the identity provider, who then needs no password here."""
    with place.database.read() as session:
        if passes.look(session, token, now=place.clock()).kind is not PassKind.INVITATION:
            raise NotFound(passes.OVER)
    return offer(request, place, pass_token=token)


@router.get("/forgotten", dependencies=[public])
def ask_address(request: Request) -> Response:
    """Show the form that asks for a link."""
    return page(request, None, "desk/forgotten.html", form=filled(), is_done=False)


@router.post("/forgotten", dependencies=[public])
def mail_link(request: Request, place: WorkplaceDep, caller: CallerDep, form: FormDep, _turn: TurnDep) -> Response:
    """Mail a link to whoever has the address; the answer is the same if nobody has."""
    address = form.get("address")
    try:
        place.entrance.heard(AttemptKind.FORGOTTEN, key_of(address), caller)
    except TooMany as error:
        said = words_of(request, None)(error.sentence)
        again = filled({"address": address}, wrong={"": said}, summary=said)
        return page(request, None, "desk/forgotten.html", status=429, form=again, is_done=False)
    now = place.clock()
    with place.database.write() as session:
        person = session.scalar(select(DeskPerson).where(DeskPerson.address_key == key_of(address)))
        if person is not None and _may_have_password(person, place):
            token = passes.issue(session, PassKind.PASSWORD, person, now=now)
            notes.mail_forgotten(session, person, pass_place(place, token), now=now)
    return page(request, None, "desk/forgotten.html", form=filled(), is_done=True)


def pass_place(place: Workplace, token: str) -> str:
    """Return the address of a pass, for a mail."""
    return f"{place.settings.public_url}/desk/welcome/{token}"


def _over(request: Request, error: NotFound) -> Response:
    return page(request, None, "desk/link_over.html", status=404, said=words_of(request, None)(error.sentence))


def _may_have_password(person: DeskPerson, place: Workplace) -> bool:
    """Whom the provider lets in comes by the provider alone: who is shut out there is shut out here."""
    by_provider_alone = place.provider is not None and person.identity is not None and person.password_hash is None
    return person.deactivated_at is None and not by_provider_alone


def _shown(session: Session, token: str, place: Workplace) -> dict[str, Any]:
    found = passes.look(session, token, now=place.clock())
    person = None if found.person_id is None else people.get(session, found.person_id)
    return {
        "token": token,
        "kind": found.kind.value,
        "name": person.name if person else "",
        "address": person.address if person else "",
        "language": person.language if person else "en",
    }


def _form(
    request: Request, place: Workplace, shown: dict[str, Any], *, sentence: str = "", status: int = 200
) -> Response:
    said = words_of(request, None)(sentence)
    return page(
        request, None, "desk/welcome.html", status=status, token=shown["token"], kind=shown["kind"],
        person_name=shown["name"], form=filled(shown, wrong={"": said} if said else None, summary=said),
        languages=tuple(people.LANGUAGES.items()), has_provider=place.provider is not None,
    )  # fmt: skip


def _carry_out(session: Session, token: str, shown: dict[str, Any], password_hash: str, place: Workplace) -> DeskPerson:
    """Use the pass and make or change its person; raises ``NotFound`` if it is over, ``BadInput``."""
    now = place.clock()
    used = passes.use(session, token, now=now)
    if used.kind is PassKind.FIRST_ADMINISTRATOR:
        address = shown["address"].strip()
        person = people.add(session, address, name=shown["name"], language=shown["language"], now=now, by=address)
        for role in FIRST_ROLES:
            people.give(session, person, role, None, now=now, by=address)
    else:
        assert used.person_id is not None
        person = people.get(session, used.person_id)
    if used.kind is PassKind.INVITATION:
        people.rename(
            session, person, name=shown["name"], language=shown["language"], now=now, by=person.address
        )  # fmt: skip
    had_one = person.password_hash is not None
    accounts.set_password(session, person, password_hash, now=now)
    if had_one:
        notes.tell_changed(session, person, now=now)
    return person
