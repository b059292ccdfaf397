"""The allowance: what a route may still be given today, counted from the delivery table that all processes share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from newsletter.delivery import claims, destinations
from newsletter.delivery.line import Line
from newsletter.delivery.models import Dispatch
from newsletter.delivery.progress import DELIVERIES, IS_ACCEPTED, IS_IN_HAND, IS_PLANNED
from newsletter.delivery.promise import Promise
from newsletter.delivery.routes import Route
from newsletter.delivery.states import DeliveryState, DispatchState
from newsletter.kit.errors import DispatchRefused
from newsletter.kit.sentences import N_, Sentence

DAY = timedelta(hours=24)
"""Any 24 hours, not a day of the calendar: the strictest reading of what providers write, and Microsoft's."""
_D = DELIVERIES.c
_TO_COME = [DispatchState.PLANNING, DispatchState.RUNNING, DispatchState.PAUSED]


@dataclass(frozen=True, slots=True)
class Choice:
    """The route of a sending, and those it may go on by."""

    route: Route
    fallbacks: tuple[str, ...]


def used(session: Session, route: str, *, since: datetime) -> int:
    """Return how many messages the route took since then, and is being given at this moment."""
    taken = select(func.count()).where(_D.route == route, _D.ended_at > since, IS_ACCEPTED)
    under_way = select(func.count()).where(IS_IN_HAND, _D.state == DeliveryState.SENDING, _D.route == route)
    return (session.scalar(taken) or 0) + (session.scalar(under_way) or 0)


def left(session: Session, line: Line, *, now: datetime) -> int | None:
    """Return how many more messages the line's route may be given now, None without limit."""
    limit = line.daily_limit(now)
    return None if limit is None else max(0, limit - used(session, line.name, since=now - DAY))


def due(session: Session, line: Line, *, now: datetime, only: int | None = None) -> list[int]:
    """Return the dispatches that have something to send on this line now; none if it rests, or has had its day's."""
    found = claims.due(session, route=line.name, now=now, only=only)
    if not found or destinations.room_of(session, line.name, most=line.connections, now=now) == 0:
        return []
    return found if left(session, line, now=now) != 0 else []


def mark_within(session: Session, promises: Sequence[Promise], line: Line, *, owner: str, now: datetime) -> set[int]:
    """Mark claimed deliveries as being sent, as far as the allowance goes; return the ids of those that were marked.

    Whoever marks waits for whoever marks on the same limited route, so that together they never exceed it.
    """
    if line.daily_limit(now) is not None:
        if session.get_bind().dialect.name == "postgresql":  # SQLite has one writer anyway
            lock = text("SELECT pg_advisory_xact_lock(hashtext(:name))")
            session.execute(lock, {"name": f"newsletter route {line.name}"})
        promises = promises[: left(session, line, now=now)]
    return claims.mark_sending(session, promises, owner=owner, now=now, route=line.name) if promises else set()


def choose(session: Session, routes: Sequence[Route], *, messages: int, at: datetime, now: datetime) -> Choice:
    """Return the first of *routes* that can be given *messages* within the day from *at*, and those after it.

    What it took before and what other sendings still have for it counts. Raises ``DispatchRefused`` with the numbers
    and what would allow it.
    """
    reasons = []
    for place, route in enumerate(routes):
        limit = route.daily_limit(max(at, now))
        if limit is None:
            return Choice(route, tuple(one.name for one in routes[place + 1 :]))
        taken = used(session, route.name, since=max(at, now) - DAY)
        promised = _promised(session, route.name)
        if taken + promised + messages <= limit:
            return Choice(route, tuple(one.name for one in routes[place + 1 :]))
        reasons.append(Sentence(
            N_("the mail server %(name)s takes %(limit)s a day, %(taken)s of them are used, %(promised)s are promised "
               "to other sendings, which leaves %(left)s"),
            name=route.name, limit=limit, taken=taken, promised=promised, left=max(0, limit - taken - promised),
        ))  # fmt: skip
    raise DispatchRefused(Sentence(
        N_("%(count)s mails cannot be sent within a day: %(reasons)s. A mail server with a higher limit would "
           "allow it, or another time."), count=messages, reasons=tuple(reasons),
    ))  # fmt: skip


def _promised(session: Session, route: str) -> int:
    """Return how many deliveries of other sendings wait for the route."""
    # A sending that is scheduled has no deliveries yet; it is asked when it is ordered, and again when others are.
    waiting = (
        select(func.count())
        .select_from(DELIVERIES)
        .join(Dispatch, Dispatch.id == _D.dispatch_id)
        .where(Dispatch.route == route, Dispatch.state.in_(_TO_COME), IS_PLANNED)
    )
    return session.scalar(waiting) or 0
