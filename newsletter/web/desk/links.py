"""The links of an issue: where each leads, asked when somebody presses the button."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from newsletter.issues import drafts, links
from newsletter.issues.link_check import check
from newsletter.issues.link_probe import Verdict
from newsletter.kit.catalogue import N_
from newsletter.manuscripts.whereabouts import spot_of
from newsletter.team.roles import Permission
from newsletter.web.auth import IssueDep, PublicationDep, VisitorDep, issue_numbered, needs, publication_called
from newsletter.web.desk.editor import issue_path
from newsletter.web.desk.flash import back_to
from newsletter.web.desk.page import page, words_of
from newsletter.web.workplace import SessionDep, WorkplaceDep

router = APIRouter(prefix="/p/{label}/i/{number}/links")
AT_A_TIME = 2
"""Checks that run at a time; each waits for others' servers and holds a thread."""
SAID = {
    Verdict.FINE: ("good", N_("leads there")),
    Verdict.MOVED: ("waits", N_("has moved for good")),
    Verdict.CLOSED: ("", N_("does not open for programs")),
    Verdict.GONE: ("bad", N_("no such page")),
    Verdict.BROKEN: ("bad", N_("an error of the server")),
    Verdict.SLOW: ("warn", N_("no answer in time")),
    Verdict.SILENT: ("bad", N_("cannot be reached")),
    Verdict.UNSAFE: ("bad", N_("its certificate is refused")),
    Verdict.UNKNOWN: ("bad", N_("nobody has this name")),
    Verdict.FORBIDDEN: ("warn", N_("not on the public web; not asked")),
    Verdict.ENDLESS: ("bad", N_("leads on and on")),
}


async def _turn() -> AsyncIterator[None]:
    yield


CheckDep = Annotated[None, Depends(_turn, scope="function", max_concurrency=AT_A_TIME)]


@router.get("", dependencies=[needs(Permission.READ)])
def links_of_issue(
    request: Request, visitor: VisitorDep, publication: PublicationDep, issue: IssueDep, session: SessionDep
) -> Response:
    """Show each link with where it stands and where it led."""
    document = drafts.current_revision(session, issue).document
    every = links.checked(session, issue.id, document)
    return page(
        request, visitor, "desk/links.html", publication=publication, issue=issue, said=SAID,
        rows=[(one, [(place, spot_of(document, place)) for place in one.places]) for one in every],
        last=max((one.result.checked_at for one in every if one.result), default=None),
        unasked=sum(one.result is None for one in every), writes=visitor.may(Permission.WRITE, publication.id),
        path=issue_path(publication, issue),
    )  # fmt: skip


@router.post("", dependencies=[needs(Permission.WRITE)])
def check_links(
    request: Request, label: str, number: int, visitor: VisitorDep, place: WorkplaceDep, turn: CheckDep
) -> Response:
    """Ask where the links lead, half a minute at most, and write it down; no session is held meanwhile."""
    with place.database.read() as session:
        publication, issue = publication_called(session, label), issue_numbered(session, label, number)
        document = drafts.current_revision(session, issue).document
        wanted = links.due(session, issue.id, document, now=place.clock())
        back = f"{issue_path(publication, issue)}links"
    found = check(wanted, place.reach)
    with place.database.write() as session:
        links.keep(session, issue_numbered(session, label, number), found, by=visitor.address, now=place.clock())
    words = words_of(request, visitor)
    if len(found) < len(wanted):
        left = words.ngettext(
            "%(count)s link was not reached in time; check again to go on.",
            "%(count)s links were not reached in time; check again to go on.", len(wanted) - len(found),
        )  # fmt: skip
        return back_to(request, back, left)
    return back_to(request, back, words(N_("The links are checked.")))
