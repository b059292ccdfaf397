"""Signing in through the house's identity provider: there with an errand, and back with an answer."""

from __future__ import annotations

import base64
import binascii
import logging

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from newsletter.kit.errors import BadToken, Conflict, DeskError, NotFound
from newsletter.team import identities
from newsletter.team.identity_provider import LASTS, Errand, IdentityProvider, IdentityRefused, ProviderAway
from newsletter.web.auth import NOTHING_HERE, MaybeVisitorDep, public, within_the_desk
from newsletter.web.desk.page import page
from newsletter.web.desk.signing_in import CallerDep, admitted, door
from newsletter.web.workplace import TurnDep, Workplace, WorkplaceDep

router = APIRouter()
log = logging.getLogger(__name__)
_SEAL = "sign-in errand"


@router.get("/sign-in/there", dependencies=[public])
def go(request: Request, place: WorkplaceDep, next: str = "") -> Response:  # noqa: A002  # its name in the URL
    """Send the browser to the provider, with an errand in its cookie; nothing changes here."""
    try:
        where, errand = provider_of(place).begin(wanted=within_the_desk(next))
    except ProviderAway as error:
        return _not_in(request, place, error)
    answer = RedirectResponse(where, 303, headers={"Cache-Control": "no-store"})
    return _with_errand(answer, place, errand)


def offer(request: Request, place: Workplace, *, pass_token: str = "", session_id: int = 0) -> Response:
    """Return the page that leads to the provider to have the identity there tied to a person here.

    A page, since our policy lets no form end elsewhere; asked for by a POST of ours, so that no other site can have
    a stranger's identity tied to somebody.
    """
    try:
        where, errand = provider_of(place).begin(pass_token=pass_token, session_id=session_id)
    except ProviderAway as error:
        return _not_in(request, place, error)
    return _with_errand(page(request, None, "desk/to_provider.html", where=where), place, errand)


@router.get("/sign-in/back", dependencies=[public])
def back(
    request: Request, place: WorkplaceDep, caller: CallerDep, visitor: MaybeVisitorDep, _turn: TurnDep
) -> Response:
    """Take the provider's answer: the one GET that begins something, since OpenID Connect leads back by a link.

    Only the browser that was sent there can bring it, once.
    """
    provider = provider_of(place)
    try:
        errand = _errand(request, place)
        identity = provider.finish(errand, request.query_params)
        if errand.session_id and (visitor is None or visitor.session_id != errand.session_id):
            raise IdentityRefused("it was another session that asked")
        with place.database.write() as session:
            person = identities.recognised(
                session, identity, pass_token=errand.pass_token, now=place.clock(),
                person_id=visitor.person_id if visitor is not None and errand.session_id else None,
            )  # fmt: skip
            token = place.entrance.admit(session, person, caller, way="identity provider")
    except (IdentityRefused, ProviderAway, Conflict, NotFound) as error:
        return _not_in(request, place, error)
    answer = admitted(place, token, errand.wanted)
    _drop_errand(answer, place)
    return answer


def provider_of(place: Workplace) -> IdentityProvider:
    """Return the house's provider; raise ``NotFound`` if it has none."""
    if place.provider is None:
        raise NotFound(NOTHING_HERE)
    return place.provider


def _not_in(request: Request, place: Workplace, error: DeskError) -> Response:
    if isinstance(error, IdentityRefused | ProviderAway):
        log.warning("sign-in by the identity provider: %s", error.reason)
    status = 503 if isinstance(error, ProviderAway) else 403
    answer = door(request, place, "/desk/", sentence=error.sentence, status=status)
    _drop_errand(answer, place)
    return answer


def _errand_cookie(place: Workplace) -> str:
    return "__Host-desk-errand" if place.is_secure else "desk-errand"


def _with_errand(answer: Response, place: Workplace, errand: Errand) -> Response:
    sealed = place.settings.keyring.seal(_SEAL, errand.to_json(), about="browser")
    answer.set_cookie(
        _errand_cookie(place), base64.urlsafe_b64encode(sealed).decode(), max_age=int(LASTS.total_seconds()), path="/",
        secure=place.is_secure, httponly=True, samesite="lax",
    )  # fmt: skip
    return answer


def _drop_errand(answer: Response, place: Workplace) -> None:
    answer.delete_cookie(_errand_cookie(place), path="/", secure=place.is_secure, httponly=True, samesite="lax")


def _errand(request: Request, place: Workplace) -> Errand:
    """Return what this browser was sent for; raise ``IdentityRefused`` if it was not sent, or not by us."""
    try:
        sealed = base64.urlsafe_b64decode(request.cookies.get(_errand_cookie(place), ""))
        return Errand.from_json(place.settings.keyring.unseal(_SEAL, sealed, about="browser"))
    except (BadToken, binascii.Error, ValueError) as error:
        raise IdentityRefused("this browser was not sent there by us") from error
