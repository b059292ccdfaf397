"""The list of a publication's readers as it goes out of the house."""

from __future__ import annotations

from datetime import datetime

from newsletter.kit.database import Database
from subscribers import reader_list, subscriptions, suppression
from subscribers.states import SuppressionReason
from tests.subscribers.readers import add_publication, add_reader


def addresses(database: Database, publication_id: int, *, everybody: bool = False) -> list[str]:
    """The first column."""
    with database.read() as session:
        return [row[0] for row in reader_list.rows(session, publication_id, everybody=everybody)]


def test_only_those_we_may_write_to_are_on_the_list(database: Database, now: datetime):
    """Who left, who is on the do-not-mail list and who reads something else is not."""
    notes, other = add_publication(database, "notes", now=now), add_publication(database, "other", now=now)
    gone = add_reader(database, "gone@example.org", notes, other, now=now)
    add_reader(database, "barred@example.org", notes, now=now)
    add_reader(database, "elsewhere@example.org", other, now=now)
    add_reader(database, "Ada@example.org", notes, now=now, name="Ada", language="de")
    with database.write() as session:
        subscriptions.unsubscribe(session, gone, notes, now=now, reason="page")
        suppression.suppress(session, "barred@example.org", reason=SuppressionReason.REQUEST, now=now)
    with database.read() as session:
        (row,) = reader_list.rows(session, notes)
    since = now.isoformat(timespec="seconds")
    assert row == ("Ada@example.org", "Ada", "de", "html", "active", "double_opt_in", since, "", "")
    assert len(row) == len(reader_list.HEADER)
    everybody = addresses(database, notes, everybody=True)
    assert everybody == ["gone@example.org", "barred@example.org", "Ada@example.org"]


def test_a_long_list_is_whole(database: Database, now: datetime, monkeypatch):
    """Nobody is lost or listed twice where one lot of rows ends and the next begins."""
    monkeypatch.setattr(reader_list, "ROWS_AT_ONCE", 3)
    notes = add_publication(database, "notes", now=now)
    people = [f"reader{number}@example.org" for number in range(7)]
    for person in people:
        add_reader(database, person, notes, now=now)
    assert addresses(database, notes) == people
