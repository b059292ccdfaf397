"""The open archive: each open publication's issues as web page and PDF, exactly as they were signed off."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from typing import Annotated
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Path, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse
from sqlalchemy import Row, ScalarSelect, Select, select
from sqlalchemy.orm import Session

from newsletter.delivery.models import Dispatch
from newsletter.delivery.states import DispatchKind
from newsletter.issues.models import Approval, Issue, IssueState, Revision, StoredEdition
from newsletter.issues.places import issue_path, publication_path
from newsletter.kit.database import Database
from newsletter.kit.errors import BadToken, NotFound
from newsletter.kit.templating import bundled, environment
from newsletter.kit.tokens import Keyring, Purpose
from newsletter.manuscripts.document import Article, Document, from_json
from newsletter.publications import Access, Profile, Publication
from newsletter.rendering.edition import MEDIA_TYPES, Medium
from newsletter.rendering.wording import wording

PAGE_POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
EDITION_POLICY = (
    "sandbox allow-popups allow-popups-to-escape-sandbox allow-top-navigation-by-user-activation; "
    "default-src 'none'; style-src 'unsafe-inline'; img-src 'self' data:; frame-ancestors 'self'"
)
"""A web edition is one self-contained file without script; it may do nothing but be read and followed."""
NEWEST = 5
ALL = 500
"""Ten years of a weekly; beyond that a list wants pages."""
HEADLINES = 3
Number = Annotated[int, Path(ge=1, le=2**31 - 1)]
CACHE_SECONDS = 300
"""An edition hardly changes, but a correction must not wait long in anybody's cache."""


@dataclass(frozen=True, slots=True)
class Listed:
    """One issue in a list."""

    number: int
    title: str
    """The issue's own title, or its date where every issue bears the publication's name."""
    date: str
    """Empty where it is the title."""
    headlines: tuple[str, ...]
    path: str


@dataclass(frozen=True, slots=True)
class Shelf:
    """One publication with its published issues, newest first."""

    label: str
    name: str
    publisher: str
    language: str
    issues: tuple[Listed, ...]


def router(database: Database, *, keyring: Keyring) -> APIRouter:
    """Return the archive's routes over *database*; *keyring* opens what is not open to everybody."""
    routes = APIRouter()
    pages = environment("archive")

    def page(template: str, request: Request, **values: object) -> Response:
        body = pages.get_template(template).render(root=request.scope.get("root_path", ""), **values)
        headers = {"Content-Security-Policy": PAGE_POLICY, "Cache-Control": f"public, max-age={CACHE_SECONDS}"}
        return HTMLResponse(body, headers=headers)

    @routes.api_route("/", methods=["GET", "HEAD"])
    def home(request: Request) -> Response:
        with database.read() as session:
            open_ones = session.scalars(
                select(Publication).where(Publication.access == Access.OPEN).order_by(Publication.name)
            )
            shelves = [_shelf(session, publication, limit=NEWEST) for publication in open_ones]
        return page("home.html", request, shelves=shelves)

    @routes.api_route("/archive.css", methods=["GET", "HEAD"])
    def stylesheet() -> Response:
        css = (bundled("templates") / "archive" / "archive.css").read_text(encoding="utf-8")
        return Response(css, media_type="text/css", headers={"Cache-Control": "public, max-age=3600"})

    @routes.api_route("/n/{label}/", methods=["GET", "HEAD"])
    def publication(request: Request, label: str) -> Response:
        with database.read() as session:
            found = session.scalar(
                select(Publication).where(Publication.label == label, Publication.access == Access.OPEN)
            )
            if found is None:
                raise NotFound("There is no newsletter at this address.")
            shelf = _shelf(session, found, limit=ALL)
        return page("publication.html", request, shelf=shelf)

    @routes.api_route("/n/{label}", methods=["GET", "HEAD"])
    @routes.api_route("/n/{label}/{number}", methods=["GET", "HEAD"])
    def without_slash(request: Request, label: str, number: Number | None = None) -> RedirectResponse:
        # By path alone: a redirect built from the Host header would go wherever the sender of that header likes.
        place = publication_path(label) if number is None else issue_path(label, number)
        return RedirectResponse(request.scope.get("root_path", "") + place, 308)

    @routes.api_route("/n/{label}/{number}/", methods=["GET", "HEAD"])
    @routes.api_route("/n/{label}/{number}/{reader}/", methods=["GET", "HEAD"])
    def web_edition(request: Request, label: str, number: Number, reader: str = "") -> Response:
        return edition(request, label, number, Medium.WEB, reader)

    @routes.api_route("/n/{label}/{number}/issue.pdf", methods=["GET", "HEAD"])
    @routes.api_route("/n/{label}/{number}/{reader}/issue.pdf", methods=["GET", "HEAD"])
    def pdf_edition(request: Request, label: str, number: Number, reader: str = "") -> Response:
        return edition(request, label, number, Medium.PDF, reader)

    def edition(request: Request, label: str, number: int, medium: Medium, reader: str) -> Response:
        with database.read() as session:
            row = session.execute(_sent_edition(label, number, medium)).first()
        if row is None or not (row.access is Access.OPEN or _may_read(keyring, reader, row.publication_id)):
            raise NotFound("There is no issue at this address.")
        return _answer(request, row, medium, name=f"{label}-{number}")

    return routes


