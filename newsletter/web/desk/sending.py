"""Sending at the desk: the last page that says in words what will happen, the order itself, and tests."""

from __future__ import annotations

import re
from dataclasses import dataclass, fields
from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Form, Query, Request, Response
from sqlalchemy.orm import Session

from newsletter.delivery import orders, wishes
from newsletter.delivery.models import Dispatch
from newsletter.delivery.orders import CATCHER
from newsletter.delivery.stages import Staging
from newsletter.delivery.wishes import Intent, Wishes
from newsletter.issues import approvals, drafts, findings
from newsletter.issues.models import Issue
from newsletter.kit.errors import BadInput, Conflict, DeskError, DispatchRefused, NotFound
from newsletter.kit.sentences import N_, Sentence
from newsletter.publications import Profile, Publication
from newsletter.team.roles import Permission
from newsletter.team.sessions import Visitor
from newsletter.web.auth import IssueDep, PublicationDep, VisitorDep, needs
from newsletter.web.desk.flash import back_to
from newsletter.web.desk.forms import filled
from newsletter.web.desk.issue_lists import names
from newsletter.web.desk.issue_page import issue_page, path_of
from newsletter.web.desk.page import words_of
from newsletter.web.workplace import SessionDep, Workplace, WorkplaceDep
from subscribers import segment_list

router = APIRouter()
HOLDS = (0, 5, 10, 30, 60)
"""Minutes offered, beside the newsletter's own."""
WAIT = "30"
"""Minutes between the first and the rest, where nobody says otherwise."""
MOST = 100_000
NO_NUMBER = N_("%(text)s is no number that can be used here.")
Short = Annotated[str, Form(max_length=400)]


@dataclass(frozen=True, slots=True)
class Asked:
    """When a sending is to begin and who gets it first, as the fields of the form say it."""

    at: str = ""
    hold: str = ""
    team: str = ""
    """Addresses, and names of the newsletter's test groups."""
    share: str = ""
    wait: str = ""
    segment: str = ""
    without: str = ""

    @property
    def values(self) -> dict[str, str]:
        """The fields by name."""
        return {field.name: getattr(self, field.name) for field in fields(self)}

    def wishes(self, profile: Profile) -> Wishes:
        """Return what is asked for; raise ``BadInput`` for what is none."""
        staging = None
        if self.in_stages:
            staging = Staging(
                _team(self.team, profile), _number(self.share), timedelta(minutes=_number(self.wait or WAIT))
            )
        return Wishes(
            self.at.strip() or None, timedelta(minutes=_number(self.hold)), staging, segment=self.segment,
            without=(self.without,) if self.without else (),
        )  # fmt: skip

    @property
    def in_stages(self) -> bool:
        """Whether somebody gets it before the others."""
        return bool(self.team.strip() or self.share.strip())


@router.get("/p/{label}/i/{number}/send", dependencies=[needs(Permission.SEND)])
def last_page(
    request: Request,
    visitor: VisitorDep,
    publication: PublicationDep,
    issue: IssueDep,
    session: SessionDep,
    place: WorkplaceDep,
    at: Annotated[str, Query(max_length=40)] = "",
    hold: Annotated[str, Query(max_length=8)] = "",
    team: Annotated[str, Query(max_length=8000)] = "",
    share: Annotated[str, Query(max_length=8)] = "",
    wait: Annotated[str, Query(max_length=8)] = "",
    segment: Annotated[str, Query(max_length=80)] = "",
    without: Annotated[str, Query(max_length=80)] = "",
) -> Response:
    """Say in words what will happen; nothing does yet."""
    begun = orders.begun(session, issue, route=place.routes.default.name)
    if begun is not None and not _is_void(session, issue, begun):
        return back_to(request, f"{path_of(publication, issue)}sendings/{begun.id}")
    hold = hold or str(publication.profile.hold_minutes)
    asked = Asked(at, hold, team, share, wait, segment, without)
    return _page(request, visitor, session, publication, issue, place, asked)


@router.post("/p/{label}/i/{number}/send", dependencies=[needs(Permission.SEND)])
def send(
    request: Request,
    visitor: VisitorDep,
    publication: PublicationDep,
    issue: IssueDep,
    session: SessionDep,
    place: WorkplaceDep,
    at: Short = "",
    hold: Short = "",
    team: Annotated[str, Form(max_length=8000)] = "",
    share: Short = "",
    wait: Short = "",
    segment: Short = "",
    without: Short = "",
    readers: Short = "",
) -> Response:
    """Order the sending, if the number of readers that was typed is right; pressed twice it is one sending."""
    asked = Asked(at, hold, team, share, wait, segment, without)
    begun = orders.begun(session, issue, route=place.routes.default.name)
    if begun is not None and not _is_void(session, issue, begun):
        return back_to(request, f"{path_of(publication, issue)}sendings/{begun.id}")
    _ = words_of(request, visitor)
    wrong: dict[str, str] = {}
    if publication.profile.confirm_number:
        try:
            number = _intent(session, issue, asked, place, publication).readers
        except (BadInput, Conflict, DispatchRefused):
            number = None  # the page says why
        typed = "".join(character for character in readers if character.isdigit())
        if number is not None and typed != str(number):
            wrong["readers"] = _("It goes to %(number)s readers; type that number.", number=_.number(number))
    if not wrong:
        try:
            dispatch = wishes.order(
                session, issue.id, asked.wishes(publication.profile), routes=place.routes,
                keyring=place.settings.keyring, by=visitor.address, now=place.clock(),
            )  # fmt: skip
            return back_to(request, f"{path_of(publication, issue)}sendings/{dispatch.id}")
        except (BadInput, Conflict, DispatchRefused) as error:
            wrong["order"] = _.said(error.sentence, publication.profile.zone)
    return _page(request, visitor, session, publication, issue, place, asked, wrong=wrong, typed={"readers": readers})


