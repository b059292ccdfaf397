"""The do-not-mail list as the team works with it: looked through, added to, taken over from another system."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from datetime import datetime
from typing import Any

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from newsletter.kit.database import insert_for
from newsletter.kit.errors import BadInput
from newsletter.mail.address import address_key
from subscribers.models import Subscriber, Subscription, Suppression, SuppressionReason
from subscribers.search_keys import folded
from subscribers.searching import begins
from subscribers.suppression import DETAILS_LIMIT

PAGE_SIZE = 50
KEYS_A_STATEMENT = 2_000


def listed(
    session: Session, publication_id: int | None, *, words: str = "", before: int = 0
) -> tuple[list[Suppression], int]:
    """Return a page of the list, the newest first, and where the next begins (0: there is none).

    With a publication only those who have to do with it. Whoever was erased is on the list as a hash and shown nowhere.
    """
    query = _whole(publication_id).order_by(Suppression.id.desc()).limit(PAGE_SIZE + 1)
    said = folded(" ".join(words.replace("\0", "").split()))
    if said:
        with suppress(BadInput):  # the beginning of one is none yet
            said = address_key(said)
        query = query.where(begins(session, Suppression.address_key, said))
    if before:
        query = query.where(Suppression.id < before)
    found = list(session.scalars(query))
    return found[:PAGE_SIZE], found[PAGE_SIZE - 1].id if len(found) > PAGE_SIZE else 0


def count(session: Session, publication_id: int | None) -> int:
    """Return how many addresses are on the list."""
    return session.scalar(select(func.count()).select_from(_whole(publication_id).subquery())) or 0


def add_all(session: Session, addresses: Iterable[str], *, now: datetime, details: str) -> tuple[int, int, list[str]]:
    """Put another system's addresses on the list; return how many are news, how many were there, and what is none."""
    keys: dict[str, None] = {}
    wrong: list[str] = []
    for address in addresses:
        try:
            keys[address_key(address.strip().strip("<>"))] = None
        except BadInput:
            wrong.append(address)
    wanted, added = sorted(keys), 0
    for start in range(0, len(wanted), KEYS_A_STATEMENT):
        rows = [
            {"address_key": key, "reason": SuppressionReason.IMPORTED, "details": details[:DETAILS_LIMIT],
             "created_at": now}
            for key in wanted[start : start + KEYS_A_STATEMENT]
        ]  # fmt: skip
        done = session.scalars(
            insert_for(session)(Suppression).on_conflict_do_nothing().returning(Suppression.id), rows
        )
        added += len(done.all())
    return added, len(wanted) - added, wrong


def _whole(publication_id: int | None) -> Select[Any]:
    query = select(Suppression).where(Suppression.address_key.is_not(None))
    if publication_id is None:
        return query
    theirs = (
        select(Subscriber.address_key)
        .join(Subscription, Subscription.subscriber_id == Subscriber.id)
        .where(Subscription.publication_id == publication_id, Subscriber.address_key == Suppression.address_key)
    )
    return query.where(theirs.exists())
