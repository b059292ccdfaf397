"""Imports at the desk: files of any make, columns by hand, a dry run that changes nothing, and a worker that is killed."""

from __future__ import annotations

import io
from collections.abc import Callable
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest
from openpyxl import Workbook
from sqlalchemy import select

from newsletter.kit.audit import AuditEntry
from newsletter.kit.database import Database
from newsletter.kit.errors import BadInput, Conflict
from subscribers import import_jobs, import_work, list_file, own_fields, roster, subscriptions, suppression, tagging
from subscribers.attributes import FieldKind
from subscribers.import_jobs import Settings
from subscribers.import_preview import preview
from subscribers.import_tables import ImportJob, ImportStage, PartKind
from subscribers.list_file import look_at
from subscribers.models import ConsentBasis, Subscriber, Subscription, SuppressionReason
from subscribers.noting import Noting
from tests.subscribers.readers import KEYRING, add_publication, add_reader, dump

GIVEN = {"basis": ConsentBasis.IMPORTED_WITH_EVIDENCE, "evidence": "the club's forms"}
MAPPING = {"0": "address", "1": "name", "2": "field:1", "3": "tags"}
LIST = "E-Mail;Name;Joined;Groups\n" + "".join(
    f"reader{number}@example.org;Reader {number};2026-01-{number + 1:02};Press, Board\n" for number in range(9)
)


def handed_in(database: Database, publication_id: int, data: bytes, *, now: datetime, name: str = "list.csv") -> int:
    """A file that somebody has uploaded."""
    with database.write() as session:
        own_fields.add(session, "Joined", FieldKind.DATE, by="tests", now=now)
        job = import_jobs.begin(session, publication_id, file_name=name, size=len(data), by="ada", now=now)
    import_jobs.keep(database, job.id, io.BytesIO(data))
    return job.id


def ordered(database: Database, job_id: int, *, now: datetime, **given: object) -> None:
    """Its columns named, and on its way."""
    with database.write() as session:
        said = Settings(**({"mapping": MAPPING, "has_header": True} | GIVEN | given))  # type: ignore[arg-type]
        import_jobs.order(session, session.get_one(ImportJob, job_id), said, by="ada", now=now)


def worked(database: Database, now: datetime, stopping: Callable[[], bool] = lambda: False, owner: str = "w") -> bool:
    """One round of a worker."""
    return import_work.work(database, owner=owner, clock=lambda: now, keyring=KEYRING, stopping=stopping)


def report(database: Database, job_id: int) -> str:
    """The report as it is downloaded."""
    return b"".join(import_jobs.pieces(database, job_id, PartKind.REPORT)).decode("utf-8-sig")


def test_a_list_comes_in_with_tags_and_fields(database: Database, now: datetime, monkeypatch):
    """In lots, through kills: another worker goes on where the first one stopped, and nobody is taken twice."""
    monkeypatch.setattr(roster, "CHUNK", 4)
    notes = add_publication(database, "notes", now=now)
    add_reader(database, "reader1@example.org", now=now)
    left = add_reader(database, "reader2@example.org", notes, now=now)
    with database.write() as session:
        subscriptions.unsubscribe(session, left, notes, now=now, reason="page")
        suppression.suppress(session, "reader3@example.org", reason=SuppressionReason.COMPLAINT, now=now)
    job_id = handed_in(database, notes, LIST.encode(), now=now)
    assert not worked(database, now)  # nobody has ordered it
    ordered(database, job_id, now=now, tags=("2026",))
    before = dump(database)
    with database.read() as session, import_jobs.unpacked(database, job_id, "list.csv") as path:
        columns = import_jobs.columns_of(session, MAPPING, has_header=True)
        seen = preview(session, look_at(path), columns, publication_id=notes, keyring=KEYRING, noting=Noting())
    assert (seen.rows, seen.new, seen.joining, seen.left, seen.barred, seen.bad) == (9, 6, 1, 1, 1, 0)
    assert dump(database) == before
    rounds = iter([True])
    assert worked(database, now, lambda: next(rounds, False))  # stopped after the first lot
    assert not worked(database, now, owner="other")  # its lease still runs
    later = now + timedelta(minutes=2)
    assert worked(database, later, owner="other")
    with database.read() as session:
        job = session.get_one(ImportJob, job_id)
        assert (job.stage, job.rows, job.failure) == (ImportStage.FINISHED, 9, "")
        assert import_jobs.progress_of(session, job) == {"done": 9, "taken": 7, "merged": 0, "refused": 2}
        addresses = select(Subscriber.address).join(Subscription).where(Subscription.state == "active")
        assert len(set(session.scalars(addresses))) == 7
        ada = session.scalars(select(Subscriber.id).where(Subscriber.address == "reader8@example.org")).one()
        assert [tag.name for tag in tagging.of_reader(session, ada)] == ["2026", "Board", "Press"]
        assert own_fields.shown_of(session, ada) == {"Joined": "2026-01-09"}
        assert own_fields.shown_of(session, left) == {}
        deeds = session.scalars(select(AuditEntry.deed)).all()
        assert deeds.count("readers.import") == 1
    said = report(database, job_id).splitlines()
    assert (len(said), len({line.split(",")[1] for line in said})) == (10, 10)
    assert "Unsubscribed on 2026-03-04; only the reader can come back." in said[3]
    assert b"".join(import_jobs.pieces(database, job_id, PartKind.FILE)) == b""
    with database.write() as session:
        import_jobs.retain(session, now=later + import_jobs.KEPT + timedelta(days=1))
    assert report(database, job_id) == ""


