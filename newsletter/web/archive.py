"""The open archive: each open publication's issues, exactly as they were signed off; lists, feeds and search."""

from __future__ import annotations

import hashlib
from itertools import islice
from typing import Annotated

from fastapi import APIRouter, Path, Query, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse
from sqlalchemy import Row, Select, select
from sqlalchemy.orm import Session

from newsletter.issues.models import Approval, Issue, IssueState, StoredEdition, Visibility
from newsletter.issues.places import issue_path, opened_for, publication_path, version_path
from newsletter.issues.versions import PublishedVersion
from newsletter.issues.visibility import seen_by
from newsletter.kit.catalogue import N_
from newsletter.kit.clock import Clock
from newsletter.kit.database import Database
from newsletter.kit.errors import NotFound
from newsletter.kit.templating import bundled, environment
from newsletter.kit.tokens import Keyring
from newsletter.publications import Publication
from newsletter.rendering.edition import MEDIA_TYPES, Medium
from newsletter.web import feeds, searching, shelves
from newsletter.web.feeds import FEEDS
from newsletter.web.opening import may_read
from newsletter.web.searching import Hit, Shelved
from newsletter.web.shelves import Listed, Shelf

PAGE_POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
EDITION_POLICY = (
    "sandbox allow-popups allow-popups-to-escape-sandbox allow-top-navigation-by-user-activation; "
    "default-src 'none'; style-src 'unsafe-inline'; img-src 'self' data:; frame-ancestors 'self'"
)
"""A web edition is one self-contained file without script; it may do nothing but be read and followed."""
NEWEST = 5
"""Issues of each publication on the first page."""
NOT_FOR_ROBOTS = ("/u/", "/p/", "/search", "/outbox", "/desk/")
"""Readers' own links, and pages that are work to make and nothing to find."""
Number = Annotated[int, Path(ge=1, le=2**31 - 1)]
CACHE_SECONDS = 300
"""An edition hardly changes, but a correction must not wait long in anybody's cache."""
PUBLIC = f"public, max-age={CACHE_SECONDS}"


