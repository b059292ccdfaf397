"""Schedules, holds, stages and send windows: what goes when, and whom a stop still spares."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from newsletter import publications
from newsletter.delivery import progress, schedules
from newsletter.delivery.models import Delivery, Dispatch
from newsletter.delivery.stages import Staging
from newsletter.delivery.states import DispatchKind, DispatchState
from newsletter.kit.database import Database
from newsletter.kit.errors import BadInput, Conflict
from newsletter.mail.envelope import Accepted, Deferred
from newsletter.notices import Notice
from newsletter.publications import Profile
from tests.conftest import NINE_OCLOCK
from tests.delivery.outbox import (
    TurnedClock,
    account,
    counted,
    publication,
    readers,
    runner,
    started,
    states,
)
from tests.doubles import ScriptedTransport

ADA, BOB = "ada@example.org", "bob@example.net"
TEN = NINE_OCLOCK + timedelta(hours=1)
MANY = [f"r{number:04}@example.org" for number in range(1000)]


def state_of(database: Database, dispatch_id: int) -> DispatchState:
    return account(database, dispatch_id).state


# --- schedules ---


def test_a_scheduled_sending_waits_for_its_time_and_then_goes(database):
    """The runner says when that is."""
    clock, transport = TurnedClock(), ScriptedTransport()
    publication_id = publication(database)
    readers(database, publication_id, [ADA])
    dispatch = started(database, publication_id, scheduled_for=TEN)
    desk = runner(database, transport, clock)
    assert desk.run_until_idle().next_due == TEN
    assert transport.recipients == []
    clock.turn(hours=1)
    desk.run_until_idle()
    assert state_of(database, dispatch) is DispatchState.FINISHED


def missed(database: Database, *addresses: str) -> tuple[int, TurnedClock]:
    """Schedule a sending for ten o'clock and switch the machine on at five past eleven."""
    publication_id = publication(database)
    readers(database, publication_id, addresses)
    dispatch = started(database, publication_id, scheduled_for=TEN)
    clock = TurnedClock(TEN + timedelta(minutes=65))
    transport = ScriptedTransport()
    assert runner(database, transport, clock).run_until_idle().next_due is None
    assert transport.recipients == []
    return dispatch, clock


def test_a_schedule_missed_by_more_than_an_hour_asks_instead_of_firing(database):
    """The account says what its time was."""
    dispatch, _ = missed(database, ADA)
    asked = account(database, dispatch)
    assert asked.state is DispatchState.MISSED
    assert "2026-03-04 10:00 UTC" in asked.pause_reason
    with database.read() as session:
        word = session.scalars(select(Notice)).one()
    assert word.address == "grids@example.org"
    assert "--missed now" in word.text


def test_a_schedule_missed_by_less_than_an_hour_goes(database):
    """A restart costs no decision."""
    publication_id = publication(database)
    readers(database, publication_id, [ADA])
    dispatch = started(database, publication_id, scheduled_for=TEN)
    runner(database, ScriptedTransport(), TurnedClock(TEN + timedelta(minutes=59))).run_until_idle()
    assert state_of(database, dispatch) is DispatchState.FINISHED


def test_a_sending_begun_on_the_spot_and_interrupted_is_not_missed(database):
    """Somebody waits for it; after the crash it goes on."""
    publication_id = publication(database)
    readers(database, publication_id, [ADA])
    dispatch = started(database, publication_id)
    runner(database, ScriptedTransport(), TurnedClock(NINE_OCLOCK + timedelta(hours=5))).run_until_idle()
    assert state_of(database, dispatch) is DispatchState.FINISHED


def test_a_missed_sending_goes_when_a_person_says_so(database):
    """And only one that is missed."""
    dispatch, clock = missed(database, ADA)
    with database.write() as session:
        schedules.send_missed(session, dispatch, by="eve", now=clock())
    runner(database, ScriptedTransport(), clock).run_until_idle()
    assert states(database, dispatch) == {ADA: "accepted"}
    with pytest.raises(Conflict, match="finished"), database.write() as session:
        schedules.send_missed(session, dispatch, by="eve", now=clock())


def test_a_missed_sending_can_be_cancelled_or_given_another_time(database):
    """Nobody gets a stale issue by accident."""
    dispatch, clock = missed(database, ADA)
    with pytest.raises(BadInput, match="past"), database.write() as session:
        schedules.reschedule(session, dispatch, at=NINE_OCLOCK, by="eve", now=clock())
    with database.write() as session:
        schedules.reschedule(session, dispatch, at=clock() + timedelta(hours=2), by="eve", now=clock())
    desk = runner(database, ScriptedTransport(), clock)
    assert desk.run_until_idle().next_due == clock() + timedelta(hours=2)
    with database.write() as session:
        progress.cancel(session, dispatch, by="eve", now=clock())
    clock.turn(hours=3)
    desk.run_until_idle()
    assert counted(database, dispatch) == {}
    with pytest.raises(Conflict, match="cancelled"), database.write() as session:
        schedules.reschedule(session, dispatch, at=clock() + timedelta(hours=2), by="eve", now=clock())


