"""Many readers at once: two imports side by side, and people whose subscription has ended in one way or another."""

from __future__ import annotations

import csv
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path

import pytest
from sqlalchemy import func, select

from newsletter.kit.database import Database
from subscribers import evidence, roster, subscriptions
from subscribers.models import ConsentBasis, ConsentEvent, Subscriber, Subscription
from tests.subscribers.readers import KEYRING, add_publication, add_reader


def bring_in(database: Database, file: Path, publication_id: int, now: datetime) -> roster.ImportCounts:
    """Import *file*, with a report beside it."""
    return roster.import_readers(
        database, file, publication_id=publication_id, basis=ConsentBasis.DOUBLE_OPT_IN, evidence="forms", by="tests",
        now=lambda: now, keyring=KEYRING, report=file.with_suffix(f".{id(database)}.report"),
    )  # fmt: skip


def test_the_same_file_twice_at_once_is_once(
    database: Database, database_url: str, now: datetime, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """Two people press the button: nobody is doubled, no import fails, both sums are right, every chain is sound."""
    monkeypatch.setattr(roster, "CHUNK", 40)
    weekly = add_publication(database, "weekly", now=now)
    daily = add_publication(database, "daily", now=now)
    for number in range(0, 600, 3):
        add_reader(database, f"r{number}@example.org", daily, now=now)
    file = tmp_path / "list.csv"
    file.write_text("email\n" + "".join(f"r{number}@example.org\n" for number in range(600)))
    doors = [Database(database_url) for _ in range(2)]
    with ThreadPoolExecutor(2) as pool:
        counts = list(pool.map(lambda door: bring_in(door, file, weekly, now), doors))
    for door in doors:
        door.dispose()
    for one in counts:
        assert one.total == one.taken + one.merged + one.refused == 600
    with database.read() as session:
        assert session.scalar(select(func.count(Subscriber.id))) == 600
        assert session.scalar(select(func.count()).where(Subscription.publication_id == weekly)) == 600
        assert session.scalar(select(func.count()).where(ConsentEvent.kind == "imported")) == 600
        assert all(evidence.verify_chain(session, reader) for reader in session.scalars(select(Subscriber.id)))


@pytest.mark.parametrize(
    ("end", "words"),
    [
        ("one_click", "Unsubscribed on 2026-03-04; only the reader"),
        ("complaint", "Marked as spam on 2026-03-04"),
        ("lapsed", "membership ended on 2026-03-04"),
        ("team", "by the team on 2026-03-04"),
    ],
)
def test_the_report_says_how_a_subscription_ended(
    database: Database, now: datetime, tmp_path: Path, end: str, words: str
):
    """Who lapsed did not unsubscribe, and must not be told so."""
    weekly = add_publication(database, "weekly", now=now)
    reader = add_reader(database, "ada@example.org", weekly, now=now)
    with database.write() as session:
        subscriptions.unsubscribe(session, reader, weekly, now=now, reason=end)
    file = tmp_path / "list.csv"
    file.write_text("email\nada@example.org\n")
    assert bring_in(database, file, weekly, now).refused == 1
    with file.with_suffix(f".{id(database)}.report").open(encoding="utf-8-sig", newline="") as report:
        assert words in list(csv.reader(report))[1][3]
