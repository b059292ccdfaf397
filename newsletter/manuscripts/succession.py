"""Succession: the next issue's skeleton from the last one, its structure kept and its words gone."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from dataclasses import replace

from newsletter.manuscripts.document import (
    Article,
    BriefList,
    Document,
    Entry,
    Mailing,
    Note,
    Part,
    Period,
    Section,
    Source,
)

MONTH = range(26, 36)
"""Days between two issues of a monthly: it comes on the same weekday, or on the same day of the month."""


def emptied(last: Document, *, before: Sequence[datetime.date] = ()) -> Document:
    """Return the skeleton of the issue after *last*: sections, labels, people, contact, publisher and the titles of
    briefs and notes stay, articles keep their number and labels; texts, titles of articles and sources are empty.

    *before* are the dates of earlier issues, newest first; without any, the new issue has no date yet.
    """
    date = next_date((last.date, *before)) if last.date else None
    return replace(
        last,
        date=date,
        period=_next_period(last, date),
        mailing=Mailing(format=last.mailing.format),
        sections=tuple(
            Section(section.title, tuple(_emptied(entry) for entry in section.entries)) for section in last.sections
        ),
    )


def _emptied(entry: Entry) -> Entry:
    match entry:
        case Article():
            parts = tuple(Part((), part.label) for part in entry.parts if part.label) or (Part(()),)
            sources = tuple(
                Source("", label=source.label, bodies_label=source.bodies_label, date_label=source.date_label)
                for source in entry.sources[:1]
            )
            return Article("", parts, sources, entry.number)
        case BriefList():
            return BriefList(entry.title)
        case Note():
            return Note((), entry.title)


def next_date(dates: Sequence[datetime.date | None]) -> datetime.date | None:
    """Return when the next issue is due, judging by the last two *dates*, newest first; None if there is one alone.

    A monthly comes on the same day of the month if the last two did, else on the same weekday of the month's same
    week; any other rhythm goes on by its days.
    """
    known = [date for date in dates if date is not None]
    if len(known) < 2 or known[0] <= known[1]:
        return None
    last, before = known[0], known[1]
    days = (last - before).days
    if days in MONTH and last.day == before.day:
        year, month = _following(last)
        return datetime.date(year, month, min(last.day, _length(year, month)))
    if days in MONTH and last.weekday() == before.weekday():
        year, month = _following(last)
        first = datetime.date(year, month, 1)
        day = 1 + (last.weekday() - first.weekday()) % 7 + (last.day - 1) // 7 * 7
        return datetime.date(year, month, day if day <= _length(year, month) else day - 7)
    return last + datetime.timedelta(days=days)


def _following(date: datetime.date) -> tuple[int, int]:
    return (date.year + 1, 1) if date.month == 12 else (date.year, date.month + 1)


def _length(year: int, month: int) -> int:
    following = datetime.date(year + month // 12, month % 12 + 1, 1)
    return (following - datetime.timedelta(days=1)).day


def _next_period(last: Document, date: datetime.date | None) -> Period | None:
    """The period goes on where the last one ended, and ends as many days before the issue as that did."""
    if last.period is None or last.date is None or date is None:
        return None
    first = last.period.last + datetime.timedelta(days=1)
    end = date - (last.date - last.period.last)
    return Period(first, end) if end >= first else None
