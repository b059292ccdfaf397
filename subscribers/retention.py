"""Retention of what readers leave behind: sign-ups that nobody confirmed, pauses that are over, links, counts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, exists, select
from sqlalchemy.orm import Session

from subscribers import evidence, limits, mailed_links, subscriptions
from subscribers.attributes import FieldValue, TagMark
from subscribers.models import (
    ConsentEvent,
    MailedLink,
    Subscriber,
    Subscription,
    SubscriptionState,
    Wish,
)
from subscribers.wishes import UNCONFIRMED

BATCH = 500


@dataclass(frozen=True, slots=True)
class OldWishes:
    """Sign-ups of a week ago."""

    ids: list[int]
    notice_ids: list[int]
    """The mails that asked whoever never confirmed: nothing of theirs may outlive the sign-up."""


def old_wishes(session: Session, *, now: datetime, batch: int = BATCH) -> OldWishes:
    """Return sign-ups whose week is over, confirmed (the evidence is in the chain) or not."""
    rows = session.execute(
        select(Wish.id, Wish.notice_id, Wish.confirmed_at)
        .where(Wish.asked_at <= now - UNCONFIRMED)
        .order_by(Wish.id)
        .limit(batch)
    ).all()
    return OldWishes([row[0] for row in rows], [row[1] for row in rows if row[1] and row[2] is None])


def forget_wishes(session: Session, wishes: OldWishes) -> None:
    """Delete sign-ups whose week is over. The caller has freed their deliveries and notices before."""
    session.execute(delete(Wish).where(Wish.id.in_(wishes.ids)))


def unconfirmed(session: Session, *, now: datetime, batch: int = BATCH) -> list[int]:
    """Return readers with a subscription that waits for a confirmation no link can give any more."""
    asked_lately = exists().where(
        ConsentEvent.subscriber_id == Subscription.subscriber_id,
        ConsentEvent.publication_id == Subscription.publication_id,
        ConsentEvent.kind == "requested",
        ConsentEvent.at > now - UNCONFIRMED,
    )
    return list(
        session.scalars(
            select(Subscription.subscriber_id)
            .where(Subscription.state == SubscriptionState.PENDING, ~asked_lately)
            .distinct()
            .order_by(Subscription.subscriber_id)
            .limit(batch)
        )
    )


def forget_unconfirmed(session: Session, subscriber_id: int, *, now: datetime) -> bool:
    """Take back subscriptions that were never confirmed; tell whether the whole person is gone with them.

    Whoever has nothing else with us is deleted without a trace. The caller has freed deliveries and notices before.
    """
    evidence.hold_chain(session, subscriber_id)
    ties = session.scalars(select(Subscription).where(Subscription.subscriber_id == subscriber_id)).all()
    is_one_of_two = session.scalar(select(Subscriber.id).where(Subscriber.merged_into == subscriber_id).limit(1))
    if is_one_of_two is None and all(tie.state is SubscriptionState.PENDING for tie in ties):
        for table in (Subscription, ConsentEvent, MailedLink, TagMark, FieldValue):
            session.execute(delete(table).where(table.subscriber_id == subscriber_id))
        session.execute(delete(Subscriber).where(Subscriber.id == subscriber_id))
        return True
    for tie in ties:
        if tie.state is SubscriptionState.PENDING:
            subscriptions.withdraw_request(session, subscriber_id, tie.publication_id, now=now)
    return False


def end_pauses(session: Session, *, now: datetime, batch: int = BATCH) -> int:
    """Write down that pauses are over whose day has come (mail flows from that moment anyway); return how many."""
    rows = session.execute(
        select(Subscription.subscriber_id, Subscription.publication_id)
        .where(Subscription.state == SubscriptionState.PAUSED, Subscription.paused_until <= now)
        .order_by(Subscription.subscriber_id)
        .limit(batch)
    ).all()
    return sum(subscriptions.resume(session, *row, now=now, source="day") for row in rows)


def forget_links_and_counts(session: Session, *, now: datetime) -> None:
    """Delete mailed links and counted attempts that nobody needs any more."""
    mailed_links.forget_old(session, now=now)
    limits.forget_old(session, now=now)
