"""Reports at the desk: what became of a sending, on a page, as CSV, JSON and PDF."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import JSONResponse, StreamingResponse
from sqlalchemy import select
from sqlalchemy.orm import Session

from newsletter.delivery import bounces, report
from newsletter.delivery.full_report import full_report
from newsletter.delivery.models import Dispatch
from newsletter.delivery.states import FINAL_DISPATCH, DispatchKind
from newsletter.kit.database import Database
from newsletter.kit.spreadsheet import MARK
from newsletter.rendering.charts import curve
from newsletter.rendering.report_sheet import report_pdf
from newsletter.team.roles import Permission
from newsletter.web.auth import IssueDep, VisitorDep, issue_numbered, needs, publication_called
from newsletter.web.desk.following import dispatch_of
from newsletter.web.desk.issue_page import AtIssueDep
from newsletter.web.desk.page import words_of
from newsletter.web.desk.report_words import curve_table, sheet_of
from newsletter.web.desk.sending_words import KINDS, STATES
from newsletter.web.workplace import SessionDep, WorkplaceDep

router = APIRouter()
NAMED = 100
"""Of those not reached, on the page; all of them are in the CSV."""
AS_FILE = {"Cache-Control": "private, no-store", "X-Content-Type-Options": "nosniff"}


@router.get("/p/{label}/i/{number}/report", dependencies=[needs(Permission.REPORT)])
def of_issue(
    here: AtIssueDep,
    all: Annotated[str, Query(max_length=8)] = "",  # noqa: A002  # its name in the address
) -> Response:
    """Lead to the issue's one sending; list them if there are several, or if *all* are asked for, tests too."""
    sendings = here.session.scalars(
        select(Dispatch)
        .where(Dispatch.issue_id == here.issue.id, Dispatch.kind.in_(KINDS))
        .order_by(Dispatch.id.desc())
    ).all()
    real = [one for one in sendings if one.kind is not DispatchKind.TEST]
    real = [one for one in real if one.started_at or one.state not in FINAL_DISPATCH] or real
    if len(real) == 1 and not all:
        page = "/report" if real[0].state in FINAL_DISPATCH else ""  # what is under way is followed first
        return here.back_to(f"{here.path}sendings/{real[0].id}{page}")
    return here.page(
        "desk/sendings.html", sendings=sendings,
        states=STATES, kinds=KINDS,
    )  # fmt: skip


@router.get("/p/{label}/i/{number}/sendings/{dispatch_id}/report", dependencies=[needs(Permission.REPORT)])
def on_page(
    here: AtIssueDep,
    dispatch_id: int,
) -> Response:
    """Show the report: facts, the curve with its table, and the tables."""
    dispatch = dispatch_of(here.session, here.issue, dispatch_id)
    _, zone = here.words, here.publication.profile.zone
    seen = full_report(here.session, dispatch_id, receivers=here.place.receivers, now=here.now)
    named = tuple(bounces.unreached(here.session, dispatch_id, limit=NAMED))
    sheet = sheet_of(seen, _, publication=here.publication.name, title=here.issue.title, number=here.issue.number,
                     zone=zone, unreached=named)  # fmt: skip
    return here.page(
        "desk/report.html", dispatch=dispatch, sheet=sheet,
        chart=curve(sheet.curve, title=sheet.curve_words) if sheet.curve else None,
        numbers=curve_table(seen, _, zone),
    )  # fmt: skip


@router.get("/p/{label}/i/{number}/sendings/{dispatch_id}/report.json", dependencies=[needs(Permission.REPORT)])
def as_json(session: SessionDep, issue: IssueDep, place: WorkplaceDep, dispatch_id: int) -> Response:
    """Answer with the figures as JSON; nobody's address is among them."""
    dispatch_of(session, issue, dispatch_id)
    seen = full_report(session, dispatch_id, receivers=place.receivers, now=place.clock())
    return JSONResponse(seen.to_json(), headers=_named(f"sending-{dispatch_id}.json"))


@router.get("/p/{label}/i/{number}/sendings/{dispatch_id}/report.pdf", dependencies=[needs(Permission.REPORT)])
def as_pdf(
    request: Request, visitor: VisitorDep, place: WorkplaceDep, label: str, number: int, dispatch_id: int
) -> Response:
    """Answer with the report as PDF, made with no session open; it names no reader."""
    _ = words_of(request, visitor)
    with place.database.read() as session:
        publication, issue = publication_called(session, label), issue_numbered(session, label, number)
        dispatch_of(session, issue, dispatch_id)
        seen = full_report(session, dispatch_id, receivers=place.receivers, now=place.clock())
        name, title, profile = publication.name, issue.title, publication.profile
    sheet = sheet_of(seen, _, publication=name, title=title, number=number, zone=profile.zone)
    data = report_pdf(sheet, profile.theme, made_at=seen.at)
    return Response(data, media_type="application/pdf", headers=_named(f"{label}-{number}-report.pdf"))


@router.get("/p/{label}/i/{number}/sendings/{dispatch_id}/readers.csv", dependencies=[needs(Permission.READERS)])
def readers_csv(session: SessionDep, issue: IssueDep, place: WorkplaceDep, dispatch_id: int) -> Response:
    """Answer with what became of each reader; it names addresses, so it is for those who may see readers."""
    dispatch_of(session, issue, dispatch_id)
    return _csv(place.database, lambda own: report.csv_lines(report.readers(own, dispatch_id)),
                f"sending-{dispatch_id}-readers.csv")  # fmt: skip


@router.get("/p/{label}/i/{number}/sendings/{dispatch_id}/unreached.csv", dependencies=[needs(Permission.REPORT)])
def unreached_csv(session: SessionDep, issue: IssueDep, place: WorkplaceDep, dispatch_id: int) -> Response:
    """Answer with the list of those not reached, and why."""
    dispatch_of(session, issue, dispatch_id)
    return _csv(place.database, lambda own: bounces.csv_lines(bounces.unreached(own, dispatch_id)),
                f"sending-{dispatch_id}-not-reached.csv")  # fmt: skip


def _csv(database: Database, lines: Callable[[Session], Iterator[str]], name: str) -> Response:
    """Stream lines of CSV, a few hundred at a time, from a session of their own that ends with them."""

    def parts() -> Iterator[str]:
        with database.read() as session:
            yield MARK
            yield from lines(session)

    return StreamingResponse(parts(), media_type="text/csv; charset=utf-8", headers=_named(name))


def _named(name: str) -> dict[str, str]:
    return {**AS_FILE, "Content-Disposition": f'attachment; filename="{name}"'}
