"""The reader's own shelf: the issues of a publication that is not open to everybody, each by the reader's link."""

from __future__ import annotations

from fastapi import APIRouter, Response
from fastapi.responses import RedirectResponse
from sqlalchemy import select

from newsletter.issues.places import READER_SHELF, issue_path, opened_for
from newsletter.kit.errors import BadToken
from newsletter.publications import Publication
from newsletter.web import shelves
from newsletter.web.opening import may_read
from newsletter.web.problems import PAGE_HEADERS
from newsletter.web.readers.site import Site, cited


def router(site: Site) -> APIRouter:
    """Return the routes below ``/n/{label}/r/``; they only show and lead on."""
    routes = APIRouter()
    place = "/n/{label}/" + READER_SHELF + "{reader}/"

    @routes.api_route(place, methods=["GET", "HEAD"])
    def shelf(label: str, reader: str) -> Response:
        publication = _opened(site, label, reader)
        with site.database.read() as session:
            sent = shelves.sent_issues(session, publication.id, seen=shelves.FOR_READERS)
            issues = shelves.shelf_of(session, publication, sent=sent).issues
        listed = [(issue, site.links.root + opened_for(issue_path(label, issue.number), reader)) for issue in issues]
        return site.show("shelf.html", publication.profile.language, name=cited(publication), issues=listed)

    @routes.api_route(place + "{number}/", methods=["GET", "HEAD"])
    def issue(label: str, reader: str, number: int) -> Response:
        _opened(site, label, reader)
        target = site.links.root + opened_for(issue_path(label, number), reader)
        return RedirectResponse(target, 303, headers=PAGE_HEADERS)

    return routes


def _opened(site: Site, label: str, reader: str) -> Publication:
    with site.database.read() as session:
        publication = session.scalar(select(Publication).where(Publication.label == label))
        if publication is None or not may_read(session, site.keyring, reader, publication.id, now=site.clock()):
            raise BadToken
    return publication
