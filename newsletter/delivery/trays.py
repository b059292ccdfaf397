"""The trays between the scribe and the lanes: marked deliveries go out on one, outcomes come back on the other."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple, Protocol

from newsletter.delivery.promise import Fill, Promise
from newsletter.mail.envelope import Deferred, Outcome


class Prepared(NamedTuple):
    """A promise with the maker of its message."""

    promise: Promise
    fill: Fill


class Done(NamedTuple):
    """What became of one attempt, and when."""

    promise: Promise
    outcome: Outcome
    at: datetime


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why no line can be had, and since when."""

    message: str
    since: datetime
    permanent: bool
    said: Deferred | None = None
    """With which words the server asks us to come less often, if it does; that stands even if a line is had again."""


class Outlet(Protocol):
    """What a scribe sees of those who hand over for it, be they threads or processes."""

    closing: threading.Event

    def offer(self, marked: list[Prepared]) -> None:
        """Put deliveries out to be handed over."""

    def collect(self, *, at_least: int, patience: float, hungry: bool) -> list[Done]:
        """Return the outcomes so far: once there are *at_least* many, or after *patience* seconds.

        With *hungry*, that is if there is something to feed them with, also as soon as a lane has to wait.
        """

    def withdraw(self, which: Callable[[Promise], bool] = ...) -> list[Promise]:
        """Take back everything that no lane has begun, or *which* of it."""

    def starved(self) -> bool:
        """Tell whether a lane had to wait for work since this was last asked."""

    @property
    def in_hand(self) -> int:
        """How many marked deliveries have no outcome yet that was collected."""

    @property
    def under_way(self) -> int:
        """How many are on a line at this moment."""

    @property
    def untouched(self) -> int:
        """How many no lane has begun."""

    @property
    def open_lanes(self) -> int:
        """How many lines stand."""

    @property
    def trouble(self) -> Trouble | None:
        """Why no line can be had, None while all is well."""

    @property
    def lost(self) -> bool:
        """Whether there is nobody left who could hand over."""

    def close(self) -> None:
        """Let nobody begin anything more."""

    def give_up(self) -> None:
        """Break every line: whatever is on it ends with what is known, in doubt after its dot."""

    def leave(self, patience: float) -> int:
        """Say goodbye to the server, within *patience* seconds; return how many lanes are still on a line.

        To be called after ``close``, when nothing is under way.
        """


class Trays:
    """Shared by one scribe and its lanes; every method is thread safe."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._changed = threading.Condition(self._lock)  # wakes the scribe
        self._fed = threading.Condition(self._lock)  # wakes the lanes
        self._wanted = 1
        self._out: deque[Prepared] = deque()
        self._back: list[Done] = []
        self._under_way = 0
        self._open_lanes = 0
        self._trouble: Trouble | None = None
        self._starved = False
        self.closing = threading.Event()

    # For the lanes

    def take(self) -> Prepared | None:
        """Wait for a marked delivery; None when there will be no more."""
        with self._changed:
            while not self._out:
                if self.closing.is_set():
                    return None
                self._starved = True
                self._changed.notify_all()
                self._fed.wait(1.0)
            if self.closing.is_set():
                return None
            self._under_way += 1
            return self._out.popleft()

    def take_at_once(self) -> Prepared | None:
        """Take a marked delivery if one lies ready: then every other lane has enough to do."""
        if not self._out:
            return None
        with self._lock:
            if not self._out or self.closing.is_set():
                return None
            self._under_way += 1
            return self._out.popleft()

    def put_back(self, prepared: Prepared) -> None:
        """Return what was taken and not begun; another lane has it next, or the scribe withdraws it."""
        with self._changed:
            self._under_way -= 1
            self._out.appendleft(prepared)
            self._fed.notify()

    def put(self, done: Done) -> None:
        """Hand an outcome to the scribe."""
        with self._changed:
            self._under_way -= 1
            self._back.append(done)
            if len(self._back) >= self._wanted or self.closing.is_set():  # one wake-up per group, not per message
                self._changed.notify_all()

    def lane_opened(self) -> None:
        """Say that a line stands."""
        with self._changed:
            self._open_lanes += 1
            self._changed.notify_all()

    def lane_closed(self) -> None:
        """Say that a line is gone."""
        with self._changed:
            self._open_lanes -= 1
            self._changed.notify_all()

    def in_trouble(self, message: str, *, now: datetime, permanent: bool, said: Deferred | None = None) -> None:
        """Say that the server cannot be reached or drops every line, or asks us to come less often."""
        with self._changed:
            if self._trouble is None:
                self._trouble = Trouble(message, now, permanent, said)
            elif self._trouble.said is None:
                self._trouble = Trouble(message, self._trouble.since, permanent, said)
            self._changed.notify_all()

    def trouble_over(self) -> None:
        """Say that the server has answered a transaction."""
        if self._trouble is not None:
            with self._changed:
                self._trouble = self._trouble if self._trouble is not None and self._trouble.said else None

    # For the scribe

    def offer(self, marked: list[Prepared]) -> None:
        """Put deliveries out for the lanes."""
        with self._changed:
            self._out.extend(marked)
            self._fed.notify(len(marked))

    def collect(self, *, at_least: int, patience: float, hungry: bool) -> list[Done]:
        """Return the outcomes so far, as an ``Outlet`` does."""
        deadline = time.monotonic() + patience
        with self._changed:
            self._wanted = at_least
            while len(self._back) < at_least and not (hungry and self._starved and not self._out):
                left = deadline - time.monotonic()
                if left <= 0 or (self.closing.is_set() and self._under_way == 0):
                    break
                self._changed.wait(left)
            done, self._back = self._back, []
            return done

    def withdraw(self, which: Callable[[Promise], bool] = lambda promise: True) -> list[Promise]:
        """Take back everything that no lane has begun, or *which* of it."""
        with self._changed:
            back = [one.promise for one in self._out if which(one.promise)]
            gone = {promise.id for promise in back}
            self._out = deque(one for one in self._out if one.promise.id not in gone)
            return back

    def starved(self) -> bool:
        """Tell whether a lane had to wait for work since this was last asked."""
        with self._changed:
            starved, self._starved = self._starved, False
            return starved

    @property
    def in_hand(self) -> int:
        """How many marked deliveries have no recorded outcome yet; those collected count no more."""
        with self._changed:
            return len(self._out) + self._under_way + len(self._back)

    @property
    def under_way(self) -> int:
        """How many are on a line at this moment."""
        return self._under_way

    @property
    def untouched(self) -> int:
        """How many no lane has begun."""
        return len(self._out)

    @property
    def open_lanes(self) -> int:
        """How many lines stand."""
        return self._open_lanes

    @property
    def trouble(self) -> Trouble | None:
        """Why no line can be had, None while all is well."""
        return self._trouble

    def close(self) -> None:
        """Let no lane begin anything more."""
        with self._changed:
            self.closing.set()
            self._changed.notify_all()
            self._fed.notify_all()
