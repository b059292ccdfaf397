"""Exports at the desk: the whole list or a segment, with chosen columns, streamed, and written into the audit trail."""

from __future__ import annotations

from collections.abc import Iterator
from typing import IO

from fastapi import APIRouter, Request, Response
from fastapi.responses import StreamingResponse
from sqlalchemy.orm import Session

from newsletter.delivery import narrowing
from newsletter.kit.audit import record
from newsletter.kit.errors import BadInput
from newsletter.publications import Publication
from newsletter.team.sessions import Visitor
from newsletter.web.auth import PublicationDep, VisitorDep, publication_called
from newsletter.web.desk.forms import filled
from newsletter.web.desk.page import PAGE_HEADERS, page, words_of
from newsletter.web.desk.readers.scope import Scope
from newsletter.web.desk.signing_in import FormDep
from newsletter.web.readers.forms import Form
from newsletter.web.workplace import SessionDep, TurnDep, Workplace, WorkplaceDep
from subscribers import export, own_fields, segment_list, segments
from subscribers.export import Choice
from subscribers.list_file import BLOCK

router = APIRouter(prefix="/export")
WORKBOOK = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@router.get("")
def show(request: Request, visitor: VisitorDep, publication: PublicationDep, session: SessionDep) -> Response:
    """Show what can be chosen."""
    return _page(request, visitor, session, publication)


@router.post("")
def hand_out(
    request: Request, visitor: VisitorDep, label: str, place: WorkplaceDep, form: FormDep, _turn: TurnDep
) -> Response:
    """Hand the list out; what goes out stands in the audit trail before its first byte does."""
    try:
        with place.database.write() as session:
            publication = publication_called(session, label)
            choice = _choice(session, place, publication, form)
            header = export.titles(session, choice)
            record(
                session, at=place.clock(), actor=visitor.address, deed="readers.export",
                subject=f"publication:{publication.id}", columns=list(choice.columns), segment=form.get("segment"),
                everybody=choice.everybody, form="xlsx" if form.get("form") == "xlsx" else "csv",
            )  # fmt: skip
        lines = export.rows(place.database, choice)
        if form.get("form") == "xlsx":
            file = export.workbook(header, lines)
            return _answer(_blocks(file), WORKBOOK, f"{label}-readers.xlsx")
        return _answer(export.csv(header, lines), "text/csv; charset=utf-8", f"{label}-readers.csv")
    except BadInput as error:
        with place.database.read() as session:
            return _page(request, visitor, session, publication_called(session, label), sentence=str(error))


def _choice(session: Session, place: Workplace, publication: Publication, form: Form) -> Choice:
    columns = export.checked(session, [value for name, value in form.fields if name == "column"])
    within = None
    if number := form.get("segment"):
        wanted = int(number) if number.isdecimal() and len(number) < 10 else 0
        segment = segment_list.get(session, publication.id, wanted)
        where = narrowing.place(session, publication.id, now=place.clock())
        within = segments.readers(session, where, segment_list.conditions_of(segment))
    return Choice(publication.id, columns, within, everybody=bool(form.get("everybody")) and within is None)


def _blocks(file: IO[bytes]) -> Iterator[bytes]:
    with file:
        while block := file.read(BLOCK):
            yield block


def _answer(body: object, media_type: str, name: str) -> Response:
    headers = {**PAGE_HEADERS, "Content-Disposition": f'attachment; filename="{name}"'}
    return StreamingResponse(body, media_type=media_type, headers=headers)  # type: ignore[arg-type]  # bytes of either


def _page(
    request: Request, visitor: Visitor, session: Session, publication: Publication, *, sentence: str = ""
) -> Response:
    _ = words_of(request, visitor)
    said = _(sentence)
    offered = [(name, _(word)) for name, word in export.PLAIN.items()]
    offered += [(f"field:{each.id}", each.name) for each in own_fields.every(session)]
    return page(
        request, visitor, "desk/readers/export.html", status=422 if sentence else 200, publication=publication,
        scope=Scope(publication), offered=offered, usual=export.USUAL,
        segments=segment_list.every(session, publication.id),
        form=filled(wrong={"": said} if said else None, summary=said),
    )  # fmt: skip