def router(database: Database, *, keyring: Keyring, public_url: str, clock: Clock) -> APIRouter:
    """Return the archive's routes over *database*; *keyring* opens what is not open to everybody.

    Feeds and cards name whole addresses, which begin with *public_url*.
    """
    routes = APIRouter()
    pages = environment("archive")
    index = Shelved()

    def page(
        template: str, request: Request, *, cache: str = f"public, max-age={CACHE_SECONDS}", **values: object
    ) -> Response:
        root = request.scope.get("root_path", "")
        body = pages.get_template(template).render(root=root, public_url=public_url, **values)
        return HTMLResponse(body, headers={"Content-Security-Policy": PAGE_POLICY, "Cache-Control": cache})

    @routes.api_route("/", methods=["GET", "HEAD"])
    def home(request: Request) -> Response:
        with database.read() as session:
            open_ones = shelves.open_publications(session)
            all_shelves = [shelves.shelf_of(session, publication, limit=NEWEST) for publication in open_ones]
        return page("home.html", request, shelves=all_shelves)

    @routes.api_route("/archive.css", methods=["GET", "HEAD"])
    def stylesheet() -> Response:
        css = (bundled("templates") / "archive" / "archive.css").read_text(encoding="utf-8")
        return Response(css, media_type="text/css", headers={"Cache-Control": "public, max-age=3600"})

    @routes.api_route("/search", methods=["GET", "HEAD"])
    def search(request: Request, q: str = "", within: Annotated[str, Query(alias="in")] = "") -> Response:
        words = searching.words_of(q)
        with database.read() as session:
            open_ones = shelves.open_publications(session)
            chosen = [one for one in open_ones if one.label == within] or open_ones
            found = _found(session, chosen, words, index)
        return page(
            "search.html",
            request,
            cache="no-store",
            question=q[: searching.LONGEST_QUESTION],
            words=words,
            found=found,
            within=within if [one.label for one in chosen] == [within] else "",
            language=chosen[0].profile.language if chosen else "en",
        )

    @routes.api_route("/sitemap.xml", methods=["GET", "HEAD"])
    def sitemap(request: Request) -> Response:
        with database.read() as session:
            everything = [shelves.shelf_of(session, one) for one in shelves.open_publications(session)]
        return _feed(request, feeds.sitemap(everything, public_url), "application/xml")

    @routes.api_route("/robots.txt", methods=["GET", "HEAD"])
    def robots(request: Request) -> Response:
        root = request.scope.get("root_path", "")
        closed = "".join(f"Disallow: {root}{path}\n" for path in NOT_FOR_ROBOTS)
        return Response(f"User-agent: *\n{closed}Sitemap: {public_url}/sitemap.xml\n", media_type="text/plain")

    @routes.api_route("/n/{label}/", methods=["GET", "HEAD"])
    def publication(request: Request, label: str) -> Response:
        with database.read() as session:
            shelf = shelves.shelf_of(session, shelves.open_publication(session, label))
        return page("publication.html", request, shelf=shelf, feeds=FEEDS)

    def feed_route(feed: feeds.Feed) -> None:
        @routes.api_route(f"/n/{{label}}/{feed.name}", methods=["GET", "HEAD"], name=feed.name)
        def answer(request: Request, label: str) -> Response:
            with database.read() as session:
                found = shelves.open_publication(session, label)
                shelf = shelves.shelf_of(session, found, limit=feeds.NEWEST)
            return _feed(request, feed.write(shelf, public_url), feed.media_type)

    for feed in FEEDS:
        feed_route(feed)

    @routes.api_route("/n/{label}", methods=["GET", "HEAD"])
    @routes.api_route("/n/{label}/{number}", methods=["GET", "HEAD"])
    def without_slash(request: Request, label: str, number: Number | None = None) -> RedirectResponse:
        # By path alone: a redirect built from the Host header would go wherever the sender of that header likes.
        place = publication_path(label) if number is None else issue_path(label, number)
        return RedirectResponse(request.scope.get("root_path", "") + place, 308)

    @routes.api_route("/n/{label}/{number}/", methods=["GET", "HEAD"])
    @routes.api_route("/n/{label}/{number}/{reader}/", methods=["GET", "HEAD"])
    @routes.api_route("/n/{label}/{number}/versions/{version}/", methods=["GET", "HEAD"])
    @routes.api_route("/n/{label}/{number}/{reader}/versions/{version}/", methods=["GET", "HEAD"])
    def web_edition(
        request: Request, label: str, number: Number, reader: str = "", version: Number | None = None
    ) -> Response:
        return edition(request, label, number, Medium.WEB, reader, version)

    @routes.api_route("/n/{label}/{number}/issue.pdf", methods=["GET", "HEAD"])
    @routes.api_route("/n/{label}/{number}/{reader}/issue.pdf", methods=["GET", "HEAD"])
    @routes.api_route("/n/{label}/{number}/versions/{version}/issue.pdf", methods=["GET", "HEAD"])
    @routes.api_route("/n/{label}/{number}/{reader}/versions/{version}/issue.pdf", methods=["GET", "HEAD"])
    def pdf_edition(
        request: Request, label: str, number: Number, reader: str = "", version: Number | None = None
    ) -> Response:
        return edition(request, label, number, Medium.PDF, reader, version)

    @routes.api_route("/n/{label}/{number}/versions/{seen}/versions/{version}/", methods=["GET", "HEAD"])
    @routes.api_route("/n/{label}/{number}/{reader}/versions/{seen}/versions/{version}/", methods=["GET", "HEAD"])
    def version_before(
        request: Request, label: str, number: Number, seen: Number, version: Number, reader: str = ""
    ) -> RedirectResponse:
        # A version's own bytes link to the one before it relative to where the newest stands.
        place = opened_for(issue_path(label, number), reader) if reader else issue_path(label, number)
        return RedirectResponse(request.scope.get("root_path", "") + version_path(place, version), 308)

    def edition(
        request: Request, label: str, number: int, medium: Medium, reader: str, version: int | None = None
    ) -> Response:
        with database.read() as session:
            row = session.execute(_published_edition(label, number, medium, version)).first()
            if row is None or not (
                row.seen == Visibility.PUBLIC or may_read(session, keyring, reader, row.publication_id, now=clock())
            ):
                raise NotFound(N_("There is no issue at this address."))
            beside = shelves.neighbours(session, row.publication_id, number)
        root = request.scope.get("root_path", "")
        links = _links(root, label, beside) if row.seen == Visibility.PUBLIC else {}
        name = f"{label}-{number}" if version is None else f"{label}-{number}-v{version}"
        return _answer(request, row, medium, name=name, links=links)

    return routes


