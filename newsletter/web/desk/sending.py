"""Sending at the desk: the last page that says in words what will happen, the order itself, and tests."""

from __future__ import annotations

import re
from dataclasses import dataclass, fields
from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Form, Query, Response
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
from newsletter.publications import Profile
from newsletter.team.roles import Permission
from newsletter.web.auth import needs
from newsletter.web.desk.forms import filled
from newsletter.web.desk.issue_lists import names
from newsletter.web.desk.issue_page import AtIssue, AtIssueDep
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
    here: AtIssueDep,
    at: Annotated[str, Query(max_length=40)] = "",
    hold: Annotated[str, Query(max_length=8)] = "",
    team: Annotated[str, Query(max_length=8000)] = "",
    share: Annotated[str, Query(max_length=8)] = "",
    wait: Annotated[str, Query(max_length=8)] = "",
    segment: Annotated[str, Query(max_length=80)] = "",
    without: Annotated[str, Query(max_length=80)] = "",
) -> Response:
    """Say in words what will happen; nothing does yet."""
    begun = orders.begun(here.session, here.issue, route=here.place.routes.default.name)
    if begun is not None and not _is_void(here.session, here.issue, begun):
        return here.back_to(f"{here.path}sendings/{begun.id}")
    hold = hold or str(here.publication.profile.hold_minutes)
    asked = Asked(at, hold, team, share, wait, segment, without)
    return _page(here, asked)


@router.post("/p/{label}/i/{number}/send", dependencies=[needs(Permission.SEND)])
def send(
    here: AtIssueDep,
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
    begun = orders.begun(here.session, here.issue, route=here.place.routes.default.name)
    if begun is not None and not _is_void(here.session, here.issue, begun):
        return here.back_to(f"{here.path}sendings/{begun.id}")
    _ = here.words
    wrong: dict[str, str] = {}
    if here.publication.profile.confirm_number:
        try:
            number = _intent(here, asked).readers
        except (BadInput, Conflict, DispatchRefused):
            number = None  # the page says why
        typed = "".join(character for character in readers if character.isdigit())
        if number is not None and typed != str(number):
            wrong["readers"] = _("It goes to %(number)s readers; type that number.", number=_.number(number))
    if not wrong:
        try:
            dispatch = wishes.order(
                here.session, here.issue.id, asked.wishes(here.publication.profile), routes=here.place.routes,
                keyring=here.place.settings.keyring, by=here.by, now=here.now,
            )  # fmt: skip
            return here.back_to(f"{here.path}sendings/{dispatch.id}")
        except (BadInput, Conflict, DispatchRefused) as error:
            wrong["order"] = _.said(error.sentence, here.publication.profile.zone)
    return _page(here, asked, wrong=wrong, typed={"readers": readers})


@router.post("/p/{label}/i/{number}/tests", dependencies=[needs(Permission.EDIT)])
def try_out(
    here: AtIssueDep,
    myself: Annotated[str, Form(max_length=8)] = "",
    group: Annotated[list[str] | None, Form()] = None,
    addresses: Annotated[str, Form(max_length=8000)] = "",
) -> Response:
    """Send a copy, marked as a test, to the visitor, to groups, to named addresses."""
    _ = here.words
    path = here.path + "review"
    named = [here.by] if myself else []
    named += addresses.replace(",", " ").replace(";", " ").split()
    try:
        named += orders.test_addresses(here.publication.profile, group or [])
        route = here.place.routes.usable(here.publication.profile.routes)[0].name
        dispatch = orders.send_test(here.session, here.issue, named, route=route, by=here.by, now=here.now)
    except (BadInput, DispatchRefused, NotFound) as error:
        return here.back_to(path, _(error.sentence), kind="wrong")
    number = len(dispatch.options["addresses"])
    return here.back_to(path, _.ngettext("A test is on its way to one address.",
                                               "A test is on its way to %(count)s addresses.", number))  # fmt: skip


def _is_void(session: Session, issue: Issue, begun: Dispatch) -> bool:
    """Tell whether a sending that has not begun holds a sign-off that another has replaced: it can be ordered anew."""
    signed = approvals.signed_off(session, issue)
    return begun.started_at is None and signed is not None and begun.approval_id != signed.id


def _intent(here: AtIssue, asked: Asked) -> Intent:
    return wishes.intent(
        here.session, here.issue.id, asked.wishes(here.publication.profile), routes=here.place.routes,
        keyring=here.place.settings.keyring, now=here.now,
    )  # fmt: skip


def _hold_of(asked: Asked) -> timedelta:
    try:
        return timedelta(minutes=_number(asked.hold))
    except BadInput:  # the page says why it cannot be
        return timedelta(0)


def _page(
    here: AtIssue,
    asked: Asked,
    *,
    wrong: dict[str, str] | None = None,
    typed: dict[str, str] | None = None,
) -> Response:
    profile = here.publication.profile
    refused, intent = "", None
    try:
        intent = _intent(here, asked)
    except DeskError as error:
        refused = here.words.said(error.sentence, profile.zone)
    revision = drafts.current_revision(here.session, here.issue)
    found = findings.of_revision(here.session, revision, profile)
    standing = approvals.standing_of(here.session, here.issue, profile)
    return here.page(
        "desk/send.html", status=422 if wrong else 200,
        revision=revision, asked=asked, hold=_hold_of(asked),
        form=filled({**asked.values, **(typed or {})}, wrong=wrong), intent=intent, refused=refused, standing=standing,
        names=names(here.session, {one.approved_by for one in standing.given}),
        left=[(remark, found.waived[remark.key]) for remark in found.remarks if remark.key in found.waived],
        wait=WAIT, holds=sorted({*HOLDS, profile.hold_minutes}), now=here.now,
        segments=segment_list.every(here.session, here.publication.id),
        rehearsal=here.place.routes.default.name == CATCHER, profile=profile,
        correction=bool(intent and here.issue.version > 1
                        and orders.is_correction(here.session, here.issue, here.place.routes)),
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
