"""Welcomes: the newest issue to one reader who has just joined and wants it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from newsletter.delivery.models import Dispatch
from newsletter.delivery.planning import Order, start
from newsletter.delivery.states import DispatchKind
from newsletter.issues.models import Issue, IssueState


def send_latest(
    session: Session, publication_id: int, subscriber_id: int, *, routes: Sequence[str], now: datetime
) -> Dispatch | None:
    """Start sending the newest issue that has gone out, exactly as it went out last; None if there is none yet.

    Once for each reader and issue, however often somebody joins.
    """
    newest = session.execute(
        select(Dispatch, Issue)
        .join(Issue, Issue.id == Dispatch.issue_id)
        .where(
            Issue.publication_id == publication_id,
            Issue.state != IssueState.WITHDRAWN,
            Dispatch.kind.in_([DispatchKind.ISSUE, DispatchKind.CORRECTION]),
            Dispatch.started_at.is_not(None),
            Dispatch.approval_id.is_not(None),
        )
        .order_by(Issue.number.desc(), Dispatch.id.desc())
        .limit(1)
    ).first()
    if newest is None:
        return None
    sent, issue = newest
    route, *fallbacks = routes
    order = Order(
        key=f"welcome:{issue.id}:{subscriber_id}", kind=DispatchKind.WELCOME, publication_id=publication_id,
        route=route, created_by="", scheduled_for=now, issue_id=issue.id, approval_id=sent.approval_id,
        revision_id=sent.revision_id, fallbacks=tuple(fallbacks), options={"subscriber": subscriber_id},
    )  # fmt: skip
    return start(session, order, now=now)
