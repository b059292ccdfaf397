"""Problems: every error as an answer over HTTP, a page for people and JSON for programs."""

from __future__ import annotations

import logging
from http import HTTPStatus

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, JSONResponse, RedirectResponse
from starlette.exceptions import HTTPException

from newsletter.kit.errors import (
    BadInput,
    BadToken,
    Conflict,
    DeskError,
    DispatchRefused,
    ManuscriptError,
    NotFound,
    NotPermitted,
    RenderingError,
    SettingsError,
)
from newsletter.kit.templating import environment

PAGE_HEADERS = {
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
    "X-Robots-Tag": "noindex",
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; "
        "frame-ancestors 'none'; base-uri 'none'"
    ),
}
"""Headers of every page that a link with a token leads to (STANDARDS: unsubscribe and links)."""
TITLES = {
    400: "That did not arrive whole",
    401: "Please sign in",
    403: "That is not yours to do",
    404: "There is nothing here",
    405: "That is not possible here",
    409: "That is not possible at the moment",
    413: "That was too much",
    422: "Something in it cannot be used",
}
OUR_FAULT = "Something went wrong on our side; it has been noted. Please try again in a few minutes."

log = logging.getLogger(__name__)


class BadForm(BadInput):
    """The form did not arrive whole; the message says what to do."""


class FormTooLong(BadForm):
    """The form is longer than anything our pages send."""


class NotSignedIn(DeskError):
    """Please sign in."""

    def __init__(self, place: str) -> None:
        super().__init__("Please sign in.")
        self.place = place
        """The page to sign in at, which leads back."""


STATUS: dict[type[DeskError], int] = {
    BadToken: 404,
    NotFound: 404,
    NotPermitted: 403,
    NotSignedIn: 401,
    FormTooLong: 413,
    BadForm: 400,
    Conflict: 409,
    DispatchRefused: 409,
    BadInput: 422,
    ManuscriptError: 422,
    RenderingError: 500,
    SettingsError: 500,
    DeskError: 500,
}


def status_of(error: DeskError) -> int:
    """Return the HTTP status of *error*: that of its nearest named ancestor."""
    return next(STATUS[kind] for kind in type(error).__mro__ if kind in STATUS)


def install(app: FastAPI) -> None:
    """Give *app* an answer for every error; none shows what happened inside."""
    app.add_exception_handler(DeskError, _desk_error)
    app.add_exception_handler(HTTPException, _http_error)
    app.add_exception_handler(RequestValidationError, _bad_request)
    app.add_exception_handler(Exception, _surprise)


def _desk_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, DeskError)
    if isinstance(error, BadToken):
        return _answer(request, 404, template="invalid_link.html", sentence=str(error))
    if isinstance(error, NotSignedIn):
        return _to_sign_in(request, error)
    status = status_of(error)
    if status >= 500:
        log.error("%s: %s", type(error).__name__, error)
        return _answer(request, status, sentence=OUR_FAULT)
    return _answer(request, status, sentence=str(error))


def _to_sign_in(request: Request, error: NotSignedIn) -> Response:
    """Lead a person to the page; tell a program, or a script of ours, where it is."""
    if "hx-request" in request.headers or not _is_for_people(request):
        answer = _answer(request, 401, sentence=str(error))
        answer.headers["HX-Redirect"] = error.place
        return answer
    return RedirectResponse(error.place, 303, headers={"Cache-Control": "no-store"})


def _http_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    sentence = {404: "There is no page at this address.", 405: "This address does not take that kind of request."}
    answer = _answer(request, error.status_code, sentence=sentence.get(error.status_code, error.detail))
    for name, value in (error.headers or {}).items():
        answer.headers[name] = value
    return answer


def _bad_request(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    if all(problem["loc"][0] == "path" for problem in error.errors()):
        return _answer(request, 404, sentence="There is no page at this address.")
    named = ", ".join(sorted({str(problem["loc"][-1]) for problem in error.errors()}))
    return _answer(request, 422, sentence=f"These values cannot be used: {named}.")


def _surprise(request: Request, error: Exception) -> Response:
    # The server logs the traceback itself: Starlette raises the error again after this answer.
    return _answer(request, 500, sentence=OUR_FAULT)


def _is_for_people(request: Request) -> bool:
    accepted = request.headers.get("accept", "")
    return "application/json" not in accepted or "text/html" in accepted


def _answer(request: Request, status: int, *, sentence: str, template: str = "problem.html") -> Response:
    if not _is_for_people(request):
        return JSONResponse({"error": {"status": status, "message": sentence}}, status, headers=PAGE_HEADERS)
    title = TITLES.get(status) or ("Something went wrong" if status >= 500 else HTTPStatus(status).phrase)
    body = (
        environment("readers")
        .get_template(template)
        .render(language="en", title=title, sentence=sentence, root=request.scope.get("root_path", ""))
    )
    return HTMLResponse(body, status, headers=PAGE_HEADERS)
