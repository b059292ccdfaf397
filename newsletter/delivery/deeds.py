"""Deeds: what a person can do to a sending as it stands, and what it waits for by itself."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import update
from sqlalchemy.orm import Session

from newsletter.delivery import allowance, destinations, progress
from newsletter.delivery.models import Dispatch
from newsletter.delivery.routes import Routes
from newsletter.delivery.states import DISPATCH_TRANSITIONS, DispatchState
from newsletter.kit.audit import record
from newsletter.kit.database import announce_work
from newsletter.kit.errors import Conflict
from newsletter.kit.sentences import N_, Sentence


class Deed(StrEnum):
    """Something a person may do to a sending."""

    PAUSE = "pause"
    """``progress.pause``"""
    RESUME = "resume"
    """``progress.resume``"""
    CANCEL = "cancel"
    """``progress.cancel``"""
    RESCHEDULE = "reschedule"
    """``schedules.reschedule``, or ``wishes.settle`` with a time on the newsletter's clocks."""
    SEND_MISSED = "send_missed"
    """``schedules.send_missed``"""
    END_HOLD = "end_hold"
    """``end_hold``: the hold before planning, or the one before the last stage."""
    SEND_AGAIN = "send_again"
    """``held.send_again``, where mails are held because they are in doubt"""
    LET_BE = "let_be"
    """``held.let_be``, likewise"""


class WaitsFor(StrEnum):
    """What a sending waits for by design, without anybody."""

    TIME = "time"
    """Its time has not come."""
    HOLD = "hold"
    """The hold before anything is planned."""
    STAGE_HOLD = "stage_hold"
    """The first have got it; the rest goes after this."""
    WINDOW = "window"
    """The newsletter's send window is closed."""
    DAILY_LIMIT = "daily_limit"
    """The route has had what a day allows; there is no one moment when it goes on."""
    REST = "rest"
    """The mail server asked us to come less often, and gets nothing until then."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """What a sending waits for, and until when."""

    reason: WaitsFor
    until: datetime | None


def possible(dispatch: Dispatch) -> frozenset[Deed]:
    """Return what can be done to the dispatch as it stands; the verbs themselves check again.

    What is held in doubt is another question: ``held.held``.
    """
    state = dispatch.state
    onward = DISPATCH_TRANSITIONS[state]
    deeds = {
        Deed.PAUSE: DispatchState.PAUSED in onward,
        Deed.RESUME: state is DispatchState.PAUSED,
        Deed.CANCEL: DispatchState.CANCELLED in onward,
        Deed.RESCHEDULE: state in {DispatchState.SCHEDULED, DispatchState.MISSED},
        Deed.SEND_MISSED: state is DispatchState.MISSED,
        Deed.END_HOLD: _held(dispatch),
    }
    return frozenset(deed for deed, may in deeds.items() if may)


def end_hold(session: Session, dispatch_id: int, *, by: str, now: datetime) -> None:
    """Let a sending go on whose hold stands; raise ``Conflict`` if none does."""
    ended = session.execute(
        update(Dispatch)
        .where(
            Dispatch.id == dispatch_id,
            Dispatch.state.in_([DispatchState.COOLING, DispatchState.RUNNING]),
            Dispatch.next_stage_at > now,
        )
        .values(next_stage_at=now)
        .execution_options(synchronize_session="fetch")
    )
    if not progress.changed(ended):
        state = progress.get(session, dispatch_id).state.said
        raise Conflict(Sentence(N_("The sending is %(state)s, and no hold of it stands."), state=state))
    announce_work(session)
    record(session, at=now, actor=by, deed="dispatch.end_hold", subject=f"dispatch:{dispatch_id}")


def waiting(session: Session, dispatch: Dispatch, routes: Routes, *, now: datetime) -> Waiting | None:
    """Return what the dispatch waits for by design; None if for nothing but its turn, or a person."""
    held = dispatch.next_stage_at
    match dispatch.state:
        case DispatchState.SCHEDULED:
            return Waiting(WaitsFor.TIME, dispatch.scheduled_for)
        case DispatchState.COOLING:
            return Waiting(WaitsFor.HOLD, held)
        case DispatchState.RUNNING if held is not None:
            return Waiting(WaitsFor.STAGE_HOLD, held)
        case DispatchState.RUNNING:
            return _closed(session, dispatch, routes, now=now)
    return None


def _closed(session: Session, dispatch: Dispatch, routes: Routes, *, now: datetime) -> Waiting | None:
    """Return what keeps a running sending from going: its window, a rest of its route, a daily limit that is spent."""
    if dispatch.window_from is not None and dispatch.window_from > now:
        return Waiting(WaitsFor.WINDOW, dispatch.window_from)
    whole = destinations.slowed(session, route=dispatch.route, now=now).get(destinations.WHOLE_ROUTE)
    if whole is not None and whole.rests(now):
        return Waiting(WaitsFor.REST, whole.resting_until)
    route = routes.get(dispatch.route)
    limit = None if route is None else route.daily_limit(now)
    if limit is not None and allowance.used(session, dispatch.route, since=now - allowance.DAY) >= limit:
        return Waiting(WaitsFor.DAILY_LIMIT, None)
    return None


def _held(dispatch: Dispatch) -> bool:
    return dispatch.next_stage_at is not None and dispatch.state in {DispatchState.COOLING, DispatchState.RUNNING}
