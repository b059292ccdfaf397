"""Sign-off at the desk: asking for a review, approving what one has seen, asking for changes, releasing alone."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form, Request, Response
from sqlalchemy import select
from sqlalchemy.orm import Session

from newsletter.issues import approvals, drafts, embargo, findings, letters, reviews, signoff
from newsletter.issues.models import Approval, ApprovalKind, Issue, Revision
from newsletter.kit.catalogue import N_, Sentence
from newsletter.kit.errors import BadInput, Conflict, NotPermitted, RenderingError
from newsletter.kit.local_time import moment
from newsletter.manuscripts.differences import Difference, compare
from newsletter.publications import Publication
from newsletter.team import people
from newsletter.team.roles import Permission, may
from newsletter.team.sessions import Visitor
from newsletter.web.auth import VisitorDep, issue_numbered, needs, publication_called
from newsletter.web.desk.flash import back_to
from newsletter.web.desk.forms import filled
from newsletter.web.desk.issue_lists import STATES, names
from newsletter.web.desk.issue_page import AtIssue, AtIssueDep
from newsletter.web.desk.page import words_of
from newsletter.web.desk.sending_words import STEPS
from newsletter.web.workplace import TurnDep, WorkplaceDep

router = APIRouter()
SHOWN = 40
"""Lines of the story; the audit trail has all."""
Note = Annotated[str, Form(max_length=20_000)]


@router.get("/p/{label}/i/{number}/review", dependencies=[needs(Permission.READ)])
def review(here: AtIssueDep) -> Response:
    """Show how far the sign-off is, what changed since the last one, and what the visitor can do about it."""
    return _page(here)


@router.post("/p/{label}/i/{number}/review/ask", dependencies=[needs(Permission.WRITE)])
def ask(
    here: AtIssueDep,
    note: Note = "",
    person: Annotated[list[str] | None, Form()] = None,
) -> Response:
    """Ask people who may approve for a review; they get the page's address by mail."""
    known = {one for one, name in _approvers(here.session, here.publication, here.visitor)}
    path = here.path
    _ = here.words
    try:
        reviews.ask(
            here.session, here.issue, of=[one for one in person or [] if one in known], note=note, by=here.by,
            now=here.now, link=here.link + "review",
        )  # fmt: skip
    except (BadInput, Conflict) as error:
        return here.back_to(path + "review", _(error.sentence), kind="wrong")
    return here.back_to(path + "review", _("The review has been asked for."))


@router.post("/p/{label}/i/{number}/review/changes", dependencies=[needs(Permission.APPROVE)])
def changes(
    here: AtIssueDep,
    note: Note = "",
) -> Response:
    """Ask for changes; nothing that was approved stands any more."""
    _ = here.words
    try:
        reviews.request_changes(here.session, here.issue, note=note, by=here.by, now=here.now, link=here.link)
    except BadInput as error:
        return _page(here, typed={"note": note}, wrong={"note": _(error.sentence)})
    return here.back_to(here.path + "review", _("Whoever asked for the review is told."))


@router.post("/p/{label}/i/{number}/approve", dependencies=[needs(Permission.READ)])
def approve(
    request: Request,
    visitor: VisitorDep,
    place: WorkplaceDep,
    label: str,
    number: int,
    revision: Annotated[int, Form()] = 0,
    reason: Note = "",
    release: Annotated[str, Form(max_length=8)] = "",
    turn: TurnDep = None,
) -> Response:
    """Approve the version that the visitor has seen, rendered with no session open; another one is shown first."""
    _ = words_of(request, visitor)
    path = f"/desk/p/{label}/i/{number}/"
    with place.database.read() as session:
        publication = publication_called(session, label)
        issue = issue_numbered(session, label, number)
        kind = ApprovalKind.RELEASE if release else _capacity(visitor, publication)
        if release and not visitor.may(Permission.APPROVE, publication.id):
            raise NotPermitted
        if drafts.current_revision(session, issue).number != revision:
            return back_to(request, path + "review", _(SEEN_OTHER), kind="warning")
        wrong = _refusal(session, issue, publication, visitor, kind, reason)
        if wrong:
            return _page(AtIssue(request, visitor, publication, issue, session, place), typed={"reason": reason},
                         wrong={field: _(sentence) for field, sentence in wrong.items()})  # fmt: skip
        proofs = signoff.proofs_of(session, issue)
    try:
        editions = proofs.render()
        with place.database.write() as session:
            issue = issue_numbered(session, label, number)
            signoff.approve(
                session, issue, proofs, editions, keyring=place.settings.keyring, by=visitor.address,
                now=place.clock(), kind=kind, reason=reason if release else "",
            )  # fmt: skip
            standing = approvals.standing_of(session, issue, proofs.profile)
            if standing.complete:
                letter = letters.signed_off(
                    proofs.profile, issue.title, by=visitor.name,
                    link=place.settings.public_url.rstrip("/") + path + "send",
                )  # fmt: skip
                reviews.tell_asker(session, issue, letter, purpose="signed-off", by=visitor.address, now=place.clock())
    except (Conflict, RenderingError) as error:
        return back_to(request, path + "review", _(error.sentence), kind="wrong")
    if standing.complete:
        return back_to(request, path + "review", _("It is signed off and can be sent."))
    return back_to(request, path + "review", _("Approved. Somebody else must approve it, too."))


