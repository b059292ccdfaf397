"""The time: aware UTC everywhere, handed in by whoever builds things."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

Clock = Callable[[], datetime]


def utc_now() -> datetime:
    """Return the present moment as aware UTC."""
    return datetime.now(UTC)
