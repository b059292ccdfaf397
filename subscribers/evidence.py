"""Evidence: one hash chain of consent events per person, over salted commitments."""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from newsletter.kit.errors import NotFound
from subscribers.models import ConsentEvent, Subscriber

SALT_BYTES = 16
_CANONICAL = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":"))


@dataclass(frozen=True, slots=True)
class Sealed:
    """One link of a chain, computed but not yet stored."""

    salt: bytes
    payload: str
    commitment: str
    previous_hash: str
    hash: str


def seal(payload: Mapping[str, object], *, previous_hash: str) -> Sealed:
    """Return *payload* as the link that follows *previous_hash* (empty for the first)."""
    return seal_text(canonical(payload), previous_hash=previous_hash)


def canonical(payload: Mapping[str, object]) -> str:
    """Return *payload* as the one text that is sealed."""
    return _CANONICAL.encode(payload)


def seal_text(text: str, *, previous_hash: str) -> Sealed:
    """Return a payload that is canonical already as the link that follows *previous_hash*."""
    salt = secrets.token_bytes(SALT_BYTES)
    commitment = _commitment(salt, text)
    return Sealed(salt, text, commitment, previous_hash, _hash(previous_hash, commitment))


def hold_chain(session: Session, subscriber_id: int) -> str:
    """Lock the person until the transaction ends and return the head of the chain; raise ``NotFound``.

    Whoever writes about a person takes this lock first, so that two events cannot both follow the same head and two
    writers cannot wait for each other. On SQLite the one writer is the lock.
    """
    head = session.scalar(select(Subscriber.chain_head).where(Subscriber.id == subscriber_id).with_for_update())
    if head is None:
        raise NotFound(f"There is no reader {subscriber_id}.")
    return head


def record(
    session: Session,
    subscriber_id: int,
    *,
    kind: str,
    at: datetime,
    publication_id: int | None,
    payload: Mapping[str, object],
) -> None:
    """Append one event to the person's chain; kind, time and publication are sealed with *payload*."""
    head = hold_chain(session, subscriber_id)
    last = session.scalar(select(func.max(ConsentEvent.position)).where(ConsentEvent.subscriber_id == subscriber_id))
    sealed = seal(facts(kind=kind, at=at, publication_id=publication_id, payload=payload), previous_hash=head)
    session.add(
        ConsentEvent(
            subscriber_id=subscriber_id,
            position=(last or 0) + 1,
            publication_id=publication_id,
            kind=kind,
            at=at,
            salt=sealed.salt,
            payload=sealed.payload,
            commitment=sealed.commitment,
            previous_hash=sealed.previous_hash,
            hash=sealed.hash,
        )
    )
    session.flush()
    session.execute(update(Subscriber).where(Subscriber.id == subscriber_id).values(chain_head=sealed.hash))


def facts(*, kind: str, at: datetime, publication_id: int | None, payload: Mapping[str, object]) -> dict[str, object]:
    """Return everything an event says, so that changing a column beside the payload breaks the seal as well."""
    return {"kind": kind, "at": _instant(at), "publication": publication_id, **payload}


def verify_chain(session: Session, subscriber_id: int) -> bool:
    """Tell whether the person's events are complete, in order and unchanged; an erased payload is no fault."""
    head = session.scalar(select(Subscriber.chain_head).where(Subscriber.id == subscriber_id))
    events = session.scalars(
        select(ConsentEvent).where(ConsentEvent.subscriber_id == subscriber_id).order_by(ConsentEvent.position)
    )
    previous = ""
    joined: dict[int, str] = {}
    for position, event in enumerate(events, start=1):
        if event.position != position or event.previous_hash != previous or not _is_whole(event):
            return False
        previous = event.hash
        if event.kind == "merged" and event.payload is not None:
            said = json.loads(event.payload)
            joined[said.get("reader", 0)] = said.get("head", "")
    return head == previous and all(_joins(session, part, joined) for part in _parts(session, subscriber_id))


def _parts(session: Session, subscriber_id: int) -> list[Subscriber]:
    """Return the rows that turned out to be the same person."""
    parts = select(Subscriber).where(Subscriber.merged_into == subscriber_id).order_by(Subscriber.id)
    return list(session.scalars(parts.execution_options(populate_existing=True)))


def _joins(session: Session, part: Subscriber, joined: Mapping[int, str]) -> bool:
    """Tell whether a merged row's own chain is sound, and its head is the one that was sealed when it was merged."""
    return joined.get(part.id, part.chain_head) == part.chain_head and verify_chain(session, part.id)


def _is_whole(event: ConsentEvent) -> bool:
    if event.hash != _hash(event.previous_hash, event.commitment):
        return False
    if event.salt is None or event.payload is None:
        return event.salt is None and event.payload is None  # erased: both or neither
    if event.commitment != _commitment(event.salt, event.payload):
        return False
    said = json.loads(event.payload)
    columns = {"kind": event.kind, "at": _instant(event.at), "publication": event.publication_id}
    return bool(columns.items() <= said.items())


def _instant(at: datetime) -> str:
    return at.astimezone(UTC).isoformat()


def _commitment(salt: bytes, payload: str) -> str:
    return hashlib.sha256(salt + payload.encode()).hexdigest()


def _hash(previous_hash: str, commitment: str) -> str:
    return hashlib.sha256((previous_hash + commitment).encode()).hexdigest()
