"""Ends that people decide: mails in doubt that were held, and sendings cancelled while a million rows wait."""

from __future__ import annotations

import pytest
from sqlalchemy import event, select

from newsletter.delivery import claims, held, progress, steps
from newsletter.delivery.states import DispatchState
from newsletter.kit.audit import AuditEntry
from newsletter.kit.database import Database
from newsletter.kit.errors import Conflict, NotFound
from newsletter.mail.envelope import InDoubt
from tests.conftest import NINE_OCLOCK
from tests.delivery.outbox import ROUTE, TurnedClock, account, counted, promised, runner, states
from tests.doubles import ScriptedTransport

ADA, BOB, EVE = "ada@example.org", "bob@example.org", "eve@example.org"


def test_what_is_held_is_sent_again_or_let_be_as_a_person_says(database):
    """Under the same Message-ID, one by one or all, and the trail says who decided when."""
    dispatch = promised(database, ADA, BOB, EVE)
    transport = ScriptedTransport(InDoubt("gone"), InDoubt("gone"), InDoubt("gone"))
    desk = runner(database, transport, on_doubt="hold")
    desk.run_until_idle()
    with database.read() as session:
        assert [(one.address, one.reply) for one in held.held(session, dispatch)] == [
            (ADA, "gone"), (BOB, "gone"), (EVE, "gone"),
        ]  # fmt: skip
    with database.write() as session:
        assert held.send_again(session, dispatch, by="zoe", now=NINE_OCLOCK, addresses=["ADA@example.org"]) == 1
        assert held.let_be(session, dispatch, by="zoe", now=NINE_OCLOCK) == 2
    desk.run_until_idle()
    assert states(database, dispatch) == {ADA: "accepted", BOB: "cancelled", EVE: "cancelled"}
    assert transport.envelopes[-1].data == transport.envelopes[0].data
    ended = account(database, dispatch)
    assert (ended.uncertain, ended.state) == (3, DispatchState.FINISHED)
    with database.read() as session:
        trail = session.scalars(select(AuditEntry).where(AuditEntry.actor == "zoe").order_by(AuditEntry.id)).all()
    assert [(one.deed, len(one.details["deliveries"])) for one in trail] == [
        ("dispatch.send_again", 1), ("dispatch.let_be", 2),
    ]  # fmt: skip


def test_deciding_about_what_is_not_held_is_refused(database):
    """In a sentence, and without a trace in the trail."""
    dispatch = promised(database, ADA)
    runner(database, ScriptedTransport()).run_until_idle()
    for verb in (held.send_again, held.let_be):
        with pytest.raises(Conflict, match="nothing of it waits"), database.write() as session:
            verb(session, dispatch, by="zoe", now=NINE_OCLOCK)
        with pytest.raises(NotFound, match="No mail to ada"), database.write() as session:
            verb(session, dispatch, by="zoe", now=NINE_OCLOCK, addresses=[ADA])
        with pytest.raises(NotFound, match="no sending 99"), database.write() as session:
            verb(session, 99, by="zoe", now=NINE_OCLOCK)
    with database.read() as session:
        assert not session.scalars(select(AuditEntry.id).where(AuditEntry.actor == "zoe")).all()


def test_a_cancelled_sending_stops_at_once_and_its_rows_end_slice_by_slice(database, monkeypatch):
    """No transaction touches more than a slice; whoever works, or the command itself, does the rest."""
    monkeypatch.setattr(progress, "SLICE", 3)
    dispatch = promised(database, *(f"r{number}@example.org" for number in range(40)))
    runner(database, ScriptedTransport())._prepare(None)
    with database.write() as session:
        claims.claim(session, dispatch, owner="me", limit=4, now=NINE_OCLOCK)
    with database.write() as session:
        assert progress.cancel(session, dispatch, by="eve", now=NINE_OCLOCK) == 40
    assert counted(database, dispatch) == {"cancelled": 6, "planned": 33, "claimed": 1}
    with database.read() as session:
        assert claims.due(session, route=ROUTE, now=NINE_OCLOCK) == []
    steps.finish(database, clock=TurnedClock())
    assert counted(database, dispatch)["planned"] == 33 - steps.SLICES * 3
    steps.end_cancelled(database, clock=TurnedClock())
    assert counted(database, dispatch) == {"cancelled": 40}


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_cancellation_finds_its_rows_by_small_indexes(database: Database):
    """And so does the look for more, once a second: SQLite is asked for its plans."""
    dispatch = promised(database, ADA, BOB)
    runner(database, ScriptedTransport())._prepare(None)
    seen = []

    @event.listens_for(database.engine, "before_cursor_execute")
    def keep(_connection, _cursor, statement, parameters, *_rest):
        seen.append((statement, parameters))

    with database.write() as session:
        progress.cancel(session, dispatch, by="eve", now=NINE_OCLOCK)
    with database.write() as session:
        assert progress.end_some_of_cancelled(session, now=NINE_OCLOCK) == 0
        asked = [one for one in seen if "deliveries" in one[0]]
        assert len(asked) == 7
        for statement, parameters in asked:
            plan = session.connection().exec_driver_sql("EXPLAIN QUERY PLAN " + statement, parameters)
            looks = [row[3] for row in plan if "deliveries" in row[3] and "PRIMARY KEY (rowid=?)" not in row[3]]
            assert looks
            assert all("ix_deliveries_" in look for look in looks), looks
