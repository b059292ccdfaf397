"""Pace: no more messages a second than the route allows, all its workers together.

A row of the route holds when its next message may leave. A worker reserves a few moments from there on, in a write
that it makes anyway, and moves the row behind them; so workers take turns, and however many there are, join or die, two
messages never leave closer together than the pace says. An unlimited route has no row and asks nobody.
"""

from __future__ import annotations

import math
import time
from collections import deque
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from newsletter.delivery.models import RoutePace
from newsletter.kit.database import insert_for

AT_ONCE_SECONDS = 0.25
"""How much is reserved at once, and how late a moment may be used; short, since receivers count in short windows."""

MOST_AHEAD = 100
"""Reservations that may stand before one's own; a row further ahead was written by a clock that has been put right."""


class Pace:
    """Counts out messages at *per_second*, which all workers on the route share; None is without limit. One thread."""

    def __init__(self, per_second: float | None, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._rate = per_second
        self._monotonic = monotonic
        self._moments: deque[float] = deque()
        self._pending: list[float] = []

    @property
    def short(self) -> bool:
        """Whether it is time to reserve more."""
        return self._rate is not None and 2 * len(self._moments) < self._batch(self._rate)

    def reserve(self, session: Session, route: str) -> None:
        """Reserve the next moments of *route* in this transaction; call ``committed`` after it."""
        assert self._rate is not None
        number, gap = self._batch(self._rate), 1 / self._rate
        wait = _reserve(session, route, span=timedelta(seconds=number * gap))
        first = self._monotonic() + wait
        self._pending = [first + place * gap for place in range(number)]

    def committed(self) -> None:
        """Keep what was reserved."""
        self._moments.extend(self._pending)
        self._pending = []

    def allowed(self, wanted: int) -> int:
        """Return how many of *wanted* messages may leave now."""
        if self._rate is None:
            return wanted
        now = self._monotonic()
        while self._moments and self._moments[0] < now - max(AT_ONCE_SECONDS, 1 / self._rate):
            self._moments.popleft()  # nothing left then: what is made up for later would be a burst
        come = 0
        for moment in self._moments:
            if moment > now or come == wanted:
                break
            come += 1
        return come

    def spend(self, messages: int) -> None:
        """Take the moments of *messages* that are leaving."""
        if self._rate is not None:
            for _ in range(messages):
                self._moments.popleft()

    def seconds_to_next(self) -> float:
        """Return how long until the next reserved moment; 0 if it has come, or none is reserved."""
        return max(0.0, self._moments[0] - self._monotonic()) if self._moments else 0.0

    @staticmethod
    def _batch(rate: float) -> int:
        return max(1, math.ceil(rate * AT_ONCE_SECONDS))


def _reserve(session: Session, route: str, *, span: timedelta) -> float:
    """Move the row of *route* by *span* and return how many seconds from now on it begins."""
    begin = insert_for(session)(RoutePace).values(route=route, next_at=_now(session))
    session.execute(begin.on_conflict_do_nothing())
    standing = session.execute(select(RoutePace.next_at).where(RoutePace.route == route).with_for_update()).scalar_one()
    now = _now(session)
    first = standing if now < standing <= now + MOST_AHEAD * span else now
    session.execute(
        update(RoutePace)
        .where(RoutePace.route == route)
        .values(next_at=first + span)
        .execution_options(synchronize_session=False)
    )
    return (first - now).total_seconds()


def _now(session: Session) -> datetime:
    """Return the database's time, so that machines whose clocks differ agree; on SQLite all are on one machine."""
    if session.get_bind().dialect.name == "postgresql":
        return session.scalar(select(func.clock_timestamp())) or datetime.now(UTC)
    return datetime.now(UTC)
