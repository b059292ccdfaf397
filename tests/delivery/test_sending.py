"""Sending: every outcome, told with a real database and a scripted server."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from newsletter.delivery import progress
from newsletter.delivery.models import Delivery, Dispatch
from newsletter.delivery.states import DispatchKind, DispatchState
from newsletter.kit.database import Database
from newsletter.mail.envelope import Accepted, Deferred, Envelope, InDoubt, Refused, TransportUnavailable
from subscribers.models import Subscription, SubscriptionState, Suppression, SuppressionReason
from tests.conftest import NINE_OCLOCK
from tests.delivery.outbox import (
    TurnedClock,
    account,
    counted,
    promised,
    publication,
    readers,
    runner,
    started,
    states,
    until,
)
from tests.doubles import ScriptedTransport

ADA, BOB, CEM = "ada@example.org", "bob@example.net", "cem@example.com"


def leave(database: Database, address: str) -> None:
    """End the reader's subscription, as an unsubscribe does."""
    with database.write() as session:
        person = session.scalar(select(Delivery.subscriber_id).where(Delivery.address == address))
        session.execute(
            update(Subscription)
            .where(Subscription.subscriber_id == person)
            .values(state=SubscriptionState.ENDED, ended_at=NINE_OCLOCK, end_reason="one_click")
        )


def test_every_reader_gets_the_issue_once(database):
    """The plain case: planned, handed over, finished."""
    dispatch = promised(database, ADA, BOB, CEM)
    transport = ScriptedTransport()
    idle = runner(database, transport, connections=2).run_until_idle()
    assert sorted(transport.recipients) == [ADA, BOB, CEM]
    assert counted(database, dispatch) == {"accepted": 3}
    assert account(database, dispatch).state is DispatchState.FINISHED
    assert idle.next_due is None


def test_many_readers_over_many_lines_are_each_sent_to_once(database):
    """More than one commit group and one claim; the bound holds at every hand-over."""
    dispatch = promised(database, *(f"r{number}@example.org" for number in range(500)))
    seen: list[int] = []

    def look(_: Envelope) -> Accepted:
        if len(seen) % 25 == 0:
            with database.read() as session:
                sending = session.scalars(select(Delivery.id).where(Delivery.state == "sending")).all()
            seen.append(len(sending))
        else:
            seen.append(0)
        return Accepted("250 ok")

    transport = ScriptedTransport(then=look)
    runner(database, transport, connections=4, commit_group=16).run_until_idle()
    assert len(transport.recipients) == len(set(transport.recipients)) == 500
    assert counted(database, dispatch) == {"accepted": 500}
    assert max(seen) <= 4 + 16


def test_a_greylisted_reader_gets_the_issue_once(database):
    """A 451 postpones the delivery by five minutes; the next round sends it, and only then."""
    dispatch, clock = promised(database, ADA), TurnedClock()
    transport = ScriptedTransport(Deferred(451, "greylisted", "4.7.1"), Accepted("250 ok"))
    desk = runner(database, transport, clock)
    idle = desk.run_until_idle()
    assert idle.next_due == NINE_OCLOCK + timedelta(minutes=5)
    assert account(database, dispatch).deferred == 1
    assert desk.run_until_idle().next_due == idle.next_due
    clock.turn(minutes=5)
    desk.run_until_idle()
    assert transport.recipients == [ADA, ADA]
    assert states(database, dispatch) == {ADA: "accepted"}


def test_after_four_days_of_deferrals_the_delivery_expires(database):
    """The ladder ends; the reader is not blamed."""
    dispatch, clock = promised(database, ADA), TurnedClock()
    desk = runner(database, ScriptedTransport(then=Deferred(450, "later")), clock)
    for _ in range(30):
        idle = desk.run_until_idle()
        if idle.next_due is None:
            break
        clock.now = idle.next_due
    assert states(database, dispatch) == {ADA: "expired"}
    assert clock.now == NINE_OCLOCK + timedelta(days=4)
    assert account(database, dispatch).state is DispatchState.FINISHED
    with database.read() as session:
        assert not session.scalars(select(Suppression)).all()


