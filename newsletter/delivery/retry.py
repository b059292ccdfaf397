"""When to try again: the ladder of waits after a 4xx, and the day to give up."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

WAITS = tuple(timedelta(minutes=minutes) for minutes in (5, 15, 60, 240, 720))
"""After the first, second … failure; then the last again (STANDARDS §4). Greylisting is over after the first."""
GIVE_UP = timedelta(days=4)
"""From the first attempt; RFC 5321 §4.5.4.1 asks for four to five days."""
JITTER = 0.1
"""Share of a wait that is added by chance, so that thousands deferred together do not come back together."""


def next_attempt(
    *, failures: int, first_attempt_at: datetime, now: datetime, dice: Callable[[], float]
) -> datetime | None:
    """Return when to try again after *failures* (≥ 1) attempts; None means give up.

    *dice* returns a number from 0 to 1. The last attempt comes exactly four days after the first.
    """
    end = first_attempt_at + GIVE_UP
    if now >= end:
        return None
    wait = WAITS[min(failures, len(WAITS)) - 1]
    return min(now + wait * (1 + JITTER * dice()), end)
