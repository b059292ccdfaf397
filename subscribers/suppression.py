"""Suppression: the list of addresses we will not write to."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from newsletter.kit.database import insert_for
from newsletter.mail.address import address_key
from subscribers.models import Suppression, SuppressionReason

DETAILS_LIMIT = 500
KEYS_A_QUERY = 5_000
"""Well below the 32,766 values that one SQLite statement takes."""


def suppress(session: Session, address: str, *, reason: SuppressionReason, now: datetime, details: str = "") -> bool:
    """Put *address* on the list; tell whether it is news. The first reason stands. Raises ``BadInput``."""
    added = session.scalar(
        insert_for(session)(Suppression)
        .values(address_key=address_key(address), reason=reason, details=details[:DETAILS_LIMIT], created_at=now)
        .on_conflict_do_nothing()
        .returning(Suppression.id)
    )
    return added is not None


def is_suppressed(session: Session, address: str) -> bool:
    """Tell whether *address* is on the list; raises ``BadInput`` for what is no address."""
    return bool(keys_suppressed(session, [address_key(address)]))


def keys_suppressed(session: Session, keys: Collection[str]) -> frozenset[str]:
    """Return those of *keys* (normalised addresses) that are on the list."""
    wanted = list(keys)
    found: set[str] = set()
    for start in range(0, len(wanted), KEYS_A_QUERY):
        part = wanted[start : start + KEYS_A_QUERY]
        hits = session.scalars(select(Suppression.address_key).where(Suppression.address_key.in_(part)))
        found.update(key for key in hits if key is not None)
    return frozenset(found)
