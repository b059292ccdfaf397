"""Choices: how a reader wants what comes: format, language, rhythm; each change is sealed into the consent chain."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import update
from sqlalchemy.orm import Session

from newsletter.kit.errors import BadInput
from subscribers import evidence
from subscribers.columns import NAME_LIMIT, clean_name, language_tag
from subscribers.models import Format, Rhythm, Subscriber, Subscription
from subscribers.search_keys import name_keys


def set_format(session: Session, subscriber_id: int, wanted: Format, *, now: datetime, source: str) -> bool:
    """Set how a person's issues arrive from the next planning on; tell whether that is a change."""
    return _set(session, subscriber_id, "format", wanted, now=now, source=source)


def set_language(session: Session, subscriber_id: int, wanted: str, *, now: datetime, source: str) -> bool:
    """Set the language of pages and mails (BCP 47; empty: the publication's); raise ``BadInput`` for what is none."""
    if wanted and language_tag(wanted) != wanted:
        raise BadInput(f"There is no language {wanted[:30]!r}; write a code such as en or de.")
    return _set(session, subscriber_id, "language", wanted, now=now, source=source)


def set_name(session: Session, subscriber_id: int, wanted: str, *, now: datetime, source: str) -> bool:
    """Correct a person's name (GDPR 16); raise ``BadInput`` if it is too long."""
    name = clean_name(wanted)
    if len(wanted.strip()) > NAME_LIMIT:
        raise BadInput(f"The name is too long; {NAME_LIMIT} characters are allowed.")
    return _set(session, subscriber_id, "name", name, now=now, source=source)


def set_rhythm(
    session: Session, subscriber_id: int, publication_id: int, wanted: Rhythm, *, now: datetime, source: str
) -> bool:
    """Set how often a publication writes to the person from the next planning on; tell whether that is a change."""
    evidence.hold_chain(session, subscriber_id)
    changed = session.scalar(
        update(Subscription)
        .where(
            Subscription.subscriber_id == subscriber_id,
            Subscription.publication_id == publication_id,
            Subscription.rhythm != wanted,
        )
        .values(rhythm=wanted)
        .returning(Subscription.id)
    )
    if changed is None:
        return False
    payload = {"rhythm": wanted.value, "source": source}
    evidence.record(session, subscriber_id, kind="changed", at=now, publication_id=publication_id, payload=payload)
    return True


def _set(session: Session, subscriber_id: int, what: str, wanted: Any, *, now: datetime, source: str) -> bool:
    evidence.hold_chain(session, subscriber_id)
    column = getattr(Subscriber, what)
    changed = session.scalar(
        update(Subscriber)
        .where(Subscriber.id == subscriber_id, column != wanted)
        .values({what: wanted} | (name_keys(wanted) if what == "name" else {}))
        .returning(Subscriber.id)
    )
    if changed is None:
        return False
    payload = {what: str(wanted), "source": source}
    evidence.record(session, subscriber_id, kind="changed", at=now, publication_id=None, payload=payload)
    return True