def test_a_dead_mailbox_is_refused_and_never_written_to_again(database):
    """5.1.1 suppresses after one; the next issue skips the address."""
    dispatch = promised(database, ADA, BOB)
    transport = ScriptedTransport(Refused(550, "no such user", "5.1.1"))
    desk = runner(database, transport)
    desk.run_until_idle()
    assert states(database, dispatch) == {ADA: "refused", BOB: "accepted"}
    with database.read() as session:
        assert [(row.address_key, row.reason) for row in session.scalars(select(Suppression))] == [
            (ADA, SuppressionReason.DEAD_MAILBOX)
        ]
    assert account(database, dispatch).refusals == {"550 5.1.1": 1}
    with database.read() as session:
        publication_id = session.get_one(Dispatch, dispatch).publication_id
    later = started(database, publication_id, "issue:2:v1")
    desk.run_until_idle()
    assert states(database, later) == {BOB: "accepted"}


def test_a_full_mailbox_is_refused_and_keeps_its_place(database):
    """5.2.2 is soft: no suppression."""
    dispatch = promised(database, ADA)
    runner(database, ScriptedTransport(Refused(552, "over quota", "5.2.2"))).run_until_idle()
    assert states(database, dispatch) == {ADA: "refused"}
    with database.read() as session:
        assert not session.scalars(select(Suppression)).all()


def test_our_own_fault_pauses_the_dispatch_and_blames_no_reader(database):
    """A blocklist stops the sending with the server's words; resumed, everybody gets the issue."""
    addresses = [f"r{number}@example.org" for number in range(40)]
    dispatch = promised(database, *addresses)
    transport = ScriptedTransport(Refused(550, "blocked: see spamhaus", "5.7.1"))
    desk = runner(database, transport)
    desk.run_until_idle()
    paused = account(database, dispatch)
    assert paused.state is DispatchState.PAUSED
    assert "spamhaus" in paused.pause_reason
    assert paused.refused == 0
    assert paused.in_hand == 0
    assert paused.waiting + paused.accepted == 40
    with database.write() as session:
        assert not session.scalars(select(Suppression)).all()
        progress.resume(session, dispatch, by="tests", now=NINE_OCLOCK)
    desk.run_until_idle()
    assert counted(database, dispatch) == {"accepted": 40}
    assert len(transport.recipients) == 42
    assert "grids@example.org" in transport.recipients  # the team is told


def test_what_is_in_doubt_is_sent_again_with_the_same_message_id(database):
    """The line broke after the final dot: uncertain counts it, the Message-ID lets mail programs see one mail."""
    dispatch, clock = promised(database, ADA), TurnedClock()
    transport = ScriptedTransport(InDoubt("lost after the final dot"))
    desk = runner(database, transport, clock)
    clock.now = desk.run_until_idle().next_due
    desk.run_until_idle()
    first, second = transport.envelopes
    assert first.data == second.data
    assert first.sender == second.sender
    assert account(database, dispatch).uncertain == 1
    assert states(database, dispatch) == {ADA: "accepted"}


def test_what_is_in_doubt_can_be_held_for_a_person(database):
    """With the setting ``hold`` nothing is sent twice."""
    dispatch = promised(database, ADA)
    transport = ScriptedTransport(InDoubt("lost"))
    runner(database, transport, on_doubt="hold").run_until_idle()
    held = account(database, dispatch)
    assert (held.held, held.uncertain, held.state) == (1, 1, DispatchState.RUNNING)
    assert transport.recipients == [ADA]


def test_who_unsubscribes_before_the_hand_over_gets_nothing(database):
    """Both sides: the one already accepted stays accepted, the one not yet handed over is skipped."""
    addresses = [f"r{number:02}@example.org" for number in range(30)]
    dispatch = promised(database, *addresses)

    def leave_meanwhile(_: Envelope) -> Accepted:
        leave(database, addresses[0])
        leave(database, addresses[29])
        return Accepted("250 ok")

    transport = ScriptedTransport(leave_meanwhile)
    runner(database, transport).run_until_idle()
    after = states(database, dispatch)
    assert after[addresses[0]] == "accepted"
    assert after[addresses[29]] == "skipped(unsubscribed)"
    assert transport.recipients == addresses[:29]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"state": SubscriptionState.PAUSED}, "paused"),
        ({"state": SubscriptionState.PAUSED, "paused_until": NINE_OCLOCK + timedelta(days=1)}, "paused"),
        ({"valid_until": NINE_OCLOCK}, "lapsed"),
        ({"state": SubscriptionState.ENDED, "end_reason": "lapsed"}, "lapsed"),
        ({"state": SubscriptionState.ENDED}, "unsubscribed"),
    ],
)
def test_whoever_may_not_get_it_any_more_is_skipped_with_the_reason(database, change, reason):
    """The claim judges again what planning judged."""
    dispatch, transport = promised(database, ADA), ScriptedTransport()
    desk = runner(database, transport)
    desk._prepare(None)
    with database.write() as session:
        session.execute(update(Subscription).values(**change))
    desk.run_until_idle()
    assert states(database, dispatch) == {ADA: f"skipped({reason})"}
    assert transport.recipients == []
    assert account(database, dispatch).skipped == {reason: 1}


