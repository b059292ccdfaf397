"""Claims: taking deliveries in hand with a lease, and marking them as being sent, each time asking who may get mail.

Both are one statement: rows are picked, judged and changed together, so that an unsubscribe either comes before it and
is obeyed, or after it and is too late. Whoever may not get mail any more becomes ``skipped`` with the reason.

The statements are compiled once and given their values at each call: compiling takes longer than running them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from sqlalchemy import (
    CTE,
    ColumnElement,
    Integer,
    Row,
    Select,
    Update,
    and_,
    bindparam,
    case,
    exists,
    func,
    literal,
    null,
    or_,
    select,
    type_coerce,
    update,
)
from sqlalchemy.orm import Session

from newsletter.delivery.audience import skip_reason
from newsletter.delivery.gate import Around
from newsletter.delivery.models import Delivery, Dispatch
from newsletter.delivery.progress import DELIVERIES, IS_PLANNED, changed
from newsletter.delivery.promise import Promise
from newsletter.delivery.states import DeliveryState, DispatchKind, DispatchState, SkipReason
from newsletter.issues.models import Issue
from newsletter.kit.statements import Among, Statement
from subscribers.models import Subscription, Suppression

LEASE = timedelta(seconds=60)
"""How long a claim stands without a sign of life; another machine's crash is noticed after this."""
_D = DELIVERIES.c
_TO_READERS = [DispatchKind.ISSUE, DispatchKind.CORRECTION, DispatchKind.DIGEST, DispatchKind.WELCOME]


@dataclass(frozen=True, slots=True)
class Claimed:
    """What one claim brought."""

    promises: list[Promise]
    skipped: int
    put_off: int = 0
    """Deliveries whose destination rests, and which wait until it does not."""

    @property
    def rows(self) -> int:
        """How many deliveries it touched; fewer than asked for means that there are no more."""
        return len(self.promises) + self.skipped + self.put_off


def due(session: Session, *, route: str, now: datetime, only: int | None = None) -> list[int]:
    """Return the running dispatches of *route* with a delivery whose time and stage have come, oldest first."""
    given = {"now": now, "for_route": route, "of_dispatch": only}
    return list(session.scalars(_due(one=only is not None), given))


def many_due(session: Session, *, route: str, now: datetime, many: int) -> bool:
    """Tell whether as *many* deliveries of running dispatches wait for *route*, without counting further."""
    running = select(Dispatch.id).where(Dispatch.route == route, Dispatch.state == DispatchState.RUNNING)
    waiting = select(_D.id).where(_D.dispatch_id.in_(running), IS_PLANNED, _D.not_before <= now).limit(many)
    return session.scalar(select(func.count()).select_from(waiting.subquery())) == many


def claim(
    session: Session, dispatch_id: int, *, owner: str, limit: int, now: datetime, around: Around | None = None
) -> Claimed:
    """Take up to *limit* due deliveries of a running dispatch's open stages in hand until *now* + ``LEASE``.

    What goes to a destination that rests is put off until it does not; what goes to one that is full stays.
    """
    given = {"now": now, "lease": now + LEASE, "for_owner": owner, "of_dispatch": dispatch_id, "most": limit}
    put_off = 0
    if around:
        picking = _picking().add_columns(_D.domain).where(_D.domain.not_in(list(around.full)))
        found = session.execute(picking, given).all()
        put_off = _put_off(session, found, around)
        ids = [row.id for row in found if row.domain not in around.resting]
        rows = _claiming(picked=True).rows(session, {**given, "ids": ids})
    else:
        rows = _claiming(picked=False).rows(session, given)
    promises = [Promise(*row[1:]) for row in rows if row[0] is DeliveryState.CLAIMED]
    promises.sort(key=lambda promise: promise.id)
    return Claimed(promises, len(rows) - len(promises), put_off)


def mark_sending(
    session: Session, promises: Sequence[Promise], *, owner: str, now: datetime, route: str | None = None
) -> set[int]:
    """Mark claimed deliveries as being sent and return the ids of those that were; only these may be handed over.

    The others have been skipped, cancelled or taken over, or their dispatch does not run any more, or not by *route*.
    """
    given = {
        "now": now, "lease": now + LEASE, "for_owner": owner, "for_route": route,
        "ids": [promise.id for promise in promises],
    }  # fmt: skip
    rows = _marking(by_route=route is not None).rows(session, given)
    return {delivery_id for delivery_id, state in rows if state is DeliveryState.SENDING}


def give_back(session: Session, ids: Sequence[int], *, owner: str, begun: bool = False) -> int:
    """Put deliveries back that were claimed, or with *begun* marked but surely not handed over; return how many."""
    state = DeliveryState.SENDING if begun else DeliveryState.CLAIMED
    result = session.execute(
        update(DELIVERIES)
        .where(_D.id.in_(list(ids)), _D.owner == owner, _D.state == state)
        .values(state=DeliveryState.PLANNED, owner="", lease_until=None)
    )
    return changed(result)


def renew(session: Session, ids: Sequence[int], *, owner: str, now: datetime) -> None:
    """Prolong the leases of what *owner* really holds; what it lost sight of runs out and is reaped."""
    session.execute(update(DELIVERIES).where(_D.id.in_(list(ids)), _D.owner == owner).values(lease_until=now + LEASE))


def _put_off(session: Session, rows: Sequence[Row[Any]], around: Around) -> int:
    """Let what was picked for resting destinations wait until their rest is over; return how many."""
    put_off = 0
    for until in set(around.resting.values()):
        ids = [row.id for row in rows if around.resting.get(row.domain) == until]
        if ids:
            put_off += changed(session.execute(update(DELIVERIES).where(_D.id.in_(ids)).values(not_before=until)))
    return put_off