# --- the cooling hold ---


def test_in_the_cooling_hold_nothing_is_planned_and_a_stop_reaches_nobody(database):
    """Ten minutes in which the yes can be taken back."""
    clock, transport = TurnedClock(), ScriptedTransport()
    publication_id = publication(database)
    readers(database, publication_id, [ADA])
    dispatch = started(database, publication_id, hold=timedelta(minutes=10))
    desk = runner(database, transport, clock)
    assert desk.run_until_idle().next_due == NINE_OCLOCK + timedelta(minutes=10)
    assert state_of(database, dispatch) is DispatchState.COOLING
    assert counted(database, dispatch) == {}
    clock.turn(minutes=9)
    desk.run_until_idle()
    with database.write() as session:
        progress.cancel(session, dispatch, by="eve", now=clock())
    clock.turn(minutes=9)
    desk.run_until_idle()
    assert transport.recipients == []


def test_after_the_cooling_hold_the_sending_goes(database):
    """Also where it was scheduled."""
    clock = TurnedClock()
    publication_id = publication(database)
    readers(database, publication_id, [ADA])
    dispatch = started(database, publication_id, hold=timedelta(minutes=10), scheduled_for=TEN)
    desk = runner(database, ScriptedTransport(), clock)
    for _ in range(2):
        clock.now = desk.run_until_idle().next_due
    assert clock.now == TEN + timedelta(minutes=10)
    desk.run_until_idle()
    assert state_of(database, dispatch) is DispatchState.FINISHED


# --- stages ---


def staged(database: Database, *addresses: str, team: tuple[str, ...] = (), share: float = 0) -> tuple[int, int]:
    """Start a staged sending with a hold of half an hour; return the ids of dispatch and publication."""
    publication_id = publication(database)
    readers(database, publication_id, addresses)
    return started(database, publication_id, staging=Staging(team, share)), publication_id


def test_the_team_comes_first_then_a_share_then_after_the_hold_the_rest(database):
    """Each stage is complete before the next begins; a colleague who reads the newsletter gets it once."""
    colleague = "colleague@institute.example"
    dispatch, _ = staged(database, *MANY, team=(colleague, MANY[500]), share=5)
    clock, transport = TurnedClock(), ScriptedTransport()
    desk = runner(database, transport, clock)
    idle = desk.run_until_idle()
    assert idle.next_due == NINE_OCLOCK + timedelta(minutes=30)
    first = transport.recipients
    assert set(first[:2]) == {colleague, MANY[500]}
    assert 35 <= len(first) - 2 <= 65
    assert account(database, dispatch).waiting == 1001 - len(first)
    clock.now = idle.next_due
    desk.run_until_idle()
    assert sorted(transport.recipients) == sorted([*MANY, colleague])
    assert state_of(database, dispatch) is DispatchState.FINISHED


def test_stopping_in_the_hold_reaches_no_one_else(database):
    """The reason for stages."""
    dispatch, _ = staged(database, *MANY[:100], team=(ADA,), share=10)
    clock, transport = TurnedClock(), ScriptedTransport()
    desk = runner(database, transport, clock)
    idle = desk.run_until_idle()
    reached = len(transport.recipients)
    clock.turn(minutes=29)
    desk.run_until_idle()
    with database.write() as session:
        progress.cancel(session, dispatch, by="eve", now=clock())
    clock.now = idle.next_due + timedelta(hours=1)
    desk.run_until_idle()
    assert len(transport.recipients) == reached < 30
    assert account(database, dispatch).cancelled == 101 - reached


def test_a_pause_in_the_hold_stands_longer_than_the_hold(database):
    """Resumed, the rest goes at once."""
    _dispatch, _ = staged(database, *MANY[:50], team=(ADA,))
    clock, transport = TurnedClock(), ScriptedTransport()
    desk = runner(database, transport, clock)
    desk.run_until_idle()
    with database.write() as session:
        progress.pause(session, _dispatch, reason="look again", by="eve", now=clock())
    clock.turn(hours=5)
    desk.run_until_idle()
    assert transport.recipients == [ADA]
    with database.write() as session:
        progress.resume(session, _dispatch, by="eve", now=clock())
    desk.run_until_idle()
    assert len(transport.recipients) == 51


