"""Who gets an issue: the living subscriptions of its publication, whose addresses we may write to."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, case, exists, func, or_, select, true, type_coerce
from sqlalchemy.orm import Session

from newsletter.delivery import corrected, narrowing
from newsletter.delivery.models import Delivery, Dispatch
from newsletter.delivery.narrowing import EVERYBODY, Narrowing
from newsletter.delivery.states import DispatchKind, SkipReason, Variant
from subscribers.models import Format, Rhythm, Subscriber, Subscription, SubscriptionState, Suppression

VARIANT_OF = {form: Variant(form.value) for form in Format}
"""Which message a reader's choice of format means; both enums use the same words, so the column is copied as it is."""


def skip_reason(*, now: ColumnElement[datetime] | datetime) -> ColumnElement[Any]:
    """Return the reason why the joined ``Subscription`` gets nothing at *now*, NULL if it does.

    Expects ``subscriptions`` as an outer join: no row means that the person has left. A pause whose date has come is
    over, whether or not somebody has written that down.
    """
    paused = and_(
        Subscription.state == SubscriptionState.PAUSED,
        or_(Subscription.paused_until.is_(None), Subscription.paused_until > now),
    )
    gone = or_(
        Subscription.state.is_(None),
        Subscription.state.in_([SubscriptionState.PENDING, SubscriptionState.ENDED]),
    )
    lapsed = or_(
        and_(Subscription.state == SubscriptionState.ENDED, Subscription.end_reason == "lapsed"),
        Subscription.valid_until <= now,
    )
    return case(
        (lapsed, SkipReason.LAPSED.value),
        (gone, SkipReason.UNSUBSCRIBED.value),
        (paused, SkipReason.PAUSED.value),
    )


def of_dispatch(session: Session, dispatch: Dispatch, *, now: datetime) -> Select[Any]:
    """Return a query for the readers of a sending: of an issue, of a digest of one rhythm, or the one newcomer."""
    match dispatch.kind:
        case DispatchKind.WELCOME:
            everybody = audience(session, dispatch.publication_id, now=now, rhythm=None)
            return everybody.where(Subscriber.id == dispatch.options["subscriber"])
        case DispatchKind.DIGEST:
            return audience(session, dispatch.publication_id, now=now, rhythm=Rhythm(dispatch.options["rhythm"]))
        case DispatchKind.CORRECTION:
            return of_correction(session, dispatch.publication_id, dispatch.options["first"], now=now)
        case _:
            narrowed = narrowing.of_options(dispatch.options)
            return audience(session, dispatch.publication_id, now=now, narrowed=narrowed)


def of_correction(session: Session, publication_id: int, first: list[int], *, now: datetime) -> Select[Any]:
    """Return a query for the readers who got an issue's *first* sendings and have not left since."""
    everybody = audience(session, publication_id, now=now, rhythm=None)
    return everybody.where(corrected.got_first(first, Subscriber.id.expression))


def audience(
    session: Session, publication_id: int, *, now: datetime, rhythm: Rhythm | None = Rhythm.EVERY,
    narrowed: Narrowing = EVERYBODY,
) -> Select[Any]:  # fmt: skip
    """Return a query for everybody who gets an issue of the publication, with the columns a Delivery takes.

    *rhythm* chooses those who want to hear less often instead; None: all. *narrowed* to a segment, or without some.
    """
    as_wanted = true() if rhythm is None else Subscription.rhythm == rhythm
    suppressed = exists().where(Suppression.address_key == Subscriber.address_key)
    if session.get_bind().dialect.name == "sqlite":
        domain = func.substr(Subscriber.address_key, func.instr(Subscriber.address_key, "@") + 1)
    else:
        domain = func.split_part(Subscriber.address_key, "@", 2)
    return (
        select(
            Subscriber.id.label("subscriber_id"),
            Subscriber.address_key.label("recipient_key"),
            Subscriber.address.label("address"),
            Subscriber.name.label("name"),
            domain.label("domain"),
            type_coerce(Subscriber.format, Delivery.variant.type).label("variant"),
            Subscriber.language.label("language"),
        )
        .join(Subscription, Subscription.subscriber_id == Subscriber.id)
        .where(Subscription.publication_id == publication_id, skip_reason(now=now).is_(None), ~suppressed, as_wanted)
        .where(*(narrowing.fits(session, publication_id, narrowed, now=now) if narrowed else []))
    )


def count_of(session: Session, readers: Select[Any]) -> int:
    """Return how many readers a query such as ``audience`` finds."""
    return session.scalar(select(func.count()).select_from(readers.subquery())) or 0


def count(session: Session, publication_id: int, *, now: datetime, narrowed: Narrowing = EVERYBODY) -> int:
    """Return how many readers an issue sent at *now* would have."""
    return count_of(session, audience(session, publication_id, now=now, narrowed=narrowed))
