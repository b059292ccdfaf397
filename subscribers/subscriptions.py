"""Subscriptions: who gets what, changed here (and, for many at once, in ``intake``) and nowhere else.

Every verb takes the caller's session, never commits, and writes what happened into the person's consent chain.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from newsletter.kit.database import insert_for
from newsletter.kit.errors import Conflict
from newsletter.mail.address import address_key
from subscribers import evidence
from subscribers.models import ConsentBasis, Format, Subscriber, Subscription, SubscriptionState


def ensure_subscriber(
    session: Session,
    address: str,
    *,
    now: datetime,
    name: str = "",
    language: str = "",
    preferred: Format = Format.HTML,
) -> int:
    """Return the id of the person with *address*, added if unknown; raise ``BadInput`` for a bad address."""
    key = address_key(address)
    added = session.scalar(
        insert_for(session)(Subscriber)
        .values(
            address=address, address_key=key, name=name, language=language, format=preferred, created_at=now,
            chain_head="",
        )
        .on_conflict_do_nothing()
        .returning(Subscriber.id)
    )  # fmt: skip
    return added or session.scalars(select(Subscriber.id).where(Subscriber.address_key == key)).one()


def subscribe(
    session: Session,
    subscriber_id: int,
    publication_id: int,
    *,
    now: datetime,
    basis: ConsentBasis,
    source: str,
    details: dict[str, object] | None = None,
) -> bool:
    """Start a person's subscription, or confirm a pending one; tell whether anything changed.

    Raises ``Conflict`` if the person has left it: only ``resubscribe``, the reader's own hand, undoes that.
    """
    evidence.hold_chain(session, subscriber_id)
    state = _state(session, subscriber_id, publication_id)
    if state is SubscriptionState.ENDED:
        raise Conflict("This reader has left this publication; only the reader can come back.")
    if state in {SubscriptionState.ACTIVE, SubscriptionState.PAUSED}:
        return False
    _start(session, subscriber_id, publication_id, now=now, basis=basis)
    kind = "confirmed" if state is SubscriptionState.PENDING else "subscribed"
    evidence.record(
        session, subscriber_id, kind=kind, at=now, publication_id=publication_id,
        payload={"basis": basis.value, "source": source, **(details or {})},
    )  # fmt: skip
    return True


def resubscribe(
    session: Session,
    subscriber_id: int,
    publication_id: int,
    *,
    now: datetime,
    source: str,
    basis: ConsentBasis = ConsentBasis.DOUBLE_OPT_IN,
    details: dict[str, object] | None = None,
) -> bool:
    """Take up an ended subscription again by the reader's own hand; tell whether anything changed."""
    evidence.hold_chain(session, subscriber_id)
    if _state(session, subscriber_id, publication_id) is not SubscriptionState.ENDED:
        return False
    _start(session, subscriber_id, publication_id, now=now, basis=basis)
    evidence.record(
        session, subscriber_id, kind="resubscribed", at=now, publication_id=publication_id,
        payload={"basis": basis.value, "source": source, **(details or {})},
    )  # fmt: skip
    return True


def unsubscribe(
    session: Session,
    subscriber_id: int,
    publication_id: int,
    *,
    now: datetime,
    reason: str,
    source: str = "",
    delivery_id: int = 0,
) -> bool:
    """End one subscription; tell whether it still ran. Doing it again changes nothing and records nothing.

    *reason* is a word as ``Subscription.end_reason`` lists them. Raises ``NotFound`` for an unknown person.
    """
    evidence.hold_chain(session, subscriber_id)
    ended = session.scalar(
        update(Subscription)
        .where(
            Subscription.subscriber_id == subscriber_id,
            Subscription.publication_id == publication_id,
            Subscription.state != SubscriptionState.ENDED,
        )
        .values(state=SubscriptionState.ENDED, ended_at=now, end_reason=reason, paused_until=None)
        .returning(Subscription.id)
    )
    if ended is None:
        return False
    evidence.record(
        session, subscriber_id, kind="unsubscribed", at=now, publication_id=publication_id,
        payload={"reason": reason, "source": source or reason, "delivery": delivery_id},
    )  # fmt: skip
    return True


def unsubscribe_all(
    session: Session, subscriber_id: int, *, now: datetime, reason: str = "all", delivery_id: int = 0
) -> tuple[int, ...]:
    """End every subscription of a person; return the publications that were left."""
    running = session.scalars(
        select(Subscription.publication_id)
        .where(Subscription.subscriber_id == subscriber_id, Subscription.state != SubscriptionState.ENDED)
        .order_by(Subscription.publication_id)
    ).all()
    return tuple(
        publication_id
        for publication_id in running
        if unsubscribe(session, subscriber_id, publication_id, now=now, reason=reason, delivery_id=delivery_id)
    )


def set_format(session: Session, subscriber_id: int, wanted: Format, *, now: datetime, source: str) -> bool:
    """Set how a person's issues arrive from the next planning on; tell whether that is a change."""
    evidence.hold_chain(session, subscriber_id)
    changed = session.scalar(
        update(Subscriber)
        .where(Subscriber.id == subscriber_id, Subscriber.format != wanted)
        .values(format=wanted)
        .returning(Subscriber.id)
    )
    if changed is None:
        return False
    evidence.record(
        session, subscriber_id, kind="changed", at=now, publication_id=None,
        payload={"format": wanted.value, "source": source},
    )  # fmt: skip
    return True


def _state(session: Session, subscriber_id: int, publication_id: int) -> SubscriptionState | None:
    return session.scalar(
        select(Subscription.state).where(
            Subscription.subscriber_id == subscriber_id, Subscription.publication_id == publication_id
        )
    )


def _start(session: Session, subscriber_id: int, publication_id: int, *, now: datetime, basis: ConsentBasis) -> None:
    running = {
        "state": SubscriptionState.ACTIVE, "basis": basis, "started_at": now,
        "ended_at": None, "end_reason": "", "paused_until": None,
    }  # fmt: skip
    session.execute(
        insert_for(session)(Subscription)
        .values(subscriber_id=subscriber_id, publication_id=publication_id, **running)
        .on_conflict_do_update(index_elements=["subscriber_id", "publication_id"], set_=running)
    )
