"""Appetite: how many deliveries a scribe marks ahead of its lanes.

What is marked is beyond recall for an unsubscribe, so as many as keep the lanes busy: twice as far whenever one ran
out, half as far after a second in which none did.
"""

from __future__ import annotations

import time

from newsletter.delivery.trays import Outlet


class Appetite:
    """Used by one thread."""

    def __init__(self, *, lines: int, most_ahead: int) -> None:
        self._lines = lines
        self._most_ahead = most_ahead
        self._ahead = 1
        self._fed_at = time.monotonic()
        self._ever_open = False

    def room(self, trays: Outlet, *, marked: int) -> int:
        """Return how many more may be marked beside the *marked* ones that have no outcome."""
        lines = trays.open_lanes
        self._ever_open = self._ever_open or lines > 0
        if self._ever_open and trays.trouble is None:
            lines = self._lines  # one that is being opened anew counts
        starved = trays.starved()  # heard in any case, or nobody would wait for the next outcome any more
        if lines == 0:
            return 0
        now = time.monotonic()
        if starved and not trays.untouched:
            self._ahead, self._fed_at = min(self._most_ahead, self._ahead * 2), now
        elif trays.untouched and now - self._fed_at > 1.0:
            self._ahead, self._fed_at = max(1, self._ahead // 2), now
        return max(0, lines + self._ahead - marked)
