"""Growth: who joined a publication and who was lost to it between one sending and the next."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from newsletter.delivery.models import Dispatch
from newsletter.delivery.states import DispatchKind
from subscribers.models import Subscription, SubscriptionState

LAPSED, COMPLAINT, TEAM = "lapsed", "complaint", "team"
"""Reasons of an end that are not the reader's own hand."""


@dataclass(frozen=True, slots=True)
class Growth:
    """How a publication's readers changed since the sending before; *since* is None for the first."""

    since: datetime | None
    until: datetime
    readers: int
    """Who read it at the time of the account."""
    joined: int
    left: int
    """By their own hand."""
    lapsed: int
    complained: int
    removed: int
    """By the team."""

    @property
    def change(self) -> int:
        """Joined less all who were lost."""
        return self.joined - self.left - self.lapsed - self.complained - self.removed


def growth(session: Session, dispatch: Dispatch, *, now: datetime) -> Growth:
    """Return who came and went from the issue sent before *dispatch* until *now*."""
    mine = Subscription.publication_id == dispatch.publication_id
    since = session.scalar(
        select(func.max(Dispatch.started_at)).where(
            Dispatch.publication_id == dispatch.publication_id,
            Dispatch.kind == DispatchKind.ISSUE,
            Dispatch.id < dispatch.id,
        )
    )
    later = [] if since is None else [Subscription.started_at > since]
    joined = session.scalar(
        select(func.count(Subscription.id)).where(mine, Subscription.started_at <= now, *later)
    )  # fmt: skip
    readers = session.scalar(
        select(func.count(Subscription.id)).where(
            mine, Subscription.state.in_([SubscriptionState.ACTIVE, SubscriptionState.PAUSED])
        )
    )
    gone = [] if since is None else [Subscription.ended_at > since]
    rows = session.execute(
        select(Subscription.end_reason, func.count(Subscription.id))
        .where(mine, Subscription.state == SubscriptionState.ENDED, Subscription.ended_at <= now, *gone)
        .group_by(Subscription.end_reason)
    )
    ends = {str(reason): int(number) for reason, number in rows.all()}
    lapsed, complained, removed = (ends.pop(reason, 0) for reason in (LAPSED, COMPLAINT, TEAM))
    return Growth(since, now, readers or 0, joined or 0, sum(ends.values()), lapsed, complained, removed)
