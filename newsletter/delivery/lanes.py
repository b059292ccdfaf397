"""Lanes: threads that each keep one line to the mail server and hand over one message after the other."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from queue import Empty, SimpleQueue

from newsletter.delivery import maillog
from newsletter.delivery.trays import Done, Prepared, Trays
from newsletter.delivery.verdicts import asks_to_slow_down
from newsletter.kit.clock import Clock
from newsletter.kit.errors import DeskError
from newsletter.mail.envelope import (
    Connection,
    Deferred,
    Envelope,
    InDoubt,
    Outcome,
    Refused,
    Transport,
    TransportUnavailable,
)

FIRST_WAIT = 1.0
LONGEST_WAIT = 60.0
"""Seconds before a line is tried again; doubled with each failure."""
LOOK = 0.1
"""Seconds between two looks whether a stop has come, while a message waits for another line."""

Wait = Callable[[threading.Event, float], object]
"""Waits for the event, at most that many seconds; tests hand in one that turns the clock instead."""


@dataclass(frozen=True, slots=True)
class Letter:
    """A marked delivery with its message made."""

    prepared: Prepared
    envelope: Envelope


class Lane(threading.Thread):
    """One line after another to one server, until the trays are closed."""

    def __init__(self, trays: Trays, transport: Transport, *, clock: Clock, wait: Wait, name: str) -> None:
        super().__init__(name=name, daemon=True)
        self._trays = trays
        self._transport = transport
        self._clock = clock
        self._wait = wait
        self._failures = 0
        self._connection: Connection | None = None
        self._knocking: threading.Thread | None = None

    @property
    def stands(self) -> bool:
        """Whether it has a line, or knocks at a server that does not answer."""
        return self.is_alive() or (self._knocking is not None and self._knocking.is_alive())

    def run(self) -> None:
        """Keep a line open while there is work."""
        while not self._trays.closing.is_set():
            connection = self._open()
            if connection is None:
                continue
            self._trays.lane_opened()
            try:
                self._use(connection)
            finally:
                self._trays.lane_closed()
                connection.close()
            self._rest()

    def give_up(self) -> None:
        """Break the line, from another thread: whatever is on it ends with what is known, in doubt after its dot."""
        connection = self._connection
        if connection is not None:
            connection.abort()

    def _open(self) -> Connection | None:
        trouble = self._trays.trouble
        if trouble is not None and trouble.said is not None:
            self._trays.closing.wait()  # one of us was asked to come less often
            return None
        try:
            return self._transport.connect()
        except TransportUnavailable as error:
            self._failed(str(error), permanent=error.permanent, said=error.said)
        except Exception as error:  # a dead lane would leave the sending hanging
            self._failed(f"{type(error).__name__} while connecting", permanent=False)
        self._rest()
        return None

    def _use(self, connection: Connection) -> None:
        """Hand over messages until the line is used up or the work is."""
        carried = 0
        letter = self._next_letter()
        while letter is not None:
            following = self._next_letter(wait=False)
            outcome = self._attempt(connection, letter.envelope, following.envelope if following else None)
            if carried and _may_try_another_line(outcome) and not self._trays.closing.is_set():
                # Servers close after some number of messages: no message of ours should wait five minutes for that.
                outcome = self._once_more(letter.envelope, outcome)
            if isinstance(outcome, Deferred) and _may_try_another_line(outcome) and not carried:
                self._failed(outcome.reply, permanent=False)
            else:
                self._failures = 0
                self._trays.trouble_over()
            carried += 1
            self._trays.put(Done(letter.prepared.promise, outcome, self._clock()))
            if not connection.usable:
                if following is not None:
                    self._trays.put_back(following.prepared)
                return
            letter = following or self._next_letter()

    def _next_letter(self, *, wait: bool = True) -> Letter | None:
        """Take the next delivery and make its message; a message that cannot be made concerns its reader alone."""
        while (prepared := self._trays.take() if wait else self._trays.take_at_once()) is not None:
            refused: Refused
            try:
                return Letter(prepared, prepared.fill(prepared.promise, self._clock()))
            except (DeskError, ValueError, OverflowError) as error:
                maillog.unreadable(prepared.promise.id, error)
                refused = Refused(553, f"not sent: {error}", "5.6.7")
            except Exception as error:  # a fault of ours must stop the sending, not lose a delivery
                maillog.unreadable(prepared.promise.id, error)
                refused = Refused(554, f"not sent: {type(error).__name__} while making the message", "5.6.0")
            self._trays.put(Done(prepared.promise, refused, self._clock()))
        return None

    def _once_more(self, envelope: Envelope, outcome: Outcome) -> Outcome:
        """Try the same message on a fresh line; the earlier outcome stands if there is none."""
        connection = self._another()
        if connection is None:
            return outcome
        try:
            return self._attempt(connection, envelope)
        finally:
            connection.close()

    def _another(self) -> Connection | None:
        """Open a line while a message waits for it; None if there is none, or when the trays are closed meanwhile."""
        answers: SimpleQueue[Connection | Exception] = SimpleQueue()
        given_up = threading.Event()

        def knock() -> None:
            try:
                answers.put(self._transport.connect())
            except Exception as error:  # whatever it is, the first outcome was sound
                answers.put(error)
            if given_up.is_set():
                _close_any(answers)

        self._knocking = threading.Thread(target=knock, name=f"{self.name}-knocking", daemon=True)
        self._knocking.start()
        while not self._trays.closing.is_set():
            try:
                answer = answers.get(timeout=LOOK)
            except Empty:
                continue
            if not isinstance(answer, Exception):
                return answer
            if isinstance(answer, TransportUnavailable) and answer.said is not None:
                self._failed(str(answer), permanent=False, said=answer.said)
            return None
        given_up.set()  # a silent server may take minutes, and a stop must not
        _close_any(answers)
        return None

    def _attempt(self, connection: Connection, envelope: Envelope, then: Envelope | None = None) -> Outcome:
        """Hand *envelope* over; *then* is what the line carries next."""
        self._connection = connection
        try:
            return connection.send(envelope, then=then)
        except Exception as error:  # no transport should raise; if one does, nobody knows how far it was
            return InDoubt(f"the transport failed: {type(error).__name__}")
        finally:
            self._connection = None

    def _failed(self, message: str, *, permanent: bool, said: Deferred | None = None) -> None:
        self._failures += 1
        too_fast = said if said is not None and asks_to_slow_down(said) else None
        self._trays.in_trouble(message, now=self._clock(), permanent=permanent, said=too_fast)

    def _rest(self) -> None:
        """Wait after failures, longer each time, so that a server that is down is not hammered."""
        if self._failures:
            trouble = self._trays.trouble
            wait = min(LONGEST_WAIT, FIRST_WAIT * 2 ** min(self._failures - 1, 10))
            if trouble is not None:
                wait = LONGEST_WAIT if trouble.permanent else wait  # a wrong password tried again locks the account
                maillog.unreachable(trouble.message, wait)
            self._wait(self._trays.closing, wait)


class Lanes(Trays):
    """The trays together with the lanes that serve them, in threads of this process; an ``Outlet``."""

    lost = False

    def __init__(self, transport: Transport, number: int, *, clock: Clock, wait: Wait) -> None:
        super().__init__()
        self._lanes = [Lane(self, transport, clock=clock, wait=wait, name=f"lane-{place}") for place in range(number)]
        for lane in self._lanes:
            lane.start()

    def give_up(self) -> None:
        """Break every line, and those that were opened meanwhile when this is called again."""
        for lane in self._lanes:
            lane.give_up()

    def leave(self, patience: float) -> int:
        """Wait for every lane's QUIT; return how many are still knocking at a silent server, left to themselves."""
        until = time.monotonic() + patience
        for lane in self._lanes:
            lane.join(max(0.0, until - time.monotonic()))
        return sum(1 for lane in self._lanes if lane.stands)


def _close_any(answers: SimpleQueue[Connection | Exception]) -> None:
    """Close the line that nobody waits for any more, if there is one."""
    with suppress(Empty):
        answer = answers.get_nowait()
        if not isinstance(answer, Exception):
            answer.close()


def _line_failed(outcome: Outcome) -> bool:
    """Tell whether the line broke or was shut before the message was handed over."""
    return isinstance(outcome, Deferred) and (outcome.lost or outcome.code == 421)


def _may_try_another_line(outcome: Outcome) -> bool:
    """Tell whether only the line failed: not where the server ended it to have us slow down (4.7.x)."""
    return isinstance(outcome, Deferred) and _line_failed(outcome) and not asks_to_slow_down(outcome)
