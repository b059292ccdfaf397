"""The local runner: all steps in threads of one process, for one machine."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from sqlalchemy.exc import OperationalError

from newsletter.delivery import maillog, planning, report, steps
from newsletter.delivery.claims import LEASE
from newsletter.delivery.dispatcher import Dispatcher, Line
from newsletter.delivery.lanes import Wait
from newsletter.delivery.lines import Lines
from newsletter.delivery.promise import Messages
from newsletter.delivery.scribe import COMMIT_GROUP
from newsletter.delivery.settlement import OnDoubt, Settlement
from newsletter.delivery.states import FINAL
from newsletter.kit.clock import Clock
from newsletter.kit.database import Database

T = TypeVar("T")
TICK = 1.0
"""Seconds between two looks for work that nobody announced: schedules, retries, a resume from another process."""
OTHERS_TURN = 0.25
"""Seconds between two looks at what another process, such as ``serve``, still has in hand of a sending we wait for."""


@dataclass(frozen=True, slots=True)
class Idle:
    """Why ``run_until_idle`` came back: nothing is due before *next_due* (None: nothing waits for a time)."""

    next_due: datetime | None


Progress = Callable[[int, int], None]
"""Told how many deliveries have ended, and how many are planned."""


class LocalRunner:
    """Runs the steps in turn: reap, take up notices, plan, dispatch, finish.

    It has two faces: a ``Runner`` that works in a thread of its own, and the ``Hands`` of a runner that says when.
    """

    def __init__(
        self,
        database: Database,
        line: Line,
        messages: Messages,
        *,
        clock: Clock,
        on_doubt: OnDoubt = "resend",
        commit_group: int = COMMIT_GROUP,
        dice: Callable[[], float] = random.random,
        wait: Wait = threading.Event.wait,
        further: Sequence[Line] = (),
        routes_of: planning.RoutesOf | None = None,
        upkeep: Callable[[], None] = lambda: None,
    ) -> None:
        """Prepare to work on *line* and, side by side, on *further* ones; *routes_of* chooses for notices.

        *upkeep* is done once a tick, before notices are taken up: it may write some.
        """
        self._database = database
        self._clock = clock
        self._on_doubt = on_doubt
        self._wait = wait
        self._wakes = {"plan": threading.Event(), "dispatch": threading.Event()}
        self._stopping = threading.Event()
        self._threads: list[threading.Thread] = []
        self._progress: Progress | None = None
        self._ended = 0
        self._planned = 0
        self._watched: int | None = None
        self._routes_of = routes_of or (lambda profile: [line.name])
        self._upkeep = upkeep
        self._dispatcher = Lines(
            [
                Dispatcher(
                    database, one, messages, clock=clock, on_doubt=on_doubt, commit_group=commit_group, dice=dice,
                    wait=wait, recorded=self._count,
                )
                for one in (line, *further)
            ]
        )  # fmt: skip

    def run_until_idle(self, dispatch_id: int | None = None, progress: Progress | None = None) -> Idle:
        """Do everything that is due now, of one dispatch if *dispatch_id* is given; return when nothing is.

        What was deferred stays; the result tells when it is due. What another process has in hand of the one dispatch
        is waited for. Only one caller at a time.
        """
        self._progress, self._watched = progress, dispatch_id
        while not self._stopping.is_set():
            self._patiently(lambda: self._prepare(dispatch_id))
            self._patiently(self._count_afresh)
            self._patiently(lambda: self._dispatcher.run(dispatch_id))
            self._patiently(self.finish)
            if self._patiently(lambda: self._dispatcher.has_work(dispatch_id)):
                continue
            if dispatch_id is None or not self._patiently(lambda: steps.in_hand(self._database, dispatch_id)):
                break
            self._wait(threading.Event(), OTHERS_TURN)
        self._patiently(self._count_afresh)
        return Idle(self._patiently(lambda: steps.next_due(self._database, only=dispatch_id)))

    def start(self) -> None:
        """Work in threads of its own until ``stop``: one plans and closes while the other hands over.

        A sending may take hours; a confirmation mail written down meanwhile must not wait for its end.
        """
        planned, handed_over = self._wakes["plan"], self._wakes["dispatch"]
        for name, wake, steps_in_turn in (
            ("planner", planned, (self.look_after, self.plan, handed_over.set, self.finish)),
            ("dispatcher", handed_over, (self.dispatch, self.finish)),
        ):
            thread = threading.Thread(target=self._work, args=(wake, steps_in_turn), name=name, daemon=True)
            self._threads.append(thread)
            thread.start()

    def wake(self) -> None:
        """Say that there is new work, after the transaction that wrote it down has committed."""
        self._wakes["plan"].set()

    def stop(self) -> None:
        """Drain: claim nothing more, let open transactions end; return when nothing is in hand."""
        self._stopping.set()
        self._dispatcher.stop()
        for wake in self._wakes.values():
            wake.set()
        for thread in self._threads:
            thread.join()

    def _work(self, wake: threading.Event, steps_in_turn: Sequence[Callable[[], None]]) -> None:
        while not self._stopping.is_set():
            wake.clear()
            for step in steps_in_turn:
                try:
                    step()
                except OperationalError as error:
                    maillog.database_away(error)
                except Exception:  # one failing step must not end the sending for good
                    maillog.step_failed(step.__name__)
            wake.wait(TICK)

    # The hands of a runner that says when

    def look_after(self) -> None:
        """Take over what dead workers held, do the upkeep, and take up notices."""
        steps.reap(self._database, clock=self._clock, on_doubt=self._on_doubt)
        self._upkeep()
        steps.take_up_notices(self._database, routes_of=self._routes_of, clock=self._clock)

    def plan(self) -> None:
        """Plan every sending whose time has come."""
        steps.schedule_and_plan(self._database, clock=self._clock, stopping=self._stopping.is_set)

    def has_work(self) -> bool:
        """Tell whether anything is due that may be handed over now."""
        return self._dispatcher.has_work()

    def dispatch(self) -> None:
        """Hand over everything that is due; returns when there is no more, or soon after ``stop``."""
        self._dispatcher.run()

    def finish(self) -> None:
        """Finish every sending whose deliveries have all ended."""
        steps.finish(self._database, clock=self._clock)

    def _prepare(self, only: int | None) -> None:
        if only is None:
            self.look_after()
        else:
            steps.reap(self._database, clock=self._clock, on_doubt=self._on_doubt)
        steps.schedule_and_plan(self._database, clock=self._clock, only=only, stopping=self._stopping.is_set)

    def _patiently(self, step: Callable[[], T]) -> T:
        """Do *step*, again for as long as a lease if the database does not answer; then, or once stopping, raise."""
        until = time.monotonic() + LEASE.total_seconds()
        while True:
            try:
                return step()
            except OperationalError as error:
                if self._stopping.is_set() or time.monotonic() > until:
                    raise
                maillog.database_away(error)
                self._stopping.wait(TICK / 2)

    def _count_afresh(self) -> None:
        if self._progress is not None and self._watched is not None:
            with self._database.read() as session:
                account = report.report(session, self._watched)
            self._ended, self._planned = account.ended, account.planned
            self._progress(self._ended, self._planned)

    def _count(self, settlements: Sequence[Settlement]) -> None:
        if self._progress is not None:
            self._ended += sum(1 for one in settlements if one.state in FINAL and one.dispatch_id == self._watched)
            self._progress(self._ended, self._planned)
