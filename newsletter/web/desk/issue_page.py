"""A page of one issue: where its pages begin, and what leads from one to the others."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from fastapi import Depends, Request
from fastapi.responses import HTMLResponse, RedirectResponse
from sqlalchemy.orm import Session

from newsletter.issues.models import Issue
from newsletter.kit.catalogue import Words
from newsletter.publications import Publication
from newsletter.team.sessions import Visitor
from newsletter.web.auth import IssueDep, PublicationDep, VisitorDep
from newsletter.web.desk.flash import back_to
from newsletter.web.desk.page import page, words_of
from newsletter.web.workplace import SessionDep, Workplace, WorkplaceDep


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


@dataclass(frozen=True, slots=True)
class AtIssue:
    """Somebody at a page of an issue: who asks, for which, and the session to look or to change something in."""

    request: Request
    visitor: Visitor
    publication: Publication
    issue: Issue
    session: Session
    place: Workplace

    @property
    def words(self) -> Words:
        """The visitor's language."""
        return words_of(self.request, self.visitor)

    @property
    def by(self) -> str:
        """Whom the audit trail names."""
        return self.visitor.address

    @property
    def now(self) -> datetime:
        """The time on the installation's clock."""
        return self.place.clock()

    @property
    def path(self) -> str:
        """Where the issue's pages begin; see ``path_of``."""
        return path_of(self.publication, self.issue)

    @property
    def link(self) -> str:
        """The same for a mail."""
        return self.place.settings.public_url.rstrip("/") + self.path

    def page(self, template: str, *, status: int = 200, **context: object) -> HTMLResponse:
        """Return a page of the issue; see ``issue_page``."""
        return issue_page(
            self.request, self.visitor, template, self.publication, self.issue, status=status, **context
        )  # fmt: skip

    def back_to(self, path: str, sentence: str = "", *, kind: str = "done") -> RedirectResponse:
        """Lead the browser to *path* and say *sentence* there; see ``flash.back_to``."""
        return back_to(self.request, path, sentence, kind=kind)


def _at_issue(
    request: Request,
    visitor: VisitorDep,
    publication: PublicationDep,
    issue: IssueDep,
    session: SessionDep,
    place: WorkplaceDep,
) -> AtIssue:
    return AtIssue(request, visitor, publication, issue, session, place)


AtIssueDep = Annotated[AtIssue, Depends(_at_issue, scope="function")]
"""For a route that works in the request's one session; its transaction is committed before the answer leaves."""
