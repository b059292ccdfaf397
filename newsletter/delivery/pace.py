"""Pace: a token bucket, so that no more messages a second leave than the route allows."""

from __future__ import annotations

import time
from collections.abc import Callable

BURST_SECONDS = 0.25
"""How much unused pace may be caught up on; short, since receivers count in short windows."""


class Pace:
    """Counts out *per_second* messages; None is without limit. Used by one thread."""

    def __init__(self, per_second: float | None, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._rate = per_second
        self._monotonic = monotonic
        self._tokens = 1.0
        self._counted_at = monotonic()

    def allowed(self, wanted: int) -> int:
        """Return how many of *wanted* messages may leave now."""
        if self._rate is None:
            return wanted
        now = self._monotonic()
        most = max(1.0, self._rate * BURST_SECONDS)
        self._tokens = min(most, self._tokens + (now - self._counted_at) * self._rate)
        self._counted_at = now
        return max(0, min(wanted, int(self._tokens)))

    def spend(self, messages: int) -> None:
        """Take the tokens of *messages* that are leaving."""
        if self._rate is not None:
            self._tokens -= messages

    def seconds_to_next(self) -> float:
        """Return how long until one more message may leave, 0 if it may now."""
        return 0.0 if self._rate is None or self._tokens >= 1 else (1 - self._tokens) / self._rate