def _shelf(session: Session, publication: Publication, *, limit: int) -> Shelf:
    profile = publication.profile
    published = session.execute(
        select(Issue, Revision.document_json)
        .join(Revision, Revision.id == _sent_revision())
        .where(
            Issue.publication_id == publication.id, Issue.published_at.is_not(None), Issue.state != IssueState.WITHDRAWN
        )
        .order_by(Issue.number.desc())
        .limit(limit)
    )
    return Shelf(
        label=publication.label,
        name=profile.name,
        publisher=profile.masthead.publisher,
        language=profile.language,
        issues=tuple(_listed(profile, issue, from_json(stored)) for issue, stored in published),
    )


def _listed(profile: Profile, issue: Issue, document: Document) -> Listed:
    """Say of an issue what makes it different from the one before."""
    assert issue.published_at is not None
    day = document.date or issue.published_at.astimezone(ZoneInfo(profile.time_zone)).date()
    date = wording(profile.language).date(day)
    articles = (entry.title for section in document.sections for entry in section.entries if isinstance(entry, Article))
    named_after = document.title == profile.name
    return Listed(
        number=issue.number,
        title=date if named_after else document.title,
        date="" if named_after else date,
        headlines=tuple(islice(articles, HEADLINES)),
        path=issue_path(profile.label, issue.number),
    )


def _sent_revision() -> ScalarSelect[int]:
    """The revision that the newest sending of an issue took to the readers."""
    return (
        select(Approval.revision_id)
        .join(Dispatch, Dispatch.approval_id == Approval.id)
        .where(
            Dispatch.issue_id == Issue.id,
            Dispatch.kind.in_([DispatchKind.ISSUE, DispatchKind.CORRECTION]),
            Dispatch.started_at.is_not(None),
        )
        .order_by(Dispatch.id.desc())
        .limit(1)
        .correlate(Issue)
        .scalar_subquery()
    )


def _may_read(keyring: Keyring, token: str, publication_id: int) -> bool:
    """Tell whether *token* is a reader's link into this publication."""
    try:
        return keyring.read_link(Purpose.READ, token).publication_id == publication_id
    except BadToken:
        return False


def _answer(request: Request, row: Row[str, bytes, Access, int], medium: Medium, *, name: str) -> Response:
    """Answer with the bytes that were signed off and sent, or 304 where the reader has them already."""
    reach = "public" if row.access is Access.OPEN else "private"
    headers = {
        "ETag": f'"{row.sha256}"',
        "Cache-Control": f"{reach}, max-age={CACHE_SECONDS}",
        "Content-Security-Policy": EDITION_POLICY,
    }
    if row.access is not Access.OPEN:
        headers["X-Robots-Tag"] = "noindex"
    if medium is Medium.PDF:
        headers["Content-Disposition"] = f'inline; filename="{name}.pdf"'
    if _has_it(request, headers["ETag"]):
        return Response(status_code=304, headers=headers)
    return Response(row.data, media_type=MEDIA_TYPES[medium], headers=headers)


def _has_it(request: Request, etag: str) -> bool:
    """Tell whether the reader holds this version (RFC 9110 §13.1.2); weak tags compare like strong ones."""
    held = ",".join(request.headers.getlist("if-none-match"))
    return held.strip() == "*" or etag in {tag.strip().removeprefix("W/") for tag in held.split(",")}


def _sent_edition(label: str, number: int, medium: Medium) -> Select[str, bytes, Access, int]:
    """The edition of the newest sending that has begun: a draft begun since does not change what readers see."""
    return (
        select(StoredEdition.sha256, StoredEdition.data, Publication.access, Publication.id.label("publication_id"))
        .join(Approval, Approval.revision_id == StoredEdition.revision_id)
        .join(Dispatch, Dispatch.approval_id == Approval.id)
        .join(Issue, Issue.id == Dispatch.issue_id)
        .join(Publication, Publication.id == Issue.publication_id)
        .where(
            Publication.label == label,
            Issue.number == number,
            Issue.published_at.is_not(None),
            Issue.state != IssueState.WITHDRAWN,
            Dispatch.kind.in_([DispatchKind.ISSUE, DispatchKind.CORRECTION]),
            Dispatch.started_at.is_not(None),
            StoredEdition.medium == medium,
        )
        .order_by(Dispatch.id.desc())
        .limit(1)
    )
