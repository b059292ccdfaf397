"""The scribe: owns every write of a dispatcher, so that nothing is sent that is not marked and nothing told twice.

    claimed (backlog) ─▶ marked ``sending`` ─▶ tray ─▶ lane ─▶ outcome ─▶ recorded
                        └──────────── one transaction of the scribe ─────────────┘

In one transaction it records the outcomes that came back and marks as many deliveries as may go next. Never do more
than *connections* + ``COMMIT_GROUP`` rows stand as being sent, so no more can be in doubt after a crash.
"""

from __future__ import annotations

import math
import time
from collections import deque
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from newsletter.delivery import alarms, allowance, claims, ledger, maillog, owners
from newsletter.delivery.alarms import Alarm
from newsletter.delivery.appetite import Appetite
from newsletter.delivery.backlog import Backlog, every
from newsletter.delivery.breaker import Breaker
from newsletter.delivery.compiled import Compiled
from newsletter.delivery.gate import Gate
from newsletter.delivery.line import Line, Recorded, Rules
from newsletter.delivery.pace import Pace
from newsletter.delivery.promise import Promise
from newsletter.delivery.settlement import Settlement, settle
from newsletter.delivery.tallies import Tallies
from newsletter.delivery.trays import Outlet, Prepared
from newsletter.kit.clock import Clock
from newsletter.kit.database import Database
from newsletter.kit.errors import DeskError
from newsletter.mail.envelope import InDoubt

COMMIT_GROUP = 64
"""Deliveries marked beyond those on a line; larger is faster, and leaves more in doubt after a crash."""
HEARTBEAT = timedelta(seconds=20)
GATHER = 0.02
"""Seconds that outcomes may wait for company before they are recorded."""
IDLE = 0.25
"""Seconds between two looks while lines are down or slow."""
LOOK_AGAIN = 0.5
"""Seconds after which a table that had nothing due is asked again."""


