"""Export: a newsletter's readers, all or a segment, with the columns somebody chose, as CSV or as a workbook."""

from __future__ import annotations

import tempfile
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import IO, Any
from xml.sax.saxutils import escape

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from newsletter.kit import spreadsheet
from newsletter.kit.catalogue import N_
from newsletter.kit.database import Database
from newsletter.kit.errors import BadInput
from subscribers import own_fields
from subscribers.attributes import FieldValue, Tag, TagMark
from subscribers.models import Subscriber, Subscription, SubscriptionState, Suppression

ROWS_AT_ONCE = 2_000
IDS_A_QUERY = 1_000
MOST_ROWS = 1_048_575
"""Rows of a worksheet, less its header; more is for CSV."""
PLAIN = {
    "address": N_("Address"),
    "name": N_("Name"),
    "language": N_("Language"),
    "format": N_("Format"),
    "state": N_("State"),
    "basis": N_("Ground"),
    "since": N_("Since"),
    "ended": N_("Ended"),
    "do not mail": N_("Do not mail"),
    "tags": N_("Tags"),
}
"""Columns there always are; own fields come as ``field:3``."""
USUAL = ("address", "name", "language", "format")


@dataclass(frozen=True, slots=True)
class Choice:
    """Who and what goes out."""

    publication_id: int
    columns: tuple[str, ...]
    within: Select[Any] | None = None
    """A query for the ids of a segment; None: the whole list."""
    everybody: bool = False
    """Also those who get nothing now."""


def checked(session: Session, columns: Sequence[str]) -> tuple[str, ...]:
    """Return *columns* without doubles; raise ``BadInput`` for none, or for one that there is not."""
    known = {*PLAIN, *(f"field:{field.id}" for field in own_fields.every(session))}
    chosen = tuple(dict.fromkeys(columns))
    if not chosen or not set(chosen) <= known:
        raise BadInput(N_("Choose at least one column that there is."))
    return chosen


def titles(session: Session, choice: Choice) -> tuple[str, ...]:
    """Return the header; its plain columns are those that an import reads."""
    names = {f"field:{field.id}": field.name for field in own_fields.every(session)}
    return tuple(names.get(column, column) for column in choice.columns)


def rows(database: Database, choice: Choice) -> Iterator[tuple[str, ...]]:
    """Yield the chosen cells of each reader, oldest first, with a short look at the database for each lot."""
    query = _query(choice)
    last = 0
    while True:
        with database.read() as session:
            found = session.execute(query.where(Subscription.subscriber_id > last)).all()
            if not found:
                return
            last = found[-1].id
            beside = _beside(session, choice, [row.id for row in found])
        for row in found:
            yield tuple(_cell(row, column, beside) for column in choice.columns)


def csv(header: Iterable[str], lines: Iterable[Iterable[str]]) -> Iterator[bytes]:
    """Yield the list as CSV in pieces; no cell is run as a formula."""
    yield (spreadsheet.MARK + spreadsheet.line(header)).encode()
    piece: list[str] = []
    for cells in lines:
        piece.append(spreadsheet.line(cells))
        if len(piece) == ROWS_AT_ONCE:
            yield "".join(piece).encode()
            piece.clear()
    yield "".join(piece).encode()


def workbook(header: Iterable[str], lines: Iterable[Iterable[str]]) -> IO[bytes]:
    """Return the list as a workbook in a temporary file, at its beginning; every cell is words, none a formula.

    Written row by row (ECMA-376 §18.3), so that memory stays flat; raises ``BadInput`` for more rows than a sheet has.
    """
    out = tempfile.TemporaryFile()  # noqa: SIM115  # whoever sends it closes it
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=3) as package:
        for name, text in _PARTS.items():
            package.writestr(name, text)
        with package.open("xl/worksheets/sheet1.xml", "w", force_zip64=True) as sheet:
            sheet.write(f'{_XML}<worksheet xmlns="{_MAIN}"><sheetData>'.encode())
            sheet.write(_row(header))
            for number, cells in enumerate(lines, start=1):
                if number > MOST_ROWS:
                    raise BadInput(N_("A worksheet holds a million readers at most; take CSV."))
                sheet.write(_row(cells))
            sheet.write(b"</sheetData></worksheet>")
    out.seek(0)
    return out


