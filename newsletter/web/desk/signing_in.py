"""Signing in and out."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import RedirectResponse
from sqlalchemy import select

from newsletter.kit.errors import BadInput
from newsletter.mail.address import address_key
from newsletter.team import passwords, sessions
from newsletter.team.models import DeskPerson
from newsletter.web.auth import MaybeVisitorDep, cookie_name, public, within_the_desk
from newsletter.web.desk.page import page
from newsletter.web.workplace import SessionDep, TurnDep, Workplace, WorkplaceDep

router = APIRouter()
WRONG = "This address and this password do not belong together."


@router.get("/sign-in", dependencies=[public])
def ask(request: Request, visitor: MaybeVisitorDep, place: WorkplaceDep, next: str = "") -> Response:  # noqa: A002  # its name in the URL
    """Show the form; whoever is signed in goes on."""
    wanted = within_the_desk(next)
    if visitor is not None:
        return RedirectResponse(place.root + wanted, 303)
    return page(request, None, "desk/sign_in.html", next=wanted, address="", sentence="")


@router.post("/sign-in", dependencies=[public])
def sign_in(
    request: Request, place: WorkplaceDep, _turn: TurnDep,
    address: Annotated[str, Form(max_length=300)] = "", password: Annotated[str, Form(max_length=300)] = "",
    next: Annotated[str, Form(max_length=2000)] = "",  # noqa: A002  # its name in the form
) -> Response:  # fmt: skip
    """Sign in with address and password."""
    wanted = within_the_desk(next)
    with place.database.read() as session:
        person = session.scalar(select(DeskPerson).where(DeskPerson.address_key == _key(address)))
    good = passwords.fits(password, person.password_hash if person else None)
    if not good or person is None or person.deactivated_at:
        return page(request, None, "desk/sign_in.html", status=422, next=wanted, address=address, sentence=WRONG)
    with place.database.write() as session:
        token = sessions.begin(session, person, browser=request.headers.get("user-agent", ""), now=place.clock())
    answer = RedirectResponse(place.root + wanted, 303)
    hand_cookie(answer, place, token)
    return answer


@router.post("/sign-out", dependencies=[public])
def sign_out(request: Request, place: WorkplaceDep, session: SessionDep) -> Response:
    """End the session of this browser."""
    token = request.cookies.get(cookie_name(place))
    if token:
        sessions.end_token(session, token)
    answer = RedirectResponse(f"{place.root}/desk/sign-in", 303)
    answer.delete_cookie(cookie_name(place), path="/", secure=place.is_secure, httponly=True, samesite="lax")
    return answer


def hand_cookie(answer: Response, place: Workplace, token: str) -> None:
    """Give the browser its session: for this host alone, out of reach of scripts, not sent along by other sites."""
    answer.set_cookie(
        cookie_name(place), token, max_age=int(sessions.LONGEST.total_seconds()), path="/",
        secure=place.is_secure, httponly=True, samesite="lax",
    )  # fmt: skip


def _key(address: str) -> str:
    try:
        return address_key(address.strip())
    except BadInput:
        return ""
