"""A page of one issue: where its pages begin, and what leads from one to the others."""

from __future__ import annotations

from fastapi import Request
from fastapi.responses import HTMLResponse

from newsletter.issues.models import Issue
from newsletter.publications import Publication
from newsletter.team.sessions import Visitor
from newsletter.web.desk.page import page


def path_of(publication: Publication, issue: Issue) -> str:
    """Return where the issue's pages begin, without the public URL's own path."""
    return f"/desk/p/{publication.label}/i/{issue.number}/"


def issue_page(
    request: Request,
    visitor: Visitor,
    template: str,
    publication: Publication,
    issue: Issue,
    *,
    status: int = 200,
    **context: object,
) -> HTMLResponse:
    """Return a page of the issue; the template knows ``start``, where all its pages begin, too."""
    start = request.scope.get("root_path", "") + path_of(publication, issue)
    return page(
        request, visitor, template, status=status, publication=publication, issue=issue, start=start, **context
    )  # fmt: skip
