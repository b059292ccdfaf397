"""The dispatcher: hands over what is due on one route, through a scribe that writes and lanes that talk SMTP."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable

from newsletter.delivery import allowance, owners
from newsletter.delivery.breaker import Breaker
from newsletter.delivery.compiled import Compiled
from newsletter.delivery.lanes import Lane, Wait
from newsletter.delivery.line import Line, Recorded, Rules
from newsletter.delivery.pace import Pace
from newsletter.delivery.promise import Messages
from newsletter.delivery.scribe import COMMIT_GROUP, Scribe
from newsletter.delivery.settlement import OnDoubt
from newsletter.delivery.tallies import Tallies
from newsletter.delivery.trays import Trays
from newsletter.kit.clock import Clock
from newsletter.kit.database import Database

__all__ = ["Dispatcher", "Line"]


DRAIN = 15.0
"""Seconds that open transactions have to end in; then their lines are broken, so that a stop takes less than 30."""
HURRY = 5.0
"""Seconds that a stop waits for a database that does not answer; what cannot be recorded counts as in doubt."""
GOODBYE = 2.0
"""Seconds to wait for the lanes' QUIT; one that is still knocking at a silent server is left to itself."""


class Dispatcher:
    """Hands over what is due on one route; ``run`` returns when nothing is due, or soon after ``stop``."""

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
        recorded: Recorded | None = None,
    ) -> None:
        self._database = database
        self._line = line
        self._compiled = Compiled(messages)
        self._clock = clock
        self._wait = wait
        self._rules = Rules(on_doubt=on_doubt, commit_group=commit_group, dice=dice)
        self._recorded = recorded or (lambda settlements: None)
        self._stopping = threading.Event()
        self._pace = Pace(line.pace)
        self._breaker = Breaker()
        self._tallies = Tallies(owners.new_owner())

    def stop(self) -> None:
        """Claim and mark nothing more; what is on a line ends, so that nothing is in doubt."""
        self._stopping.set()

    @property
    def stopping(self) -> bool:
        """Whether it has been told to stop."""
        return self._stopping.is_set()

    def has_work(self, only: int | None = None) -> bool:
        """Tell whether anything is due now that may be sent."""
        with self._database.read() as session:
            return bool(allowance.due(session, self._line, now=self._clock(), only=only))

    def run(self, only: int | None = None) -> bool:
        """Hand over everything due now, of dispatch *only* if given; return when there is no more, and if there was."""
        if self._stopping.is_set() or not self.has_work(only):
            return False
        trays = Trays()
        scribe = Scribe(
            self._database, self._line, self._compiled, trays, rules=self._rules, clock=self._clock,
            pace=self._pace, breaker=self._breaker, tallies=self._tallies, recorded=self._recorded, only=only,
        )  # fmt: skip
        lanes = [
            Lane(trays, self._line.transport, clock=self._clock, wait=self._wait, name=f"lane-{number}")
            for number in range(self._line.connections)
        ]
        for lane in lanes:
            lane.start()
        try:
            while not self._stopping.is_set() and scribe.turn():
                pass
        finally:
            trays.close()
            if self._stopping.is_set():
                scribe.patience = HURRY
            try:
                _drain(trays, scribe, lanes)
            finally:
                scribe.leave()
                until = time.monotonic() + GOODBYE
                for lane in lanes:
                    lane.join(max(0.0, until - time.monotonic()))
        return True


def _drain(trays: Trays, scribe: Scribe, lanes: list[Lane]) -> None:
    """Let open transactions end, but not for as long as a silent server may take (RFC 5321 allows ten minutes)."""
    until = time.monotonic() + DRAIN
    while trays.under_way:
        scribe.settle_up()
        if time.monotonic() > until:
            for lane in lanes:
                lane.give_up()
