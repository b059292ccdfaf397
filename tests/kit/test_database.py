"""The two doors: readers never wait, writers stand in line, nothing half-done stays."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import DBAPIError, StatementError

from newsletter.kit.audit import AuditEntry, record
from newsletter.kit.database import Database, FairLock
from newsletter.kit.errors import SettingsError

NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)


def entry(at: datetime = NOON) -> AuditEntry:
    """One row to write."""
    return AuditEntry(at=at, actor="ada", deed="test", subject="test:1", details={"name": "Jürgen 工业"})


def test_a_write_is_committed_at_the_end_of_its_block(database: Database):
    """Another session sees it at once, with its zone."""
    with database.write() as session:
        session.add(entry(at=NOON.astimezone(timezone(timedelta(hours=2)))))
    with database.read() as session:
        found = session.scalars(select(AuditEntry)).one()
        assert found.at == NOON
        assert found.at.tzinfo is UTC
        assert found.details == {"name": "Jürgen 工业"}


def test_an_error_leaves_nothing_behind(database: Database):
    """Either all of a block is kept or nothing."""
    with pytest.raises(RuntimeError), database.write() as session:
        session.add(entry())
        session.flush()
        raise RuntimeError
    with database.read() as session:
        assert session.scalar(select(func.count()).select_from(AuditEntry)) == 0


def test_a_time_without_zone_is_refused(database: Database):
    """SQLite would drop the offset silently."""
    with pytest.raises(StatementError, match="without zone"), database.write() as session:
        session.add(entry(at=datetime(2026, 3, 4, 12)))


def test_the_reading_door_cannot_write_on_sqlite(sqlite_template: Path, tmp_path: Path):
    """A page that tries to change something fails loudly."""
    path = tmp_path / "copy.db"
    path.write_bytes(sqlite_template.read_bytes())
    database = Database(f"sqlite:///{path}")
    with pytest.raises(DBAPIError, match="readonly"), database.read() as session:
        session.add(entry())
        session.flush()
    database.dispose()


def test_reading_goes_on_while_somebody_writes(database: Database):
    """A page is served while a dispatch holds the writer's door, and shows the state before."""
    with database.write() as writing:
        record(writing, at=NOON, actor="ada", deed="test", subject="test:1")
        writing.flush()
        with database.read() as reading:
            assert reading.scalar(select(func.count()).select_from(AuditEntry)) == 0


def test_forty_writers_all_get_their_turn(database: Database):
    """None fails with a locked database, none is lost."""

    def write(number: int) -> None:
        with database.write() as session:
            record(session, at=NOON, actor=str(number), deed="test", subject="test:1")

    threads = [threading.Thread(target=write, args=(number,)) for number in range(40)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with database.read() as session:
        assert len(set(session.scalars(select(AuditEntry.actor)))) == 40


def test_the_lock_is_given_in_the_order_of_asking():
    """First come, first served: an unsubscribe does not starve behind a dispatch."""
    lock, order, waiting = FairLock(), [], []
    lock.acquire()
    for number in range(5):
        thread = threading.Thread(target=lambda number=number: (lock.acquire(), order.append(number), lock.release()))
        thread.start()
        waiting.append(thread)
        while len(lock._queue) <= number:
            threading.Event().wait(0.001)
    lock.release()
    for thread in waiting:
        thread.join()
    assert order == [0, 1, 2, 3, 4]


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///:memory:", "mysql://localhost/desk"])
def test_a_database_we_cannot_use_is_named(url: str):
    """The sentence names the setting."""
    with pytest.raises(SettingsError, match="NEWSLETTER_DATABASE_URL"):
        Database(url)
