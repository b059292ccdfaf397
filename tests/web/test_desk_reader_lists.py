"""Lists of readers at the desk: brought in, handed out, and the list of those whom nobody writes to."""

from __future__ import annotations

import csv
import io
from datetime import datetime

import pytest
from openpyxl import load_workbook
from sqlalchemy import select

from newsletter.delivery.incoming import IncomingLists
from newsletter.kit.audit import AuditEntry
from newsletter.kit.database import Database
from newsletter.team.roles import Role
from newsletter.worker import Installation
from subscribers import import_work, own_fields, suppression, tagging
from subscribers.attributes import FieldKind
from subscribers.models import Suppression, SuppressionReason
from tests.subscribers.readers import add_publication, add_reader
from tests.web.desk import client_as, desk_installation

BASE = "/desk/p/notes/readers"
LIST = "E-Mail;Name;Ort\nada@example.org;Ada;Zürich\nbo@example.org;Bo;\nbarred@example.org;Cy;Wien\nno address;Di;\n"


@pytest.fixture
def here(database: Database, now: datetime) -> Installation:
    """A newsletter with one own field, and somebody who must not be written to."""
    made = desk_installation(database, now)
    add_publication(database, "notes", now=now)
    with database.write() as session:
        own_fields.add(session, "Ort", FieldKind.TEXT, by="tests", now=now)
        suppression.suppress(session, "barred@example.org", reason=SuppressionReason.REQUEST, now=now, details="a call")
    return made


def deeds(here: Installation) -> list[str]:
    """What was done, in order."""
    with here.database.read() as session:
        return list(
            session.scalars(select(AuditEntry.deed).where(AuditEntry.deed.startswith("reader")).order_by(AuditEntry.id))
        )


def test_a_list_is_handed_in_tried_out_and_brought_in(here: Installation):
    """In the encoding it was written in, with its columns guessed; the report says what became of each row."""
    editor = client_as(here, Role.EDITOR, "notes")
    assert editor.post(f"{BASE}/import", files={"file": ("x.pdf", b"%PDF-1.7")}).status_code == 422
    assert editor.post(f"{BASE}/import", data={"a": "b"}, files={"other": ("x", b"y")}).status_code == 422
    handed = editor.post(f"{BASE}/import", files={"file": ("C:\\lists\\List.csv", LIST.encode("cp1252"))})
    job = handed.headers["location"]
    page = editor.get(job).text
    assert ("Zürich" in page, "List.csv" in page, "lists\\" in page) == (True, True, False)
    assert ('<option value="field:1" selected>' in page, '<option value="cp1252" selected>' in page) == (True, True)
    form = {"header": "yes", "encoding": "cp1252", "column-0": "address", "column-1": "name", "column-2": "field:1",
            "basis": "imported_with_evidence", "everybody": "Club, 2026"}  # fmt: skip
    tried = editor.post(job, data=form | {"act": "try"}).text
    assert ("The file has 4 rows." in tried, "no address" in tried, "Nothing was changed." in tried) == (
        True,
        True,
        True,
    )
    assert "ZÃ¼rich" not in editor.post(job, data=form | {"act": "read", "encoding": "cp1251"}).text
    refused = editor.post(job, data=form | {"act": "order"})
    assert (refused.status_code, "proof of these people" in refused.text) == (422, True)
    assert editor.post(job, data=form | {"act": "order", "evidence": "paper forms"}).status_code == 303
    assert "Waits for its turn" in editor.get(job).text
    assert import_work.work(here.database, owner="w", clock=here.clock, keyring=here.settings.keyring)
    page = editor.get(job).text
    assert ("Finished" in page, "4 of 4 rows" in page, "hx-get" in page) == (True, True, False)
    report = editor.get(f"{job}/report")
    rows = list(csv.reader(io.StringIO(report.content.decode("utf-8-sig"))))
    assert [row[2] for row in rows] == ["result", "taken", "taken", "refused", "refused"]
    assert editor.post(job, data={"act": "cancel"}).status_code == 409
    assert client_as(here, Role.WRITER, "notes").get(f"{job}/report").status_code == 403
    assert deeds(here)[-2:] == ["readers.order_import", "readers.import"]


