"""The audit trail at the desk: every deed has its words, found by person, newsletter and day, changed by nobody."""

from __future__ import annotations

import ast
import csv
import io
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import select, update
from sqlalchemy.exc import DBAPIError

from newsletter import publications
from newsletter.issues.comments import CommentKind
from newsletter.issues.reviews import ReviewKind
from newsletter.kit.audit import AuditEntry, record
from newsletter.kit.database import Database
from newsletter.publications import Profile
from newsletter.team.roles import Role
from newsletter.web.desk.audit_words import DEEDS
from tests.web.desk import client_as
from tests.web.people_at_the_desk import House

ROOT = Path(__file__).resolve().parents[2]
KINDS = {"comment.": CommentKind, "issue.review.": ReviewKind}
"""Deeds that are written as a kind after a point."""
BY_HAND = "dispatch."
"""``progress`` puts this before the deed that it is handed."""


@pytest.fixture
def house(database: Database) -> House:
    """A house with two newsletters."""
    house = House(database)
    with database.write() as session:
        for label in ("notes", "letters"):
            profile = Profile(name=label.title(), label=label, from_address=f"{label}@institute.example")
            publications.add(session, profile, now=house.clock(), by="tests")
    return house


def deeds_written() -> Iterator[str]:
    """Every deed that a call in the code names, by ``deed=`` or as a string of two words with a point."""
    files = [*(ROOT / "newsletter").rglob("*.py"), *(ROOT / "subscribers").rglob("*.py")]
    for call in (
        node for file in files for node in ast.walk(ast.parse(file.read_text())) if isinstance(node, ast.Call)
    ):
        name = getattr(call.func, "attr", getattr(call.func, "id", ""))
        given = [word.value for word in call.keywords if word.arg == "deed"]
        given += [one for one in call.args if re.search("record|audit", name) and isinstance(one, ast.Constant)]
        for one in given:
            match one:
                case ast.IfExp(body=ast.Constant(value=str(deed)), orelse=ast.Constant(value=str(other))):
                    yield from (deed, other)
                case ast.Constant(value=str(deed)):
                    yield deed if "." in deed else BY_HAND + deed
                case ast.JoinedStr(values=[ast.Constant(value=before), *_]):
                    yield from (before + kind.value for kind in KINDS.get(before, ()))
                    assert before in {*KINDS, BY_HAND}, f"no test knows which deeds begin with {before!r}"
                case ast.Name():
                    pass  # handed on


def test_every_deed_that_is_written_down_has_words():
    """And no words are kept for deeds that nobody does."""
    written = set(deeds_written())
    assert {"person.give_role", "dispatch.pause", "comment.correct", "issue.approve"} <= written
    assert written == set(DEEDS)


def test_the_audit_trail_is_filtered_and_turned_over(house: House):
    """By person, newsletter and issue; a hundred a page."""
    root = client_as(house.here, Role.ADMINISTRATOR)
    with house.database.write() as session:
        for number in range(150):
            record(
                session,
                at=house.clock(),
                actor="eve@desk.example",
                deed="issue.revise",
                subject="issue:77",
                revision=number,
            )
    first = root.get("/desk/audit").text
    assert first.count("revision:") == 100
    older = re.search(r'href="(/desk/audit\?[^"]*before=\d+[^"]*)"', first)
    assert older
    assert "revision: 0" in root.get(older.group(1).replace("&amp;", "&")).text
    eve = root.get("/desk/audit", params={"actor": "tests"}).text
    assert "revision:" not in eve
    notes = root.get("/desk/audit", params={"publication": "notes"}).text
    assert "added a newsletter" in notes
    assert ">Letters</a>" not in notes
    assert "added a newsletter" not in root.get("/desk/audit", params={"publication": "notes", "issue": "1"}).text
    odd = {"issue": "²", "publication": "notes", "actor": "' OR 1=1", "first": "0000-00-00", "last": "9999-12-31"}
    assert root.get("/desk/audit", params=odd).status_code == 200


def test_a_day_is_one_on_the_clocks_of_the_house(house: House):
    """Half past eleven in the evening UTC is the next day in Berlin; the table to take away has the same entries."""
    root = client_as(house.here, Role.ADMINISTRATOR)
    late = datetime(2026, 3, 4, 23, 30, tzinfo=UTC)
    with house.database.write() as session:
        record(session, at=late, actor="=eve@desk.example", deed="issue.approve", subject="issue:7", note='a; "b"')
        record(session, at=late.replace(hour=21), actor="eve", deed="issue.publish", subject="issue:8")
    fifth = {"first": "2026-03-05", "last": "2026-03-05"}
    page = root.get("/desk/audit", params=fifth).text
    assert "00:30" in page
    assert "Europe/Berlin" in page
    assert "signed off an issue" in page
    assert "an issue was published" not in page
    answer = root.get("/desk/audit.csv", params=fifth)
    assert 'attachment; filename="audit-trail.csv"' in answer.headers["content-disposition"]
    rows = list(csv.DictReader(io.StringIO(answer.text.lstrip("\ufeff"))))
    assert [(row["at"], row["who"], row["deed"]) for row in rows] == [
        ("2026-03-05T00:30:00+01:00", "'=eve@desk.example", "issue.approve")
    ]
    assert rows[0]["details"] == '{"note": "a; \\"b\\""}'
    whole = root.get("/desk/audit.csv").text
    assert whole.count("\r\n") > 4


def test_newsletters_on_different_clocks_are_shown_in_utc(house: House):
    """Unless one of them is asked for."""
    with house.database.write() as session:
        profile = Profile(name="Tokyo", label="tokyo", from_address="t@institute.example", time_zone="Asia/Tokyo")
        publications.add(session, profile, now=house.clock(), by="tests")
    root = client_as(house.here, Role.ADMINISTRATOR)
    assert "Times are those of UTC." in root.get("/desk/audit").text
    assert "Times are those of Asia/Tokyo." in root.get("/desk/audit", params={"publication": "tokyo"}).text


def test_nobody_edits_the_audit_trail(database: Database, now):
    """The database itself refuses, whoever asks."""
    with database.write() as session:
        record(session, at=now, actor="eve", deed="issue.approve", subject="issue:1")
    for statement in (update(AuditEntry).values(actor="bob"), AuditEntry.__table__.delete()):
        with pytest.raises(DBAPIError, match="audit"), database.write() as session:
            session.execute(statement)
    with database.read() as session:
        assert session.scalars(select(AuditEntry.actor)).all() == ["eve"]
