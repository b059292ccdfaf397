"""The segments of a newsletter: named, changed and removed, each with its entry in the audit trail."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from newsletter.kit.audit import record
from newsletter.kit.catalogue import N_
from newsletter.kit.errors import BadInput, Conflict, NotFound
from subscribers import conditions
from subscribers.columns import clean_name
from subscribers.conditions import Conditions
from subscribers.segment_table import Segment

LONGEST_NAME = 80


def every(session: Session, publication_id: int) -> list[Segment]:
    """Return a newsletter's segments by name."""
    return list(session.scalars(select(Segment).where(Segment.publication_id == publication_id).order_by(Segment.name)))


def get(session: Session, publication_id: int, segment_id: int) -> Segment:
    """Return a segment of the newsletter; raise ``NotFound``."""
    found = session.get(Segment, segment_id)
    if found is None or found.publication_id != publication_id:
        raise NotFound(f"There is no segment {segment_id}.")
    return found


def called(session: Session, publication_id: int, name: str) -> Segment:
    """Return the segment of that name; raise ``NotFound`` naming those that there are."""
    found = session.scalar(
        select(Segment).where(Segment.publication_id == publication_id, Segment.name == clean_name(name))
    )
    if found is None:
        known = ", ".join(each.name for each in every(session, publication_id)) or "none so far"
        raise NotFound(f"There is no segment {name!r} of this newsletter; there are: {known}.")
    return found


def conditions_of(segment: Segment) -> Conditions:
    """Return what a segment means."""
    return conditions.from_json(segment.definition)


def save(
    session: Session, publication_id: int, name: str, wanted: Conditions, *, by: str, now: datetime,
    segment: Segment | None = None,
) -> Segment:  # fmt: skip
    """Make a segment of checked conditions, or change *segment*; raise ``BadInput``, ``Conflict`` for a name in use."""
    said = clean_name(name)
    if not said or len(said) > LONGEST_NAME:
        raise BadInput(N_("Give the segment a name of at most 80 characters."))
    if not wanted.every:
        raise BadInput(N_("A segment needs at least one condition; without any it would be everybody."))
    taken = session.scalar(select(Segment.id).where(Segment.publication_id == publication_id, Segment.name == said))
    if taken is not None and (segment is None or taken != segment.id):
        raise Conflict(N_("There is a segment of this name already."))
    if segment is None:
        segment = Segment(publication_id=publication_id, made_by=by, made_at=now)
        session.add(segment)
    segment.name, segment.definition, segment.changed_at = said, wanted.to_json(), now
    session.flush()
    record(session, at=now, actor=by, deed="segment.save", subject=f"publication:{publication_id}", name=said,
           conditions=wanted.to_json()["groups"])  # fmt: skip
    return segment


def remove(session: Session, segment: Segment, *, by: str, now: datetime) -> None:
    """Take a segment away; sendings that were ordered with it keep their conditions."""
    record(session, at=now, actor=by, deed="segment.remove", subject=f"publication:{segment.publication_id}",
           name=segment.name)  # fmt: skip
    session.delete(segment)
    session.flush()
