"""Subscriptions: who gets what, changed here (and, for many at once, in ``intake``) and nowhere else.

Every verb takes the caller's session, never commits, and writes what happened into the person's consent chain.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import Update, delete, or_, select, update
from sqlalchemy.orm import Session

from newsletter.kit.database import insert_for
from newsletter.kit.errors import BadInput, Conflict
from newsletter.mail.address import address_key
from subscribers import evidence
from subscribers.models import ConsentBasis, Format, Subscriber, Subscription, SubscriptionState

LONGEST_PAUSE = timedelta(days=366)


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


def request(
    session: Session, subscriber_id: int, publication_id: int, *, now: datetime, details: dict[str, object]
) -> bool:
    """Note that somebody asked to join with this address; tell whether it was written down.

    A stranger becomes ``pending``. Whoever has left stays so until the confirmation: an import would take up somebody
    pending, and a stranger's typing must not bring anybody back.
    """
    evidence.hold_chain(session, subscriber_id)
    state = _state(session, subscriber_id, publication_id)
    if state in {SubscriptionState.ACTIVE, SubscriptionState.PAUSED}:
        return False
    if state is None:
        session.add(
            Subscription(
                subscriber_id=subscriber_id, publication_id=publication_id, state=SubscriptionState.PENDING,
                basis=ConsentBasis.DOUBLE_OPT_IN,
            )
        )  # fmt: skip
        session.flush()
    evidence.record(session, subscriber_id, kind="requested", at=now, publication_id=publication_id, payload=details)
    return True


def withdraw_request(session: Session, subscriber_id: int, publication_id: int, *, now: datetime) -> bool:
    """Take back what was asked for and never confirmed; tell whether it was still waiting."""
    evidence.hold_chain(session, subscriber_id)
    gone = session.scalar(
        delete(Subscription)
        .where(
            Subscription.subscriber_id == subscriber_id,
            Subscription.publication_id == publication_id,
            Subscription.state == SubscriptionState.PENDING,
        )
        .returning(Subscription.id)
    )
    if gone is None:
        return False
    evidence.record(session, subscriber_id, kind="unconfirmed", at=now, publication_id=publication_id, payload={})
    return True


def pause(
    session: Session, subscriber_id: int, publication_id: int, *, until: datetime, now: datetime, source: str
) -> bool:
    """Send nothing of a publication before *until*; tell whether that is a change. Raises ``BadInput`` for the past."""
    if not now < until <= now + LONGEST_PAUSE:
        raise BadInput("A pause ends on a day between tomorrow and a year from now.")
    evidence.hold_chain(session, subscriber_id)
    paused = session.scalar(
        _running(subscriber_id, publication_id)
        .where(or_(Subscription.paused_until.is_(None), Subscription.paused_until != until))
        .values(state=SubscriptionState.PAUSED, paused_until=until)
        .returning(Subscription.id)
    )
    if paused is None:
        return False
    payload = {"until": until.isoformat(), "source": source}
    evidence.record(session, subscriber_id, kind="paused", at=now, publication_id=publication_id, payload=payload)
    return True


def resume(session: Session, subscriber_id: int, publication_id: int, *, now: datetime, source: str) -> bool:
    """End a pause; tell whether there was one."""
    evidence.hold_chain(session, subscriber_id)
    resumed = session.scalar(
        _running(subscriber_id, publication_id)
        .where(Subscription.state == SubscriptionState.PAUSED)
        .values(state=SubscriptionState.ACTIVE, paused_until=None)
        .returning(Subscription.id)
    )
    if resumed is None:
        return False
    evidence.record(
        session, subscriber_id, kind="resumed", at=now, publication_id=publication_id, payload={"source": source}
    )
    return True


def _running(subscriber_id: int, publication_id: int) -> Update:
    return update(Subscription).where(
        Subscription.subscriber_id == subscriber_id,
        Subscription.publication_id == publication_id,
        Subscription.state.in_([SubscriptionState.ACTIVE, SubscriptionState.PAUSED]),
    )


def _state(session: Session, subscriber_id: int, publication_id: int) -> SubscriptionState | None:
    return session.scalar(
        select(Subscription.state).where(
            Subscription.subscriber_id == subscriber_id, Subscription.publication_id == publication_id
        )
    )


def _start(session: Session, subscriber_id: int, publication_id: int, *, now: datetime, basis: ConsentBasis) -> None:
    running = {
        "state": SubscriptionState.ACTIVE, "basis": basis, "started_at": now,
        "ended_at": None, "end_reason": "", "paused_until": None, "leaving_reason": None, "leaving_words": "",
    }  # fmt: skip
    session.execute(
        insert_for(session)(Subscription)
        .values(subscriber_id=subscriber_id, publication_id=publication_id, **running)
        .on_conflict_do_update(index_elements=["subscriber_id", "publication_id"], set_=running)
    )
