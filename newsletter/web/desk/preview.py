"""Previews: an issue as it will look in mail, plain text, PDF and on the web, by the very pipeline that sends it."""

from __future__ import annotations

from collections.abc import Callable

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse

from newsletter.issues import signoff
from newsletter.issues.signoff import Proofs
from newsletter.kit.errors import NotFound, RenderingError
from newsletter.kit.templating import environment
from newsletter.manuscripts.document import MailFormat
from newsletter.rendering.email_html import email_html
from newsletter.rendering.page import web_page
from newsletter.rendering.pdf import pdf
from newsletter.rendering.plain_text import plain_text
from newsletter.rendering.preview import for_screen, without_slots
from newsletter.team.roles import Permission
from newsletter.web.auth import PublicationDep, VisitorDep, issue_numbered, needs
from newsletter.web.desk.editor import issue_path
from newsletter.web.desk.page import page, words_of
from newsletter.web.workplace import SessionDep, TurnDep, WorkplaceDep

router = APIRouter(prefix="/p/{label}/i/{number}/previews")
PREVIEW_POLICY = (
    "sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'; style-src 'unsafe-inline'; "
    "img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
)
"""A mail is shown with its own styles and may do nothing at all."""
PDF_POLICY = "default-src 'none'; style-src 'unsafe-inline'; object-src 'self'; frame-ancestors 'self'"
"""Browsers show no PDF within a sandbox."""
HEADERS = {"Cache-Control": "no-store", "X-Robots-Tag": "noindex", "Referrer-Policy": "no-referrer"}
CLIPPED_AT = 102_000
"""Bytes of HTML after which Gmail cuts a mail off."""
MEDIA = ("email", "text", "web", "pdf")


@router.get("", dependencies=[needs(Permission.READ)])
def previews(request: Request, visitor: VisitorDep, publication: PublicationDep, number: int, session: SessionDep,
             medium: str = "email") -> Response:  # fmt: skip
    """Show one preview on a page of its own, with its size."""
    issue = issue_numbered(session, publication.label, number)
    chosen = medium if medium in MEDIA else "email"
    proofs = signoff.proofs_of(session, issue)
    size = len(_email(proofs, pictures=False).encode()) if chosen == "email" else 0
    return page(
        request, visitor, "desk/preview.html", publication=publication, issue=issue, medium=chosen, size=size,
        limit=CLIPPED_AT, path=issue_path(publication, issue),
    )  # fmt: skip


@router.get("/{medium}", dependencies=[needs(Permission.READ)])
def preview(
    request: Request, label: str, number: int, medium: str, visitor: VisitorDep, place: WorkplaceDep, turn: TurnDep
) -> Response:
    """Answer with one medium of the newest revision, rendered now; no session is held meanwhile."""
    with place.database.read() as session:
        proofs = signoff.proofs_of(session, issue_numbered(session, label, number))
    try:
        return medium_of(proofs, medium)
    except RenderingError as error:
        return unrendered(words_of(request, visitor).language, str(error))


def medium_of(proofs: Proofs, medium: str) -> Response:
    """Return the answer that shows *proofs* in one medium; raise ``RenderingError``, ``NotFound`` for no medium."""
    makers: dict[str, Callable[[Proofs], Response]] = {
        "email": lambda proofs: _html(_email(proofs)),
        "text": lambda proofs: Response(
            without_slots(_text(proofs)), media_type="text/plain; charset=utf-8",
            headers=HEADERS | {"Content-Security-Policy": PREVIEW_POLICY},
        ),
        "web": lambda proofs: _html(
            web_page(proofs.document, proofs.profile.masthead, pictures=proofs.pictures, pdf_href=None)
        ),
        "pdf": lambda proofs: Response(
            pdf(proofs.document, proofs.profile.masthead, pictures=proofs.pictures), media_type="application/pdf",
            headers=HEADERS | {"Content-Security-Policy": PDF_POLICY, "Content-Disposition": "inline"},
        ),
    }  # fmt: skip
    if medium not in makers:
        raise NotFound("There is no page at this address.")
    return makers[medium](proofs)


def unrendered(language: str, sentence: str) -> Response:
    """Return the page that stands where a preview cannot be made, with the reason."""
    body = (
        environment("desk", language=language)
        .get_template("desk/_unrendered.html")
        .render(language=language, sentence=sentence)
    )
    return HTMLResponse(body, 422, headers=HEADERS | {"Content-Security-Policy": PREVIEW_POLICY})


def _html(html: str) -> Response:
    framed = html.replace("<head>", '<head><base target="_blank">', 1)
    return HTMLResponse(framed, headers=HEADERS | {"Content-Security-Policy": PREVIEW_POLICY})


def _email(proofs: Proofs, *, pictures: bool = True) -> str:
    html = email_html(
        proofs.document, proofs.profile.masthead, pictures=proofs.pictures, mail_format=proofs.mailing.format,
        preheader=proofs.mailing.preheader,
    )  # fmt: skip
    return for_screen(html, proofs.pictures) if pictures else html


def _text(proofs: Proofs) -> str:
    mail_format: MailFormat = proofs.mailing.format
    return plain_text(
        proofs.document, proofs.profile.masthead, mail_format=mail_format, preheader=proofs.mailing.preheader
    )