@router.post("/p/{label}/i/{number}/embargo", dependencies=[needs(Permission.SEND)])
def lay_embargo(
    here: AtIssueDep,
    until: Annotated[str, Form(max_length=40)] = "",
    lift: Annotated[str, Form(max_length=8)] = "",
) -> Response:
    """Lay an embargo until a time on the newsletter's clocks, or lift it."""
    _ = here.words
    path = here.path + "review"
    if lift:
        embargo.lift(here.session, here.issue, by=here.by, now=here.now)
        return here.back_to(path, _("The embargo is lifted."))
    try:
        end = moment(until, here.publication.profile.zone)
        embargo.lay(here.session, here.issue, until=end, by=here.by, now=here.now)
    except BadInput as error:
        return _page(here, typed={"until": until},
                     wrong={"until": _.said(error.sentence, here.publication.profile.zone)})  # fmt: skip
    return here.back_to(path, _("Nobody gets it before the embargo ends."))


SEEN_OTHER = N_("Somebody edited the issue while you read it. What changed stands below; approve it again.")


def _capacity(visitor: Visitor, publication: Publication) -> ApprovalKind:
    """Return as what the visitor approves; raise ``NotPermitted`` for who is neither approver nor deputy."""
    if visitor.may(Permission.APPROVE, publication.id):
        return ApprovalKind.APPROVED
    if approvals.is_deputy(publication.profile, visitor.address):
        return ApprovalKind.DEPUTY
    raise NotPermitted


def _refusal(
    session: Session, issue: Issue, publication: Publication, visitor: Visitor, kind: ApprovalKind, reason: str
) -> dict[str, str]:
    """Say at which field why this cannot be approved, before a second is spent on rendering."""
    standing = approvals.standing_of(session, issue, publication.profile)
    try:
        signoff.check(session, issue)
        if not standing.complete:
            approvals.check_person(standing, publication.profile, visitor.address, kind=kind, reason=reason)
    except BadInput as error:
        return {"reason": error.sentence}
    except Conflict as error:
        return {"approve": error.sentence}
    return {}


def _approvers(session: Session, publication: Publication, visitor: Visitor) -> list[tuple[str, str]]:
    """Return address and name of everybody else who may approve, deputies among them."""
    found = []
    for person in people.every(session):
        held = people.roles_of(session, person.id)
        is_approver = may(held, Permission.APPROVE, publication.id)
        if (
            person.deactivated_at is None
            and person.address != visitor.address
            and (is_approver or approvals.is_deputy(publication.profile, person.address))
        ):
            found.append((person.address, person.name))
    return found


def _of_oneself(refusal: str, visitor: Visitor) -> str:
    """Return the refusal with the visitor's name in the place of the address."""
    return (
        Sentence(refusal.pattern, **{**refusal.values, "person": visitor.name})
        if isinstance(refusal, Sentence)
        else refusal
    )


def _last_approved(session: Session, issue: Issue) -> Revision | None:
    """Return the revision that somebody approved last, if an edit came after it."""
    revision_id = session.scalar(
        select(Approval.revision_id)
        .where(Approval.issue_id == issue.id, Approval.revision_id != issue.current_revision_id)
        .order_by(Approval.id.desc())
        .limit(1)
    )
    return None if revision_id is None else session.get_one(Revision, revision_id)


def _page(
    here: AtIssue,
    *,
    typed: dict[str, str] | None = None,
    wrong: dict[str, str] | None = None,
) -> Response:
    revision = drafts.current_revision(here.session, here.issue)
    profile = here.publication.profile
    before = _last_approved(here.session, here.issue)
    difference: Difference | None = None if before is None else compare(before.document, revision.document)
    standing = approvals.standing_of(here.session, here.issue, profile)
    found = findings.of_revision(here.session, revision, profile)
    story = reviews.story(here.session, here.issue)[:SHOWN]
    actors = {step.by for step in story} | {revision.author} | {one.approved_by for one in standing.given}
    return here.page(
        "desk/review.html", status=422 if wrong else 200,
        revision=revision, before=before, difference=difference, standing=standing, states=STATES, steps=STEPS,
        blockers=found.blockers, story=story, names=names(here.session, actors),
        signed=signoff.hashes(standing.given[-1]) if standing.given else {},
        refusal=here.words(_of_oneself(standing.refusal(here.by), here.visitor)),
        is_approver=here.visitor.may(Permission.APPROVE, here.publication.id),
        is_deputy=approvals.is_deputy(profile, here.by),
        approvers=_approvers(here.session, here.publication, here.visitor),
        embargoed=embargo.stands(here.issue, now=here.now), now=here.now, form=filled(typed, wrong=wrong),
    )  # fmt: skip
