"""A page may ask every second how a sending stands, however large it is, and is told the truth."""

from __future__ import annotations

from dataclasses import fields
from datetime import timedelta

import pytest
from sqlalchemy import event

from newsletter.delivery import progress, snapshot, tallies
from newsletter.delivery.models import Dispatch
from newsletter.delivery.receivers import Receivers
from newsletter.delivery.snapshot import Progress
from newsletter.delivery.states import DispatchState
from newsletter.kit.database import Database
from newsletter.mail.envelope import Accepted, Deferred, Envelope, InDoubt, Outcome, Refused
from tests.conftest import NINE_OCLOCK
from tests.delivery.outbox import TurnedClock, account, promised, runner
from tests.delivery.test_lost_database import LosesAnswers
from tests.doubles import ScriptedTransport


def seen(database: Database, dispatch: int, *, clock: TurnedClock | None = None) -> Progress:
    """The snapshot, which must say what the report counts one by one."""
    with database.read() as session:
        now = (clock or TurnedClock())()
        one = snapshot.snapshot(session, dispatch, now=now, receivers=Receivers({"big": ["a.example", "b.example"]}))
    books = account(database, dispatch)
    for name in ("accepted", "refused", "expired", "cancelled", "held", "in_hand", "deferred", "waiting", "uncertain"):
        assert getattr(one, name) == getattr(books, name), name
    assert (one.skipped, one.total) == (sum(books.skipped.values()), books.planned)
    return one


def by_domain(envelope: Envelope) -> Outcome:
    """Refuse, defer, doubt or accept, as the domain says."""
    domain = envelope.recipient.rpartition("@")[2]
    return {
        "full.example": Refused(552, "full", "5.2.2"),
        "grey.example": Deferred(451, "greylisted"),
        "doubt.example": InDoubt("the line broke"),
    }.get(domain, Accepted("250 ok"))


def test_it_says_what_the_report_says(database):
    """Before, while and after it is sent, whatever the servers answer; the last minute gives the rate."""
    domains = ("a.example", "b.example", "full.example", "grey.example", "doubt.example")
    dispatch = promised(database, *(f"r{number}@{domains[number % 5]}" for number in range(100)))
    clock = TurnedClock()
    hands = runner(database, ScriptedTransport(then=by_domain), clock, connections=2)
    assert seen(database, dispatch).planned == 0
    hands._prepare(None)
    assert seen(database, dispatch).waiting == 100
    hands.run_until_idle()
    clock.turn(seconds=10)
    one = seen(database, dispatch, clock=clock)
    assert (one.accepted, one.refused, one.deferred, one.uncertain) == (40, 20, 40, 20)
    assert one.per_second == pytest.approx(4.0)
    assert one.left == timedelta(0)
    table = {row.name: (row.planned, row.accepted, row.deferred, row.refused) for row in one.destinations}
    assert table["big"] == (40, 40, 0, 0)
    assert table["full.example"] == (20, 0, 0, 20)
    assert table["grey.example"] == (20, 0, 20, 0)
    clock.turn(minutes=2)
    assert seen(database, dispatch, clock=clock).per_second == 0
    with database.write() as session:
        progress.cancel(session, dispatch, by="eve", now=clock())
    assert seen(database, dispatch).cancelled == 40


def test_domains_beyond_the_largest_are_counted_together(database, monkeypatch):
    """A list with thousands of domains makes no long table, and the table still adds up."""
    monkeypatch.setattr(tallies, "LARGEST", 2)
    addresses = [f"r{number}@d{number}.example" for number in range(6)] + ["s@d1.example", "t@d2.example"]
    dispatch = promised(database, *addresses)
    runner(database, ScriptedTransport(then=by_domain)).run_until_idle()
    rows = {row.name: (row.planned, row.accepted) for row in seen(database, dispatch).destinations}
    assert rows == {"d1.example": (2, 2), "d2.example": (2, 2), "": (4, 4)}


def test_a_commit_whose_answer_is_lost_is_counted_once(database_url):
    """What is recorded again is written again, not added."""
    database = LosesAnswers(database_url)
    dispatch = promised(database, *(f"r{number}@a.example" for number in range(60)))
    hands = runner(database, ScriptedTransport(), connections=2, commit_group=4)
    hands._prepare(None)
    database.losing = True
    hands.run_until_idle()
    assert database.lost > 3
    one = seen(database, dispatch)
    assert (one.accepted, one.destinations[0].accepted) == (60, 60)
    database.dispose()


def test_what_another_worker_took_over_is_not_counted_by_the_first(database):
    """The fence decides who counts it."""
    dispatch = promised(database, "ada@a.example", "bob@a.example")
    hands = runner(database, ScriptedTransport())
    hands._prepare(None)

    def loses_it(envelope: Envelope) -> Outcome:
        with database.write() as session:
            session.execute(progress.DELIVERIES.update().where(progress.IS_IN_HAND).values(owner="another"))
        return Accepted("250 ok")

    late = runner(database, ScriptedTransport(loses_it), commit_group=1)
    late._dispatcher.run()
    assert seen(database, dispatch).accepted < 2


def test_a_sending_of_an_earlier_version_is_counted_one_by_one(database):
    """Nobody has tallied it; the numbers are right all the same."""
    dispatch = promised(database, "ada@a.example", "bob@full.example")
    hands = runner(database, ScriptedTransport(then=by_domain))
    hands._prepare(None)
    with database.write() as session:
        session.get_one(Dispatch, dispatch).options = {}
    hands.run_until_idle()
    one = seen(database, dispatch)
    assert (one.state, one.accepted, one.refused, one.destinations) == (DispatchState.FINISHED, 1, 1, ())


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_it_reads_small_indexes_only(database):
    """SQLite is asked for its plan: nothing goes through all deliveries of the sending."""
    dispatch = promised(database, *(f"r{number}@a.example" for number in range(20)))
    runner(database, ScriptedTransport()).run_until_idle()
    statements = []
    event.listen(database._reader, "before_cursor_execute", lambda *given: statements.append(given[2:4]))
    with database.read() as session:
        snapshot.snapshot(session, dispatch, now=NINE_OCLOCK)
        looked = [one for one in statements if "deliveries" in one[0]]
        assert len(looked) == 1
        rows = session.connection().exec_driver_sql("EXPLAIN QUERY PLAN " + looked[0][0], looked[0][1]).all()
    small = ("exceptions", "deferred", "uncertain", "in_hand")
    steps = [row[3] for row in rows if "SEARCH deliveries" in row[3] or "SCAN deliveries" in row[3]]
    assert len(steps) == 4
    assert all(any(f"ix_deliveries_{name}" in step for name in small) for step in steps), steps


def test_every_part_of_it_is_in_the_sum():
    """A new state that nobody adds would be lost on every page."""
    parts = {"accepted", "refused", "expired", "skipped", "cancelled", "deferred", "waiting", "in_hand", "held"}
    one = Progress(1, DispatchState.RUNNING, "", NINE_OCLOCK, 9, **dict.fromkeys(parts, 1))
    assert one.total == 9
    assert {field.name for field in fields(Progress)} >= parts
