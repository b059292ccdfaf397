"""The dossier: everything held about one person in the whole house, with every mail that was sent."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from newsletter.delivery.models import Delivery, Dispatch, Event
from newsletter.issues.models import Issue
from newsletter.kit.tokens import Keyring, Purpose
from newsletter.mail.address import domain_of
from newsletter.notices import Notice
from newsletter.publications import Publication
from subscribers import record
from subscribers.models import Subscriber

FORMAT = "newsletter-desk/person/1"
"""Names the shape of the file for whoever reads it by program."""


def dossier(session: Session, subscriber_id: int, *, now: datetime) -> dict[str, Any]:
    """Return it as plain data, times as ISO 8601 in UTC; raise ``NotFound``."""
    about = record.everything(session, subscriber_id)
    person = session.get_one(Subscriber, subscriber_id)
    return {
        "format": FORMAT, "made": now.isoformat(timespec="seconds"), **about,
        "mails": [_mail(*row) for row in _mails(session, person)],
    }  # fmt: skip


def confirmation_mail(session: Session, notice_id: int | None, *, keyring: Keyring) -> dict[str, object]:
    """Return what is known of the mail that carried a confirmation link: Message-ID, hand-over, the server's answer."""
    row = session.execute(
        select(Delivery, Publication)
        .join(Dispatch, Dispatch.id == Delivery.dispatch_id)
        .join(Publication, Publication.id == Dispatch.publication_id)
        .where(Dispatch.notice_id == notice_id)
    ).first()
    if notice_id is None or row is None:
        return {}
    delivery, publication = row
    domain = domain_of(publication.profile.from_address)
    return {
        "message_id": f"<{keyring.delivery(Purpose.MESSAGE_ID, delivery.id)}@{domain}>",
        "state": delivery.state.value,
        "handed_over_at": _iso(delivery.ended_at),
        "answer": delivery.reply or str(delivery.code or ""),
    }


def _mails(session: Session, person: Subscriber) -> list[tuple[Any, ...]]:
    return [
        tuple(row)
        for row in session.execute(
            select(Delivery, Dispatch.kind, Publication.name, Issue.number, Notice.subject, Event)
            .join(Dispatch, Dispatch.id == Delivery.dispatch_id)
            .join(Publication, Publication.id == Dispatch.publication_id)
            .outerjoin(Issue, Issue.id == Dispatch.issue_id)
            .outerjoin(Notice, Notice.id == Dispatch.notice_id)
            .outerjoin(Event, Event.delivery_id == Delivery.id)
            .where(or_(Delivery.subscriber_id == person.id, Delivery.recipient_key == person.address_key))
            .order_by(Delivery.id, Event.id)
        )
    ]


def _mail(
    delivery: Delivery, kind: Any, publication: str, number: int | None, subject: str | None, event: Event | None
) -> dict[str, Any]:
    return {
        "newsletter": publication, "kind": kind.value, "issue": number, "subject": subject or "",
        "address": delivery.address, "form": delivery.variant.value, "state": delivery.state.value,
        "why_not": delivery.skip_reason.value if delivery.skip_reason else "", "attempts": delivery.attempts,
        "ended": _iso(delivery.ended_at), "answer": delivery.reply,
        "later": {"kind": event.kind.value, "at": _iso(event.at), "details": event.details} if event else None,
    }  # fmt: skip


def _iso(at: datetime | None) -> str | None:
    return at.isoformat(timespec="seconds") if at else None
