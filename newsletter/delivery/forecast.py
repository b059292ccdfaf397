"""The forecast: when a sending will be finished, at the pace of its route."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

SECONDS_PER_MESSAGE = 0.25
"""What one transaction takes with a server on the internet; a relay in the house needs a tenth of it."""

DAY = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Forecast:
    """How long a number of messages takes."""

    messages: int
    per_second: float
    duration: timedelta
    done_at: datetime


def forecast(
    messages: int,
    *,
    pace: float | None,
    connections: int,
    now: datetime,
    daily_limit: Callable[[datetime], int | None] = lambda at: None,
    used: int = 0,
) -> Forecast:
    """Return when *messages* will be handed over, retries aside, at *pace* messages a second (None: no limit).

    What the *daily_limit* of a day leaves, on the first beside what is *used*, goes; the rest waits 24 hours.
    """
    wire = connections / SECONDS_PER_MESSAGE
    per_second = wire if pace is None else min(pace, wire)
    waited, rest = timedelta(0), messages
    while (limit := daily_limit(now + waited)) is not None and rest > (room := max(0, limit - used)):
        waited, rest, used = waited + DAY, rest - room, 0
    duration = waited + timedelta(seconds=rest / per_second)
    return Forecast(messages, per_second, duration, now + duration)
