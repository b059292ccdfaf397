"""Setting up the second factor: a secret for the telephone, proved by a code, and recovery codes for paper."""

from __future__ import annotations

import base64
import binascii

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse
from markupsafe import Markup

from newsletter.kit.catalogue import N_
from newsletter.kit.errors import BadInput, BadToken, TooMany
from newsletter.team import people, second_factor, sessions
from newsletter.team.models import DeskPerson
from newsletter.team.sessions import Visitor
from newsletter.web.auth import SECOND_FACTOR, VisitorDep, setting_up
from newsletter.web.desk.forms import filled
from newsletter.web.desk.page import page, words_of
from newsletter.web.desk.proving import proven, refusal
from newsletter.web.desk.signing_in import CallerDep, FormDep
from newsletter.web.workplace import SessionDep, TurnDep, Workplace, WorkplaceDep

router = APIRouter(prefix=SECOND_FACTOR.removeprefix("/desk"), dependencies=[setting_up])
HOUSE = "Newsletter Desk"
"""What the telephone shows the codes under."""
NOT_THE_CODE = N_("That is not the code your telephone shows now. Check its clock, then type the next code.")


@router.get("")
def offer_second_factor(request: Request, visitor: VisitorDep, place: WorkplaceDep, session: SessionDep) -> Response:
    """Show a fresh secret as a picture for the telephone."""
    person = people.get(session, visitor.person_id)
    if person.password_hash is None or person.totp_secret is not None:
        return RedirectResponse(f"{place.root}/desk/account", 303)
    return _second_factor(request, visitor, place, person, second_factor.new_secret())


@router.post("")
def turn_on_second_factor(
    request: Request, visitor: VisitorDep, place: WorkplaceDep, caller: CallerDep, form: FormDep, _turn: TurnDep
) -> Response:
    """Turn the second factor on, once a code proves that the telephone has the secret; show the recovery codes once."""
    secret = ""
    try:
        with place.database.read() as session:
            person = people.get(session, visitor.person_id)
        secret = _unsealed(form.get("secret"), person, place)
        person = proven(place, visitor, form.get("password"), caller)
        step = second_factor.step_of(secret, form.get("code"), now=place.clock())
        if step is None:
            raise BadInput(NOT_THE_CODE)
    except (BadInput, TooMany) as error:
        return _second_factor(
            request, visitor, place, person, secret or second_factor.new_secret(), sentence=str(error),
            status=refusal(error),
        )  # fmt: skip
    with place.database.write() as session:
        person = people.get(session, visitor.person_id)
        codes = second_factor.turn_on(
            session, person, secret, step=step, keyring=place.settings.keyring, now=place.clock()
        )
        sessions.end_all(session, person.id, but=visitor.session_id)
    return page(request, visitor, "desk/recovery_codes.html", codes=codes)


def _second_factor(
    request: Request, visitor: Visitor, place: Workplace, person: DeskPerson, secret: str, *, sentence: str = "",
    status: int = 200,
) -> Response:  # fmt: skip
    sealed = second_factor.seal(secret, person, place.settings.keyring)
    return page(
        request, visitor, "desk/second_factor.html", status=status, secret=secret,
        form=filled({}, wrong={"code": words_of(request, visitor)(sentence)} if sentence else None),
        is_demanded=visitor.lacks_second_factor(place.demanded),
        sealed=base64.urlsafe_b64encode(sealed).decode(),
        picture=Markup(second_factor.picture(second_factor.address_of(secret, person, house=HOUSE))),  # noqa: S704  # made by segno from modules alone
    )  # fmt: skip


def _unsealed(sealed: str, person: DeskPerson, place: Workplace) -> str:
    try:
        return second_factor.unseal(base64.urlsafe_b64decode(sealed), person, place.settings.keyring)
    except (BadToken, binascii.Error, ValueError) as error:
        raise BadInput(NOT_THE_CODE) from error
