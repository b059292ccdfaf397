"""Narrowing: a sending to a segment, or without some, its conditions frozen when the sending was ordered."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, false, func, not_, select
from sqlalchemy.orm import Session

from newsletter.delivery.models import Delivery, Dispatch, Event
from newsletter.delivery.states import DeliveryState, DispatchKind, EventKind
from newsletter.issues.models import Issue
from newsletter.kit.catalogue import N_
from newsletter.kit.errors import BadInput
from newsletter.publications import Publication
from subscribers import conditions, segment_list, segments
from subscribers.conditions import Condition, Conditions, Subject

OF_READERS = (DispatchKind.ISSUE, DispatchKind.CORRECTION, DispatchKind.DIGEST)
"""Sendings that go to readers as such; letters and tests are no history of reading."""
RETURNED = (DeliveryState.REFUSED, DeliveryState.EXPIRED)


@dataclass(frozen=True, slots=True)
class Named:
    """A segment's name and conditions as they were when the sending was ordered."""

    name: str
    wanted: Conditions

    def to_json(self) -> dict[str, Any]:
        """Return it as plain data."""
        return {"name": self.name, "definition": self.wanted.to_json()}


@dataclass(frozen=True, slots=True)
class Narrowing:
    """Who of the readers a sending goes to; empty: all of them."""

    to: Named | None = None
    without: tuple[Named, ...] = ()

    def __bool__(self) -> bool:
        return self.to is not None or bool(self.without)

    @property
    def options(self) -> dict[str, Any]:
        """What a Dispatch keeps of it."""
        if not self:
            return {}
        to = self.to.to_json() if self.to else None
        return {"audience": {"to": to, "without": [one.to_json() for one in self.without]}}


EVERYBODY = Narrowing()


def of_options(options: dict[str, Any]) -> Narrowing:
    """Return the narrowing that a Dispatch keeps."""
    kept = options.get("audience")
    if not kept:
        return EVERYBODY
    return Narrowing(_named(kept["to"]) if kept["to"] else None, tuple(_named(one) for one in kept["without"]))


def by_names(session: Session, publication_id: int, to: str, without: Sequence[str]) -> Narrowing:
    """Return the narrowing to the segment called *to* (empty: all readers) *without* others; raise ``NotFound``."""
    found = {name: segment_list.called(session, publication_id, name) for name in (*([to] if to else []), *without)}
    named = {name: Named(each.name, segment_list.conditions_of(each)) for name, each in found.items()}
    return Narrowing(named[to] if to else None, tuple(named[name] for name in dict.fromkeys(without)))


def place(session: Session, publication_id: int, *, now: datetime) -> segments.Place:
    """Return where a newsletter's conditions are asked at *now*, its history included."""
    zone = session.get_one(Publication, publication_id).profile.zone

    def history(one: Condition) -> Select[Any]:
        return _sent(session, publication_id, one, now=now)

    return segments.Place(publication_id, zone, history)


def fits(session: Session, publication_id: int, narrowing: Narrowing, *, now: datetime) -> list[ColumnElement[bool]]:
    """Return what the joined ``Subscription`` must fulfil; raise ``BadInput`` for what cannot be asked any more."""
    here = place(session, publication_id, now=now)
    wanted = [] if narrowing.to is None else [segments.fits(session, here, narrowing.to.wanted)]
    barred = [segments.fits(session, here, one.wanted) for one in narrowing.without]
    # What is not known of somebody, such as since when, must neither bring in nor keep out.
    return [*wanted, *(not_(func.coalesce(one, false())) for one in barred)]


def _sent(session: Session, publication_id: int, one: Condition, *, now: datetime) -> Select[Any]:
    """Return a query for the readers of whom a condition about what was sent is true."""
    sendings = select(Dispatch.id).where(Dispatch.publication_id == publication_id, Dispatch.kind.in_(OF_READERS))
    readers = select(Delivery.subscriber_id).where(Delivery.subscriber_id.is_not(None))
    if one.subject is Subject.ISSUE:
        issue = session.get(Issue, one.of)
        if issue is None or issue.publication_id != publication_id:
            raise BadInput(N_("A condition names an issue that there is not; choose another."))
        return readers.where(
            Delivery.dispatch_id.in_(sendings.where(Dispatch.issue_id == one.of)),
            Delivery.state == DeliveryState.ACCEPTED,
        )
    since = now - segments.days_of(one)
    recent = sendings.where(Dispatch.created_at >= since)
    if one.subject is Subject.MAILED:
        return readers.where(Delivery.dispatch_id.in_(recent), Delivery.state == DeliveryState.ACCEPTED)
    bounced = (
        select(Delivery.subscriber_id)
        .join(Event, Event.delivery_id == Delivery.id)
        .where(
            Event.kind == EventKind.BOUNCED, Event.at >= since, Delivery.dispatch_id.in_(sendings),
            Delivery.subscriber_id.is_not(None),
        )
    )  # fmt: skip
    refused = readers.where(Delivery.dispatch_id.in_(recent), Delivery.state.in_(RETURNED))
    return select(refused.union(bounced).subquery().c.subscriber_id)


def _named(data: dict[str, Any]) -> Named:
    return Named(data["name"], conditions.from_json(data["definition"]))
