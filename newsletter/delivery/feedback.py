"""Feedback: facts that come after the hand-over, each recorded once per delivery and kind."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from newsletter.delivery.models import Delivery, Dispatch, Event
from newsletter.delivery.settlement import Settlement
from newsletter.delivery.states import DispatchKind, EventKind
from newsletter.kit.database import insert_for
from subscribers import suppression
from subscribers.models import SuppressionReason


def record_unsubscribed(session: Session, delivery_id: int, *, now: datetime) -> bool:
    """Note that the reader left through this mail; tell whether it is news. Ignores unknown deliveries (0: none)."""
    return _record(session, delivery_id, EventKind.UNSUBSCRIBED, now=now)


def record_bounced(session: Session, delivery_id: int, *, now: datetime, **details: Any) -> bool:
    """Note that the mail came back (RFC 3464); tell whether it is news."""
    return _record(session, delivery_id, EventKind.BOUNCED, now=now, details=details)


def record_complained(session: Session, delivery_id: int, *, now: datetime, **details: Any) -> bool:
    """Note that the reader marked the mail as spam (RFC 5965); tell whether it is news."""
    return _record(session, delivery_id, EventKind.COMPLAINED, now=now, details=details)


def suppress_dead(session: Session, dead: Sequence[Settlement]) -> None:
    """Put the addresses of mailboxes that a server said are dead on the do-not-mail list; tests suppress nobody."""
    said = {one.delivery_id: one for one in dead}
    rows = session.execute(
        select(Delivery.id, Delivery.recipient_key)
        .join(Dispatch, Dispatch.id == Delivery.dispatch_id)
        .where(Delivery.id.in_(list(said)), Dispatch.kind != DispatchKind.TEST)
    )
    for delivery_id, recipient_key in rows.all():
        one = said[delivery_id]
        suppression.suppress(
            session, recipient_key, reason=SuppressionReason.DEAD_MAILBOX, now=one.at, details=f"{one.code} {one.reply}"
        )


def _record(
    session: Session, delivery_id: int, kind: EventKind, *, now: datetime, details: dict[str, Any] | None = None
) -> bool:
    if delivery_id == 0 or session.get(Delivery, delivery_id) is None:
        return False
    added = session.scalar(
        insert_for(session)(Event)
        .values(delivery_id=delivery_id, kind=kind, at=now, details=details or {})
        .on_conflict_do_nothing()
        .returning(Event.id)
    )
    return added is not None
