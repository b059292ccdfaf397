"""Statements compiled once find and change the same as SQLAlchemy's own way, on both engines."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, timezone

import pytest
from sqlalchemy import JSON, String, Table, bindparam, select, update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from newsletter.kit.database import Database, RowId, UtcDateTime
from newsletter.kit.statements import Among, Statement

NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)


class Base(DeclarativeBase):
    """Of a table that only these tests know."""


class Entry(Base):
    """One row of it."""

    __tablename__ = "entries"

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    actor: Mapped[str] = mapped_column(String(254))
    deed: Mapped[str] = mapped_column(String(64))
    details: Mapped[dict[str, str]] = mapped_column(JSON)


ENTRIES = Table(Entry.__tablename__, Entry.metadata)
E = ENTRIES.c
FIND = Statement(
    select(E.id, E.at, E.actor, E.details)
    .where(Among(E.id, "ids"), E.deed.in_(["send", "test"]), E.at <= bindparam("now", type_=E.at.type))
    .order_by(E.id)
)
TURN = Statement(
    update(ENTRIES)
    .where(E.id == bindparam("of_id"))
    .values(at=bindparam("moment", type_=E.at.type), actor=bindparam("who", type_=E.actor.type))
)
RETURN = Statement(update(ENTRIES).where(Among(E.id, "ids")).values(actor="all % of : them").returning(E.id, E.at))


@pytest.fixture
def ids(database: Database) -> list[int]:
    """Three entries, the last of another deed."""
    Base.metadata.create_all(database.engine)
    with database.write() as session:
        entries = [
            Entry(at=NOON, actor="ada", deed=deed, details={"name": "Jürgen 工业"})
            for deed in ("send", "test", "other")
        ]
        session.add_all(entries)
        session.flush()
        return sorted(entry.id for entry in entries)


def found(database: Database, given: Mapping[str, object]) -> list[tuple[object, ...]]:
    with database.read() as session:
        return FIND.rows(session, given)


@pytest.mark.parametrize("taken", [0, 1, 2, 3])
def test_any_number_of_ids_is_asked_for_with_the_same_text(database: Database, ids: list[int], taken: int):
    """What comes back has the types of its columns, and none is an empty answer."""
    details = {"name": "Jürgen 工业"}
    expected = [(one, NOON, "ada", details) for one in ids[:taken] if one != ids[2]]
    rows = found(database, {"ids": ids[:taken], "now": NOON.astimezone(timezone(timedelta(hours=2)))})
    assert rows == expected
    assert all(row[1].tzinfo is UTC for row in rows)  # type: ignore[attr-defined]


def test_a_time_is_compared_as_a_time(database: Database, ids: list[int]):
    """Prepared by the column's type, not as the driver likes."""
    assert found(database, {"ids": ids, "now": NOON - timedelta(microseconds=1)}) == []


def test_a_time_without_zone_is_refused(database: Database, ids: list[int]):
    """As everywhere else."""
    with pytest.raises(ValueError, match="without zone"):
        found(database, {"ids": ids, "now": datetime(2026, 3, 4, 12)})


def test_many_changes_are_counted_and_only_real_ones(database: Database, ids: list[int]):
    """A row that is not there changes nothing."""
    later = NOON + timedelta(days=1)
    changes = [{"of_id": one, "moment": later, "who": f"w{one}"} for one in (*ids[:2], ids[2] + 1000)]
    with database.write() as session:
        assert TURN.change(session, changes) == 2
    rows = found(database, {"ids": ids, "now": later})
    assert [row[1:3] for row in rows] == [(later, f"w{one}") for one in ids[:2]]


def test_an_update_returns_rows_and_keeps_signs_that_drivers_read(database: Database, ids: list[int]):
    """A per cent sign and a colon in a constant stay what they are."""
    with database.write() as session:
        assert sorted(RETURN.rows(session, {"ids": ids[:2]})) == [(one, NOON) for one in ids[:2]]
    assert [row[2] for row in found(database, {"ids": ids, "now": NOON})] == ["all % of : them"] * 2


def test_what_was_added_before_is_seen_and_goes_with_the_transaction(database: Database, ids: list[int]):
    """It runs on the session's own connection, after what the session has pending."""
    with pytest.raises(RuntimeError), database.write() as session:
        entry = session.get_one(Entry, ids[0])
        entry.deed = "other"
        assert [row[0] for row in FIND.rows(session, {"ids": ids, "now": NOON})] == [ids[1]]
        raise RuntimeError
    assert len(found(database, {"ids": ids, "now": NOON})) == 2


def test_errors_are_sqlalchemys(database: Database, ids: list[int]):
    """Whoever waits for a database that is away catches those."""
    with pytest.raises(DBAPIError), database.write() as session:
        TURN.change(session, [{"of_id": ids[0], "moment": NOON, "who": None}])
