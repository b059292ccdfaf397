"""Orders: what the team asks for, an issue to all its readers or a test to a few, as a sending that is planned once."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from newsletter.delivery import audience, corrected, progress
from newsletter.delivery.models import Dispatch
from newsletter.delivery.narrowing import EVERYBODY, Narrowing
from newsletter.delivery.planning import Order, checked_addresses, start
from newsletter.delivery.routes import Routes
from newsletter.delivery.schedules import check_embargo
from newsletter.delivery.stages import Staging
from newsletter.delivery.states import DispatchKind, DispatchState, Variant
from newsletter.issues import signoff
from newsletter.issues.models import Issue
from newsletter.kit.errors import DispatchRefused, NotFound
from newsletter.kit.sentences import N_, Sentence
from newsletter.kit.tokens import Keyring
from newsletter.publications import Profile

CATCHER = "catcher"
"""The route into the built-in mail catcher, from which nothing leaves the machine."""
MOST_STOPS = 100
"""How often one version may be stopped before it began."""
TEST_LIMIT = 50
"""Addresses of one test; more is a sending that nobody signed off."""


def send_issue(
    session: Session,
    issue: Issue,
    *,
    keyring: Keyring,
    route: str,
    by: str,
    now: datetime,
    scheduled_for: datetime | None = None,
    hold: timedelta = timedelta(0),
    staging: Staging | None = None,
    fallbacks: tuple[str, ...] = (),
    narrowed: Narrowing = EVERYBODY,
) -> Dispatch:
    """Start sending the signed-off issue to its readers, or return the sending that was started before.

    What comes after a first version that went out is a correction, and goes to exactly those who got the first.
    *hold* is a time before anything is planned, *staging* says who gets it first, *fallbacks* are routes to go on with,
    *narrowed* which readers it goes to.
    Raises ``Conflict`` if nothing is signed off, ``DispatchRefused`` if an embargo stands beyond the time, ``BadInput``
    for a team's address that is none.
    """
    if staging is not None and staging.team:
        staging = replace(staging, team=tuple(checked_addresses(staging.team)))
    approved = signoff.approved_editions(session, issue, keyring=keyring)
    at = scheduled_for or now
    check_embargo(issue, at=at)
    first = _first_sendings(session, issue, route)
    kind = DispatchKind.CORRECTION if first else DispatchKind.ISSUE
    if first and staging is not None:
        raise DispatchRefused(N_("A correction goes to all who got the first version at once, in no stages."))
    order = Order(
        key=_key(session, issue, route),
        kind=kind,
        publication_id=issue.publication_id,
        route=route,
        created_by=by,
        scheduled_for=at,
        issue_id=issue.id,
        approval_id=approved.approval_id,
        revision_id=approved.revision_id,
        hold=hold,
        staging=staging,
        fallbacks=fallbacks,
        options=narrowed.options if kind is DispatchKind.ISSUE else {"first": first},
    )
    dispatch = start(session, order, now=now)
    if dispatch.started_at is None and dispatch.approval_id != approved.approval_id:
        # Edited and signed off anew before the first mail went out: what goes out is what was signed last.
        dispatch.approval_id, dispatch.revision_id = approved.approval_id, approved.revision_id
        session.flush()
        if dispatch.state is DispatchState.PAUSED:
            progress.resume(session, dispatch.id, by=by, now=now)
    return dispatch


def readers_of(session: Session, issue: Issue, *, route: str, now: datetime, narrowed: Narrowing = EVERYBODY) -> int:
    """Return how many would get the issue at *now*: all readers, a segment, or those whom a correction concerns."""
    first = _first_sendings(session, issue, route)
    if not first:
        return audience.count(session, issue.publication_id, now=now, narrowed=narrowed)
    concerned = audience.of_correction(session, issue.publication_id, first, now=now)
    return audience.count_of(session, concerned) + audience.count_of(session, corrected.colleagues(first))


def is_correction(session: Session, issue: Issue, routes: Routes) -> bool:
    """Tell whether what is sent now corrects a version that went out, and concerns those alone who got it."""
    return bool(_first_sendings(session, issue, routes.default.name))


def test_addresses(profile: Profile, groups: Sequence[str]) -> list[str]:
    """Return the addresses of the publication's test *groups*; raise ``NotFound`` naming one that it has not."""
    unknown = next((name for name in groups if name not in profile.test_groups), None)
    if unknown is not None:
        known = ", ".join(profile.test_groups) or "none so far"
        raise NotFound(Sentence(
            N_("%(newsletter)s has no test group %(group)s; its settings name %(known)s."),
            newsletter=profile.name, group=repr(unknown), known=known,
        ))  # fmt: skip
    return [address for name in groups for address in profile.test_groups[name]]


def begun(session: Session, issue: Issue, *, route: str) -> Dispatch | None:
    """Return the sending of this version of the issue, if somebody has started it."""
    return session.scalar(select(Dispatch).where(Dispatch.key == _key(session, issue, route)))


def send_test(
    session: Session,
    issue: Issue,
    addresses: Sequence[str],
    *,
    route: str,
    by: str,
    now: datetime,
    variant: Variant = Variant.HTML,
    number: Callable[[], str] = lambda: secrets.token_hex(6),
) -> Dispatch:
    """Start sending the issue's current revision, marked as a test, to *addresses*; nothing need be signed off.

    Raises ``BadInput`` naming an address that is none, ``DispatchRefused`` for more than fifty.
    """
    checked = checked_addresses(addresses)
    if len(checked) > TEST_LIMIT:
        raise DispatchRefused(Sentence(
            N_("A test goes to at most %(most)s addresses; these are %(count)s."), most=TEST_LIMIT, count=len(checked)
        ))  # fmt: skip
    order = Order(
        key=f"test:{issue.id}:{number()}",
        kind=DispatchKind.TEST,
        publication_id=issue.publication_id,
        route=route,
        created_by=by,
        scheduled_for=now,
        issue_id=issue.id,
        revision_id=issue.current_revision_id,
        options={"addresses": checked, "variant": variant.value},
    )
    return start(session, order, now=now)


def _first_sendings(session: Session, issue: Issue, route: str) -> list[int]:
    """Return the sendings of the first version where the issue is a correction of it; none where it is not."""
    return corrected.first_sendings(session, issue.id, rehearsal=route == CATCHER) if issue.version > 1 else []


def _key(session: Session, issue: Issue, route: str) -> str:
    """Name the sending of one version of an issue; a rehearsal reached nobody and must not stand in the way.

    Nor must one that was stopped before it began: what comes after it is another sending.
    """
    start, end = f"issue:{issue.id}:v{issue.version}", corrected.REHEARSAL if route == CATCHER else ""
    stopped = session.scalar(
        select(func.count(Dispatch.id)).where(
            Dispatch.issue_id == issue.id,
            Dispatch.key.in_([f"{start}{end}", *(f"{start}:again{nth}{end}" for nth in range(1, MOST_STOPS))]),
            Dispatch.state == DispatchState.CANCELLED,
            Dispatch.started_at.is_(None),
        )
    )
    return f"{start}:again{stopped}{end}" if stopped else f"{start}{end}"
