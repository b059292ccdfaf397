"""The forecast: when a sending will be finished, at the pace of its route."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

SECONDS_PER_MESSAGE = 0.25
"""What one transaction takes with a server on the internet; a relay in the house needs a tenth of it."""


@dataclass(frozen=True, slots=True)
class Forecast:
    """How long a number of messages takes."""

    messages: int
    per_second: float
    duration: timedelta
    done_at: datetime


def forecast(messages: int, *, pace: float | None, connections: int, now: datetime) -> Forecast:
    """Return when *messages* will be handed over, retries aside, at *pace* messages a second (None: no limit)."""
    wire = connections / SECONDS_PER_MESSAGE
    per_second = wire if pace is None else min(pace, wire)
    duration = timedelta(seconds=messages / per_second)
    return Forecast(messages, per_second, duration, now + duration)