def _found(
    session: Session, publications: list[Publication], words: tuple[str, ...], index: Shelved
) -> list[tuple[Shelf, list[tuple[Listed, tuple[Hit, ...]]]]]:
    """Return the issues of *publications* that hold all *words*, newest first, each with the entries that do."""
    found = []
    left = searching.MOST_FOUND
    for publication in publications if words else ():
        sent = shelves.sent_issues(session, publication.id)
        missing = index.missing(one.revision_id for one in sent)
        texts = {id_: index.put(id_, text) for id_, text in shelves.documents_of(session, missing).items()}
        texts |= {one.revision_id: index.get(one.revision_id) or () for one in sent if one.revision_id not in texts}
        hits = ((one, searching.hits(texts[one.revision_id], words)) for one in sent)
        matching = list(islice(((one, seen) for one, seen in hits if seen), left))
        left -= len(matching)
        if matching:
            shelf = shelves.shelf_of(session, publication, sent=[one for one, _ in matching])
            found.append((shelf, list(zip(shelf.issues, (seen for _, seen in matching), strict=True))))
    return found


def _feed(request: Request, body: bytes, media_type: str) -> Response:
    """Answer with *body*, or 304 where the reader has it already."""
    tag = f'"{hashlib.sha256(body).hexdigest()}"'
    headers = {"ETag": tag, "Cache-Control": f"public, max-age={CACHE_SECONDS}"}
    if _has_it(request, tag):
        return Response(status_code=304, headers=headers)
    return Response(body, media_type=media_type, headers=headers)


def _links(root: str, label: str, beside: tuple[int | None, int | None]) -> dict[str, str]:
    """Return the Link header (RFC 8288) that says what stands before and after; the signed page itself cannot know."""
    before, after = beside
    links = [f'<{root}{publication_path(label)}>; rel="up"']
    if before is not None:
        links.append(f'<{root}{issue_path(label, before)}>; rel="prev"')
    if after is not None:
        links.append(f'<{root}{issue_path(label, after)}>; rel="next"')
    return {"Link": ", ".join(links)}


def _answer(
    request: Request, row: Row[str, bytes, str, int], medium: Medium, *, name: str, links: dict[str, str]
) -> Response:
    """Answer with the bytes that were signed off and sent, or 304 where the reader has them already."""
    reach = "public" if row.seen == Visibility.PUBLIC else "private"
    headers = {
        "ETag": f'"{row.sha256}"',
        "Cache-Control": f"{reach}, max-age={CACHE_SECONDS}",
        "Content-Security-Policy": EDITION_POLICY,
        **links,
    }
    if row.seen != Visibility.PUBLIC:
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


def _published_edition(label: str, number: int, medium: Medium, version: int | None) -> Select[str, bytes, str, int]:
    """The edition of one version that is out, the newest if none is named: a draft begun since changes nothing."""
    query = (
        select(
            StoredEdition.sha256, StoredEdition.data, seen_by().label("seen"), Publication.id.label("publication_id")
        )
        .join(Approval, Approval.revision_id == StoredEdition.revision_id)
        .join(PublishedVersion, PublishedVersion.approval_id == Approval.id)
        .join(Issue, Issue.id == PublishedVersion.issue_id)
        .join(Publication, Publication.id == Issue.publication_id)
        .where(
            Publication.label == label,
            Issue.number == number,
            Issue.published_at.is_not(None),
            Issue.state != IssueState.WITHDRAWN,
            StoredEdition.medium == medium,
        )
        .order_by(PublishedVersion.version.desc())
        .limit(1)
    )
    return query if version is None else query.where(PublishedVersion.version == version)
