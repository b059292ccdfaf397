"""A reviewer's page: one article as it will look, for somebody without an account; a GET changes nothing."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse

from newsletter.issues import assets, comments, review_links
from newsletter.issues.comments import CommentKind
from newsletter.issues.drafts import publication_of
from newsletter.issues.mailing import mailing_of
from newsletter.kit.catalogue import spoken
from newsletter.kit.errors import RenderingError
from newsletter.kit.templating import environment
from newsletter.rendering.edition import Medium
from newsletter.web.desk.assets import path_of as asset_path
from newsletter.web.desk.posted import FieldsDep, number_in
from newsletter.web.desk.previews import preview, unrendered
from newsletter.web.problems import PAGE_HEADERS
from newsletter.web.workplace import TurnDep, WorkplaceDep

router = APIRouter(prefix="/v/{token}")
HEADERS = PAGE_HEADERS | {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; img-src 'self'; font-src 'self'; frame-src 'self'; form-action 'self'; "
        "base-uri 'none'; frame-ancestors 'none'"
    )
}


@router.api_route("", methods=["GET", "HEAD"])
def article(request: Request, token: str, place: WorkplaceDep, turn: TurnDep, thanks: str = "") -> Response:
    """Show the article in both forms, what was said through this link, and a form to say more."""
    with place.database.read() as session:
        shown = review_links.opened(session, token, now=place.clock())
        publication = publication_of(session, shown.issue)
        said = [one for one in comments.of_issue(session, shown.issue) if one.review_link_id == shown.link.id]
    language = spoken(publication.profile.language)
    body = environment("desk", language=language).get_template("desk/reviewing.html").render(
        language=language, root=request.scope.get("root_path", ""), token=token, shown=shown, publication=publication,
        said=said, thanks=bool(thanks), zone=publication.profile.zone,
        asset=lambda name: request.scope.get("root_path", "") + asset_path(name),
    )  # fmt: skip
    return HTMLResponse(body, headers=HEADERS)


@router.api_route("/{medium}", methods=["GET", "HEAD"])
def look(token: str, medium: Medium, place: WorkplaceDep, turn: TurnDep) -> Response:
    """Show the article alone as mail or PDF."""
    with place.database.read() as session:
        shown = review_links.opened(session, token, now=place.clock())
        profile = publication_of(session, shown.issue).profile
        pictures = assets.load(session, shown.document, profile.theme.logo)
    try:
        return preview(
            medium, shown.document, profile.masthead, pictures=pictures,
            preheader=mailing_of(shown.document, profile).preheader,
        )  # fmt: skip
    except RenderingError as error:
        return unrendered(spoken(profile.language), str(error))


@router.post("")
def answer(request: Request, token: str, fields: FieldsDep, place: WorkplaceDep, turn: TurnDep) -> Response:
    """Note a comment, or that the article is correct, for the version that the page showed."""
    kind = CommentKind.CORRECT if fields.get("say") == CommentKind.CORRECT else CommentKind.REMARK
    with place.database.write() as session:
        review_links.answer(
            session, token, kind=kind, text=fields.get("text", ""), quote=fields.get("quote", ""),
            revision_number=number_in(fields, "version"), now=place.clock(),
        )  # fmt: skip
    root = request.scope.get("root_path", "")
    return RedirectResponse(f"{root}/v/{token}?thanks=1", 303, headers={"Cache-Control": "no-store"})
