"""News from outside the reporting period."""

from __future__ import annotations

import datetime
from collections.abc import Iterator

from newsletter.manuscripts.document import BriefList
from newsletter.manuscripts.places import path_of
from newsletter.manuscripts.proofing.links import sources_of
from newsletter.manuscripts.proofing.rule import Copy, Found, counted
from newsletter.manuscripts.remarks import Place


def outside_period(copy: Copy) -> Iterator[Found]:
    """Find briefs and sources dated before or after the reporting period."""
    period = copy.document.period
    if period is None:
        return
    places: list[Place] = []

    def judge(date: datetime.date | None, place: Place) -> None:
        if date is not None and not period.first <= date <= period.last:
            places.append(place)

    for section in copy.document.sections:
        for entry in section.entries:
            if isinstance(entry, BriefList):
                for brief in entry.briefs:
                    quote = brief.date_text or str(brief.date or "")
                    judge(brief.date, Place(brief.line, path_of(section.title, entry.title), quote))
    for source, path in sources_of(copy.document):
        judge(source.date, Place(source.line, path, str(source.date or "")))
    if places:
        places.sort(key=lambda place: place.line or 0)
        what = counted(len(places), "A date lies", "dates lie")
        yield Found(
            f"{what} outside the reporting period ({period.first} to {period.last}).",
            "Check the date, and whether the item belongs into this issue.",
            tuple(places),
        )
