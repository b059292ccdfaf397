"""Planning: once, whoever asks, and again after a kill."""

from __future__ import annotations

import threading

import pytest
from sqlalchemy import func, select

from newsletter import notices
from newsletter.delivery import audience, planning, progress, steps
from newsletter.delivery.models import Delivery, Dispatch
from newsletter.delivery.states import DISPATCH_TRANSITIONS, DispatchState
from newsletter.kit.database import Database
from newsletter.kit.errors import BadInput, Conflict
from newsletter.notices import Notice
from subscribers.models import Suppression, SuppressionReason
from tests.conftest import NINE_OCLOCK
from tests.delivery.outbox import TurnedClock, account, order, promised, publication, readers, runner, started, states
from tests.doubles import ScriptedTransport

TEN = [f"r{number}@example.org" for number in range(10)]


def test_starting_twice_is_one_dispatch(database):
    """The key names the sending once and for all."""
    publication_id = publication(database)
    assert started(database, publication_id) == started(database, publication_id)


def test_starting_from_many_places_at_the_same_moment_is_one_dispatch(database, database_url):
    """Each with its own engine, as on machines of their own."""
    publication_id = publication(database)
    ready, found = threading.Barrier(4), []

    def start() -> None:
        own = Database(database_url)
        ready.wait()
        with own.write() as session:
            found.append(planning.start(session, order(publication_id), now=NINE_OCLOCK).id)
        own.dispose()

    threads = [threading.Thread(target=start) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 4
    assert len(set(found)) == 1


def test_planning_again_changes_nothing_that_stands(database):
    """Small batches, planned twice."""
    dispatch = promised(database, *TEN)
    with database.write() as session:
        planning.schedule_due(session, now=NINE_OCLOCK)
    assert planning.plan(database, dispatch, clock=TurnedClock(), batch=3) == 10
    assert planning.plan(database, dispatch, clock=TurnedClock(), batch=3) == 10
    assert account(database, dispatch).waiting == 10


def test_planning_goes_on_behind_the_last_batch_after_a_kill(database, monkeypatch):
    """The cursor is committed with its batch; a batch that was cut off leaves nothing behind."""
    dispatch = promised(database, *TEN)
    with database.write() as session:
        planning.schedule_due(session, now=NINE_OCLOCK)
    turns = iter([1, 2])
    original = planning._plan_readers

    def killed_in_the_third(*arguments, **named):
        written = original(*arguments, **named)
        if next(turns, None) is None:
            raise KeyboardInterrupt
        return written

    with monkeypatch.context() as patch:
        patch.setattr(planning, "_plan_readers", killed_in_the_third)
        with pytest.raises(KeyboardInterrupt):
            planning.plan(database, dispatch, clock=TurnedClock(), batch=3)
    assert account(database, dispatch).planned == 6
    assert account(database, dispatch).state is DispatchState.PLANNING
    runner(database, ScriptedTransport()).run_until_idle()
    assert account(database, dispatch).accepted == 10


def test_two_planners_at_once_plan_everybody_once(database, database_url):
    """The dispatch is locked batch by batch."""
    dispatch = promised(database, *TEN)
    with database.write() as session:
        planning.schedule_due(session, now=NINE_OCLOCK)
    other = Database(database_url)
    threads = [
        threading.Thread(target=planning.plan, args=(one, dispatch), kwargs={"clock": TurnedClock(), "batch": 2})
        for one in (database, other)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    other.dispose()
    assert account(database, dispatch).waiting == 10


def test_the_count_before_sending_is_the_count_of_the_plan(database):
    """Suppressed addresses are in neither."""
    publication_id = publication(database)
    readers(database, publication_id, TEN)
    with database.write() as session:
        session.add(Suppression(address_key=TEN[0], reason=SuppressionReason.REQUEST, created_at=NINE_OCLOCK))
    with database.read() as session:
        assert audience.count(session, publication_id, now=NINE_OCLOCK) == 9
    dispatch = started(database, publication_id)
    runner(database, ScriptedTransport()).run_until_idle()
    assert account(database, dispatch).planned == 9


def test_the_domain_is_written_down_for_the_report(database):
    """As an A-label, lower case."""
    dispatch = promised(database, "Ada@Bücher.example", "bob@EXAMPLE.org")
    runner(database, ScriptedTransport()).run_until_idle()
    assert account(database, dispatch).domains == {
        "example.org": {"accepted": 1},
        "xn--bcher-kva.example": {"accepted": 1},
    }


def test_a_sending_waits_for_its_time(database):
    """Scheduled for ten o'clock, nothing happens at nine; the runner says when."""
    clock = TurnedClock()
    ten = NINE_OCLOCK.replace(hour=10)
    publication_id = publication(database)
    readers(database, publication_id, TEN)
    dispatch = started(database, publication_id, scheduled_for=ten)
    desk = runner(database, ScriptedTransport(), clock)
    assert desk.run_until_idle().next_due == ten
    clock.now = ten
    desk.run_until_idle()
    assert account(database, dispatch).accepted == 10


def test_a_notice_becomes_a_dispatch_of_one_once(database):
    """Even to a suppressed address: it may be the opt-in that lifts the suppression."""
    publication_id = publication(database)
    with database.write() as session:
        notices.write(
            session, publication_id=publication_id, purpose="confirm", address="ada@example.org", subject="Please confirm",
            text="Hello", now=NINE_OCLOCK,
        )  # fmt: skip
        session.add(
            Suppression(address_key="ada@example.org", reason=SuppressionReason.REQUEST, created_at=NINE_OCLOCK)
        )
    transport = ScriptedTransport()
    desk = runner(database, transport)
    desk.run_until_idle()
    desk.run_until_idle()
    assert transport.recipients == ["ada@example.org"]
    with database.read() as session:
        assert session.scalars(select(Dispatch.key)).all() == ["notice:1"]
        assert session.scalar(select(Notice.dispatch_id)) == 1


def test_a_notice_to_what_is_no_address_ends_with_the_reason(database):
    """It is on record, and stops nothing else."""
    publication_id = publication(database)
    with database.write() as session:
        for address in ("nobody", "ada@example.org"):
            notices.write(
                session, publication_id=publication_id, purpose="x", address=address, subject="s", text="t", now=NINE_OCLOCK
            )  # fmt: skip
    transport = ScriptedTransport()
    runner(database, transport).run_until_idle()
    assert transport.recipients == ["ada@example.org"]
    with database.read() as session:
        ended = session.scalars(select(Dispatch).where(Dispatch.state == DispatchState.CANCELLED)).one()
        assert "no @" in ended.pause_reason
        assert session.scalar(select(func.count(Delivery.id))) == 1


def test_every_arrow_of_a_dispatch_is_guarded(database):
    """For each pair of states: it moves exactly where the table says, and only then."""
    publication_id = publication(database)
    with database.write() as session:
        dispatch = planning.start(session, order(publication_id), now=NINE_OCLOCK)
        for source in DispatchState:
            for target in DispatchState:
                dispatch.state = source
                session.flush()
                moved = progress.move(session, dispatch.id, target, now=NINE_OCLOCK)
                assert moved == (target in DISPATCH_TRANSITIONS[source]), (source, target)


def test_verbs_refuse_with_a_sentence_what_the_state_does_not_allow(database):
    """A finished sending can be neither paused, resumed nor cancelled."""
    dispatch = promised(database, "ada@example.org")
    runner(database, ScriptedTransport()).run_until_idle()
    with database.write() as session:
        for verb in (progress.resume, progress.cancel):
            with pytest.raises(Conflict, match="finished"):
                verb(session, dispatch, by="eve", now=NINE_OCLOCK)
        with pytest.raises(Conflict, match="finished"):
            progress.pause(session, dispatch, reason="late", by="eve", now=NINE_OCLOCK)


def test_paused_while_planning_goes_on_planning(database):
    """Resume returns to where it was."""
    dispatch = promised(database, *TEN)
    with database.write() as session:
        planning.schedule_due(session, now=NINE_OCLOCK)
        progress.pause(session, dispatch, reason="wait", by="eve", now=NINE_OCLOCK)
    desk = runner(database, ScriptedTransport())
    desk.run_until_idle()
    assert states(database, dispatch) == {}
    with database.write() as session:
        progress.resume(session, dispatch, by="eve", now=NINE_OCLOCK)
    desk.run_until_idle()
    assert account(database, dispatch).accepted == 10


def test_a_test_needs_addresses_that_are_some():
    """And says which is none."""
    with pytest.raises(BadInput, match="at least one"):
        planning.checked_addresses([])
    with pytest.raises(BadInput, match="nobody"):
        planning.checked_addresses(["ada@example.org", "nobody"])
    assert planning.checked_addresses(["ada@example.org", "Ada@Example.org"]) == ["Ada@Example.org"]


def test_asked_to_stop_planning_leaves_the_rest_for_the_next_time(database):
    """A list of a million takes longer to write down than a stop may take."""
    publication_id = publication(database)
    readers(database, publication_id, [f"r{number}@example.org" for number in range(10)])
    dispatch = started(database, publication_id)
    with database.write() as session:
        planning.schedule_due(session, now=NINE_OCLOCK)
    answers = iter([False, False, True])
    planning.plan(database, dispatch, clock=lambda: NINE_OCLOCK, batch=3, stopping=lambda: next(answers))
    assert (account(database, dispatch).planned, account(database, dispatch).state) == (6, DispatchState.PLANNING)
    steps.schedule_and_plan(database, clock=lambda: NINE_OCLOCK)
    assert (account(database, dispatch).planned, account(database, dispatch).state) == (10, DispatchState.RUNNING)
