"""Send windows: the hours of the week in which something may happen, in local time, across clock changes."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from newsletter.kit.errors import BadInput

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_FORM = re.compile(r"([a-z]{3})(?:[-–]([a-z]{3}))? (\d\d):(\d\d)[-–](\d\d):(\d\d)", re.IGNORECASE)
_AHEAD = 15
"""Days to look ahead; every window opens within a week, or within two where a clock change swallows it."""


@dataclass(frozen=True, slots=True)
class Window:
    """Some days of the week from one time of day to another."""

    days: frozenset[int]
    """0 is Monday."""
    opens: time
    closes: time
    """Midnight means the end of the day."""


@dataclass(frozen=True, slots=True)
class Opening:
    """One stretch of time in which a window stands open: from its first moment up to, not with, its last."""

    start: datetime
    end: datetime


def read_window(text: str) -> Window:
    """Read ``Mon-Fri 07:00-19:00`` or ``Sat 09:00-12:00``; raise ``BadInput``."""
    found = _FORM.fullmatch(text.strip())
    if found is None or found[1].lower() not in DAYS or (found[2] or found[1]).lower() not in DAYS:
        raise BadInput(f"{text!r} is no send window; write it like Mon-Fri 07:00-19:00.")
    first, last = DAYS.index(found[1].lower()), DAYS.index((found[2] or found[1]).lower())
    days = frozenset((first + step) % 7 for step in range((last - first) % 7 + 1))
    try:
        opens = time(int(found[3]), int(found[4]))
        closes = time(0) if (found[5], found[6]) == ("24", "00") else time(int(found[5]), int(found[6]))
    except ValueError as error:
        raise BadInput(f"{text!r} has no such time of day; write it like Mon-Fri 07:00-19:00.") from error
    if closes != time(0) and closes <= opens:
        raise BadInput(f"{text!r} closes before it opens; write two windows for one that goes past midnight.")
    return Window(days, opens, closes)


def next_opening(windows: Iterable[str], zone: ZoneInfo, *, after: datetime) -> Opening | None:
    """Return the stretch that is open at *after*, else the next one; None if there are no windows."""
    return next(_openings([read_window(text) for text in windows], zone, after=after), None)


def worked_off(duration: timedelta, windows: Sequence[str], zone: ZoneInfo, *, start: datetime) -> datetime:
    """Return when work of *duration* that begins at *start* is done, if it rests while no window is open."""
    if not windows:
        return start + duration
    left, at = duration, start
    while True:
        opening = next_opening(windows, zone, after=at)
        if opening is None:
            return at + left
        begin = max(at, opening.start)
        if begin + left <= opening.end:
            return begin + left
        left -= opening.end - begin
        at = opening.end


def _openings(windows: list[Window], zone: ZoneInfo, *, after: datetime) -> Iterator[Opening]:
    """Yield the openings that end after the moment *after*, earliest first."""
    today = after.astimezone(zone).date()
    found = [
        Opening(_moment(day, window.opens, zone), _moment(day, window.closes, zone, closing=True))
        for day in (today + timedelta(days=number) for number in range(-1, _AHEAD))
        for window in windows
        if day.weekday() in window.days
    ]
    yield from sorted((one for one in found if one.end > max(after, one.start)), key=lambda one: (one.start, one.end))


def _moment(day: date, at: time, zone: ZoneInfo, *, closing: bool = False) -> datetime:
    """Return a local time as a moment; in autumn the first of two to open and the second to close."""
    if closing and at == time(0):
        day += timedelta(days=1)
    return datetime.combine(day, at, zone).replace(fold=int(closing)).astimezone(UTC)
