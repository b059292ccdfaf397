"""Tagging: words that the team puts on readers, one by one, for a whole segment or with an import."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import Select, delete, func, literal, select
from sqlalchemy.orm import Session

from newsletter.kit.audit import record
from newsletter.kit.catalogue import N_
from newsletter.kit.database import insert_for
from newsletter.kit.errors import BadInput, NotFound
from subscribers.attributes import Tag, TagMark
from subscribers.columns import clean_name
from subscribers.search_keys import folded

LONGEST = 60
MOST = 500
"""Tags in all: beyond that nobody finds one, and a column of a file was taken for tags by mistake."""
BATCH = 20_000
"""Readers tagged per transaction, so that nobody else waits for long."""


def every(session: Session) -> list[Tag]:
    """Return all tags by name."""
    return list(session.scalars(select(Tag).order_by(Tag.name_key)))


def counts(session: Session) -> dict[int, int]:
    """Return how many readers bear each tag."""
    rows = session.execute(select(TagMark.tag_id, func.count()).group_by(TagMark.tag_id))
    return {row[0]: row[1] for row in rows}


def of_reader(session: Session, subscriber_id: int) -> list[Tag]:
    """Return a reader's tags by name."""
    marks = select(TagMark.tag_id).where(TagMark.subscriber_id == subscriber_id)
    return list(session.scalars(select(Tag).where(Tag.id.in_(marks)).order_by(Tag.name_key)))


def ensure(session: Session, name: str, *, now: datetime) -> Tag:
    """Return the tag called *name*, made if there is none; raise ``BadInput`` for what is no name."""
    said = clean_name(name)
    if not said or len(said) > LONGEST or "," in said:
        raise BadInput(N_("A tag is a word or a few, without commas, of at most 60 characters."))
    key = folded(said)[:LONGEST]
    found = session.scalar(select(Tag).where(Tag.name_key == key))
    if found is None:
        if (session.scalar(select(func.count()).select_from(Tag)) or 0) >= MOST:
            raise BadInput(N_("There are 500 tags already; remove some that nobody needs."))
        session.execute(insert_for(session)(Tag).values(name=said, name_key=key, made_at=now).on_conflict_do_nothing())
        found = session.scalars(select(Tag).where(Tag.name_key == key)).one()
    return found


def put(session: Session, tag_id: int, readers: Iterable[int]) -> None:
    """Put a tag on *readers*; who bears it already goes on bearing it."""
    rows = [{"tag_id": tag_id, "subscriber_id": reader} for reader in sorted(set(readers))]
    if rows:
        session.execute(insert_for(session)(TagMark).on_conflict_do_nothing(), rows)


def take(session: Session, tag_id: int, readers: Collection[int]) -> None:
    """Take a tag off *readers*."""
    session.execute(delete(TagMark).where(TagMark.tag_id == tag_id, TagMark.subscriber_id.in_(readers)))


def put_within(session: Session, tag_id: int, within: Select[Any], *, after: int, batch: int = BATCH) -> int | None:
    """Put a tag on the next *batch* of readers that *within* finds; return the last, None at the end."""
    last = _last_of_batch(session, within, after, batch)
    if last is None:
        return None
    found = within.subquery()
    some = select(literal(tag_id), found.c[0]).where(found.c[0] > after, found.c[0] <= last)
    session.execute(
        insert_for(session)(TagMark)
        .from_select(["tag_id", "subscriber_id"], some, include_defaults=False)
        .on_conflict_do_nothing()
    )
    return last


def take_within(session: Session, tag_id: int, within: Select[Any], *, after: int, batch: int = BATCH) -> int | None:
    """Take a tag off the next *batch* of readers that *within* finds; return the last, None at the end."""
    last = _last_of_batch(session, within, after, batch)
    if last is None:
        return None
    found = within.subquery()
    some = select(found.c[0]).where(found.c[0] > after, found.c[0] <= last)
    session.execute(
        delete(TagMark)
        .where(TagMark.tag_id == tag_id, TagMark.subscriber_id.in_(some))
        .execution_options(synchronize_session=False)
    )
    return last


def remove(session: Session, tag_id: int, *, by: str, now: datetime) -> str:
    """Take a tag away from everybody and return what it was called; raise ``NotFound``."""
    tag = session.get(Tag, tag_id)
    if tag is None:
        raise NotFound(f"There is no tag {tag_id}.")
    name = tag.name
    session.execute(delete(TagMark).where(TagMark.tag_id == tag_id))
    session.execute(delete(Tag).where(Tag.id == tag_id))
    record(session, at=now, actor=by, deed="tag.remove", subject=f"tag:{tag_id}", name=name)
    return name


def _last_of_batch(session: Session, within: Select[Any], after: int, batch: int) -> int | None:
    found = within.subquery()
    some = select(found.c[0].label("id")).where(found.c[0] > after).order_by(found.c[0]).limit(batch).subquery()
    last: int | None = session.scalar(select(func.max(some.c.id)))
    return last
