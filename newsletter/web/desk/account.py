"""One's own account: name, language, password, the second factor's end, and the browsers one is signed in with."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from newsletter.kit.catalogue import N_
from newsletter.kit.errors import BadInput, TooMany
from newsletter.team import accounts, notes, passwords, people, second_factor, sessions
from newsletter.team.sessions import Visitor
from newsletter.web.auth import VisitorDep, signed_in
from newsletter.web.desk import browsers
from newsletter.web.desk.flash import back_to
from newsletter.web.desk.forms import FilledForm, filled
from newsletter.web.desk.page import page, words_of
from newsletter.web.desk.provider import offer
from newsletter.web.desk.proving import proven, refusal
from newsletter.web.desk.signing_in import CallerDep, FormDep
from newsletter.web.workplace import SessionDep, TurnDep, Workplace, WorkplaceDep

router = APIRouter(prefix="/account", dependencies=[signed_in])


@router.get("")
def show(request: Request, visitor: VisitorDep, place: WorkplaceDep) -> Response:
    """Show the account."""
    return _account(request, visitor, place)


@router.post("")
def save(request: Request, visitor: VisitorDep, place: WorkplaceDep, form: FormDep, _turn: TurnDep) -> Response:
    """Change name and language."""
    try:
        with place.database.write() as session:
            person = people.get(session, visitor.person_id)
            people.rename(
                session, person, name=form.get("name"), language=form.get("language"), now=place.clock(),
                by=visitor.address,
            )  # fmt: skip
    except BadInput as error:
        return _account(request, visitor, place, wrong={"name": error.sentence}, status=422)
    return _done(request, visitor, N_("Saved."))


@router.post("/password")
def change_password(
    request: Request, visitor: VisitorDep, place: WorkplaceDep, caller: CallerDep, form: FormDep, _turn: TurnDep
) -> Response:
    """Change the password; all other browsers are signed out."""
    try:
        person = proven(place, visitor, form.get("password"), caller)
    except (BadInput, TooMany) as error:
        return _account(request, visitor, place, wrong={"password": error.sentence}, status=refusal(error))
    try:
        passwords.check(form.get("new-password"), about=(person.name, person.address.partition("@")[0]))
    except BadInput as error:
        return _account(request, visitor, place, wrong={"new-password": error.sentence}, status=422)
    password_hash = passwords.hash_of(form.get("new-password"))
    with place.database.write() as session:
        person = people.get(session, visitor.person_id)
        accounts.set_password(session, person, password_hash, now=place.clock(), but=visitor.session_id)
        notes.tell_changed(session, person, now=place.clock())
    return _done(request, visitor, N_("Your password is changed, and all your other browsers are signed out."))


@router.post("/second-factor/off")
def turn_off_second_factor(
    request: Request, visitor: VisitorDep, place: WorkplaceDep, caller: CallerDep, form: FormDep, _turn: TurnDep
) -> Response:
    """Turn the second factor off."""
    try:
        proven(place, visitor, form.get("factor-password"), caller)
    except (BadInput, TooMany) as error:
        return _account(request, visitor, place, wrong={"factor-password": error.sentence}, status=refusal(error))
    with place.database.write() as session:
        person = people.get(session, visitor.person_id)
        second_factor.turn_off(session, person, now=place.clock(), by=visitor.address)
    return _done(request, visitor, N_("The second factor is off."))


@router.post("/recovery-codes")
def new_recovery_codes(
    request: Request, visitor: VisitorDep, place: WorkplaceDep, caller: CallerDep, form: FormDep, _turn: TurnDep
) -> Response:
    """Make new recovery codes and show them once; the old ones are worth nothing any more."""
    try:
        proven(place, visitor, form.get("factor-password"), caller)
    except (BadInput, TooMany) as error:
        return _account(request, visitor, place, wrong={"factor-password": error.sentence}, status=refusal(error))
    with place.database.write() as session:
        person = people.get(session, visitor.person_id)
        if person.totp_secret is None:
            return _done(request, visitor, N_("The second factor is off."))
        codes = second_factor.new_recovery_codes(session, person, keyring=place.settings.keyring, now=place.clock())
    return page(request, visitor, "desk/recovery_codes.html", codes=codes)


@router.post("/provider")
def tie_to_provider(request: Request, visitor: VisitorDep, place: WorkplaceDep) -> Response:
    """Lead to the identity provider, to sign in through it from now on."""
    return offer(request, place, session_id=visitor.session_id)


@router.post("/sessions/others/end")
def end_other_sessions(request: Request, visitor: VisitorDep, session: SessionDep) -> Response:
    """Sign out everywhere but here."""
    sessions.end_all(session, visitor.person_id, but=visitor.session_id)
    return _done(request, visitor, N_("Signed out."))


@router.post("/sessions/{session_id}/end")
def end_session(
    request: Request, visitor: VisitorDep, session_id: int, place: WorkplaceDep, session: SessionDep
) -> Response:
    """Sign one browser out; one's own only."""
    sessions.end(session, visitor.person_id, session_id)
    return _done(request, visitor, N_("Signed out."))


def _account(
    request: Request, visitor: Visitor, place: Workplace, *, wrong: dict[str, str] | None = None, status: int = 200
) -> Response:
    with place.database.read() as session:
        person = people.get(session, visitor.person_id)
        open_ones = sessions.of_person(session, person.id, now=place.clock())
        left = second_factor.recovery_codes_left(session, person)
    return page(
        request, visitor, "desk/account.html", status=status, person=person, codes_left=left, now=place.clock(),
        sessions=[(each, browsers.named(each.browser)) for each in open_ones],
        form=_form(request, visitor, {"name": person.name, "language": person.language}, wrong),
        languages=tuple(people.LANGUAGES.items()), has_provider=place.provider is not None,
    )  # fmt: skip


def _form(request: Request, visitor: Visitor, values: dict[str, str], wrong: dict[str, str] | None) -> FilledForm:
    said = words_of(request, visitor)
    return filled(values, wrong={name: said(sentence) for name, sentence in (wrong or {}).items()})


def _done(request: Request, visitor: Visitor, sentence: str) -> Response:
    return back_to(request, "/desk/account", words_of(request, visitor)(sentence))
