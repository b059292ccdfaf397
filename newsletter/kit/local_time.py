"""Local time: moments and spans as people write them, in a publication's time zone, across its clock changes."""

from __future__ import annotations

import re
from datetime import MAXYEAR, MINYEAR, UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from newsletter.kit.errors import BadInput
from newsletter.kit.sentences import N_, Sentence

_NO_TIME = N_("%(text)s is no date and time; write 2026-03-29 09:00, or with an offset 2026-03-29 09:00+02:00.")
_NO_HOUR = N_("%(text)s has no time of day; write 2026-03-29 09:00, or with an offset 2026-03-29 09:00+02:00.")
_SPAN = re.compile(r"(\d{1,6}) ?(s|m|h|d)", re.IGNORECASE)
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
LONGEST_SPAN = timedelta(days=30)


def moment(text: str, zone: ZoneInfo) -> datetime:
    """Return what *text* means on the clocks of *zone*, as aware UTC; an offset in it says which clock is meant.

    Raises ``BadInput`` for a time that the clocks skip in spring, and for one they show twice in autumn.
    """
    try:
        given = datetime.fromisoformat(text.strip())
    except ValueError as error:
        raise BadInput(Sentence(_NO_TIME, text=repr(text))) from error
    if len(text.strip()) < len("2026-03-29 09:00"):
        raise BadInput(Sentence(_NO_HOUR, text=repr(text)))
    if not MINYEAR < given.year < MAXYEAR:  # on another clock it would be in no year at all
        raise BadInput(Sentence(_NO_TIME, text=repr(text)))
    if given.tzinfo is not None:
        return given.astimezone(UTC)
    first, second = given.replace(tzinfo=zone), given.replace(tzinfo=zone, fold=1)
    if first.utcoffset() == second.utcoffset():
        return first.astimezone(UTC)
    # PEP 495: the two readings differ only around a change; in a gap neither comes back as it went in.
    if first.astimezone(UTC).astimezone(zone).replace(tzinfo=None) != given:
        after = first.astimezone(UTC).astimezone(zone)
        before = second.astimezone(UTC).astimezone(zone)
        raise BadInput(Sentence(
            N_("There is no %(time)s on %(day)s in %(zone)s: the clocks are put forward then. "
               "Write %(before)s or %(after)s."),
            time=f"{given:%H:%M}", day=f"{given:%Y-%m-%d}", zone=zone.key, before=f"{before:%H:%M}",
            after=f"{after:%H:%M}",
        ))  # fmt: skip
    raise BadInput(Sentence(
        N_("There are two %(time)s on %(day)s in %(zone)s: the clocks are put back then. "
           "Write %(first)s for the first or %(second)s for the second."),
        time=f"{given:%H:%M}", day=f"{given:%Y-%m-%d}", zone=zone.key,
        first=f"{first:%Y-%m-%d %H:%M}{_offset(first)}", second=f"{second:%Y-%m-%d %H:%M}{_offset(second)}",
    ))  # fmt: skip


def span(text: str) -> timedelta:
    """Return ``90s``, ``10m``, ``2h`` or ``1d`` as a time span, ``0`` as none; raise ``BadInput``."""
    if text.strip() == "0":
        return timedelta(0)
    found = _SPAN.fullmatch(text.strip())
    if found is None:
        raise BadInput(f"{text!r} is no span of time; write 90s, 10m, 2h or 1d.")
    length = timedelta(**{_UNITS[found[2].lower()]: int(found[1])})
    if length > LONGEST_SPAN:
        raise BadInput(f"{text!r} is longer than {LONGEST_SPAN.days} days; schedule the sending for a date instead.")
    return length


def _offset(at: datetime) -> str:
    return at.isoformat()[-6:]
