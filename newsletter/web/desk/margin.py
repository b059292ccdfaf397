"""The margin of the editor: comments, findings left as they are, and links for reviewers."""

from __future__ import annotations

import secrets

from fastapi import APIRouter, Request, Response

from newsletter.issues import comments, drafts, edits, findings, review_links
from newsletter.kit.catalogue import N_
from newsletter.manuscripts.fixing import fixes_of
from newsletter.team.roles import Permission
from newsletter.web.auth import IssueDep, PublicationDep, VisitorDep, needs
from newsletter.web.desk.editor import issue_path, path_of
from newsletter.web.desk.flash import back_to
from newsletter.web.desk.page import page, words_of
from newsletter.web.desk.posted import FieldsDep, number_in
from newsletter.web.workplace import SessionDep, WorkplaceDep

router = APIRouter(prefix="/p/{label}/i/{number}")


@router.post("/comments", dependencies=[needs(Permission.WRITE)])
def comment(
    request: Request, fields: FieldsDep, visitor: VisitorDep, publication: PublicationDep, issue: IssueDep,
    place: WorkplaceDep, session: SessionDep,
) -> Response:  # fmt: skip
    """Note a comment on the page it was written on."""
    at = fields.get("at", "")
    comments.add(
        session, issue, drafts.current_revision(session, issue), place_key=at, text=fields.get("text", ""),
        quote=fields.get("quote", ""), by=visitor.address, now=place.clock(),
    )  # fmt: skip
    return back_to(
        request, path_of(publication, issue, at), words_of(request, visitor)(N_("Your comment stands in the margin."))
    )


@router.post("/comments/{comment_id}/resolve", dependencies=[needs(Permission.WRITE)])
def resolve(
    request: Request, fields: FieldsDep, comment_id: int, visitor: VisitorDep, publication: PublicationDep,
    issue: IssueDep, place: WorkplaceDep, session: SessionDep,
) -> Response:  # fmt: skip
    """Mark a comment as done, or take it up again."""
    change = comments.reopen if fields.get("again") else comments.resolve
    change(session, issue, min(comment_id, drafts.LARGEST_ID), by=visitor.address, now=place.clock())
    return back_to(request, path_of(publication, issue, fields.get("at", "")))


@router.post("/findings", dependencies=[needs(Permission.EDIT)])
def waive(
    request: Request, fields: FieldsDep, visitor: VisitorDep, publication: PublicationDep, issue: IssueDep,
    place: WorkplaceDep, session: SessionDep,
) -> Response:  # fmt: skip
    """Leave a warning as it is, for a reason."""
    found = findings.of_revision(session, drafts.current_revision(session, issue), publication.profile)
    findings.waive(
        session, issue, remark_key=fields.get("finding", ""), reason=fields.get("reason", ""), findings=found,
        by=visitor.address, now=place.clock(),
    )  # fmt: skip
    sentence = words_of(request, visitor)(N_("Left as it is; the reason is kept with the issue."))
    return back_to(request, path_of(publication, issue, fields.get("at", "")), sentence)


@router.post("/findings/mend", dependencies=[needs(Permission.WRITE)])
def mend(
    request: Request, fields: FieldsDep, visitor: VisitorDep, publication: PublicationDep, issue: IssueDep,
    place: WorkplaceDep, session: SessionDep,
) -> Response:  # fmt: skip
    """Mend a finding that a machine can mend, as a new version; whatever others changed meanwhile stays."""
    revision = drafts.current_revision(session, issue)
    found = findings.of_revision(session, revision, publication.profile)
    remark = next((one for one in found.remarks if one.key == fields.get("finding", "")), None)
    changes = fixes_of(revision.document, remark) if remark else ()
    words = words_of(request, visitor)
    at = path_of(publication, issue, fields.get("at", ""))
    if not changes:
        return back_to(
            request, at, words(N_("The text has changed since; this finding is not there as it was.")), kind="wrong"
        )
    done = edits.edit(session, issue, changes, base_number=revision.number, by=visitor.address, now=place.clock())
    return back_to(request, at, words(N_("Mended, as version %(number)s."), number=done.revision.number))


@router.get("/reviewers", dependencies=[needs(Permission.READ)])
def reviewers(
    request: Request, visitor: VisitorDep, publication: PublicationDep, issue: IssueDep, place: WorkplaceDep,
    session: SessionDep, at: str = "",
) -> Response:  # fmt: skip
    """Show who was asked to look at an article, and a form to ask somebody."""
    document = drafts.current_revision(session, issue).document
    entries = [
        (one.key, review_links.alone(document, one.key)[1]) for section in document.sections for one in section.entries
    ]
    said = [one for one in comments.of_issue(session, issue) if one.review_link_id is not None]
    return page(
        request, visitor, "desk/reviewers.html", publication=publication, issue=issue, entries=entries, at=at,
        links=review_links.of_issue(session, issue), said=said, titles=dict(entries), now=place.clock(),
        days=review_links.LIFETIME.days, path=issue_path(publication, issue),
        invites=visitor.may(Permission.EDIT, publication.id),
    )  # fmt: skip


@router.post("/reviewers", dependencies=[needs(Permission.EDIT)])
def invite(
    request: Request, fields: FieldsDep, visitor: VisitorDep, publication: PublicationDep, issue: IssueDep,
    place: WorkplaceDep, session: SessionDep,
) -> Response:  # fmt: skip
    """Mail somebody a link to one article."""
    token = secrets.token_urlsafe(32)
    at = fields.get("entry", "")
    address = fields.get("address", "").strip()
    review_links.invite(
        session, issue, entry_key=at, address=address, message=fields.get("message", ""), by=visitor.address,
        by_name=visitor.name, url=f"{place.settings.public_url.rstrip('/')}/v/{token}", token=token, now=place.clock(),
    )  # fmt: skip
    sentence = words_of(request, visitor)(N_("The link is on its way to %(address)s."), address=address)
    return back_to(request, f"{issue_path(publication, issue)}reviewers?at={at}", sentence)


@router.post("/reviewers/end", dependencies=[needs(Permission.EDIT)])
def take_back(
    request: Request, fields: FieldsDep, visitor: VisitorDep, publication: PublicationDep, issue: IssueDep,
    place: WorkplaceDep, session: SessionDep,
) -> Response:  # fmt: skip
    """End a link before its time."""
    review_links.take_back(session, issue, number_in(fields, "link"), by=visitor.address, now=place.clock())
    sentence = words_of(request, visitor)(N_("This link opens nothing any more."))
    return back_to(request, f"{issue_path(publication, issue)}reviewers", sentence)
