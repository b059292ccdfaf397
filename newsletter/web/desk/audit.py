"""The audit trail as a page and as a table to take away: who did what to which thing, when; nothing else."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Annotated
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import StreamingResponse

from newsletter import publications
from newsletter.kit.spreadsheet import MARK, line
from newsletter.team import people
from newsletter.team.roles import Permission
from newsletter.web.auth import VisitorDep, needs
from newsletter.web.desk.audit_trail import Wanted, entries, subjects, zone_of
from newsletter.web.desk.audit_words import DEEDS
from newsletter.web.desk.page import page
from newsletter.web.workplace import SessionDep, Workplace, WorkplaceDep

router = APIRouter(dependencies=[needs(Permission.ADMINISTER)])
PAGE_SIZE = 100
COLUMNS = ("at", "who", "deed", "subject", "details")
AT_ONCE = 1_000
"""Entries read from the database at a time."""


def _wanted(
    actor: Annotated[str, Query(max_length=254)] = "", publication: Annotated[str, Query(max_length=40)] = "",
    issue: Annotated[str, Query(max_length=10)] = "", first: Annotated[str, Query(max_length=10)] = "",
    last: Annotated[str, Query(max_length=10)] = "", before: Annotated[int, Query(ge=0, le=2**62)] = 0,
) -> Wanted:  # fmt: skip
    return Wanted(actor, publication, issue, first, last, before)


WantedDep = Annotated[Wanted, Depends(_wanted)]


@router.get("/audit")
def show(request: Request, visitor: VisitorDep, session: SessionDep, wanted: WantedDep) -> Response:
    """Show the newest hundred entries, of one person, newsletter, issue or time if so asked."""
    houses = publications.every(session)
    zone = zone_of(houses, wanted)
    found = list(session.scalars(entries(wanted, zone).limit(PAGE_SIZE + 1)))
    shown = found[:PAGE_SIZE]
    return page(
        request, visitor, "desk/audit.html", entries=shown, deeds=DEEDS, subjects=subjects(session, shown), zone=zone,
        wanted=wanted, older=shown[-1].id if len(found) > PAGE_SIZE else 0, people=people.every(session),
        publications=houses,
    )  # fmt: skip


@router.get("/audit.csv")
def take_away(place: WorkplaceDep, session: SessionDep, wanted: WantedDep) -> Response:
    """Answer with everything that is wanted as CSV, however much it is."""
    zone = zone_of(publications.every(session), wanted)
    headers = {"Content-Disposition": 'attachment; filename="audit-trail.csv"', "Cache-Control": "no-store"}
    return StreamingResponse(_lines(place, wanted, zone), media_type="text/csv; charset=utf-8", headers=headers)


def _lines(place: Workplace, wanted: Wanted, zone: ZoneInfo) -> Iterator[str]:
    """Yield the table in pieces, from a session of its own that ends with it."""
    yield MARK + line(COLUMNS)
    with place.database.read() as session:
        for entry in session.scalars(entries(wanted, zone).execution_options(yield_per=AT_ONCE)):
            at = entry.at.astimezone(zone).isoformat(timespec="seconds")
            details = json.dumps(entry.details, ensure_ascii=False) if entry.details else ""
            yield line([at, entry.actor, entry.deed, entry.subject, details])
