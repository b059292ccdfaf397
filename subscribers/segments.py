"""Segments: readers of a newsletter whom conditions fit, asked anew each time; compiled to SQL, not pasted into it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, assert_never
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Select, and_, func, not_, or_, select, true
from sqlalchemy.orm import Session

from newsletter.kit.catalogue import N_
from newsletter.kit.errors import BadInput
from newsletter.mail.address import domain_of
from newsletter.publications import Publication
from subscribers import conditions, own_fields
from subscribers.attributes import FieldKind, FieldValue, OwnField, Tag, TagMark
from subscribers.columns import clean_name, day_of, language_tag
from subscribers.conditions import (
    OF_FIELD,
    OF_SUBJECT,
    SAID,
    WITHOUT_VALUE,
    Condition,
    Conditions,
    How,
    Joined,
    Subject,
)
from subscribers.models import ConsentBasis, Format, Subscriber, Subscription, SubscriptionState, Suppression
from subscribers.search_keys import folded
from subscribers.searching import begins

NEGATIVE = frozenset({How.IS_NOT, How.EMPTY, How.HAS_NOT, How.NOT_WITHIN})
"""These fit whoever the rest of the condition is not true of."""
LONGEST_PERIOD = 3_650
"""Days; ten years."""
Fits = ColumnElement[bool]
History = Callable[[Condition], Select[Any]]
"""Returns a query for the readers of whom a condition about what was sent is true; it lives a floor above."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where conditions are asked: in whose newsletter, on which clocks, with which history."""

    publication_id: int
    zone: ZoneInfo
    history: History


def checked(session: Session, place: Place, wanted: Conditions) -> Conditions:
    """Return *wanted* if each condition can be asked; raise ``BadInput`` with the first that cannot."""
    for one in wanted.every:
        _fits(session, place, one)
    return wanted


def fits(session: Session, place: Place, wanted: Conditions) -> Fits:
    """Return whether the conditions fit a ``Subscription``; raise ``BadInput`` for one that cannot be asked."""
    groups = [
        _joined(group.joined, [_fits(session, place, one) for one in group.conditions]) for group in wanted.groups
    ]
    return _joined(wanted.joined, groups)


def readers(session: Session, place: Place, wanted: Conditions) -> Select[Any]:
    """Return a query for the ids of the readers whom the conditions fit: those who read the newsletter now."""
    return select(Subscription.subscriber_id).where(
        Subscription.publication_id == place.publication_id,
        Subscription.state == SubscriptionState.ACTIVE,
        fits(session, place, wanted),
    )


def count(session: Session, place: Place, wanted: Conditions) -> int:
    """Return how many readers fit to whom we may write: all of them less those on the do-not-mail list.

    In two counts, since the list is short: asking it for each of a million takes longer than everything else.
    """
    found = readers(session, place, wanted)
    all_of_them = session.scalar(select(func.count()).select_from(found.subquery())) or 0
    barred = (
        select(func.count())
        .select_from(Suppression)
        .join(Subscriber, Subscriber.address_key == Suppression.address_key)
        .where(Subscriber.id.in_(found))
    )
    any_barred = session.scalar(select(Suppression.id).where(Suppression.address_key.is_not(None)).limit(1))
    return all_of_them - ((session.scalar(barred) or 0) if any_barred else 0)


def _joined(how: Joined, several: list[Fits]) -> Fits:
    if not several:
        return true()
    return and_(*several) if how is Joined.ALL else or_(*several)


def _fits(session: Session, place: Place, one: Condition) -> Fits:
    if one.subject is not Subject.FIELD and one.how not in OF_SUBJECT[one.subject]:
        raise BadInput(conditions.BROKEN)
    if one.how not in WITHOUT_VALUE and not one.value:
        raise BadInput(N_("A condition lacks its value; fill it in or take the condition away."))
    match one.subject:
        case Subject.SINCE:
            at = datetime.combine(_day(one.value), time.min, place.zone).astimezone(UTC)
            after = Subscription.started_at >= at + timedelta(days=1)
            return after if one.how is How.AFTER else Subscription.started_at < at
        case Subject.BASIS:
            if one.value not in set(ConsentBasis):
                raise BadInput(conditions.BROKEN)
            same = Subscription.basis == ConsentBasis(one.value)
            return not_(same) if one.how is How.IS_NOT else same
        case _:
            among = Subscription.subscriber_id.in_(_people(session, place, one))
            return not_(among) if one.how in NEGATIVE else among


def _people(session: Session, place: Place, one: Condition) -> Select[Any]:
    """Return a query for the persons of whom the condition, without its "not", is true."""
    match one.subject:
        case Subject.FIELD:
            return _field(session, one)
        case Subject.TAG:
            if session.get(Tag, one.of) is None:
                raise BadInput(N_("A condition names a tag that there is no more; choose another."))
            return select(TagMark.subscriber_id).where(TagMark.tag_id == one.of)
        case Subject.READS:
            if session.get(Publication, one.of) is None:
                raise BadInput(conditions.BROKEN)
            return select(Subscription.subscriber_id).where(
                Subscription.publication_id == one.of, Subscription.state == SubscriptionState.ACTIVE
            )
        case Subject.ISSUE | Subject.MAILED | Subject.RETURNED:
            return place.history(one)
        case _:
            return select(Subscriber.id).where(_of_person(one))


def _of_person(one: Condition) -> Fits:
    match one.subject:
        case Subject.LANGUAGE:
            if language_tag(one.value) != one.value:
                raise BadInput(N_("A language is a code such as en or de."))
            return Subscriber.language == one.value
        case Subject.FORMAT:
            if one.value not in set(Format):
                raise BadInput(conditions.BROKEN)
            return Subscriber.format == Format(one.value)
        case _:
            try:
                return Subscriber.domain == domain_of(f"x@{one.value.removeprefix('@')}")
            except BadInput as error:
                raise BadInput(N_("A domain looks like example.org.")) from error


def _field(session: Session, one: Condition) -> Select[Any]:
    field = session.get(OwnField, one.of)
    if field is None:
        raise BadInput(N_("A condition names a field that there is no more; choose another."))
    if one.how not in OF_FIELD[field.kind]:
        raise BadInput(conditions.BROKEN)
    said = select(FieldValue.subscriber_id).where(FieldValue.field_id == field.id)
    return said if one.how in SAID else said.where(_says(session, field, one))


def _says(session: Session, field: OwnField, one: Condition) -> Fits:
    match field.kind:
        case FieldKind.TEXT | FieldKind.CHOICE:
            key = folded(clean_name(one.value))
            if one.how is How.BEGINS:
                return begins(session, FieldValue.key, key)
            return FieldValue.key == key
        case FieldKind.NUMBER:
            value = own_fields.read_value(field, one.value)
            number = value.number if value is not None else None
            if one.how is How.IS:
                return FieldValue.number == number
            return FieldValue.number < number if one.how is How.LESS else FieldValue.number > number
        case FieldKind.DATE:
            day = _day(one.value)
            return FieldValue.day < day if one.how is How.BEFORE else FieldValue.day > day
        case _:
            assert_never(field.kind)


def _day(text: str) -> date:
    day = day_of(text)
    if day is None:
        raise BadInput(f"{text[:30]!r} is no date; write 2026-12-31.")
    return day


def days_of(one: Condition) -> timedelta:
    """Return the period that a condition names in days; raise ``BadInput`` for what is none."""
    if not (one.value.isascii() and one.value.isdigit() and 0 < int(one.value[:9]) <= LONGEST_PERIOD):
        raise BadInput(N_("A period is a number of days, from 1 to 3650."))
    return timedelta(days=int(one.value))