def test_a_list_goes_out_with_the_columns_that_were_chosen(here: Installation):
    """As CSV in which nothing runs as a formula, or as a workbook; each time it stands in the audit trail."""
    with here.database.write() as session:
        publication = 1
    evil = add_reader(here.database, "eve@example.org", publication, now=here.clock(), name="=HYPERLINK(1)")
    add_reader(here.database, "barred@example.org", publication, now=here.clock(), name="+Cy")
    with here.database.write() as session:
        tagging.put(session, tagging.ensure(session, "@all", now=here.clock()).id, [evil])
        own_fields.put(session, 1, [(evil, own_fields.read_value(own_fields.get(session, 1), "-2+3"))])
    editor = client_as(here, Role.EDITOR, "notes")
    assert editor.post(f"{BASE}/export", data={"column": "password"}).status_code == 422
    assert editor.post(f"{BASE}/export", data={"column": "address", "segment": "7"}).status_code == 404
    columns = ["name", "tags", "field:1", "state", "address"]
    answer = editor.post(f"{BASE}/export", data={"column": columns})
    rows = list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert rows == [
        ["name", "tags", "Ort", "state", "address"],
        ["'=HYPERLINK(1)", "'@all", "'-2+3", "active", "eve@example.org"],
    ]
    book = editor.post(f"{BASE}/export", data={"column": ["address", "name"], "form": "xlsx", "everybody": "yes"})
    sheet = load_workbook(io.BytesIO(book.content)).active
    assert sheet is not None
    assert [[cell.value for cell in row] for row in sheet.iter_rows()] == [
        ["address", "name"], ["eve@example.org", "=HYPERLINK(1)"], ["barred@example.org", "+Cy"],
    ]  # fmt: skip
    assert {cell.data_type for row in sheet.iter_rows() for cell in row} <= {"s", "inlineStr"}
    assert deeds(here)[-2:] == ["readers.export", "readers.export"]


@pytest.mark.parametrize("name", ["..", "名" * 120 + ".csv", "a/..\\.."])
def test_a_list_comes_in_whatever_its_name(here: Installation, name: str):
    """Also one that is no name on a disk, or longer than a disk takes."""
    handed = client_as(here, Role.EDITOR, "notes").post(f"{BASE}/import", files={"file": (name, LIST.encode())})
    assert handed.status_code == 303


def test_the_do_not_mail_list_is_seen_added_to_and_taken_over(here: Installation):
    """Of one newsletter only who has to do with it; nobody of the team takes anybody off."""
    editor = client_as(here, Role.EDITOR)
    path = "/desk/readers/do-not-mail"
    page = editor.get(path, params={"q": "BARR"}).text
    assert ("barred@example.org" in page, "a call" in page) == (True, True)
    assert "barred@example.org" not in editor.get(path, params={"q": "x"}).text
    assert "barred@example.org" not in client_as(here, Role.EDITOR, "notes").get(f"{BASE}/do-not-mail").text
    for wrong in ({"address": "ada@example.org"}, {"address": "no address", "reason": "x"}):
        assert editor.post(path, data=wrong).status_code == 422
    assert editor.post(path, data={"address": "Ada@example.org", "reason": "She rang"}).status_code == 303
    foreign = "id,mail\n1,<Bo@example.org>\n2,barred@example.org\n3,broken@\n"
    sent = {"file": ("list.csv", foreign.encode())}
    assert editor.post(f"{path}/import", files=sent).status_code == 422
    done = editor.post(f"{path}/import", files=sent, data={"source": "Old system"})
    assert "1 addresses are new on the list, 1 were on it; 1 entries" in editor.get(done.headers["location"]).text
    with here.database.read() as session:
        listed = session.execute(select(Suppression.address_key, Suppression.reason).order_by(Suppression.id)).all()
    assert [tuple(row) for row in listed] == [
        ("barred@example.org", "request"), ("ada@example.org", "request"), ("bo@example.org", "imported"),
    ]  # fmt: skip
    assert deeds(here)[-2:] == ["reader.suppress", "readers.suppress"]


def test_the_thread_of_incoming_lists_ends_when_it_is_told_to(here: Installation):
    """With nothing to do it waits, and stops at once."""
    lists = IncomingLists(here.database, clock=here.clock, keyring=here.settings.keyring)
    lists.start()
    lists.stop()
    assert not lists._thread.is_alive()
