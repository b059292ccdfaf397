"""Signing in with a password and a code, and signing out."""

from __future__ import annotations

from typing import Annotated, assert_never
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import RedirectResponse

from newsletter.kit.catalogue import N_
from newsletter.kit.errors import TooMany
from newsletter.team import sessions
from newsletter.team.entrance import Admitted, Caller, Halfway, Wrong
from newsletter.web.auth import MaybeVisitorDep, cookie_name, public, within_the_desk
from newsletter.web.desk.forms import filled
from newsletter.web.desk.page import page, words_of
from newsletter.web.readers.forms import Form, read_form
from newsletter.web.workplace import SessionDep, TurnDep, Workplace, WorkplaceDep

router = APIRouter()
WRONG = N_("This address and this password do not belong together.")
WRONG_CODE = N_("This code is not good. Wait for the next one, or take one from your list of recovery codes.")

FormDep = Annotated[Form, Depends(read_form)]


def _caller(request: Request, place: WorkplaceDep) -> Caller:
    return Caller(
        request.client.host if request.client else "",
        request.headers.get("user-agent", ""),
        request.cookies.get(cookie_name(place), ""),
    )


CallerDep = Annotated[Caller, Depends(_caller)]
"""Whoever is at the entrance."""


@router.get("/sign-in", dependencies=[public])
def ask(request: Request, visitor: MaybeVisitorDep, place: WorkplaceDep, next: str = "") -> Response:  # noqa: A002  # its name in the URL
    """Show the form; whoever is signed in goes on."""
    wanted = within_the_desk(next)
    if visitor is not None:
        return RedirectResponse(place.root + wanted, 303)
    return door(request, place, wanted)


@router.post("/sign-in", dependencies=[public])
def sign_in(request: Request, place: WorkplaceDep, caller: CallerDep, form: FormDep, _turn: TurnDep) -> Response:
    """Judge address and password."""
    wanted, address = within_the_desk(form.get("next")), form.get("address")
    try:
        outcome = place.entrance.by_password(address, form.get("password"), caller)
    except TooMany as error:
        return _later(door(request, place, wanted, address, error.sentence, status=429), error)
    match outcome:
        case Admitted(token):
            return admitted(place, token, wanted)
        case Halfway(token):
            return hand_cookie(RedirectResponse(_code_place(place, wanted), 303), place, token)
        case Wrong():
            return door(request, place, wanted, address, WRONG, status=422)
        case _:
            assert_never(outcome)


@router.get("/sign-in/code", dependencies=[public])
def ask_for_code(
    request: Request, place: WorkplaceDep, caller: CallerDep, session: SessionDep, next: str = ""  # noqa: A002
) -> Response:  # fmt: skip
    """Show the form for the code; without a password before it, there is nothing to show."""
    wanted = within_the_desk(next)
    if sessions.halfway(session, caller.former, now=place.clock()) is None:
        return RedirectResponse(f"{place.root}/desk/sign-in", 303)
    return _code_door(request, wanted)


@router.post("/sign-in/code", dependencies=[public])
def give_code(request: Request, place: WorkplaceDep, caller: CallerDep, form: FormDep, _turn: TurnDep) -> Response:
    """Judge the code."""
    wanted = within_the_desk(form.get("next"))
    try:
        outcome = place.entrance.by_code(caller.former, form.get("code"), caller)
    except TooMany as error:
        return _later(_code_door(request, wanted, error.sentence, status=429), error)
    match outcome:
        case Admitted(token):
            return admitted(place, token, wanted)
        case Wrong():
            return _code_door(request, wanted, WRONG_CODE, status=422)
        case None:
            return RedirectResponse(f"{place.root}/desk/sign-in", 303)
        case _:
            assert_never(outcome)


@router.post("/sign-out", dependencies=[public])
def sign_out(place: WorkplaceDep, caller: CallerDep, session: SessionDep) -> Response:
    """End the session of this browser."""
    sessions.end_token(session, caller.former)
    answer = RedirectResponse(f"{place.root}/desk/sign-in", 303)
    answer.delete_cookie(cookie_name(place), path="/", secure=place.is_secure, httponly=True, samesite="lax")
    # What the browser kept of the desk goes with the session (Clear-Site-Data, W3C).
    answer.headers["Clear-Site-Data"] = '"cache"'
    return answer


def admitted(place: Workplace, token: str, wanted: str = "/desk/") -> Response:
    """Return the answer that hands over the session and leads on."""
    return hand_cookie(RedirectResponse(place.root + within_the_desk(wanted), 303), place, token)


def hand_cookie(answer: Response, place: Workplace, token: str) -> Response:
    """Give the browser its session: for this host alone, out of reach of scripts, not sent along by other sites."""
    answer.set_cookie(
        cookie_name(place), token, max_age=int(sessions.LONGEST.total_seconds()), path="/",
        secure=place.is_secure, httponly=True, samesite="lax",
    )  # fmt: skip
    answer.headers["Cache-Control"] = "no-store"
    return answer


def door(
    request: Request, place: Workplace, wanted: str, address: str = "", sentence: str = "", *, status: int = 200
) -> Response:
    """Return the page at which one signs in."""
    said = words_of(request, None)(sentence)
    form = filled({"next": wanted, "address": address}, wrong={"": said} if said else None, summary=said)
    return page(request, None, "desk/sign_in.html", status=status, form=form, has_provider=place.provider is not None)


def _code_door(request: Request, wanted: str, sentence: str = "", *, status: int = 200) -> Response:
    form = filled({"next": wanted}, wrong={"code": words_of(request, None)(sentence)} if sentence else None)
    return page(request, None, "desk/sign_in_code.html", status=status, form=form)


def _later(answer: Response, error: TooMany) -> Response:
    answer.headers["Retry-After"] = str(int(error.wait.total_seconds()))
    return answer


def _code_place(place: Workplace, wanted: str) -> str:
    return f"{place.root}/desk/sign-in/code?{urlencode({'next': wanted})}"
