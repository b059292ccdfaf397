"""A delivery agent: a process that keeps some lines to one server, and hands over what its scribe has marked.

``agents.py`` starts it with one socket, over which everything comes: the server, the compiled messages, the deliveries.
It has no database and writes nothing down. If its parent dies it dies at once, as a thread would.
"""

from __future__ import annotations

import logging
import os
import signal
import sys
import threading
import traceback
from collections.abc import Sequence
from multiprocessing.connection import Connection

from newsletter.delivery.agent_words import Close, Forget, GiveUp, HandOver, Learn, Report, Serve, Withdraw
from newsletter.delivery.lanes import Lanes
from newsletter.delivery.promise import Fill, Promise
from newsletter.delivery.trays import Done, Prepared
from newsletter.kit.clock import utc_now
from newsletter.mail.envelope import Accepted

GROUP = 8
"""Outcomes told at once, so that the scribe is not woken for each."""
GATHER = 0.02
"""Seconds that an outcome may wait for company."""
IDLE = 0.25
"""Seconds between two looks at the lanes while nothing is in hand."""
GOODBYE = 2.0
"""Seconds to wait for the lanes' QUIT."""


class Agent:
    """Listens to its scribe in one thread and reports from another, beside its lanes."""

    def __init__(self, scribe: Connection) -> None:
        self._scribe = scribe
        self._telling = threading.Lock()
        self._log = _Log()
        logging.getLogger().addHandler(self._log)
        self._fills: dict[int, Fill] = {}
        server: Serve = scribe.recv()
        self._lanes = Lanes(server.transport, server.lines, clock=utc_now, wait=threading.Event.wait)

    def work(self) -> None:
        """Report what becomes of what is handed over, until told to close."""
        threading.Thread(target=self._listen, name="listener", daemon=True).start()
        lanes, told = self._lanes, None
        while not lanes.closing.is_set() or lanes.in_hand:
            busy = lanes.in_hand
            done = lanes.collect(at_least=min(busy, GROUP) or 1, patience=GATHER if busy else IDLE, hungry=True)
            no_line = lanes.trouble is not None and not lanes.open_lanes  # another agent may have one
            back = lanes.withdraw() if no_line or lanes.closing.is_set() else []
            lanes.starved()  # heard: the scribe sees by the outcomes which lanes have nothing to do
            state = (lanes.open_lanes, lanes.trouble)
            if done or back or state != told:
                self._tell(done, back)
            told = state
        lanes.leave(GOODBYE)

    def _tell(self, done: Sequence[Done], back: Sequence[Promise], *, asked: bool = False) -> None:
        outcomes = [
            (one.promise.id, one.outcome.reply if isinstance(one.outcome, Accepted) else one.outcome, one.at)
            for one in done
        ]
        ids, lanes = [promise.id for promise in back], self._lanes
        with self._telling:
            self._scribe.send(Report(outcomes, ids, lanes.open_lanes, lanes.trouble, asked, self._log.taken()))

    def _listen(self) -> None:
        try:
            while True:
                self._heed(self._scribe.recv())
        except (EOFError, OSError):
            pass  # whoever could write down what becomes of a message is gone
        except Exception:  # a word that is not understood, as after an upgrade under our feet
            traceback.print_exc()
        os._exit(1)  # the scribe sees that, and would wait for ever for somebody who does not listen

    def _heed(self, word: object) -> None:
        match word:
            case HandOver(marked):
                self._lanes.offer([Prepared(Promise(*promise), self._fills[number]) for number, promise in marked])
            case Learn(number, fill):
                self._fills[number] = fill
            case Forget():
                self._fills.clear()
            case Withdraw():
                self._tell([], self._lanes.withdraw(), asked=True)
            case GiveUp():
                self._lanes.give_up()
            case Close():
                self._lanes.close()


class _Log(logging.Handler):
    """Keeps what is logged for the next report, since the scribe's process knows where logs go."""

    def __init__(self) -> None:
        super().__init__()
        self._lines: list[tuple[int, str]] = []

    def emit(self, record: logging.LogRecord) -> None:
        self._lines.append((record.levelno, record.getMessage()))

    def taken(self) -> list[tuple[int, str]]:
        lines, self._lines = self._lines, []
        return lines


def main() -> None:
    """Work for the scribe at the other end of the socket whose number is given."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)  # the scribe is told as well, and says when
    with Connection(int(sys.argv[1])) as scribe:
        Agent(scribe).work()


if __name__ == "__main__":
    main()