@router.post("/p/{label}/i/{number}/tests", dependencies=[needs(Permission.EDIT)])
def try_out(
    request: Request,
    visitor: VisitorDep,
    publication: PublicationDep,
    issue: IssueDep,
    session: SessionDep,
    place: WorkplaceDep,
    myself: Annotated[str, Form(max_length=8)] = "",
    group: Annotated[list[str] | None, Form()] = None,
    addresses: Annotated[str, Form(max_length=8000)] = "",
) -> Response:
    """Send a copy, marked as a test, to the visitor, to groups, to named addresses."""
    _ = words_of(request, visitor)
    path = path_of(publication, issue) + "review"
    named = [visitor.address] if myself else []
    named += addresses.replace(",", " ").replace(";", " ").split()
    try:
        named += orders.test_addresses(publication.profile, group or [])
        route = place.routes.usable(publication.profile.routes)[0].name
        dispatch = orders.send_test(session, issue, named, route=route, by=visitor.address, now=place.clock())
    except (BadInput, DispatchRefused, NotFound) as error:
        return back_to(request, path, _(error.sentence), kind="wrong")
    number = len(dispatch.options["addresses"])
    return back_to(request, path, _.ngettext("A test is on its way to one address.",
                                               "A test is on its way to %(count)s addresses.", number))  # fmt: skip


def _is_void(session: Session, issue: Issue, begun: Dispatch) -> bool:
    """Tell whether a sending that has not begun holds a sign-off that another has replaced: it can be ordered anew."""
    signed = approvals.signed_off(session, issue)
    return begun.started_at is None and signed is not None and begun.approval_id != signed.id


def _intent(session: Session, issue: Issue, asked: Asked, place: Workplace, publication: Publication) -> Intent:
    return wishes.intent(
        session, issue.id, asked.wishes(publication.profile), routes=place.routes, keyring=place.settings.keyring,
        now=place.clock(),
    )  # fmt: skip


def _hold_of(asked: Asked) -> timedelta:
    try:
        return timedelta(minutes=_number(asked.hold))
    except BadInput:  # the page says why it cannot be
        return timedelta(0)


def _page(
    request: Request,
    visitor: Visitor,
    session: Session,
    publication: Publication,
    issue: Issue,
    place: Workplace,
    asked: Asked,
    *,
    wrong: dict[str, str] | None = None,
    typed: dict[str, str] | None = None,
) -> Response:
    profile = publication.profile
    refused, intent = "", None
    try:
        intent = _intent(session, issue, asked, place, publication)
    except DeskError as error:
        refused = words_of(request, visitor).said(error.sentence, profile.zone)
    revision = drafts.current_revision(session, issue)
    found = findings.of_revision(session, revision, profile)
    standing = approvals.standing_of(session, issue, profile)
    return issue_page(
        request, visitor, "desk/send.html", publication, issue, status=422 if wrong else 200,
        revision=revision, asked=asked, hold=_hold_of(asked),
        form=filled({**asked.values, **(typed or {})}, wrong=wrong), intent=intent, refused=refused, standing=standing,
        names=names(session, {one.approved_by for one in standing.given}),
        left=[(remark, found.waived[remark.key]) for remark in found.remarks if remark.key in found.waived],
        wait=WAIT, holds=sorted({*HOLDS, profile.hold_minutes}), now=place.clock(),
        segments=segment_list.every(session, publication.id),
        rehearsal=place.routes.default.name == CATCHER, profile=profile,
        correction=bool(intent and issue.version > 1 and orders.is_correction(session, issue, place.routes)),
    )  # fmt: skip


def _number(text: str) -> float:
    """Return *text* as a number; raise ``BadInput`` if it is none."""
    try:
        number = float((text.strip() or "0").removesuffix("%").replace(",", "."))
    except ValueError as error:
        raise BadInput(Sentence(NO_NUMBER, text=repr(text))) from error
    if not 0 <= number <= MOST:  # nan and infinity, too
        raise BadInput(Sentence(NO_NUMBER, text=repr(text)))
    return number


def _team(text: str, profile: Profile) -> tuple[str, ...]:
    """Return the addresses in *text*, those of a test group for its name."""
    found: list[str] = []
    for part in re.split(r"[,;\n]", text):
        group = profile.test_groups.get(part.strip())
        found += part.split() if group is None else group
    return tuple(dict.fromkeys(found))
