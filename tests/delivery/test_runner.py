"""The local runner beside others: it waits for what they hold, and a long sending keeps nobody else waiting."""

from __future__ import annotations

import logging
import threading

import pytest
from sqlalchemy import text

from newsletter import notices
from newsletter.delivery import claims, steps
from newsletter.delivery.states import DispatchState
from newsletter.kit.database import Database
from newsletter.mail.envelope import Accepted, Envelope
from subscribers.models import Subscriber
from tests.conftest import NINE_OCLOCK
from tests.delivery.outbox import ROUTE, TurnedClock, account, promised, publication, readers, runner, started, until
from tests.doubles import ScriptedTransport

ADA, BOB = "ada@example.org", "bob@example.org"


def test_a_sending_that_another_process_finishes_is_waited_for(database: Database):
    """`issue send` beside `serve`: what serve has on its line is on its way, so the answer is not “waiting”."""
    dispatch, clock = promised(database, ADA, BOB), TurnedClock()
    taken, let_go = threading.Event(), threading.Event()

    def slowly(_: Envelope) -> Accepted:
        taken.set()
        assert let_go.wait(20)
        return Accepted("250 ok")

    serve = runner(database, ScriptedTransport(then=slowly), clock, connections=2)
    serve.start()
    try:
        assert taken.wait(20)
        send = runner(database, ScriptedTransport(), clock)
        threading.Timer(0.3, let_go.set).start()
        send.run_until_idle(dispatch)
        assert account(database, dispatch).accepted == 2
    finally:
        let_go.set()
        serve.stop()


def test_what_a_lost_worker_holds_is_waited_for_and_taken_over(database: Database):
    """Another machine's claim ends with its lease; whoever waits for the sending then sends it."""
    dispatch, clock = promised(database, ADA), TurnedClock()
    transport = ScriptedTransport()
    desk = runner(database, transport, clock)
    desk._prepare(dispatch)
    with database.write() as session:
        assert claims.claim(session, dispatch, owner="elsewhere:1:1:aa", limit=9, now=clock()).promises
    desk.run_until_idle(dispatch)
    assert transport.recipients == [ADA]


def test_a_confirmation_does_not_wait_for_the_end_of_an_issue(database: Database):
    """A notice and a new sending that are written down while an issue goes out go out with it."""
    dispatch = promised(database, *(f"r{number}@example.org" for number in range(1500)))
    other = publication(database, "other")
    readers(database, other, [ADA])
    halfway, go_on = threading.Event(), threading.Event()

    def hold(envelope: Envelope) -> Accepted:
        if len(transport.recipients) >= 100 and not {ADA, BOB} & set(transport.recipients):
            halfway.set()
            go_on.wait(0.02)
        return Accepted("250 ok")

    transport = ScriptedTransport(then=hold)
    desk = runner(database, transport)
    desk.start()
    try:
        assert halfway.wait(20)
        with database.write() as session:
            notices.write(
                session, publication_id=other, purpose="confirm", address=BOB, subject="Please confirm", text="…",
                now=NINE_OCLOCK,
            )  # fmt: skip
        second = started(database, other, "issue:2:v1", route=ROUTE)
        desk.wake()
        until(lambda: {ADA, BOB} <= set(transport.recipients))
        assert len(transport.recipients) < 1502
        go_on.set()
        until(lambda: account(database, dispatch).state is DispatchState.FINISHED)
        until(lambda: account(database, second).state is DispatchState.FINISHED)
    finally:
        desk.stop()


def test_a_postgresql_that_drops_its_lines_costs_no_mail_and_doubles_none(database: Database, database_url: str):
    """A restart of the server in the middle: what had come back is kept and recorded when it answers again."""
    if database.dialect == "sqlite":
        return  # it has no server to lose
    dispatch = promised(database, *(f"r{number}@example.org" for number in range(300)))
    elsewhere = Database(database_url)
    drop = "select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()"

    def look(_: Envelope) -> Accepted:
        if len(transport.recipients) % 80 == 0:
            with elsewhere.write() as session:
                session.execute(text(drop))
        return Accepted("250 ok")

    transport = ScriptedTransport(then=look)
    runner(database, transport, commit_group=16).run_until_idle()
    elsewhere.dispose()
    assert account(database, dispatch).accepted == 300
    assert len(transport.recipients) == len(set(transport.recipients)) == 300


def test_no_address_gets_into_the_log(database: Database, caplog: pytest.LogCaptureFixture, monkeypatch):
    """Not even when the database refuses a row and names it, as PostgreSQL does."""
    promised(database, ADA)

    def fail(*_: object, **__: object) -> int:
        with database.write() as session:
            session.add(Subscriber(address=ADA, address_key=ADA, created_at=NINE_OCLOCK))
        return 0

    monkeypatch.setattr(steps, "reap", fail)
    desk = runner(database, ScriptedTransport())
    with caplog.at_level(logging.INFO):
        desk.start()
        until(lambda: "step look_after failed" in caplog.text)
        desk.stop()
    assert "IntegrityError" in caplog.text
    assert "ada" not in caplog.text.replace("adapt", "")
