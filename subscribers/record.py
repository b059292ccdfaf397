"""The record: everything held about one person on the readers' side, as plain data to take along (GDPR 15 and 20)."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from newsletter.kit.errors import NotFound
from newsletter.mail.address import address_key
from newsletter.publications import Publication
from subscribers import own_fields, tagging
from subscribers.evidence import verify_chain
from subscribers.models import ConsentEvent, MailedLink, Subscriber, Subscription, Suppression, Wish


@dataclass(frozen=True, slots=True)
class Proof:
    """One entry of the consent record with everything a third party needs to check it."""

    of: int
    """The number of the merged row whose chain it belongs to; 0: the person's own."""
    position: int
    at: datetime
    kind: str
    publication: str
    """Its name; empty where the entry concerns all."""
    publication_id: int | None
    facts: dict[str, Any]
    """What was sealed; empty after an erasure."""
    sealed: str
    """The very text that was sealed."""
    salt: str
    """Hexadecimal; so with the next three."""
    commitment: str
    previous_hash: str
    hash: str


def subscriber_id_of(session: Session, address: str) -> int:
    """Return the reader at *address*; raise ``NotFound``, or ``BadInput`` if it is no address."""
    found = session.scalar(select(Subscriber.id).where(Subscriber.address_key == address_key(address)))
    if found is None:
        raise NotFound(f"There is no reader {address}.")
    return found


def consent_record(session: Session, subscriber_id: int) -> tuple[Proof, ...]:
    """Return the person's chain from its first entry to its last, then those of rows that were merged into it."""
    own = ConsentEvent.subscriber_id == subscriber_id
    parts = select(Subscriber.id).where(Subscriber.merged_into == subscriber_id)
    rows = session.execute(
        select(ConsentEvent, Publication.name)
        .outerjoin(Publication, Publication.id == ConsentEvent.publication_id)
        .where(own | ConsentEvent.subscriber_id.in_(parts))
        .order_by(own.desc(), ConsentEvent.subscriber_id, ConsentEvent.position)
    )
    return tuple(
        Proof(
            of=0 if event.subscriber_id == subscriber_id else event.subscriber_id,
            position=event.position,
            at=event.at,
            kind=event.kind,
            publication=name or "",
            publication_id=event.publication_id,
            facts=json.loads(event.payload) if event.payload else {},
            sealed=event.payload or "",
            salt=event.salt.hex() if event.salt else "",
            commitment=event.commitment,
            previous_hash=event.previous_hash,
            hash=event.hash,
        )
        for event, name in rows
    )


def everything(session: Session, subscriber_id: int) -> dict[str, Any]:
    """Return what is held about the person here; raise ``NotFound``. What was sent is known on another floor."""
    person = session.get(Subscriber, subscriber_id, populate_existing=True)
    if person is None:
        raise NotFound(f"There is no reader {subscriber_id}.")
    suppressed = session.scalar(select(Suppression).where(Suppression.address_key == person.address_key))
    return {
        "person": {
            "address": person.address, "name": person.name, "language": person.language,
            "format": person.format.value, "since": _iso(person.created_at),
        },
        "subscriptions": [_tie(tie, name) for tie, name in _ties(session, subscriber_id)],
        "do_not_mail": None if suppressed is None else {
            "reason": suppressed.reason.value, "details": suppressed.details, "since": _iso(suppressed.created_at)
        },
        "noted": {
            "tags": [tag.name for tag in tagging.of_reader(session, subscriber_id)],
            "fields": own_fields.shown_of(session, subscriber_id),
        },
        "consent_record": {
            "verifies": verify_chain(session, subscriber_id),
            "entries": [as_data(proof) for proof in consent_record(session, subscriber_id)],
        },
        "asked_for": [_wish(wish) for wish in _wishes(session, person.address_key)],
        "mailed_links": [
            {"for": link.kind.value, "made": _iso(link.made_at), "expires": _iso(link.expires_at),
             "used": _iso(link.used_at)}
            for link in session.scalars(
                select(MailedLink).where(MailedLink.subscriber_id == subscriber_id).order_by(MailedLink.id)
            )
        ],
    }  # fmt: skip


def _ties(session: Session, subscriber_id: int) -> list[tuple[Subscription, str]]:
    rows = session.execute(
        select(Subscription, Publication.name)
        .join(Publication, Publication.id == Subscription.publication_id)
        .where(Subscription.subscriber_id == subscriber_id)
        .order_by(Publication.name)
    )
    return [(row[0], row[1]) for row in rows]


def _wishes(session: Session, key: str) -> list[Wish]:
    return list(session.scalars(select(Wish).where(Wish.address_key == key).order_by(Wish.id)))


def _tie(tie: Subscription, name: str) -> dict[str, Any]:
    return {
        "newsletter": name, "state": tie.state.value, "basis": tie.basis.value, "rhythm": tie.rhythm.value,
        "started": _iso(tie.started_at), "ended": _iso(tie.ended_at), "how_it_ended": tie.end_reason,
        "paused_until": _iso(tie.paused_until), "member_until": _iso(tie.valid_until),
        "reason_given": tie.leaving_reason.value if tie.leaving_reason else "", "words_given": tie.leaving_words,
    }  # fmt: skip


def _wish(wish: Wish) -> dict[str, Any]:
    return {
        "kind": wish.kind.value, "asked": _iso(wish.asked_at), "form": wish.form.value, "wording": wish.wording,
        "wording_version": wish.wording_version, "language": wish.language, "name": wish.name,
        "network": wish.network, "confirmed": _iso(wish.confirmed_at),
    }  # fmt: skip


def as_data(proof: Proof) -> dict[str, Any]:
    """Return *proof* as plain data."""
    return {
        **({"merged_reader": proof.of} if proof.of else {}),
        "position": proof.position, "at": _iso(proof.at), "kind": proof.kind, "newsletter": proof.publication,
        "facts": proof.facts, "sealed": proof.sealed, "salt": proof.salt, "commitment": proof.commitment,
        "previous_hash": proof.previous_hash, "hash": proof.hash,
    }  # fmt: skip


def _iso(at: datetime | None) -> str | None:
    return at.isoformat(timespec="seconds") if at else None
