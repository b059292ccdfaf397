"""Dates as people write them, in English, German and Chinese, in a manuscript's first lines and its briefs."""

from __future__ import annotations

import datetime
import itertools
import re
from dataclasses import dataclass

from newsletter.manuscripts.document import Period

_NAMES = (
    ("january", "januar", "jänner", "jan"),
    ("february", "februar", "feber", "feb"),
    ("march", "märz", "mär", "mar", "mrz"),
    ("april", "apr"),
    ("may", "mai"),
    ("june", "juni", "jun"),
    ("july", "juli", "jul"),
    ("august", "aug"),
    ("september", "sept", "sep"),
    ("october", "oktober", "oct", "okt"),
    ("november", "nov"),
    ("december", "dezember", "dec", "dez"),
)
MONTHS = {name: number for number, names in enumerate(_NAMES, 1) for name in names}
_MONTH = "(?:" + "|".join(sorted(MONTHS, key=len, reverse=True)) + r")\b\.?"
MONTH_AFTER_DOT = re.compile(rf"^(\s*(?:[-*–•]\s+)?[*_(]{{0,3}}\d{{1,2}})\.(?=\s*{_MONTH})", re.IGNORECASE)
"""``4. Februar`` at a line's start, which Markdown would read as item 4 of a list."""

_SP = r"[\s\xa0]"
_DATE = re.compile(
    rf"""(?P<iso>(?P<iy>\d{{4}})-(?P<im>\d{{1,2}})-(?P<id>\d{{1,2}}))(?!\d)
    |(?P<cjk>(?:(?P<cy>\d{{4}}){_SP}*年{_SP}*)?(?P<cm>\d{{1,2}}){_SP}*月{_SP}*(?P<cd>\d{{1,2}}){_SP}*日)
    |(?P<dots>(?P<dd>\d{{1,2}})\.{_SP}?(?P<dm>\d{{1,2}})\.(?:{_SP}?(?P<dy>\d{{4}}))?)(?!\d)
    |(?P<mdy>\b(?P<mm>{_MONTH}){_SP}*(?P<md>\d{{1,2}})(?:st|nd|rd|th)?\b
        (?:{_SP}*,?{_SP}*(?P<my>\d{{4}})\b)?)
    |(?P<dmy>\b(?P<ed>\d{{1,2}})(?:st|nd|rd|th|\.)?{_SP}+(?:of{_SP}+)?(?P<em>{_MONTH})(?:{_SP}*,?{_SP}*(?P<ey>\d{{4}})\b)?)
    """,
    re.IGNORECASE | re.VERBOSE,
)
_RANGE = re.compile(r"[\s\xa0,]*(?:[-–—]|to|until|bis|through|and|至|到)[\s\xa0]*", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class FoundDate:
    """A date in a text: day, month, year where it is written, and where it stands."""

    day: int
    month: int
    year: int | None
    start: int
    end: int

    def full(self, year: int | None = None) -> datetime.date | None:
        """Return the date, in *year* where none is written; None if there is no such day."""
        chosen = self.year or year
        if chosen is None:
            return None
        try:
            return datetime.date(chosen, self.month, self.day)
        except ValueError:
            return None


def find_dates(text: str) -> list[FoundDate]:
    """Return the dates in *text*, in its order."""
    found = []
    for match in _DATE.finditer(text):
        groups = match.groupdict()
        year, month, day = next(
            (groups[y], groups[m], groups[d])
            for kind, y, m, d in (
                ("iso", "iy", "im", "id"), ("cjk", "cy", "cm", "cd"), ("dots", "dy", "dm", "dd"),
                ("mdy", "my", "mm", "md"), ("dmy", "ey", "em", "ed"),
            )
            if groups[kind]
        )  # fmt: skip
        number = int(month) if month.isdigit() else MONTHS[month.rstrip(".").lower()]
        if 1 <= number <= 12 and 1 <= int(day) <= 31:
            found.append(FoundDate(int(day), number, int(year) if year else None, match.start(), match.end()))
    return found


def find_period(text: str, issue_date: datetime.date | None) -> Period | None:
    """Return the reporting period that *text* names, as in ``January 31 - February 26``; None if it names none.

    A year left out is the issue's, or the one before where the day would lie after the issue.
    """
    dates = find_dates(text)
    for first, last in itertools.pairwise(dates):
        if not _RANGE.fullmatch(text[first.end : last.start]):
            continue
        end = last.full() or _not_after(last, issue_date)
        start = first.full() or (_not_after(first, end) if end else None)
        if start is not None and end is not None and start <= end:
            return Period(start, end)
    return None


def _not_after(found: FoundDate, limit: datetime.date | None) -> datetime.date | None:
    if limit is None:
        return None
    for year in (limit.year, limit.year - 1):
        date = found.full(year)
        if date is not None and date <= limit:
            return date
    return None


def dated(found: FoundDate, *, period: Period | None, issue_date: datetime.date | None) -> datetime.date | None:
    """Return the date *found*, its year from the reporting period or else the issue's date; None without both."""
    if found.year is not None:
        return found.full()
    if period is not None:
        for year in range(period.first.year, period.last.year + 1):
            date = found.full(year)
            if date is not None and period.first <= date <= period.last:
                return date
    limit = issue_date or (period.last if period else None)
    if limit is None:
        return None
    # A day shortly after the issue is a slip of the pen or an announcement; half a year ahead it was last year.
    candidates = [date for year in (limit.year, limit.year - 1, limit.year + 1) if (date := found.full(year))]
    return min(candidates, key=lambda date: abs((date - limit).days)) if candidates else None


def iso_date(text: str) -> datetime.date | None:
    """Return the one full date that *text* consists of; None if it is anything else."""
    found = find_dates(text)
    if len(found) == 1 and not text[: found[0].start].strip() and not text[found[0].end :].strip(" .\xa0"):
        return found[0].full()
    return None
