"""Suppression: the list of addresses we will not write to."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import delete, exists, or_, select
from sqlalchemy.orm import Session

from newsletter.kit.database import insert_for
from newsletter.kit.tokens import Keyring
from newsletter.mail.address import address_key
from subscribers.models import Suppression, SuppressionReason

DETAILS_LIMIT = 500
KEYS_A_QUERY = 5_000
"""Well below the 32,766 values that one SQLite statement takes."""
UNREACHABLE = frozenset({SuppressionReason.DEAD_MAILBOX, SuppressionReason.BOUNCING})
"""Nobody would read it; mail that a person asks for in so many words may go to the others."""
_SEAL = "erased address"


def suppress(session: Session, address: str, *, reason: SuppressionReason, now: datetime, details: str = "") -> bool:
    """Put *address* on the list; tell whether it is news. The first reason stands. Raises ``BadInput``."""
    added = session.scalar(
        insert_for(session)(Suppression)
        .values(address_key=address_key(address), reason=reason, details=details[:DETAILS_LIMIT], created_at=now)
        .on_conflict_do_nothing()
        .returning(Suppression.id)
    )
    return added is not None


def suppress_erased(session: Session, key: str, *, keyring: Keyring, now: datetime) -> None:
    """Remember the wish not to be written to after the address *key* (normalised) itself has been forgotten."""
    session.execute(delete(Suppression).where(Suppression.address_key == key))
    session.execute(
        insert_for(session)(Suppression)
        .values(
            address_hash=keyring.signature(_SEAL, key.encode()), reason=SuppressionReason.ERASED, details="",
            created_at=now,
        )
        .on_conflict_do_nothing()
    )  # fmt: skip


def lift(session: Session, address: str, *, keyring: Keyring) -> SuppressionReason | None:
    """Take *address* off the list, by the reader's own confirmed wish alone; return why it was on it."""
    key = address_key(address)
    reasons = session.scalars(
        delete(Suppression)
        .where(or_(Suppression.address_key == key, Suppression.address_hash.in_(_hashes(keyring, key))))
        .returning(Suppression.reason)
    ).all()
    return reasons[0] if reasons else None


def reason_for(session: Session, key: str) -> SuppressionReason | None:
    """Return why the normalised address *key* is on the list, None if it is not."""
    return session.scalar(select(Suppression.reason).where(Suppression.address_key == key))


def is_suppressed(session: Session, address: str, *, keyring: Keyring | None = None) -> bool:
    """Tell whether *address* is on the list; raises ``BadInput`` for what is no address."""
    return bool(keys_suppressed(session, [address_key(address)], keyring=keyring))


def keys_suppressed(session: Session, keys: Collection[str], *, keyring: Keyring | None = None) -> frozenset[str]:
    """Return those of *keys* (normalised addresses) that are on the list.

    With the *keyring* also those that were erased; a stored reader's address cannot be one of them, an unknown can.
    """
    wanted = list(keys)
    found: set[str] = set()
    for start in range(0, len(wanted), KEYS_A_QUERY):
        part = wanted[start : start + KEYS_A_QUERY]
        hits = session.scalars(select(Suppression.address_key).where(Suppression.address_key.in_(part)))
        found.update(key for key in hits if key is not None)
    if keyring is not None and session.scalar(select(exists().where(Suppression.address_hash.is_not(None)))):
        found |= _erased(session, wanted, keyring)
    return frozenset(found)


def _erased(session: Session, keys: list[str], keyring: Keyring) -> set[str]:
    hashes = {sealed: key for key in keys for sealed in _hashes(keyring, key)}
    wanted = list(hashes)
    found: set[str] = set()
    for start in range(0, len(wanted), KEYS_A_QUERY):
        part = wanted[start : start + KEYS_A_QUERY]
        hits = session.scalars(select(Suppression.address_hash).where(Suppression.address_hash.in_(part)))
        found.update(hashes[sealed] for sealed in hits if sealed is not None)
    return found


def _hashes(keyring: Keyring, key: str) -> tuple[str, ...]:
    """The hashes of *key* under every secret of the ring: a rotated secret must not revive an erased address."""
    return keyring.signatures(_SEAL, key.encode())