def test_a_hold_that_ended_long_ago_while_nothing_ran_asks(database):
    """The rest is not sent at four in the morning because somebody switched the machine on."""
    dispatch, _ = staged(database, *MANY[:50], team=(ADA,))
    clock, transport = TurnedClock(), ScriptedTransport()
    runner(database, transport, clock).run_until_idle()
    clock.turn(hours=2)
    runner(database, transport, clock).run_until_idle()
    asked = account(database, dispatch)
    assert asked.state is DispatchState.PAUSED
    assert "hold ended" in asked.pause_reason
    assert transport.recipients == [ADA]


def test_a_colleague_who_is_deferred_keeps_nobody_waiting(database):
    """Tried is enough for the next stage to open."""
    _dispatch, _ = staged(database, *MANY[:20], team=(ADA, BOB))
    clock = TurnedClock()
    transport = ScriptedTransport(Deferred(451, "greylisted", "4.7.1"))
    desk = runner(database, transport, clock)
    desk.run_until_idle()
    clock.turn(minutes=30)
    desk.run_until_idle()
    assert len(transport.recipients) == 23


def test_the_share_is_a_share_whatever_the_numbers_of_the_readers(database):
    """Ids with gaps, as after imports, give about as many."""
    dispatch, _ = staged(database, *MANY, share=20)
    runner(database, ScriptedTransport())._prepare(None)
    with database.read() as session:
        stages = session.scalars(select(Delivery.stage).where(Delivery.dispatch_id == dispatch)).all()
    assert 150 <= stages.count(1) <= 250
    assert stages.count(2) == 1000 - stages.count(1)


@pytest.mark.parametrize("given", [{}, {"share": 100}, {"share": -1}, {"team": tuple(MANY[:51])}])
def test_a_staging_that_makes_no_sense_is_refused(given):
    """One clear sentence."""
    with pytest.raises(BadInput):
        Staging(**given)


# --- send windows ---


def windowed(database: Database, *windows: str) -> int:
    """Add a publication of Berlin with send windows."""
    profile = Profile(label="grids", from_address="grids@example.org", send_windows=windows)
    with database.write() as session:
        return publications.add(session, profile, now=NINE_OCLOCK, by="tests").id


def test_outside_of_the_window_nothing_goes_and_the_next_morning_it_does(database):
    """The window closes at 19:00 in Berlin, in the middle of a sending; what is on the line ends."""
    publication_id = windowed(database, "Mon-Fri 07:00-19:00")
    readers(database, publication_id, MANY[:300])
    clock = TurnedClock(datetime(2026, 3, 27, 17, 59, tzinfo=UTC))  # a Friday

    def close_meanwhile(_: object) -> Accepted:
        clock.now = max(clock.now, datetime(2026, 3, 27, 18, 0, tzinfo=UTC))
        return Accepted("250 ok")

    dispatch = started(database, publication_id, scheduled_for=clock())
    transport = ScriptedTransport(then=close_meanwhile)
    desk = runner(database, transport, clock, commit_group=8)
    idle = desk.run_until_idle()
    assert 0 < len(transport.recipients) < 20
    # Summer time begins on the Sunday between: seven o'clock is an hour earlier in UTC.
    assert idle.next_due == datetime(2026, 3, 30, 5, 0, tzinfo=UTC)
    assert account(database, dispatch).in_hand == 0
    clock.now = idle.next_due - timedelta(seconds=1)
    desk.run_until_idle()
    assert len(transport.recipients) < 20
    clock.now = idle.next_due
    desk.run_until_idle()
    assert counted(database, dispatch) == {"accepted": 300}


def test_a_test_does_not_wait_for_the_window(database):
    """Somebody sits there and waits for it."""
    publication_id = windowed(database, "Mon 07:00-08:00")
    dispatch = started(
        database, publication_id, "test:1:a", kind=DispatchKind.TEST,
        options={"addresses": [ADA], "variant": "html"},
    )  # fmt: skip
    runner(database, ScriptedTransport()).run_until_idle()
    assert states(database, dispatch) == {ADA: "accepted"}


# --- two at once ---


def test_two_sendings_share_the_line_fairly(database):
    """While both have work neither gets more than three fifths."""
    first = publication(database)
    readers(database, first, MANY)
    second = publication(database, "ports")
    readers(database, second, [f"p{number:04}@example.net" for number in range(1000)])
    started(database, first)
    started(database, second, "issue:2:v1")
    transport = ScriptedTransport()
    runner(database, transport, connections=4).run_until_idle()
    half = transport.recipients[:1000]
    assert 400 <= sum(address.endswith("example.org") for address in half) <= 600
    assert len(set(transport.recipients)) == 2000
    with database.read() as session:
        assert set(session.scalars(select(Dispatch.state))) == {DispatchState.FINISHED}