def test_a_pause_that_is_over_is_no_pause(database):
    """Whether or not somebody has turned the subscription back yet."""
    publication_id = publication(database)
    readers(database, publication_id, [ADA])
    with database.write() as session:
        session.execute(update(Subscription).values(state=SubscriptionState.PAUSED, paused_until=NINE_OCLOCK))
    dispatch = started(database, publication_id)
    runner(database, ScriptedTransport()).run_until_idle()
    assert states(database, dispatch) == {ADA: "accepted"}


def test_a_suppressed_address_is_skipped_in_the_claim(database):
    """Suppressed after planning counts as much as before."""
    dispatch = promised(database, ADA)
    desk = runner(database, ScriptedTransport())
    desk._prepare(None)
    with database.write() as session:
        session.add(Suppression(address_key=ADA, reason=SuppressionReason.COMPLAINT, created_at=NINE_OCLOCK))
    desk.run_until_idle()
    assert states(database, dispatch) == {ADA: "skipped(suppressed)"}


def test_pausing_stops_the_rest_and_resuming_sends_it(database):
    """A person pauses while it runs; nobody is lost or sent to twice."""
    addresses = [f"r{number:03}@example.org" for number in range(200)]
    dispatch = promised(database, *addresses)

    def pause(_: Envelope) -> Accepted:
        with database.write() as session:
            progress.pause(session, dispatch, reason="wrong figure", by="eve", now=NINE_OCLOCK)
        return Accepted("250 ok")

    transport = ScriptedTransport(pause)
    desk = runner(database, transport)
    desk.run_until_idle()
    stopped = account(database, dispatch)
    assert stopped.state is DispatchState.PAUSED
    assert stopped.waiting > 0
    assert stopped.in_hand == 0
    with database.write() as session:
        progress.resume(session, dispatch, by="eve", now=NINE_OCLOCK)
    desk.run_until_idle()
    assert sorted(transport.recipients) == addresses


def test_cancelling_ends_what_had_not_gone_out(database):
    """Also what is deferred while the cancellation comes."""
    addresses = [f"r{number:03}@example.org" for number in range(100)]
    dispatch = promised(database, *addresses)

    def cancel(_: Envelope) -> Deferred:
        with database.write() as session:
            progress.cancel(session, dispatch, by="eve", now=NINE_OCLOCK)
        return Deferred(451, "later")

    transport = ScriptedTransport(cancel)
    runner(database, transport).run_until_idle()
    ended = account(database, dispatch)
    assert ended.state is DispatchState.CANCELLED
    assert ended.accepted + ended.cancelled == 100
    assert states(database, dispatch)[addresses[0]] == "cancelled"
    assert len(transport.recipients) == ended.accepted + 1


def test_a_server_that_closes_after_some_messages_delays_nobody(database):
    """A line lost before the final dot is tried again at once on another line."""
    addresses = [f"r{number:02}@example.org" for number in range(12)]
    dispatch = promised(database, *addresses)
    script = [Accepted("250 ok"), Accepted("250 ok"), Deferred(421, "gone", "4.4.2", lost=True)] * 3
    transport = ScriptedTransport(*script)
    runner(database, transport).run_until_idle()
    assert counted(database, dispatch) == {"accepted": 12}
    assert len(transport.recipients) == 15


def test_a_server_that_is_down_costs_no_attempt(database):
    """Nothing is marked while no line stands; as soon as one does, everybody gets the issue."""
    dispatch = promised(database, ADA, BOB)
    down = TransportUnavailable("connection refused")
    transport = ScriptedTransport(down, down, down)
    runner(database, transport).run_until_idle()
    assert counted(database, dispatch) == {"accepted": 2}
    with database.read() as session:
        assert session.scalars(select(Delivery.attempts)).all() == [1, 1]