def _query(choice: Choice) -> Select[Any]:
    columns: list[Any] = [
        Subscription.subscriber_id.label("id"), Subscriber.address, Subscriber.name, Subscriber.language,
        Subscriber.format, Subscription.state, Subscription.basis, Subscription.started_at.label("since"),
        Subscription.ended_at.label("ended"), Suppression.reason.label("barred"),
    ]  # fmt: skip
    query: Select[Any] = (
        select(*columns)
        .join(Subscriber, Subscriber.id == Subscription.subscriber_id)
        .outerjoin(Suppression, Suppression.address_key == Subscriber.address_key)
        .where(Subscription.publication_id == choice.publication_id, Subscriber.domain != "")
        .order_by(Subscription.subscriber_id)
        .limit(ROWS_AT_ONCE)
    )  # fmt: skip
    if choice.within is not None:
        query = query.where(Subscription.subscriber_id.in_(choice.within))
    if not choice.everybody:
        query = query.where(Subscription.state == SubscriptionState.ACTIVE, Suppression.reason.is_(None))
    return query


def _beside(session: Session, choice: Choice, ids: Sequence[int]) -> dict[str, dict[int, str]]:
    """Return the tags and own fields of a lot of readers, as far as they were chosen."""
    found: dict[str, dict[int, str]] = {column: {} for column in choice.columns}
    fields = [int(column.removeprefix("field:")) for column in choice.columns if column.startswith("field:")]
    for start in range(0, len(ids), IDS_A_QUERY):
        some = ids[start : start + IDS_A_QUERY]
        if fields:
            values = select(FieldValue.field_id, FieldValue.subscriber_id, FieldValue.shown).where(
                FieldValue.field_id.in_(fields), FieldValue.subscriber_id.in_(some)
            )
            for field, reader, shown in session.execute(values):
                found[f"field:{field}"][reader] = shown
        if "tags" in found:
            marks = select(TagMark.subscriber_id, Tag.name).join(Tag, Tag.id == TagMark.tag_id)
            of_these = marks.where(TagMark.subscriber_id.in_(some)).order_by(Tag.name_key)
            for reader, name in session.execute(of_these):
                before = found["tags"].get(reader)
                found["tags"][reader] = f"{before}, {name}" if before else name
    return found


def _cell(row: Any, column: str, beside: dict[str, dict[int, str]]) -> str:
    if column == "tags" or column.startswith("field:"):
        return beside[column].get(row.id, "")
    value = getattr(row, "barred" if column == "do not mail" else column)
    if value is None:
        return ""
    if column in {"since", "ended"}:
        return str(value.isoformat(timespec="seconds"))
    return str(getattr(value, "value", value))


def _row(cells: Iterable[str]) -> bytes:
    texts = (f'<c t="inlineStr"><is><t xml:space="preserve">{_words(cell)}</t></is></c>' for cell in cells)
    return f"<row>{''.join(texts)}</row>".encode()


def _words(cell: str) -> str:
    """Return *cell* for XML 1.0, which has no place for control characters (§2.2)."""
    return escape("".join(letter for letter in cell if letter >= " " or letter in "\t\n\r")).replace("\ufffe", "")


_XML = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml"
_PARTS = {
    "[Content_Types].xml": (
        f'{_XML}<Types xmlns="{_PACKAGE}/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        f'<Override PartName="/xl/workbook.xml" ContentType="{_TYPE}.sheet.main+xml"/>'
        f'<Override PartName="/xl/worksheets/sheet1.xml" ContentType="{_TYPE}.worksheet+xml"/></Types>'
    ),
    "_rels/.rels": (
        f'{_XML}<Relationships xmlns="{_PACKAGE}/relationships">'
        f'<Relationship Id="rId1" Type="{_OFFICE}/officeDocument" Target="xl/workbook.xml"/></Relationships>'
    ),
    "xl/workbook.xml": (
        f'{_XML}<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}">'
        '<sheets><sheet name="Readers" sheetId="1" r:id="rId1"/></sheets></workbook>'
    ),
    "xl/_rels/workbook.xml.rels": (
        f'{_XML}<Relationships xmlns="{_PACKAGE}/relationships">'
        f'<Relationship Id="rId1" Type="{_OFFICE}/worksheet" Target="worksheets/sheet1.xml"/></Relationships>'
    ),
}