class Scribe:
    """One stretch of work under one owner's name; used by one thread."""

    def __init__(
        self,
        database: Database,
        line: Line,
        compiled: Compiled,
        trays: Outlet,
        *,
        rules: Rules,
        clock: Clock,
        pace: Pace,
        breaker: Breaker,
        tallies: Tallies,
        recorded: Recorded,
        lines: int,
        only: int | None,
    ) -> None:
        self._database = database
        self._line = line
        self._compiled = compiled
        self._trays = trays
        self._rules = rules
        self._clock = clock
        self._pace = pace
        self._breaker = breaker
        self._told = recorded
        self._only = only
        self.owner = owners.new_owner()
        self._tallies = tallies
        self._turns: deque[int] = deque()
        self._gate = Gate(line.receivers, route=line.name, most=line.connections, owner=self.owner)
        self._backlog = Backlog(self._gate.name_of)
        self._marked: dict[int, Promise] = {}
        self._withdrawn: list[int] = []
        self._set_aside: list[int] = []
        self._unrecorded: list[Settlement] = []
        self._dry_until = 0.0
        self._appetite = Appetite(lines=lines, most_ahead=rules.commit_group)
        self._beat_at = clock()
        self._away_since: float | None = None
        self.patience = claims.LEASE.total_seconds()

    def turn(self) -> bool:
        """Do one round: gather outcomes, claim, record and mark; tell whether there is or may be more to do."""
        self._gather()
        try:
            self._claim_more()
            self._write(self._room())
            self._heed_trouble()
            self._away_since = None
        except OperationalError as error:
            self._endure(error)
        return bool(self._backlog or self._marked or self._unrecorded or not self._dry)

    def settle_up(self) -> None:
        """Record what comes back, mark nothing more; for draining."""
        self._gather()
        try:
            self._write(0)
            self._away_since = None
        except OperationalError as error:
            self._endure(error)

    def leave(self) -> None:
        """Record the last outcomes and give everything back that no lane has begun."""
        self._withdraw()
        while self._trays.in_hand or self._unrecorded or self._withdrawn or self._set_aside:
            self.settle_up()
        if self._backlog:
            with self._database.write() as session:
                claims.give_back(session, [one.id for one in self._backlog.promises()], owner=self.owner)
            self._backlog.remove(every)

    @property
    def _dry(self) -> bool:
        return time.monotonic() < self._dry_until

    def _gather(self) -> None:
        """Wait a moment for outcomes and settle them."""
        in_hand = self._trays.in_hand
        until_token = self._pace.seconds_to_next()
        fed = until_token == 0 and not self._trays.closing.is_set()
        hungry = fed and self._backlog.ready(self._rooms()) > 0
        if in_hand or self._backlog:
            patience = GATHER if in_hand and not until_token else min(IDLE, until_token or IDLE)
            at_least = min(in_hand, self._rules.commit_group // 2) or 1
            rules = self._rules
            for done in self._trays.collect(at_least=at_least, patience=patience, hungry=hungry):
                if isinstance(done.outcome, InDoubt):
                    maillog.in_doubt(done.promise.id, done.outcome.reply)
                settled = settle(done.promise, done.outcome, now=done.at, on_doubt=rules.on_doubt, dice=rules.dice)
                self._unrecorded.append(self._breaker.heed(settled))

    def _claim_more(self) -> None:
        """Fill the backlog from one dispatch, the dispatches taking turns."""
        rooms = self._rooms()
        if self._backlog.ready(rooms) >= self._line.claim_batch // 2 or self._dry:
            return
        if not self._turns:
            with self._database.read() as session:
                self._turns.extend(allowance.due(session, self._line, now=self._clock(), only=self._only))
            if not self._turns:
                self._dry_until = time.monotonic() + LOOK_AGAIN
                return
        dispatch_id = self._turns.popleft()
        now = self._clock()
        limit = self._line.claim_batch
        with self._database.write() as session:
            self._gate.look(session, now=now)
            around = self._gate.around(self._backlog.full(self._rooms()), now=now)
            claimed = claims.claim(session, dispatch_id, owner=self.owner, limit=limit, now=now, around=around)
            self._set_aside.extend(promise.id for promise in claimed.promises)  # unless we hear that it is committed
        del self._set_aside[len(self._set_aside) - len(claimed.promises) :]
        if not claimed.rows and not self._turns:
            self._dry_until = time.monotonic() + LOOK_AGAIN  # what is due waits for room with its receiver
        if claimed.skipped:
            maillog.skipped(dispatch_id, claimed.skipped)
        try:
            prepared = [Prepared(promise, self._compiled.fill_for(promise)) for promise in claimed.promises]
        except DeskError as error:
            self._stop_dispatches({dispatch_id}, claimed.promises, Alarm(f"The message cannot be made: {error}"))
            return
        self._backlog.add(prepared)

    def _write(self, room: int) -> None:
        """In one transaction record outcomes, mark up to *room* deliveries, show that we live."""
        now = self._clock()
        said = [(self._marked[one.delivery_id], one) for one in self._unrecorded]
        if self._gate.hear(said):
            self._withdraw(lambda promise: self._gate.rests(promise, now=now))
        stopped = {one.dispatch_id for one in self._unrecorded if one.pause_reason}
        if stopped:
            self._withdraw(lambda promise: promise.dispatch_id in stopped)
        aside = [] if self._gate.open else self._backlog.remove(lambda promise: self._gate.rests(promise, now=now))
        self._set_aside.extend(promise.id for promise in aside)
        candidates = self._backlog.take(room, self._rooms())
        beat = now - self._beat_at >= HEARTBEAT
        reserve = self._pace.short and bool(candidates or self._backlog)
        if not (candidates or self._unrecorded or self._withdrawn or self._set_aside or beat or reserve):
            return
        try:
            with self._database.write() as session:
                if self._unrecorded:
                    recorded = ledger.record(session, self._unrecorded, owner=self.owner)
                    self._tallies.write(session, said, recorded=recorded)
                    self._gate.write(session, said)
                if self._withdrawn:
                    claims.give_back(session, self._withdrawn, owner=self.owner, begun=True)
                if self._set_aside:
                    claims.give_back(session, self._set_aside, owner=self.owner)
                admitted, marked = self._mark(candidates, session, now)
                if reserve:
                    self._pace.reserve(session, self._line.name)
                if beat:
                    held = [*self._marked.values(), *(one.promise for one in candidates), *self._backlog.promises()]
                    claims.renew(session, [promise.id for promise in held], owner=self.owner, now=now)
        except BaseException:
            # Perhaps it was committed all the same. No lane has them: give them back from whichever state they are in.
            self._withdrawn.extend(one.promise.id for one in candidates)
            self._set_aside.extend(one.promise.id for one in candidates)
            raise
        self._backlog.put_back([one for one in candidates if one.promise.id not in admitted])
        self._written(candidates, marked)
        self._beat_at = now if beat else self._beat_at

    def _mark(self, candidates: list[Prepared], session: Session, now: datetime) -> tuple[set[int], set[int]]:
        """Mark what may be sent now; return the ids of what its destination admits, and of what is marked of it.

        What is admitted and not marked is given back; what is not admitted stays in hand.
        """
        promises = [one.promise for one in candidates]
        if not promises:
            return set(), set()
        if self._gate.open:
            admitted = {promise.id for promise in promises}
        else:
            admitted = self._gate.admitted(session, promises, self._out_now(), now=now)
            promises = [promise for promise in promises if promise.id in admitted]
        marked = allowance.mark_within(session, promises, self._line, owner=self.owner, now=now)
        rest = [promise.id for promise in promises if promise.id not in marked]
        if rest:
            claims.give_back(session, rest, owner=self.owner)
        return admitted, marked

    def _written(self, candidates: list[Prepared], marked: set[int]) -> None:
        """After the commit: hand out what is marked, forget what is recorded."""
        self._tallies.committed()
        self._pace.committed()
        for delivery_id in (*self._withdrawn, *(one.delivery_id for one in self._unrecorded)):
            self._marked.pop(delivery_id, None)
        settlements, self._unrecorded, self._withdrawn, self._set_aside = self._unrecorded, [], [], []
        out = [one for one in candidates if one.promise.id in marked]
        self._marked.update((one.promise.id, one.promise) for one in out)
        self._pace.spend(len(out))
        self._trays.offer(out)
        if settlements:
            self._told(settlements)

    def _room(self) -> int:
        """Return how many more may be marked now, within the promise, the pace and what the lanes can eat."""
        out = len(self._marked) - len(self._unrecorded)
        return self._pace.allowed(self._appetite.room(self._trays, marked=out))

    def _heed_trouble(self) -> None:
        """While no line can be had take back what lies on the tray; after long, or if it is no use, pause."""
        trouble = self._trays.trouble
        if trouble is None or (self._trays.open_lanes and trouble.said is None):
            return
        self._withdraw()
        if math.isinf(self._dry_until):
            return  # that is done: what is on a line ends
        if trouble.said or trouble.permanent or self._clock() - trouble.since >= self._line.patience:
            self._write(0)
            alarm = alarms.unreachable(trouble, route=self._line.name, now=self._clock())
            waiting = self._backlog.remove(every)
            self._stop_dispatches({one.dispatch_id for one in (*waiting, *self._marked.values())}, waiting, alarm)
        if trouble.said:
            self._dry_until = math.inf  # what is on a line ends, and this stretch with it

    def _stop_dispatches(self, dispatches: set[int], waiting: Sequence[Promise], alarm: Alarm) -> None:
        """Give *waiting* back and pause its dispatches; those of one notice are postponed instead."""
        with self._database.write() as session:
            claims.give_back(session, [promise.id for promise in waiting], owner=self.owner)
            alarms.stop_or_postpone(session, dispatches, alarm, now=self._clock())

    def _withdraw(self, which: Callable[[Promise], bool] = every) -> None:
        """Take back what no lane has begun."""
        self._withdrawn.extend(promise.id for promise in self._trays.withdraw(which))

    def _out_now(self) -> list[Promise]:
        """Return what is marked and has no outcome yet."""
        back = {*self._withdrawn, *(one.delivery_id for one in self._unrecorded)}
        return [promise for promise in self._marked.values() if promise.id not in back]

    def _rooms(self) -> dict[str, int]:
        return {} if self._gate.open else self._gate.rooms(self._out_now(), now=self._clock())

    def _endure(self, error: OperationalError) -> None:
        """Wait for a database that does not answer, as long as our leases or patience last; then raise *error*."""
        now = time.monotonic()
        self._away_since = self._away_since or now
        if now - self._away_since > self.patience:
            raise error
        maillog.database_away(error)
        time.sleep(IDLE)
