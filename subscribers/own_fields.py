"""Own fields: what the team wants to know of its readers beyond the address, each of one kind."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, assert_never

from sqlalchemy import Select, delete, func, literal, select
from sqlalchemy.orm import Session

from newsletter.kit.audit import record
from newsletter.kit.catalogue import N_
from newsletter.kit.database import insert_for
from newsletter.kit.errors import BadInput, Conflict, NotFound
from subscribers.attributes import FieldKind, FieldValue, OwnField
from subscribers.columns import clean_name, day_of
from subscribers.search_keys import folded

LONGEST_NAME, LONGEST_VALUE = 60, 200
MOST_FIELDS, MOST_CHOICES = 50, 200
_NUMBER = re.compile(r"[+-]?\d{1,15}(?:[.,]\d{1,10})?")


@dataclass(frozen=True, slots=True)
class Value:
    """One value as it is stored; one of the last three is set."""

    shown: str
    key: str | None = None
    number: float | None = None
    day: date | None = None


def every(session: Session) -> list[OwnField]:
    """Return all fields in the order they were made."""
    return list(session.scalars(select(OwnField).order_by(OwnField.id)))


def get(session: Session, field_id: int) -> OwnField:
    """Return a field; raise ``NotFound``."""
    found = session.get(OwnField, field_id)
    if found is None:
        raise NotFound(f"There is no field {field_id}.")
    return found


def add(
    session: Session, name: str, kind: FieldKind, *, choices: Sequence[str] = (), by: str, now: datetime
) -> OwnField:
    """Make a field; raise ``BadInput`` for what cannot be one, ``Conflict`` if there is one of that name."""
    said = clean_name(name)
    if not said or len(said) > LONGEST_NAME:
        raise BadInput(N_("Give the field a name of at most 60 characters."))
    words = checked_choices(choices) if kind is FieldKind.CHOICE else []
    existing = every(session)
    if any(each.name_key == folded(said)[:LONGEST_NAME] for each in existing):
        raise Conflict(N_("There is a field of this name already."))
    if len(existing) >= MOST_FIELDS:
        raise BadInput(N_("There are 50 fields already; remove one that nobody needs."))
    field = OwnField(name=said, name_key=folded(said)[:LONGEST_NAME], kind=kind, choices=words, made_at=now)
    session.add(field)
    session.flush()
    record(session, at=now, actor=by, deed="field.add", subject=f"field:{field.id}", name=said, kind=kind.value)
    return field


def checked_choices(choices: Iterable[str]) -> list[str]:
    """Return the words to choose from, each once; raise ``BadInput`` if there are none or too many."""
    words = {folded(word)[:LONGEST_VALUE]: word for word in map(clean_name, choices) if word}
    if not 0 < len(words) <= MOST_CHOICES:
        raise BadInput(N_("Name the words to choose from, one a line, at most 200."))
    return list(words.values())


def remove(session: Session, field_id: int, *, by: str, now: datetime) -> str:
    """Take a field away with all its values, and return its name; raise ``NotFound``."""
    field = get(session, field_id)
    name = field.name
    session.execute(delete(FieldValue).where(FieldValue.field_id == field_id))
    session.execute(delete(OwnField).where(OwnField.id == field_id))
    record(session, at=now, actor=by, deed="field.remove", subject=f"field:{field_id}", name=name)
    return name


def read_value(field: OwnField, text: str) -> Value | None:
    """Return what *text* says in a field, None if it says nothing; raise ``BadInput`` for what is not of its kind."""
    said = clean_name(text)
    if not said:
        return None
    match field.kind:
        case FieldKind.TEXT:
            return Value(said, key=folded(said)[:LONGEST_VALUE])
        case FieldKind.NUMBER:
            if not _NUMBER.fullmatch(said):
                raise BadInput(f"{field.name}: {said[:30]!r} is no number; write 12 or 12.5.")
            return Value(said, number=float(said.replace(",", ".")))
        case FieldKind.DATE:
            day = day_of(said)
            if day is None:
                raise BadInput(f"{field.name}: {said[:30]!r} is no date; write 2026-12-31.")
            return Value(day.isoformat(), day=day)
        case FieldKind.CHOICE:
            key = folded(said)
            word = next((word for word in field.choices if folded(word) == key), None)
            if word is None:
                raise BadInput(f"{field.name}: {said[:30]!r} is none of {', '.join(field.choices)[:200]}.")
            return Value(word, key=folded(word)[:LONGEST_VALUE])
        case _:
            assert_never(field.kind)


def values_of(session: Session, subscriber_id: int) -> dict[int, str]:
    """Return what the fields say of a reader, by field."""
    rows = session.execute(
        select(FieldValue.field_id, FieldValue.shown).where(FieldValue.subscriber_id == subscriber_id)
    )
    return {row[0]: row[1] for row in rows}


def shown_of(session: Session, subscriber_id: int) -> dict[str, str]:
    """Return what the fields say of a reader, by the field's name."""
    values = values_of(session, subscriber_id)
    return {field.name: values[field.id] for field in every(session) if field.id in values}


def put(session: Session, field_id: int, values: Iterable[tuple[int, Value | None]]) -> None:
    """Set a field for readers, each with a value; None takes it away."""
    rows, emptied = [], []
    for reader, value in sorted(values, key=lambda one: one[0]):
        if value is None:
            emptied.append(reader)
        else:
            rows.append(_row(field_id, value) | {"subscriber_id": reader})
    if emptied:
        session.execute(
            delete(FieldValue).where(FieldValue.field_id == field_id, FieldValue.subscriber_id.in_(emptied))
        )
    if rows:
        insert = insert_for(session)(FieldValue)
        session.execute(_or_instead(insert), rows)


def put_within(
    session: Session, field_id: int, value: Value, within: Select[Any], *, after: int, batch: int
) -> int | None:
    """Set a field for the next *batch* of readers that *within* finds; return the last, None at the end."""
    found = within.subquery()
    some = select(found.c[0].label("id")).where(found.c[0] > after).order_by(found.c[0]).limit(batch).subquery()
    last = session.scalar(select(func.max(some.c.id)))
    if last is None:
        return None
    row = _row(field_id, value)
    table = FieldValue.__table__
    columns = [literal(one, table.c[name].type).label(name) for name, one in row.items()]
    rows = select(found.c[0], *columns).where(found.c[0] > after, found.c[0] <= last)
    insert = insert_for(session)(FieldValue).from_select(["subscriber_id", *row], rows, include_defaults=False)
    session.execute(_or_instead(insert))
    return int(last)


def _row(field_id: int, value: Value) -> dict[str, Any]:
    return {
        "field_id": field_id, "shown": value.shown, "key": value.key, "number": value.number, "day": value.day,
    }  # fmt: skip


def _or_instead(insert: Any) -> Any:
    """Return *insert* so that it puts the new value in the place of the old one."""
    fresh = {name: insert.excluded[name] for name in ("shown", "key", "number", "day")}
    return insert.on_conflict_do_update(index_elements=["field_id", "subscriber_id"], set_=fresh)
