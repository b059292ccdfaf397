"""Noting: tags and own fields that an import writes down beside its readers."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from newsletter.kit.errors import BadInput
from subscribers import own_fields, tagging
from subscribers.attributes import OwnField
from subscribers.columns import Entry
from subscribers.import_report import Fate
from subscribers.models import Subscriber
from subscribers.own_fields import Value


@dataclass(frozen=True, slots=True)
class Noting:
    """What is written down: the values of *fields*, the tags of each row, and *tags* for everybody."""

    fields: Mapping[int, OwnField] = field(default_factory=dict)
    tags: tuple[str, ...] = ()
    row_tags: bool = False

    def __bool__(self) -> bool:
        return bool(self.fields or self.tags or self.row_tags)

    def read(self, entry: Entry) -> Entry:
        """Return *entry* with a remark on whatever of it cannot be written down."""
        if not self:
            return entry
        remarks = []
        for number, text in entry.fields:
            try:
                own_fields.read_value(self.fields[number], text)
            except BadInput as error:
                remarks.append(f"left out: {error}")
        remarks += [f"left out: the tag {tag[:30]!r} is too long" for tag in entry.tags if len(tag) > tagging.LONGEST]
        return replace(entry, remarks=(*entry.remarks, *remarks)) if remarks else entry

    def write(self, session: Session, entries: Sequence[Entry], fates: Sequence[Fate], *, now: datetime) -> None:
        """Write down what the rows say of those who are readers now; an empty cell changes nothing."""
        if not self:
            return
        kept = [entry for entry, fate in zip(entries, fates, strict=True) if fate.result != "refused"]
        rows = session.execute(
            select(Subscriber.address_key, Subscriber.id).where(
                Subscriber.address_key.in_([entry.key for entry in kept])
            )
        )
        ids = {row[0]: row[1] for row in rows}
        values: dict[int, list[tuple[int, Value | None]]] = defaultdict(list)
        marks: dict[str, list[int]] = defaultdict(list)
        for entry in kept:
            for number, value in self._values(entry):
                values[number].append((ids[entry.key], value))
            for tag in (*self.tags, *(tag for tag in entry.tags if len(tag) <= tagging.LONGEST)):
                marks[tag].append(ids[entry.key])
        for number in sorted(values):
            own_fields.put(session, number, values[number])
        for tag in sorted(marks):
            tagging.put(session, tagging.ensure(session, tag, now=now).id, marks[tag])

    def _values(self, entry: Entry) -> list[tuple[int, Value]]:
        found = []
        for number, text in entry.fields:
            try:
                value = own_fields.read_value(self.fields[number], text)
            except BadInput:
                continue  # its row has a remark
            if value is not None:
                found.append((number, value))
        return found


NOTHING = Noting()