def test_a_workbook_is_a_list_too(database: Database, now: datetime):
    """Days and numbers come as a person would write them; what cannot be noted is left out and said."""
    notes = add_publication(database, "notes", now=now)
    book = Workbook()
    for row in (
        ("Mail", "Name", "Joined", "x"),
        ("ada@example.org", "Ada", datetime(2026, 1, 31), 7.0),
        ("bo@example.org", "=cmd()", "someday", None),
        (None, None, None, None),
        ("", "Cy", date(2026, 1, 1), True),
    ):
        book.active.append(row)  # type: ignore[union-attr]  # fmt: skip
    out = io.BytesIO()
    book.save(out)
    job_id = handed_in(database, notes, out.getvalue(), now=now, name="list.xlsx")
    ordered(database, job_id, now=now)
    assert worked(database, now)
    said = report(database, job_id).splitlines()
    assert said[1:3] == [
        "2,ada@example.org,taken,",
        "3,bo@example.org,taken,left out: Joined: 'someday' is no date; write 2026-12-31.",
    ]
    assert said[3].startswith("5,,refused,")
    with database.read() as session:
        ada = session.scalars(select(Subscriber.id).where(Subscriber.address == "ada@example.org")).one()
        assert own_fields.shown_of(session, ada) == {"Joined": "2026-01-31"}
        assert [tag.name for tag in tagging.of_reader(session, ada)] == ["7"]


@pytest.mark.parametrize("data", [b"PK\x03\x04 no workbook", b"%PDF-1.7", b"", b"a;b\n1;2\n"])
def test_what_is_no_list_fails_with_its_sentence(database: Database, now: datetime, data: bytes):
    """And nobody comes in."""
    job_id = handed_in(database, add_publication(database, "notes", now=now), data, now=now)
    ordered(database, job_id, now=now, mapping={"0": "address"})
    assert worked(database, now)
    with database.read() as session:
        job = session.get_one(ImportJob, job_id)
        assert (job.stage, bool(job.failure)) == (ImportStage.FAILED, True)
        assert session.scalar(select(Subscriber.id)) is None


def test_nothing_is_ordered_that_is_not_said(database: Database, now: datetime):
    """Where the proof is, which column holds the addresses; and only once."""
    notes = add_publication(database, "notes", now=now)
    job_id = handed_in(database, notes, LIST.encode(), now=now)
    for wrong in ({"evidence": "  "}, {"mapping": {"1": "name"}}, {"mapping": {"0": "address", "1": "address"}},
                  {"mapping": {"0": "address", "1": "shoes"}}, {"language": "klingon!"}, {"tags": ("x" * 61,)}):  # fmt: skip
        with pytest.raises(BadInput):
            ordered(database, job_id, now=now, **wrong)
    ordered(database, job_id, now=now)
    with pytest.raises(Conflict):
        ordered(database, job_id, now=now)
    with database.write() as session:
        import_jobs.cancel(session, session.get_one(ImportJob, job_id), now=now)
    assert not worked(database, now)
    assert b"".join(import_jobs.pieces(database, job_id, PartKind.FILE)) == b""


@pytest.mark.parametrize(
    ("encoding", "words"),
    [
        ("cp1252", "Jürgen Größe;Zürich\nBjörn Ångström;Malmö"), ("cp1251", "Иван Иванов;Москва\nОльга Петрова;Санкт-Петербург"),
        ("gb18030", "王小明;北京市朝阳区\n李雷;上海市浦东新区的读者"), ("utf-8", "Jürgen;Zürich"), ("utf-16", "Jürgen;Zürich"),
        ("cp1253", "Γιώργος Παπαδόπουλος;Θεσσαλονίκη\nΜαρία Νικολάου;Αθήνα"),
    ],
)  # fmt: skip
def test_the_encoding_is_found_out(tmp_path: Path, encoding: str, words: str):
    """By what the letters would say; Western European where nothing speaks for another."""
    path = tmp_path / "list.csv"
    path.write_bytes(f"name;town\n{words}\n".encode(encoding))
    rows = [";".join(row.cells) for row in look_at(path).rows()]
    assert "\n".join(rows[1:]) == words


@pytest.mark.parametrize("limit", ["MOST_UNPACKED", "MOST_BESIDE"])
def test_a_workbook_that_unpacks_to_too_much_is_refused(tmp_path: Path, monkeypatch, limit: str):
    """Its size is asked before a byte of it is unpacked."""
    from subscribers import workbook

    path = tmp_path / "list.xlsx"
    Workbook().save(path)
    monkeypatch.setattr(workbook, limit, 100)
    with pytest.raises(BadInput, match="unpacks to more"):
        list_file.look_at(path)
