"""Persons: everything held about one reader, as one value."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from newsletter.kit.errors import NotFound
from newsletter.mail.address import address_key
from newsletter.publications import Publication
from subscribers.evidence import verify_chain
from subscribers.models import Subscriber, Subscription, Suppression


@dataclass(frozen=True, slots=True)
class Tie:
    """One subscription as it stands."""

    publication: str
    state: str
    basis: str
    started_at: datetime | None
    ended_at: datetime | None
    end_reason: str


@dataclass(frozen=True, slots=True)
class PersonView:
    """One reader with subscriptions, evidence and a possible suppression."""

    address: str
    name: str
    language: str
    format: str
    created_at: datetime
    chain_is_sound: bool
    """Whether the consent record verifies from its first entry to its last."""
    suppressed: str
    """Why the address is on the do-not-mail list; empty if it is not."""
    subscriptions: tuple[Tie, ...]

    def to_json(self) -> dict[str, Any]:
        """Return plain data; times as ISO 8601."""
        return asdict(self)


def look_up(session: Session, address: str) -> PersonView:
    """Return what is held about the reader at *address*; raise ``NotFound``, or ``BadInput`` if it is no address."""
    key = address_key(address)
    subscriber = session.scalar(select(Subscriber).where(Subscriber.address_key == key))
    if subscriber is None:
        raise NotFound(f"There is no reader {address}.")
    reason = session.scalar(select(Suppression.reason).where(Suppression.address_key == key))
    rows = session.execute(
        select(Subscription, Publication.label)
        .join(Publication, Publication.id == Subscription.publication_id)
        .where(Subscription.subscriber_id == subscriber.id)
        .order_by(Publication.label)
    )
    return PersonView(
        address=subscriber.address,
        name=subscriber.name,
        language=subscriber.language,
        format=subscriber.format.value,
        created_at=subscriber.created_at,
        chain_is_sound=verify_chain(session, subscriber.id),
        suppressed=reason.value if reason else "",
        subscriptions=tuple(
            Tie(label, tie.state.value, tie.basis.value, tie.started_at, tie.ended_at, tie.end_reason)
            for tie, label in rows
        ),
    )
