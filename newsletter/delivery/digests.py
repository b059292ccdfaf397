"""Digests: at the turn of a week or month, one mail to those who want to hear less often, about what has appeared."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from newsletter.delivery.models import Dispatch
from newsletter.delivery.planning import Order, start
from newsletter.delivery.states import DispatchKind
from newsletter.issues.models import Approval, Issue, IssueState, Revision
from newsletter.publications import Profile, Publication
from newsletter.rendering.digest import Digest, Told, told
from subscribers.models import Rhythm, Subscription, SubscriptionState

HOUR = time(8)
"""On the publication's clocks, when a digest goes out; its send windows may make it later."""
TOO_LATE = timedelta(days=3)
"""A digest that nobody could send for so long is left out; its issues stand in the next one or in the archive."""

RoutesOf = Callable[[Profile], Sequence[str]]


def schedule_due(session: Session, *, routes_of: RoutesOf, now: datetime) -> list[int]:
    """Write down every digest whose time has come and that has something to tell; return the sendings.

    Doing so again, or on two machines, is doing so once: its key names publication, rhythm and day.
    """
    wanted = session.execute(
        select(Subscription.publication_id, Subscription.rhythm)
        .where(Subscription.rhythm != Rhythm.EVERY, Subscription.state != SubscriptionState.ENDED)
        .distinct()
        .order_by(Subscription.publication_id, Subscription.rhythm)
    )
    begun = []
    for publication_id, rhythm in wanted.all():
        publication = session.get_one(Publication, publication_id)
        since, until = period(rhythm, publication.profile.time_zone, now=now)
        issues = _appeared(session, publication.id, since, until)
        if not issues or now - until > TOO_LATE:
            continue
        route, *fallbacks = routes_of(publication.profile)
        order = Order(
            key=f"digest:{publication.id}:{rhythm.value}:{until:%Y-%m-%d}", kind=DispatchKind.DIGEST,
            publication_id=publication.id, route=route, created_by="", scheduled_for=now, fallbacks=tuple(fallbacks),
            options={
                "rhythm": rhythm.value, "issues": issues, "since": since.isoformat(), "until": until.isoformat()
            },
        )  # fmt: skip
        begun.append(start(session, order, now=now).id)
    return begun


def period(rhythm: Rhythm, time_zone: str, *, now: datetime) -> tuple[datetime, datetime]:
    """Return the last week or month that is over, from turn to turn, as UTC."""
    zone = ZoneInfo(time_zone)
    here = now.astimezone(zone)
    day = here.date() if here.time() >= HOUR else here.date() - timedelta(days=1)
    if rhythm is Rhythm.MONTHLY:
        last = day.replace(day=1)
        first = (last - timedelta(days=1)).replace(day=1)
    else:
        last = day - timedelta(days=day.weekday())
        first = last - timedelta(days=7)
    since, until = (datetime.combine(one, HOUR, zone).astimezone(UTC) for one in (first, last))
    return since, until


def load(session: Session, dispatch: Dispatch, profile: Profile) -> Digest:
    """Return what a digest's sending tells of: each issue as its newest sending took it to the readers."""
    zone = ZoneInfo(profile.time_zone)
    since, until = (datetime.fromisoformat(dispatch.options[name]).astimezone(zone) for name in ("since", "until"))
    issues = [_told(session, issue_id, profile) for issue_id in dispatch.options["issues"]]
    return Digest(_day(since), _day(until) - timedelta(days=1), tuple(one for one in issues if one is not None))


def _day(at: datetime) -> date:
    return at.date()


def _told(session: Session, issue_id: int, profile: Profile) -> Told | None:
    issue = session.get_one(Issue, issue_id)
    revision = session.scalar(
        select(Revision)
        .join(Approval, Approval.revision_id == Revision.id)
        .join(Dispatch, Dispatch.approval_id == Approval.id)
        .where(
            Dispatch.issue_id == issue_id,
            Dispatch.kind.in_([DispatchKind.ISSUE, DispatchKind.CORRECTION]),
            Dispatch.started_at.is_not(None),
        )
        .order_by(Dispatch.id.desc())
        .limit(1)
    )
    if revision is None or issue.state is IssueState.WITHDRAWN:
        return None
    appeared = (issue.published_at or issue.created_at).astimezone(ZoneInfo(profile.time_zone)).date()
    return told(issue.number, revision.document, fallback=appeared, publication=profile.name)


def _appeared(session: Session, publication_id: int, since: datetime, until: datetime) -> list[int]:
    return list(
        session.scalars(
            select(Issue.id)
            .where(
                Issue.publication_id == publication_id,
                Issue.published_at >= since,
                Issue.published_at < until,
                Issue.state != IssueState.WITHDRAWN,
            )
            .order_by(Issue.number)
        )
    )
