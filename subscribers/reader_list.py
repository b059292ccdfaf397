"""The list of a publication's readers, as it goes out of the house: row by row, however many there are."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import select
from sqlalchemy.orm import Session

from subscribers.models import Subscriber, Subscription, SubscriptionState

HEADER = ("address", "name", "language", "format", "state", "basis", "since", "ended")
"""The first four are the columns that an import reads."""
ROWS_AT_ONCE = 1000


def rows(session: Session, publication_id: int, *, everybody: bool = False) -> Iterator[tuple[str, ...]]:
    """Yield the active readers of a publication in the order they came; with *everybody* those who are not, too.

    Never more than a thousand are in memory; times are ISO 8601 in UTC, empty where there is none.
    """
    query = (
        select(
            Subscription.id, Subscriber.address, Subscriber.name, Subscriber.language, Subscriber.format,
            Subscription.state, Subscription.basis, Subscription.started_at, Subscription.ended_at,
        )
        .join(Subscriber, Subscriber.id == Subscription.subscriber_id)
        .where(Subscription.publication_id == publication_id)
        .order_by(Subscription.id)
        .limit(ROWS_AT_ONCE)
    )  # fmt: skip
    if not everybody:
        query = query.where(Subscription.state == SubscriptionState.ACTIVE)
    last = 0
    while found := session.execute(query.where(Subscription.id > last)).all():
        for id_, address, name, language, format_, state, basis, since, ended in found:
            last = id_
            times = (at.isoformat(timespec="seconds") if at else "" for at in (since, ended))
            yield (address, name, language, format_.value, state.value, basis.value, *times)
