"""The steps of every sending, known to all runners; each is safe to repeat and to run on many machines at once."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from itertools import count

from sqlalchemy import and_, exists, func, select

from newsletter.delivery import ledger, owners, planning, progress, schedules, stages
from newsletter.delivery.destinations import WHOLE_ROUTE
from newsletter.delivery.models import Destination, Dispatch
from newsletter.delivery.progress import DELIVERIES, IS_IN_HAND, IS_PLANNED
from newsletter.delivery.settlement import OnDoubt
from newsletter.delivery.states import DispatchState
from newsletter.kit.clock import Clock
from newsletter.kit.database import Database

SLICES = 10
"""Of cancelled sendings, ended in one step; a new sending must not wait for the end of an old one of a million."""


def reap(database: Database, *, clock: Clock, on_doubt: OnDoubt) -> tuple[int, int]:
    """Take over what dead workers held; return how many were claimed, and how many are in doubt."""
    with database.write() as session:
        return ledger.reap(session, now=clock(), on_doubt=on_doubt, is_dead=owners.is_dead)


def take_up_notices(database: Database, *, routes_of: planning.RoutesOf, clock: Clock) -> int:
    """Turn every waiting notice into a sending of one; return how many there were."""
    taken = 0
    while True:
        with database.write() as session:
            some = planning.take_up_notices(session, routes_of=routes_of, now=clock())
        taken += some
        if some < planning.NOTICE_BATCH:
            return taken


def schedule_and_plan(
    database: Database, *, clock: Clock, only: int | None = None, stopping: Callable[[], bool] = lambda: False
) -> int:
    """Plan every sending whose time has come; return how many there were.

    Sendings that run are told of their send window, and of a stage whose hold is over.
    """
    with database.write() as session:
        due = planning.schedule_due(session, now=clock())
        schedules.refresh_windows(session, now=clock())
        stages.advance(session, now=clock())
    chosen = [dispatch_id for dispatch_id in due if only in {None, dispatch_id}]
    for dispatch_id in chosen:
        planning.plan(database, dispatch_id, clock=clock, stopping=stopping)
    return len(chosen)


def finish(database: Database, *, clock: Clock) -> list[int]:
    """Open stages whose turn has come and finish sendings whose deliveries have all ended; return their ids.

    Of cancelled sendings some deliveries are ended, slice by slice, so that other writers have their turns.
    """
    end_cancelled(database, clock=clock, slices=SLICES)
    with database.write() as session:
        schedules.refresh_windows(session, now=clock())
        stages.advance(session, now=clock())
        return progress.finish(session, now=clock())


def end_cancelled(database: Database, *, clock: Clock, slices: int | None = None) -> None:
    """End what waits of cancelled sendings, in transactions of a few thousand deliveries, *slices* at most."""
    for _ in range(slices) if slices is not None else count():
        with database.write() as session:
            if not progress.end_some_of_cancelled(session, now=clock()):
                return


def in_hand(database: Database, dispatch_id: int) -> bool:
    """Tell whether any worker, here or elsewhere, holds a delivery of the dispatch."""
    with database.read() as session:
        return bool(session.scalar(select(exists().where(DELIVERIES.c.dispatch_id == dispatch_id, IS_IN_HAND))))


def next_due(database: Database, *, only: int | None = None) -> datetime | None:
    """Return when the next attempt or scheduled sending is due, None if nothing waits for a time."""
    chosen = [] if only is None else [Dispatch.id == only]
    with database.read() as session:
        route_rests = and_(Destination.route == Dispatch.route, Destination.name == WHOLE_ROUTE)
        attempts = session.execute(
            select(func.min(DELIVERIES.c.not_before), Dispatch.window_from, Destination.resting_until)
            .join(Dispatch, Dispatch.id == DELIVERIES.c.dispatch_id)
            .outerjoin(Destination, route_rests)
            .where(
                IS_PLANNED, DELIVERIES.c.stage <= Dispatch.open_stage, Dispatch.state == DispatchState.RUNNING, *chosen
            )
            .group_by(Dispatch.id, Dispatch.window_from, Destination.resting_until)
        ).all()
        scheduled = session.scalar(
            select(func.min(Dispatch.scheduled_for)).where(Dispatch.state == DispatchState.SCHEDULED, *chosen)
        )
        held = session.scalar(
            select(func.min(Dispatch.next_stage_at)).where(
                Dispatch.state.in_([DispatchState.COOLING, DispatchState.RUNNING]), *chosen
            )
        )
    due = [max(moment for moment in row if moment is not None) for row in attempts]
    return min([*due, *(moment for moment in (scheduled, held) if moment is not None)], default=None)