def test_a_server_that_stays_down_pauses_the_dispatch(database):
    """After ten minutes somebody must hear of it; no delivery has counted an attempt."""
    dispatch, clock = promised(database, ADA, BOB), TurnedClock()
    runner(database, ScriptedTransport(then=TransportUnavailable("no route to host")), clock).run_until_idle()
    paused = account(database, dispatch)
    assert paused.state is DispatchState.PAUSED
    assert "no route to host" in paused.pause_reason
    assert paused.waiting == 2
    assert clock.now >= NINE_OCLOCK + timedelta(minutes=10)


def test_bad_credentials_pause_the_dispatch_at_once(database):
    """Trying again would lock the account."""
    dispatch, clock = promised(database, ADA), TurnedClock()
    transport = ScriptedTransport(then=TransportUnavailable("535 authentication failed", permanent=True))
    clock.wait = lambda event, _: event.wait(0.05)
    runner(database, transport, clock).run_until_idle()
    assert account(database, dispatch).state is DispatchState.PAUSED
    assert clock.now == NINE_OCLOCK


def test_a_message_that_cannot_be_made_pauses_the_dispatch(database):
    """A sign-off that does not verify stops everything before the first byte."""
    from newsletter.kit.errors import Conflict

    class Broken:
        def prepare(self, *_: object) -> object:
            raise Conflict("The editions are not the ones signed off.")

    dispatch, transport = promised(database, ADA), ScriptedTransport()
    runner(database, transport, messages=Broken()).run_until_idle()
    paused = account(database, dispatch)
    assert paused.state is DispatchState.PAUSED
    assert "not the ones signed off" in paused.pause_reason
    assert paused.waiting == 1
    assert transport.recipients == []


def test_a_transport_that_raises_leaves_the_delivery_in_doubt(database):
    """Nobody knows how far it was; the sending goes on."""

    def fail(_: Envelope) -> Accepted:
        raise RuntimeError("bug")

    dispatch = promised(database, ADA, BOB)
    runner(database, ScriptedTransport(fail)).run_until_idle()
    assert account(database, dispatch).uncertain == 1
    assert states(database, dispatch)[BOB] == "accepted"


def test_a_test_goes_to_named_addresses_even_while_readers_have_none(database):
    """No subscriber, no subscription asked for."""
    dispatch = started(
        database, publication(database), "test:1:abc", kind=DispatchKind.TEST,
        options={"addresses": [ADA, BOB], "variant": "html"},
    )  # fmt: skip
    runner(database, ScriptedTransport()).run_until_idle()
    assert states(database, dispatch) == {ADA: "accepted", BOB: "accepted"}


def test_stopping_drains_so_that_nothing_is_in_doubt(database):
    """What is on a line ends; everything else waits, with no attempt counted."""
    addresses = [f"r{number:03}@example.org" for number in range(300)]
    dispatch = promised(database, *addresses)
    begun, go_on = threading.Event(), threading.Event()

    def slow(_: Envelope) -> Accepted:
        begun.set()
        go_on.wait(10)
        return Accepted("250 ok")

    transport = ScriptedTransport(then=slow)
    desk = runner(database, transport, connections=3)
    desk.start()
    assert begun.wait(10)
    until(lambda: len(transport.recipients) == 3)
    stopper = threading.Thread(target=desk.stop)
    stopper.start()
    until(desk._stopping.is_set)
    go_on.set()
    stopper.join(20)
    drained = account(database, dispatch)
    assert drained.accepted == len(transport.recipients) < 300
    assert (drained.in_hand, drained.uncertain, drained.deferred) == (0, 0, 0)
    runner(database, ScriptedTransport()).run_until_idle()
    assert counted(database, dispatch) == {"accepted": 300}


def test_a_woken_runner_takes_up_new_work_at_once(database):
    """The server's runner is told of new work after the commit."""
    transport = ScriptedTransport()
    desk = runner(database, transport)
    desk.start()
    try:
        dispatch = promised(database, ADA)
        desk.wake()
        until(lambda: account(database, dispatch).state is DispatchState.FINISHED)
    finally:
        desk.stop()


def test_progress_is_told_up_to_the_plan(database):
    """The command line's bar ends where the plan ends."""
    dispatch = promised(database, *(f"r{number}@example.org" for number in range(50)))
    told: list[tuple[int, int]] = []
    runner(database, ScriptedTransport()).run_until_idle(dispatch, lambda done, planned: told.append((done, planned)))
    assert told[0] == (0, 50)
    assert told[-1] == (50, 50)
    assert told == sorted(told)
