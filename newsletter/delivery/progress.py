"""The life of a Dispatch: every change of its state goes through here, as a guarded UPDATE over the table of arrows."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CursorResult, Table, and_, exists, func, literal_column, or_, select, update
from sqlalchemy.orm import Session

from newsletter.delivery import maillog
from newsletter.delivery.models import Delivery, Dispatch
from newsletter.delivery.states import DISPATCH_TRANSITIONS, DeliveryState, DispatchKind, DispatchState
from newsletter.kit.audit import record
from newsletter.kit.database import announce_work
from newsletter.kit.errors import Conflict, NotFound
from newsletter.kit.sentences import N_, Sentence

REASON_LIMIT = 500
DELIVERIES = Table("deliveries", Delivery.metadata)
# Spelled out, since neither engine uses a partial index for a condition it only learns from a parameter.
IS_PLANNED = DELIVERIES.c.state == literal_column("'planned'")
IS_ACCEPTED = DELIVERIES.c.state == literal_column("'accepted'")
IS_IN_HAND = DELIVERIES.c.state.in_([literal_column("'claimed'"), literal_column("'sending'")])
IS_EXCEPTION = DELIVERIES.c.state.in_(
    [literal_column(f"'{state}'") for state in ("refused", "expired", "skipped", "held")]
)
IS_DEFERRED = and_(IS_PLANNED, DELIVERIES.c.attempts > literal_column("0"))
IS_HELD = and_(IS_EXCEPTION, DELIVERIES.c.state == literal_column("'held'"))
IS_UNCERTAIN = DELIVERIES.c.uncertain > literal_column("0")
_WHOSE = DELIVERIES.c.dispatch_id
# "+ 0" keeps SQLite from going through all deliveries of the dispatch instead of the few in hand.
_OPEN = ((_WHOSE, IS_PLANNED), (_WHOSE + 0, IS_IN_HAND), (_WHOSE, IS_HELD))
_UNBEGUN = (
    (_WHOSE, IS_PLANNED),
    (_WHOSE + 0, and_(IS_IN_HAND, DELIVERIES.c.state == literal_column("'claimed'"))),
    (_WHOSE, IS_HELD),
)
"""What a cancellation ends; each part has a small index of its own."""
SLICE = 2_000
"""Deliveries that one transaction ends: on SQLite nobody else writes meanwhile."""


def move(session: Session, dispatch_id: int, to: DispatchState, *, now: datetime, reason: str = "") -> bool:
    """Take the dispatch to state *to* if the table allows it from where it is now; tell whether it moved.

    The database is the referee: of two callers at the same moment one moves it.
    """
    sources = [state for state, onward in DISPATCH_TRANSITIONS.items() if to in onward]
    values: dict[str, object] = {"state": to, "pause_reason": reason[:REASON_LIMIT]}
    if to is DispatchState.RUNNING:
        values["started_at"] = func.coalesce(Dispatch.started_at, now)
    if to in {DispatchState.FINISHED, DispatchState.CANCELLED}:
        values["finished_at"] = now
    moved = session.execute(
        update(Dispatch)
        .where(Dispatch.id == dispatch_id, Dispatch.state.in_(sources))
        .values(**values)
        .execution_options(synchronize_session="fetch")
    )
    if changed(moved):
        maillog.moved(dispatch_id, to.value, reason)
        return True
    return False


def get(session: Session, dispatch_id: int) -> Dispatch:
    """Return the dispatch; raise ``NotFound``."""
    dispatch = session.get(Dispatch, dispatch_id)
    if dispatch is None:
        raise NotFound(f"There is no sending {dispatch_id}; `newsletter issue report` shows those of an issue.")
    return dispatch


def pause(session: Session, dispatch_id: int, *, reason: str, by: str, now: datetime) -> None:
    """Stop handing over; what is in flight ends. Raise ``Conflict`` if the sending is not going on."""
    _moved_by_hand(session, dispatch_id, DispatchState.PAUSED, by=by, now=now, deed="pause", reason=reason)


def resume(session: Session, dispatch_id: int, *, by: str, now: datetime) -> None:
    """Let a paused sending go on where it stopped; raise ``Conflict`` if it is not paused."""
    dispatch = get(session, dispatch_id)
    if dispatch.state is not DispatchState.PAUSED:
        raise Conflict(Sentence(N_("The sending is %(state)s, not paused."), state=dispatch.state.said))
    onward = DispatchState.PLANNING if dispatch.started_at is None else DispatchState.RUNNING
    _moved_by_hand(session, dispatch_id, onward, by=by, now=now, deed="resume", reason="")
    # All routes have failed, or somebody has mended them: begin again with the first.
    routes = dispatch.options.get("routes")
    if routes:
        dispatch.route = routes[0]
        session.flush()
    announce_work(session)
    # A hold that ended meanwhile is over by this very word.
    session.execute(
        update(Dispatch).where(Dispatch.id == dispatch_id, Dispatch.next_stage_at < now).values(next_stage_at=now)
    )


def cancel(session: Session, dispatch_id: int, *, by: str, now: datetime) -> int:
    """End the sending for good; return how many deliveries will never go out.

    What is in flight ends as the server says, but is not tried again. Raise ``Conflict`` if it has ended already.
    """
    _moved_by_hand(session, dispatch_id, DispatchState.CANCELLED, by=by, now=now, deed="cancel", reason="")
    counts = (select(func.count()).where(whose == dispatch_id, part) for whose, part in _UNBEGUN)
    waiting = sum(session.scalar(count) or 0 for count in counts)
    if _end_some(session, dispatch_id, now=now) < waiting:
        announce_work(session)  # the rest is ended by the next steps, slice by slice
    return waiting


def end_some_of_cancelled(session: Session, *, now: datetime) -> int:
    """Cancel what waits, is claimed or held of cancelled sendings, about ``SLICE`` deliveries; return how many."""
    unbegun = or_(*(exists().where(whose == Dispatch.id, part) for whose, part in _UNBEGUN))
    cancelled = select(Dispatch.id).where(Dispatch.state == DispatchState.CANCELLED, unbegun).limit(1)
    dispatch_id = session.scalar(cancelled)
    return 0 if dispatch_id is None else _end_some(session, dispatch_id, now=now)


def _end_some(session: Session, dispatch_id: int, *, now: datetime) -> int:
    ended = 0
    for whose, part in _UNBEGUN:
        some = select(DELIVERIES.c.id).where(whose == dispatch_id, part).limit(SLICE).with_for_update(skip_locked=True)
        ending = update(DELIVERIES).where(DELIVERIES.c.id.in_(some))
        ending = ending.values(state=DeliveryState.CANCELLED, ended_at=now, owner="", lease_until=None)
        ended += changed(session.execute(ending))
    return ended


def postpone_notice(session: Session, dispatch_id: int, *, until: datetime) -> bool:
    """Let a notice wait; tell whether the dispatch is one, since any other must be paused for people to see."""
    if get(session, dispatch_id).kind is not DispatchKind.NOTICE:
        return False
    session.execute(
        update(DELIVERIES).where(DELIVERIES.c.dispatch_id == dispatch_id, IS_PLANNED).values(not_before=until)
    )
    return True


def finish(session: Session, *, now: datetime) -> list[int]:
    """Finish every running dispatch whose deliveries have all ended; return their ids."""
    running = session.scalars(select(Dispatch.id).where(Dispatch.state == DispatchState.RUNNING)).all()
    return [
        dispatch_id
        for dispatch_id in running
        if not _has_open(session, dispatch_id) and move(session, dispatch_id, DispatchState.FINISHED, now=now)
    ]


def changed(result: object) -> int:
    """Return how many rows a statement changed."""
    assert isinstance(result, CursorResult)
    assert result.rowcount >= 0, "the driver does not count; ask it to with preserve_rowcount"
    return int(result.rowcount)


def _has_open(session: Session, dispatch_id: int) -> bool:
    """Tell whether a delivery has not ended; asks the two small indexes before it looks at all of them.

    One statement is one snapshot: nothing slips from in hand to planned between two looks.
    """
    looks = (exists().where(whose == dispatch_id, part) for whose, part in _OPEN)
    return bool(session.scalar(select(or_(*looks))))


def _moved_by_hand(
    session: Session, dispatch_id: int, to: DispatchState, *, by: str, now: datetime, deed: str, reason: str
) -> None:
    if not move(session, dispatch_id, to, now=now, reason=reason):
        state = get(session, dispatch_id).state.said
        raise Conflict(Sentence(N_("The sending is %(state)s; this is not possible any more."), state=state))
    record(session, at=now, actor=by, deed=f"dispatch.{deed}", subject=f"dispatch:{dispatch_id}", reason=reason)
