"""Merging two readers in the outbox: what was sent to both is one history, and what waits goes out once."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from newsletter.delivery import forgetting
from newsletter.delivery.progress import DELIVERIES
from newsletter.delivery.states import DeliveryState, SkipReason
from subscribers import merging
from subscribers.models import Subscriber

_D = DELIVERIES.c


def merge(session: Session, kept_id: int, other_id: int, *, by: str, now: datetime) -> None:
    """Make the *other* reader part of the *kept* one everywhere; raise as ``subscribers.merging.merge``."""
    merging.merge(session, kept_id, other_id, by=by, now=now)
    planned = _D.state == DeliveryState.PLANNED
    twice = select(_D.dispatch_id).where(_D.subscriber_id == kept_id)
    session.execute(
        update(DELIVERIES)
        .where(_D.subscriber_id == other_id, planned, _D.dispatch_id.in_(twice))
        .values(state=DeliveryState.SKIPPED, skip_reason=SkipReason.UNSUBSCRIBED, ended_at=now)
    )
    address = session.scalars(select(Subscriber.address).where(Subscriber.id == kept_id)).one()
    forgetting.readdress(session, other_id, address)
    session.execute(update(DELIVERIES).where(_D.subscriber_id == other_id).values(subscriber_id=kept_id))
