"""Opening: whom a signed link lets into the issues of a newsletter that is not open to everybody."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from newsletter.kit.errors import BadToken
from newsletter.kit.tokens import Keyring, Purpose
from subscribers.models import Subscription, SubscriptionState


def may_read(session: Session, keyring: Keyring, token: str, publication_id: int, *, now: datetime) -> bool:
    """Tell whether *token* is the link of somebody who reads the publication today.

    Whoever has left or lapsed does not get in, and no erased person. A test mail's link names nobody and opens.
    """
    try:
        claims = keyring.read_link(Purpose.READ, token)
    except BadToken:
        return False
    if claims.publication_id != publication_id:
        return False
    if claims.subscriber_id == 0:
        return True
    reads = session.scalar(
        select(Subscription.id).where(
            Subscription.subscriber_id == claims.subscriber_id,
            Subscription.publication_id == publication_id,
            Subscription.state.in_([SubscriptionState.ACTIVE, SubscriptionState.PAUSED]),
            Subscription.valid_until.is_(None) | (Subscription.valid_until > now),
        )
    )
    return reads is not None