# Values that are given to the statements below. None bears the name of a column, which would set it.
_NOW = bindparam("now", type_=_D.not_before.type)
_LEASE = bindparam("lease", type_=_D.lease_until.type)
_OWNER = bindparam("for_owner", type_=_D.owner.type)
_ROUTE = bindparam("for_route", type_=Dispatch.route.type)
_DISPATCH = bindparam("of_dispatch", type_=_D.dispatch_id.type)
_AMONG_IDS = Among(_D.id, "ids")
_MOST = bindparam("most", type_=Integer())


@cache
def _due(*, one: bool) -> Select[tuple[int]]:
    waiting = exists().where(
        _D.dispatch_id == Dispatch.id, IS_PLANNED, _D.stage <= Dispatch.open_stage, _D.not_before <= _NOW
    )
    query = _sendable(select(Dispatch.id)).where(Dispatch.route == _ROUTE, waiting).order_by(Dispatch.id)
    return query.where(Dispatch.id == _DISPATCH) if one else query


@cache
def _picking() -> Select[tuple[int]]:
    open_stage = select(Dispatch.open_stage).where(Dispatch.id == _DISPATCH).scalar_subquery()
    return (
        select(_D.id)
        .where(_D.dispatch_id == _DISPATCH, IS_PLANNED, _D.stage <= open_stage, _D.not_before <= _NOW)
        .order_by(_D.stage, _D.not_before, _D.id)
        .limit(_MOST)
        .with_for_update(skip_locked=True)
    )


@cache
def _claiming(*, picked: bool) -> Statement:
    """Return the statement that claims what was *picked* before, or what it picks itself."""
    if picked:
        which: ColumnElement[bool] = _AMONG_IDS
    else:  # materialised, or PostgreSQL may ask for the LIMIT twice
        which = _D.id.in_(select(_picking().cte("picked").prefix_with("MATERIALIZED", dialect="postgresql").c.id))
    judged = _judged(which)
    return Statement(
        _turned(judged, DeliveryState.PLANNED, DeliveryState.CLAIMED)
        .values(owner=case((judged.c.reason.is_(None), _OWNER), else_=""))
        .returning(
            _D.state, _D.id, _D.dispatch_id, _D.subscriber_id, _D.address, _D.name, _D.variant, _D.language,
            _D.attempts, _D.first_attempt_at, _D.domain,
        )
    )  # fmt: skip


@cache
def _marking(*, by_route: bool) -> Statement:
    which = and_(_AMONG_IDS, Dispatch.route == _ROUTE) if by_route else _AMONG_IDS
    marking = _turned(_judged(which), DeliveryState.CLAIMED, DeliveryState.SENDING).where(_D.owner == _OWNER)
    marking = marking.values(route=_ROUTE) if by_route else marking
    return Statement(marking.returning(_D.id, _D.state))


def _judged(which: ColumnElement[bool]) -> CTE:
    """Return id and reason to skip (NULL: none) of the deliveries *which*, if their dispatch may send now."""
    reason = case(
        # Notices answer what a person just did, perhaps the very opt-in that lifts the suppression.
        (and_(Dispatch.kind != DispatchKind.NOTICE, Suppression.id.is_not(None)), SkipReason.SUPPRESSED.value),
        (and_(Dispatch.kind.in_(_TO_READERS), _D.subscriber_id.is_not(None)), skip_reason(now=_NOW)),
    )
    query = (
        select(_D.id, reason.label("reason"))
        # "+ 0" keeps SQLite from coming the other way: from the dispatch through all its deliveries, for every group.
        .join(Dispatch, Dispatch.id == _D.dispatch_id + 0)
        .outerjoin(
            Subscription,
            and_(
                Subscription.subscriber_id == _D.subscriber_id, Subscription.publication_id == Dispatch.publication_id
            ),
        )
        .outerjoin(Suppression, Suppression.address_key == _D.recipient_key)
        .where(which)
    )
    return _sendable(query).cte("judged")


def _sendable(query: Select[Any]) -> Select[Any]:
    """Keep what belongs to a running dispatch in its send window and under no embargo; an embargo is a hard block."""
    embargoed = exists().where(Issue.id == Dispatch.issue_id, Issue.embargo_until > _NOW)
    free = or_(Dispatch.kind == DispatchKind.TEST, ~embargoed)
    in_window = and_(
        or_(Dispatch.window_from.is_(None), Dispatch.window_from <= _NOW),
        or_(Dispatch.window_until.is_(None), Dispatch.window_until > _NOW),
    )
    return query.where(Dispatch.state == DispatchState.RUNNING, free, in_window)


def _turned(judged: CTE, source: DeliveryState, target: DeliveryState) -> Update:
    """Return the UPDATE that takes what was judged from *source* to *target* with a lease, or to ``skipped``."""
    fine = judged.c.reason.is_(None)
    return (
        update(DELIVERIES)
        .where(_D.id == judged.c.id, _D.state == source)
        .values(
            state=case((fine, literal(target, _D.state.type)), else_=literal(DeliveryState.SKIPPED, _D.state.type)),
            skip_reason=type_coerce(judged.c.reason, _D.skip_reason.type),
            ended_at=case((fine, null()), else_=_NOW),
            lease_until=case((fine, _LEASE), else_=null()),
        )
    )


assert Delivery.__table__ is DELIVERIES
