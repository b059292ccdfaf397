"""Erasure: forgetting a person, and keeping no more than the wish not to be written to (GDPR 17 and 21)."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from newsletter.kit.tokens import Keyring
from newsletter.mail.address import address_key
from subscribers import evidence, subscriptions, suppression, wishes
from subscribers.attributes import FieldValue, TagMark
from subscribers.models import (
    ConsentEvent,
    Format,
    MailedLink,
    Subscriber,
    Subscription,
    SubscriptionState,
    SuppressionReason,
)

ERASED_KEY = "erased:"
"""Begins the key of whoever was erased, with the row's number: no address, and unlike every other."""


def object_to_mail(session: Session, subscriber_id: int, *, now: datetime, source: str) -> tuple[int, ...]:
    """End everything and put the address on the do-not-mail list (GDPR 21); return the publications that ended."""
    evidence.hold_chain(session, subscriber_id)
    person = session.get_one(Subscriber, subscriber_id, populate_existing=True)
    ended = subscriptions.unsubscribe_all(session, subscriber_id, now=now, reason="objected")
    if suppression.suppress(session, person.address, reason=SuppressionReason.REQUEST, now=now, details=source):
        evidence.record(
            session, subscriber_id, kind="objected", at=now, publication_id=None, payload={"source": source}
        )
    return ended


def erase(session: Session, subscriber_id: int, *, keyring: Keyring, now: datetime, source: str) -> str:
    """Forget a person and return the address there was, so that the caller can forget it elsewhere.

    What stays: a keyed hash on the do-not-mail list, subscriptions that only count, and a chain of hashes without
    salts and payloads, which still verifies. Raises ``NotFound``.
    """
    evidence.hold_chain(session, subscriber_id)
    person = session.get_one(Subscriber, subscriber_id, populate_existing=True)
    address, key = person.address, person.address_key
    subscriptions.unsubscribe_all(session, subscriber_id, now=now, reason="erased")
    evidence.record(session, subscriber_id, kind="erased", at=now, publication_id=None, payload={"source": source})
    newest = select(ConsentEvent.id).where(ConsentEvent.subscriber_id == subscriber_id, ConsentEvent.kind == "erased")
    session.execute(
        update(ConsentEvent)
        .where(ConsentEvent.subscriber_id == subscriber_id, ConsentEvent.id.not_in(newest))
        .values(salt=None, payload=None)
    )
    session.execute(
        update(Subscription)
        .where(Subscription.subscriber_id == subscriber_id)
        .values(
            state=SubscriptionState.ENDED, leaving_words="", valid_until=None, lapse_told_for=None, paused_until=None
        )
    )
    session.execute(
        update(Subscriber)
        .where(Subscriber.id == subscriber_id)
        .values(
            address="", address_key=f"{ERASED_KEY}{subscriber_id}", name="", language="", format=Format.HTML,
            domain="", name_key="", surname_key="",
        )
    )  # fmt: skip
    for noted in (TagMark, FieldValue):
        session.execute(delete(noted).where(noted.subscriber_id == subscriber_id))
    _erase_parts(session, subscriber_id, keyring=keyring, now=now)
    session.execute(delete(MailedLink).where(MailedLink.subscriber_id == subscriber_id))
    wishes.forget(session, key)
    suppression.suppress_erased(session, key, keyring=keyring, now=now)
    session.expire_all()
    return address


def _erase_parts(session: Session, subscriber_id: int, *, keyring: Keyring, now: datetime) -> None:
    """Forget the rows that turned out to be the same person, with their addresses and what they agreed to."""
    for part in session.scalars(select(Subscriber).where(Subscriber.merged_into == subscriber_id)).all():
        key = address_key(part.address)
        session.execute(
            update(ConsentEvent).where(ConsentEvent.subscriber_id == part.id).values(salt=None, payload=None)
        )
        session.execute(
            update(Subscriber)
            .where(Subscriber.id == part.id)
            .values(address="", address_key=f"{ERASED_KEY}{part.id}", language="")
        )
        wishes.forget(session, key)
        suppression.suppress_erased(session, key, keyring=keyring, now=now)


def is_erased(person: Subscriber) -> bool:
    """Tell whether the row is all that is left of a person."""
    return person.address_key.startswith(ERASED_KEY)
