"""The curve of a sending: how many mails had been handed over by when, in steps that a person can read."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Integer, cast, func, select
from sqlalchemy.orm import Session

from newsletter.delivery.progress import DELIVERIES, IS_ACCEPTED

STEPS = [
    timedelta(seconds=seconds)
    for seconds in (1, 5, 10, 30, 60, 300, 600, 900, 1800, 3600, 3 * 3600, 6 * 3600, 24 * 3600, 7 * 24 * 3600)
]
"""Round spans; the smallest is taken that makes no more than ``MOST_STEPS``."""
MOST_STEPS = 48
_D = DELIVERIES.c


@dataclass(frozen=True, slots=True)
class CurveStep:
    """One span of time: how many were handed over in it, and how many altogether at its end."""

    ends_at: datetime
    handed_over: int
    altogether: int


def curve(session: Session, dispatch_id: int) -> tuple[CurveStep, ...]:
    """Return the steps from the first hand-over to the last; empty before there is one."""
    mine = (_D.dispatch_id == dispatch_id, IS_ACCEPTED, _D.ended_at.is_not(None))
    first, last = session.execute(select(func.min(_D.ended_at), func.max(_D.ended_at)).where(*mine)).one()
    if first is None or last is None:
        return ()
    step = next((one for one in STEPS if last - first < one * MOST_STEPS), STEPS[-1])
    width = int(step.total_seconds())
    start = int(first.timestamp()) // width * width
    place = ((_seconds(session, _D.ended_at) - start) // width).label("place")
    rows = session.execute(select(place, func.count().label("number")).where(*mine).group_by(place)).all()
    found = {int(row.place): int(row.number) for row in rows}
    steps, altogether = [], 0
    for nth in range(max(found) + 1):
        altogether += found.get(nth, 0)
        ends_at = datetime.fromtimestamp(start + (nth + 1) * width, first.tzinfo)
        steps.append(CurveStep(ends_at, found.get(nth, 0), altogether))
    return tuple(steps)


def _seconds(session: Session, moment: ColumnElement[datetime]) -> ColumnElement[int]:
    """Return *moment* as whole seconds since 1970."""
    if session.get_bind().dialect.name == "sqlite":
        return cast(func.strftime("%s", moment), Integer)
    return cast(func.floor(func.extract("epoch", moment)), Integer)
