"""The timeline: what a reader agreed to, was sent and did, in one list, the newest first."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from newsletter.delivery.models import Delivery, Dispatch, Event
from newsletter.delivery.states import DeliveryState, DispatchKind, EventKind
from newsletter.issues.models import Issue
from newsletter.notices import Notice
from newsletter.publications import Publication
from subscribers import record

LONGEST = 200
"""Entries a page shows; everything is in what can be taken along."""


@dataclass(frozen=True, slots=True)
class Moment:
    """One thing that happened."""

    at: datetime
    kind: str
    """``consent``, ``mail`` or ``event``."""
    what: str
    """The kind of consent event, the delivery's state, or the kind of later event."""
    publication: str
    """Its name; empty where it concerns all."""
    mail: str = ""
    """What was sent: ``issue``, ``notice``…"""
    number: int | None = None
    """The issue's number, where it was one."""
    subject: str = ""
    """A notice's."""
    note: str = ""
    """What the server answered, or why nothing was sent."""
    ground: str = ""
    """The words that were agreed to, or where the proof of consent is kept."""


def timeline(session: Session, subscriber_id: int, *, seen: Collection[int] | None) -> tuple[list[Moment], bool]:
    """Return the newest entries about a person and whether there are more.

    *seen* are the publications whose entries are to be shown; None: all. What concerns all is always shown.
    """
    moments = [*_agreed(session, subscriber_id, seen), *_sent(session, subscriber_id, seen)]
    moments.sort(key=lambda one: one.at, reverse=True)
    return moments[:LONGEST], len(moments) > LONGEST


def _agreed(session: Session, subscriber_id: int, seen: Collection[int] | None) -> list[Moment]:
    return [
        Moment(proof.at, "consent", proof.kind, proof.publication, ground=_ground(proof.facts))
        for proof in record.consent_record(session, subscriber_id)
        if seen is None or proof.publication_id is None or proof.publication_id in seen
    ]


def _ground(facts: Mapping[str, Any]) -> str:
    return str(facts.get("evidence") or facts.get("wording") or "")


def _sent(session: Session, subscriber_id: int, seen: Collection[int] | None) -> list[Moment]:
    query = (
        select(Delivery, Dispatch.kind, Publication.name, Issue.number, Notice.subject, Event)
        .join(Dispatch, Dispatch.id == Delivery.dispatch_id)
        .join(Publication, Publication.id == Dispatch.publication_id)
        .outerjoin(Issue, Issue.id == Dispatch.issue_id)
        .outerjoin(Notice, Notice.id == Dispatch.notice_id)
        .outerjoin(Event, Event.delivery_id == Delivery.id)
        .where(Delivery.subscriber_id == subscriber_id)
        .order_by(Delivery.id.desc(), Event.id)
        .limit(LONGEST + 1)
    )
    if seen is not None:
        query = query.where(Dispatch.publication_id.in_(seen))
    moments: dict[tuple[int, EventKind | None], Moment] = {}
    for delivery, kind, name, number, subject, event in session.execute(query):
        moments.setdefault((delivery.id, None), _mail(delivery, kind, name, number, subject or ""))
        if event is not None:
            moments[delivery.id, event.kind] = Moment(
                event.at, "event", event.kind.value, name, kind.value, number, subject or ""
            )
    return list(moments.values())


def _mail(delivery: Delivery, kind: DispatchKind, name: str, number: int | None, subject: str) -> Moment:
    at = delivery.ended_at or delivery.first_attempt_at or delivery.not_before
    why = delivery.skip_reason.value if delivery.skip_reason else ""
    answered = delivery.state in {DeliveryState.REFUSED, DeliveryState.EXPIRED, DeliveryState.PLANNED}
    note = why or (f"{delivery.code or ''} {delivery.reply}".strip() if answered else "")
    return Moment(at, "mail", delivery.state.value, name, kind.value, number, subject, note)
