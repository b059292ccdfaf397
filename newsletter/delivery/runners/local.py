"""The local runner: all steps in threads of one process, for one machine."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.exc import OperationalError

from newsletter.delivery import maillog, report, steps
from newsletter.delivery.dispatcher import Dispatcher, Line
from newsletter.delivery.lanes import Wait
from newsletter.delivery.promise import Messages
from newsletter.delivery.scribe import COMMIT_GROUP
from newsletter.delivery.settlement import OnDoubt, Settlement
from newsletter.delivery.states import FINAL
from newsletter.kit.clock import Clock
from newsletter.kit.database import Database

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
    ) -> None:
        self._database = database
        self._line = line
        self._clock = clock
        self._on_doubt = on_doubt
        self._wait = wait
        self._wake = threading.Event()
        self._ready = threading.Event()
        self._stopping = threading.Event()
        self._threads: list[threading.Thread] = []
        self._progress: Progress | None = None
        self._ended = 0
        self._planned = 0
        self._watched: int | None = None
        self._dispatcher = Dispatcher(
            database, line, messages, clock=clock, on_doubt=on_doubt, commit_group=commit_group, dice=dice,
            wait=wait, recorded=self._count,
        )  # fmt: skip

    def run_until_idle(self, dispatch_id: int | None = None, progress: Progress | None = None) -> Idle:
        """Do everything that is due now, of one dispatch if *dispatch_id* is given; return when nothing is.

        What was deferred stays; the result tells when it is due. What another process has in hand of the one dispatch
        is waited for. Only one caller at a time.
        """
        self._progress, self._watched = progress, dispatch_id
        while not self._stopping.is_set():
            self._prepare(dispatch_id)
            self._count_afresh()
            self._dispatcher.run(dispatch_id)
            steps.finish(self._database, clock=self._clock)
            if self._dispatcher.has_work(dispatch_id):
                continue
            if dispatch_id is None or not steps.in_hand(self._database, dispatch_id):
                break
            # Not on an event that ``stop`` sets: a signal handler may call it in this very thread.
            self._wait(threading.Event(), OTHERS_TURN)
        self._count_afresh()
        return Idle(steps.next_due(self._database, only=dispatch_id))

    def start(self) -> None:
        """Work in threads of its own until ``stop``: one plans and closes while the other hands over.

        A sending may take hours; a confirmation mail written down meanwhile must not wait for its end.
        """
        self._threads = [
            threading.Thread(target=self._repeat, args=(name, step, bell), name=f"local-runner-{name}", daemon=True)
            for name, step, bell in (("plan", self._plan, self._wake), ("dispatch", self._dispatch, self._ready))
        ]
        for thread in self._threads:
            thread.start()

    def wake(self) -> None:
        """Say that there is new work, after the transaction that wrote it down has committed."""
        self._wake.set()

    def stop(self) -> None:
        """Drain: claim nothing more, let open transactions end; return when nothing is in hand."""
        self._stopping.set()
        self._dispatcher.stop()
        self._wake.set()
        self._ready.set()
        for thread in self._threads:
            thread.join()

    def _repeat(self, name: str, step: Callable[[], None], bell: threading.Event) -> None:
        """Take *step* whenever *bell* rings, and every ``TICK`` seconds."""
        while not self._stopping.is_set():
            bell.clear()
            try:
                step()
            except OperationalError as error:
                maillog.database_away(error)
            except Exception:  # one failing step must not end the sending for good
                maillog.step_failed(name)
            bell.wait(TICK)

    def _plan(self) -> None:
        self.finish()
        if self._prepare(None):
            self._ready.set()

    def _dispatch(self) -> None:
        if self._dispatcher.run():
            self._wake.set()

    def _prepare(self, only: int | None) -> bool:
        """Take over, take up and plan; tell whether there is anything new to hand over."""
        new = self._take_over() if only is not None else self._look_after()
        return new + steps.schedule_and_plan(self._database, clock=self._clock, only=only) > 0

    def _take_over(self) -> int:
        return sum(steps.reap(self._database, clock=self._clock, on_doubt=self._on_doubt))

    def _look_after(self) -> int:
        return self._take_over() + steps.take_up_notices(self._database, route=self._line.name, clock=self._clock)

    # The hands of a runner that says when

    def look_after(self) -> None:
        """Take over what dead workers held, and take up notices."""
        self._look_after()

    def plan(self) -> None:
        """Plan every sending whose time has come."""
        steps.schedule_and_plan(self._database, clock=self._clock)

    def has_work(self) -> bool:
        """Tell whether anything is due that may be handed over now."""
        return self._dispatcher.has_work()

    def dispatch(self) -> None:
        """Hand over everything that is due; returns when there is no more, or soon after ``stop``."""
        self._dispatcher.run()

    def finish(self) -> None:
        """Finish every sending whose deliveries have all ended."""
        steps.finish(self._database, clock=self._clock)

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
