"""Shares: how the workers of a route divide its connections, so that all together never open more than it allows.

    join: others are to give up some ─▶ they close lines, then write down fewer ─▶ the newcomer takes what is free

A worker's row says how many lines it may have open. It writes a larger number down before it opens more and a smaller
one after it has closed some, so that the sum of the rows is never less than what is open and never more than the limit.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta

from sqlalchemy import delete, select, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from newsletter.delivery import owners
from newsletter.delivery.models import RouteShare
from newsletter.kit.clock import Clock
from newsletter.kit.database import Database, insert_for

LEASE = timedelta(seconds=90)
"""How long a share stands without a sign of life: a worker that lost the database has closed its lines before."""
LOOK = 0.5
"""Seconds between two looks at what is due now, which are its signs of life, too."""
STUCK = timedelta(minutes=5)
"""How long a line may knock at a silent server (RFC 5321 §4.5.3.2.1) after its worker has left."""


class Share:
    """One worker's share of one route's connections; used by one thread."""

    def __init__(
        self,
        database: Database,
        *,
        route: str,
        connections: Callable[[Session, datetime], int],
        clock: Clock,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """Prepare a share of what *connections* allows all workers together at a moment."""
        self._database = database
        self._route = route
        self._connections = connections
        self._clock = clock
        self._monotonic = monotonic
        self._worker = owners.new_owner()
        self._lines = 0
        self._looked_at = 0.0

    def take(self) -> int | None:
        """Write down how many lines may be opened now, and return it; call it while none is open.

        It may be 0 for a moment, until others have closed some. None: as many workers as there are connections have
        one each, and this one is not needed.
        """
        with self._database.write() as session:
            lines = self._due(session, open_lines=0)
            if lines is None:
                return None
            self._write(session, lines)
        self._lines, self._looked_at = lines, self._monotonic()
        return lines

    def changed(self) -> bool:
        """Show a sign of life now and then, and tell whether another number of lines is due."""
        if self._monotonic() - self._looked_at < LOOK:
            return False
        self._looked_at = self._monotonic()
        with suppress(OperationalError), self._database.write() as session:  # the lease bridges a database that is away
            due = self._due(session, open_lines=self._lines)
            self._write(session, self._lines)
            return due != self._lines
        return False

    def leave(self, *, stuck: int = 0) -> None:
        """Give the share up, after the last line was closed but for those *stuck* at a server that does not answer."""
        self._lines = 0
        with suppress(OperationalError), self._database.write() as session:  # else it runs out
            if stuck:
                self._write(session, stuck, lease=STUCK)
            else:
                mine = RouteShare.route == self._route, RouteShare.worker == self._worker
                session.execute(delete(RouteShare).where(*mine).execution_options(synchronize_session=False))
        if stuck:
            self._worker = owners.new_owner()

    def _due(self, session: Session, *, open_lines: int) -> int | None:
        """Return how many lines it may have now if it has *open_lines*; None if there are workers enough."""
        now = self._clock()
        if session.get_bind().dialect.name == "postgresql":  # SQLite has one writer anyway
            lock = text("SELECT pg_advisory_xact_lock(hashtext(:name))")
            session.execute(lock, {"name": f"newsletter lines {self._route}"})
        others = self._living(session, now=now)
        most = self._connections(session, now)
        workers = list(others) if self._worker in others else [*others, self._worker]
        place, crew = workers.index(self._worker), min(len(workers), most)
        if place >= most:
            return None
        fair = most // crew + (place < most % crew)
        free = most - sum(lines for worker, lines in others.items() if worker != self._worker)
        return max(0, min(fair, max(free, open_lines)))

    def _living(self, session: Session, *, now: datetime) -> dict[str, int]:
        """Return the lines of every worker on the route in the order in which they joined; forget the dead."""
        rows = session.execute(
            select(RouteShare.worker, RouteShare.lines, RouteShare.lease_until)
            .where(RouteShare.route == self._route)
            .order_by(RouteShare.joined_at, RouteShare.worker)
        ).all()
        gone = [row.worker for row in rows if self._is_gone(row.worker, row.lease_until, now)]
        if gone:
            theirs = RouteShare.route == self._route, RouteShare.worker.in_(gone)
            session.execute(delete(RouteShare).where(*theirs).execution_options(synchronize_session=False))
        return {row.worker: row.lines for row in rows if row.worker not in gone}

    def _is_gone(self, worker: str, lease_until: datetime, now: datetime) -> bool:
        return worker != self._worker and (lease_until < now or owners.is_dead(worker))

    def _write(self, session: Session, lines: int, *, lease: timedelta = LEASE) -> None:
        now = self._clock()
        standing = {"lines": lines, "lease_until": now + lease}
        session.execute(
            insert_for(session)(RouteShare)
            .values(route=self._route, worker=self._worker, joined_at=now, **standing)
            .on_conflict_do_update(index_elements=["route", "worker"], set_=standing)
        )
