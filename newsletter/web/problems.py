"""Problems: every error as an answer over HTTP, a page for people and JSON for programs."""

from __future__ import annotations

import logging
from html import escape
from http import HTTPStatus

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, JSONResponse, RedirectResponse
from sqlalchemy.exc import DataError
from starlette.exceptions import HTTPException

from newsletter.kit.catalogue import N_, Sentence, preferred, words
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
    TooMany,
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
    400: N_("That did not arrive whole"),
    401: N_("Please sign in"),
    403: N_("That is not yours to do"),
    404: N_("There is nothing here"),
    405: N_("That is not possible here"),
    409: N_("That is not possible at the moment"),
    413: N_("That was too much"),
    422: N_("Something in it cannot be used"),
    429: N_("That was too often"),
}
OUR_FAULT = N_("Something went wrong on our side; it has been noted. Please try again in a few minutes.")
BOTH_LANGUAGES = "invalid_link.html"
"""Says it in each language on one page: whoever follows a broken link has told us nothing, and all get the same."""
UNSTORABLE = N_("A value in it cannot be stored: it is too large or holds a control character.")
NO_PAGE = N_("There is no page at this address.")
OF_SQLITE = "SQLite INTEGER"
"""What its driver calls that for which a number is too large."""

log = logging.getLogger(__name__)


class BadForm(BadInput):
    """The form did not arrive whole; the message says what to do."""


class FormTooLong(BadForm):
    """The form is longer than anything our pages send."""


class NoKey(DeskError):
    """There is no valid key in the request."""

    def __init__(self) -> None:
        super().__init__(
            "The key is missing, was revoked or is for another newsletter; send Authorization: Bearer ndm_…"
        )


class NotSignedIn(DeskError):
    """Please sign in."""

    def __init__(self, place: str) -> None:
        super().__init__(N_("Please sign in."))
        self.place = place
        """The page to sign in at, which leads back."""


class SecondFactorDue(NotSignedIn):
    """Please set up your second factor first."""

    def __init__(self, place: str) -> None:
        DeskError.__init__(self, N_("Please set up your second factor first."))
        self.place = place


STATUS: dict[type[DeskError], int] = {
    BadToken: 404,
    NotFound: 404,
    NotPermitted: 403,
    NotSignedIn: 401,
    NoKey: 401,
    FormTooLong: 413,
    BadForm: 400,
    TooMany: 429,
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
    app.add_exception_handler(DataError, _unstorable)
    app.add_exception_handler(UnicodeEncodeError, _unstorable)
    app.add_exception_handler(OverflowError, _too_large)
    app.add_exception_handler(Exception, _surprise)


def _desk_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, DeskError)
    if isinstance(error, BadToken):
        return _answer(request, 404, template=BOTH_LANGUAGES, sentence=error.sentence)
    if isinstance(error, NotSignedIn):
        return _to_sign_in(request, error)
    status = status_of(error)
    if status >= 500:
        log.error("%s: %s", type(error).__name__, error)
        return _answer(request, status, sentence=OUR_FAULT)
    answer = _answer(request, status, sentence=error.sentence)
    if isinstance(error, TooMany):
        answer.headers["Retry-After"] = str(int(error.wait.total_seconds()))
    return answer


def _to_sign_in(request: Request, error: NotSignedIn) -> Response:
    """Lead a person to the page; tell a program, or a script of ours, where it is."""
    if "hx-request" in request.headers or not _is_for_people(request):
        answer = _answer(request, 401, sentence=error.sentence)
        answer.headers["HX-Redirect"] = error.place
        return answer
    return RedirectResponse(error.place, 303, headers={"Cache-Control": "no-store"})


def _http_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    sentence = {404: NO_PAGE, 405: N_("This address does not take that kind of request.")}
    answer = _answer(request, error.status_code, sentence=sentence.get(error.status_code, error.detail))
    for name, value in (error.headers or {}).items():
        answer.headers[name] = value
    return answer


def _bad_request(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    if all(problem["loc"][0] == "path" for problem in error.errors()):
        return _answer(request, 404, sentence=NO_PAGE)
    named = ", ".join(sorted({str(problem["loc"][-1]) for problem in error.errors()}))
    return _answer(request, 422, sentence=Sentence(N_("These values cannot be used: %(names)s."), names=named))


def _unstorable(request: Request, error: Exception) -> Response:
    """A value no column holds, which no check before named: still the sender's, and nothing was written."""
    log.warning("a value that cannot be stored was refused")
    return _answer(request, 422, sentence=UNSTORABLE)


def _too_large(request: Request, error: Exception) -> Response:
    """A number that SQLite cannot hold, which is no error of the database to its driver."""
    if OF_SQLITE not in str(error):
        raise error
    return _unstorable(request, error)


def _surprise(request: Request, error: Exception) -> Response:
    # The server logs the traceback itself: Starlette raises the error again after this answer.
    return _answer(request, 500, sentence=OUR_FAULT)


def _is_for_people(request: Request) -> bool:
    if request.url.path.removeprefix(request.scope.get("root_path", "")).startswith("/api/"):
        return False
    accepted = request.headers.get("accept", "")
    return "application/json" not in accepted or "text/html" in accepted


def _answer(request: Request, status: int, *, sentence: str, template: str = "problem.html") -> Response:
    if not _is_for_people(request):
        return JSONResponse({"error": {"status": status, "message": sentence}}, status, headers=PAGE_HEADERS)
    title = TITLES.get(status) or (N_("Something went wrong") if status >= 500 else HTTPStatus(status).phrase)
    if request.url.path.removeprefix(request.scope.get("root_path", "")).startswith("/desk/"):
        return _at_the_desk(request, status, title=title, sentence=sentence)
    both = template == BOTH_LANGUAGES
    _ = words("en" if both else preferred(request.headers.get("accept-language", "")))
    body = (
        environment("readers")
        .get_template(template)
        .render(language=_.language, title=_(title), sentence=_(sentence), root=request.scope.get("root_path", ""))
    )
    return HTMLResponse(body, status, headers=PAGE_HEADERS)


def _at_the_desk(request: Request, status: int, *, title: str, sentence: str) -> Response:
    """Answer in the desk's look; for a script of ours, that shows it where it asked for something, in one paragraph."""
    from newsletter.web.desk.page import PAGE_HEADERS as DESK_HEADERS
    from newsletter.web.desk.page import page, words_of  # which stands on the errors above

    said = words_of(request, None)(sentence)
    if "hx-request" in request.headers:
        return HTMLResponse(f'<p class="notice wrong" role="alert">{escape(said)}</p>', status, headers=DESK_HEADERS)
    return page(request, None, "desk/problem.html", status=status, title=title, said=said)
