"""The list of a publication's readers, as it goes out of the house: row by row, however many there are."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import select
from sqlalchemy.orm import Session

from subscribers.models import Subscriber, Subscription, SubscriptionState, Suppression

HEADER = ("address", "name", "language", "format", "state", "basis", "since", "ended", "do not mail")
"""The first four are the columns that an import reads."""
ROWS_AT_ONCE = 1000


def rows(session: Session, publication_id: int, *, everybody: bool = False) -> Iterator[tuple[str, ...]]:
    """Yield the active readers of a publication to whom we may write, in the order they came; or *everybody*.

    Never more than a thousand are in memory; times are ISO 8601 in UTC, empty where there is none.
    """
    query = (
        select(
            Subscription.id, Subscriber.address, Subscriber.name, Subscriber.language, Subscriber.format,
            Subscription.state, Subscription.basis, Subscription.started_at, Subscription.ended_at, Suppression.reason,
        )
        .join(Subscriber, Subscriber.id == Subscription.subscriber_id)
        .outerjoin(Suppression, Suppression.address_key == Subscriber.address_key)
        .where(Subscription.publication_id == publication_id)
        .order_by(Subscription.id)
        .limit(ROWS_AT_ONCE)
    )  # fmt: skip
    if not everybody:
        query = query.where(Subscription.state == SubscriptionState.ACTIVE, Suppression.reason.is_(None))
    last = 0
    while found := session.execute(query.where(Subscription.id > last)).all():
        for number, address, name, language, chosen, state, basis, since, ended, barred in found:
            last = number
            words = [word.value if word else "" for word in (chosen, state, basis, barred)]
            times = [at.isoformat(timespec="seconds") if at else "" for at in (since, ended)]
            yield (address, name, language, *words[:3], *times, words[3])
