"""The dispatcher: hands over what is due on one route, through a scribe that writes and lanes that talk SMTP."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable
from datetime import datetime

from sqlalchemy.orm import Session

from newsletter.delivery import agents, allowance, claims, destinations, owners
from newsletter.delivery.agents import Agents
from newsletter.delivery.breaker import Breaker
from newsletter.delivery.compiled import Compiled
from newsletter.delivery.lanes import Lanes, Wait
from newsletter.delivery.line import Line, Recorded, Rules
from newsletter.delivery.pace import Pace
from newsletter.delivery.promise import Messages
from newsletter.delivery.scribe import COMMIT_GROUP, Scribe
from newsletter.delivery.settlement import OnDoubt
from newsletter.delivery.shares import Share
from newsletter.delivery.tallies import Tallies
from newsletter.delivery.trays import Outlet
from newsletter.kit.clock import Clock
from newsletter.kit.database import Database

__all__ = ["Dispatcher", "Line"]


DRAIN = 15.0
"""Seconds that open transactions have to end in; then their lines are broken, so that a stop takes less than 30."""
HURRY = 5.0
"""Seconds that a stop waits for a database that does not answer; what cannot be recorded counts as in doubt."""
NEXT_TRY = 0.25
"""Seconds until a worker that finds all connections taken asks again."""
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
        self._agents = line.agents
        """Processes that are worth a try; none any more once all of them have died."""
        self._stopping = threading.Event()
        self._pace = Pace(line.pace)
        self._share = Share(database, route=line.name, connections=self._connections, clock=clock)
        self._breaker = Breaker()
        self._tallies = Tallies(owners.new_owner())

    def stop(self) -> None:
        """Claim and mark nothing more; what is on a line ends, so that nothing is in doubt."""
        self._stopping.set()

    @property
    def stopping(self) -> bool:
        """Whether it has been told to stop."""
        return self._stopping.is_set()

    def _connections(self, session: Session, now: datetime) -> int:
        """Return how many connections the route may have now, all workers together."""
        return destinations.room_of(session, self._line.name, most=self._line.connections, now=now)

    def has_work(self, only: int | None = None) -> bool:
        """Tell whether anything is due now that may be sent."""
        with self._database.read() as session:
            return bool(allowance.due(session, self._line, now=self._clock(), only=only))

    def run(self, only: int | None = None) -> bool:
        """Hand over everything due now, of dispatch *only* if given; return when there is no more, and if there was.

        It does so over its share of the route's connections, and again whenever another share is due.
        """
        begun, again = False, True
        try:
            while again and not self._stopping.is_set() and self.has_work(only):
                begun, lines = True, self._share.take()
                if not lines:
                    self._wait(self._stopping, NEXT_TRY)  # others have all the connections
                    again = lines is not None
                    continue
                again = self._hand_over(lines, only)
        finally:
            if begun:
                self._share.leave()
        return begun

    def _hand_over(self, connections: int, only: int | None) -> bool:
        """Hand over through so many *connections*; return True when it ended since another number of them is due."""
        outlet = self._outlet(connections)
        scribe = Scribe(
            self._database, self._line, self._compiled, outlet, rules=self._rules, clock=self._clock, pace=self._pace,
            breaker=self._breaker, tallies=self._tallies, recorded=self._recorded, lines=connections, only=only,
        )  # fmt: skip
        shared_anew = False
        try:
            while not self._stopping.is_set() and not shared_anew and not outlet.lost and scribe.turn():
                shared_anew = self._share.changed()
        finally:
            self._agents = 0 if outlet.lost else self._agents
            outlet.close()
            if self._stopping.is_set():
                scribe.patience = HURRY
            try:
                _drain(outlet, scribe)
            finally:
                try:
                    scribe.leave()
                finally:
                    stuck = outlet.leave(GOODBYE)
                    if stuck:
                        self._share.leave(stuck=stuck)
        return shared_anew

    def _outlet(self, connections: int) -> Outlet:
        """Return lanes in threads, or in processes where there is enough to do to make up for starting them."""
        line = self._line
        if self._agents:
            with self._database.read() as session:
                if claims.many_due(session, route=line.name, now=self._clock(), many=agents.WORTHWHILE):
                    return Agents(line.transport, connections, self._agents, clock=self._clock)
        return Lanes(line.transport, connections, clock=self._clock, wait=self._wait)


def _drain(outlet: Outlet, scribe: Scribe) -> None:
    """Let open transactions end, but not for as long as a silent server may take (RFC 5321 allows ten minutes)."""
    until = time.monotonic() + DRAIN
    while outlet.under_way:
        scribe.settle_up()
        if time.monotonic() > until:
            outlet.give_up()
