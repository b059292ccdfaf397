"""One contract for every runner: SQLite with threads, PostgreSQL with threads, PostgreSQL with Procrastinate."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator

import pytest
from sqlalchemy import func, insert, select

from newsletter.delivery import dispatcher, progress
from newsletter.delivery.dispatcher import Line
from newsletter.delivery.models import Delivery, Dispatch
from newsletter.delivery.runners.local import LocalRunner
from newsletter.delivery.runners.port import Runner
from newsletter.delivery.states import DispatchState
from newsletter.kit.clock import Clock, utc_now
from newsletter.kit.database import Database
from newsletter.mail.envelope import Accepted, Deferred, Transport
from newsletter.mail.route import parse_smtp_url
from newsletter.mail.smtp import SmtpTransport
from subscribers.models import ConsentBasis, Subscriber, Subscription, SubscriptionState
from subscribers.subscriptions import unsubscribe
from tests.conftest import NINE_OCLOCK
from tests.delivery import outbox
from tests.delivery.outbox import TurnedClock, account, counted, publication, started, states, until
from tests.delivery.worker_process import CONNECTIONS, DRAIN, GROUP, Worker, runner_of, workers
from tests.discard_server import DiscardServer, discarding
from tests.doubles import ScriptedTransport

EVERY_RUNNER = pytest.mark.parametrize(
    ("database_url", "kind"),
    [("sqlite", "local"), ("postgresql", "local"), ("postgresql", "procrastinate")],
    indirect=["database_url"],
)
pytestmark = EVERY_RUNNER
SLOW, QUICK = 0.3, 0.005
"""Seconds that the mail server takes for each message: while workers come, and later."""
IN_DOUBT = CONNECTIONS + GROUP
"""What one worker may leave in doubt."""


def many(database: Database, number: int, label: str = "r") -> int:
    """Start a sending to so many readers of a new publication, written down in bulk; return its id."""
    publication_id = publication(database, label)
    with database.write() as session:
        people = [
            {"address": address, "address_key": address, "created_at": NINE_OCLOCK}
            for address in (f"{label}{one}@example.org" for one in range(number))
        ]
        ids = session.scalars(insert(Subscriber).returning(Subscriber.id), people).all()
        session.execute(
            insert(Subscription),
            [
                {
                    "subscriber_id": one, "publication_id": publication_id, "state": SubscriptionState.ACTIVE,
                    "basis": ConsentBasis.DOUBLE_OPT_IN, "started_at": NINE_OCLOCK,
                }
                for one in ids
            ],
        )  # fmt: skip
    return started(database, publication_id, key=f"issue:{label}")


class Desk:
    """A runner in this process."""

    def __init__(self, kind: str, database: Database) -> None:
        self._kind, self._database = kind, database
        self._running: list[Runner] = []

    def start(
        self, transport: Transport, clock: Clock = utc_now, *, connections: int = 1, group: int = GROUP
    ) -> Runner:
        """Start a runner over *transport*."""
        line = Line(outbox.ROUTE, transport, connections=connections)
        hands = LocalRunner(
            self._database, line, outbox.PlainMessages(), clock=clock, commit_group=group, dice=lambda: 0.0
        )
        runner = runner_of(self._kind, self._database, hands)
        self._running.append(runner)
        runner.start()
        return runner

    def stop(self) -> None:
        """Stop every runner."""
        while self._running:
            self._running.pop().stop()


@pytest.fixture
def desk(kind: str, database: Database) -> Iterator[Desk]:
    desk = Desk(kind, database)
    yield desk
    desk.stop()


def finished(database: Database, dispatch: int) -> Callable[[], bool]:
    return lambda: account(database, dispatch).state is DispatchState.FINISHED


def joined(server: DiscardServer, *names: str) -> None:
    """Wait until each of these workers has handed something over, slowly, so that enough is left."""
    until(lambda: {one.helo for one in server.taken} >= set(names), 60)


def uncertain(database: Database) -> set[str]:
    with database.read() as session:
        return set(session.scalars(select(Delivery.address).where(Delivery.uncertain > 0)))


def test_everybody_gets_it_once(database, desk):
    """The plain case."""
    dispatch, transport = many(database, 150), ScriptedTransport()
    desk.start(transport, connections=3)
    until(finished(database, dispatch))
    assert counted(database, dispatch) == {"accepted": 150}
    assert sorted(transport.recipients) == sorted(states(database, dispatch))


def test_a_greylisted_reader_gets_it_later_and_once(database, desk):
    """A 451 postpones it by minutes; then a tick finds it, without anybody saying so."""
    dispatch, clock = many(database, 1), TurnedClock()
    transport = ScriptedTransport(Deferred(451, "greylisted"), Accepted("250 ok"))
    desk.start(transport, clock)
    until(lambda: account(database, dispatch).deferred == 1)
    time.sleep(1.5)
    assert len(transport.recipients) == 1
    clock.turn(minutes=6)
    until(finished(database, dispatch))
    assert transport.recipients == ["r0@example.org"] * 2
    assert account(database, dispatch).uncertain == 0


def test_new_work_that_is_announced_is_taken_up_at_once(database, desk):
    """And announcing it twice, or to nobody, does no harm."""
    transport = ScriptedTransport()
    runner = desk.start(transport)
    time.sleep(1)
    dispatch = many(database, 1)
    runner.wake()
    runner.wake()
    until(finished(database, dispatch), 5)
    desk.stop()
    runner.wake()


def test_pausing_resuming_and_cancelling_hold_within_two_seconds(database, desk):
    """What is in flight ends; nothing else goes out, and a resume is heard of by whoever waits."""
    dispatch = many(database, 3000)
    with discarding(slowness=0.02) as server:
        desk.start(smtp(server.port), connections=CONNECTIONS)
        until(lambda: len(server.taken) > 30)
        with database.write() as session:
            progress.pause(session, dispatch, reason="wait", by="eve", now=utc_now())
        at_pause = len(server.taken)
        time.sleep(2)
        paused_at = len(server.taken)
        assert paused_at - at_pause <= 2 * IN_DOUBT
        time.sleep(1.5)
        assert len(server.taken) == paused_at
        assert account(database, dispatch).in_hand == 0
        with database.write() as session:
            progress.resume(session, dispatch, by="eve", now=utc_now())
        until(lambda: len(server.taken) > paused_at, 2)
        with database.write() as session:
            progress.cancel(session, dispatch, by="eve", now=utc_now())
        time.sleep(2)
        cancelled_at = len(server.taken)
        time.sleep(1)
        assert len(server.taken) == cancelled_at
        assert max(server.copies.values()) == 1
    ended = account(database, dispatch)
    assert (ended.accepted, ended.cancelled) == (cancelled_at, 3000 - cancelled_at)


def test_an_unsubscribe_stops_what_is_not_handed_over_and_only_that(database, desk):
    """Both sides: the message on the wire arrives, the one that waits never goes."""
    dispatch = many(database, 400)
    with discarding() as server:
        server.hold()
        desk.start(smtp(server.port), connections=2, group=4)
        until(lambda: len(server.begun) == 2)
        on_the_wire = server.begun[0]
        with database.read() as session:
            waiting = session.scalars(
                select(Delivery.address).where(Delivery.state == "planned").order_by(Delivery.id.desc()).limit(1)
            ).one()
        with database.write() as session:
            publication_id = session.get_one(Dispatch, dispatch).publication_id
            for address in (on_the_wire, waiting):
                reader = session.scalars(select(Subscriber.id).where(Subscriber.address == address)).one()
                assert unsubscribe(session, reader, publication_id, now=utc_now(), reason="one_click")
        server.release()
        until(finished(database, dispatch))
        assert server.copies[on_the_wire] == 1
        assert server.copies[waiting] == 0
        assert len(server.taken) == 399
    assert states(database, dispatch)[on_the_wire] == "accepted"
    assert states(database, dispatch)[waiting] == "skipped(unsubscribed)"


def test_one_of_three_workers_is_killed_and_nobody_is_forgotten(database, database_url, kind):
    """The others go on, take over what it held, and say what is in doubt."""
    dispatch = many(database, 900)
    with discarding(slowness=SLOW) as server, workers(kind, database_url, server.port, "a", "b", "c") as crew:
        joined(server, "a", "b", "c")
        crew[1].kill()
        server.slowness = QUICK
        until(finished(database, dispatch), 60)
        assert server.most_lines <= CONNECTIONS  # of all together
        balanced(database, dispatch, server.copies, 900, doubtful=IN_DOUBT)


def test_workers_join_leave_and_die_at_any_time(database, database_url, kind):
    """Who leaves leaves nothing in doubt, and with exit code 0."""
    dispatch = many(database, 900)
    with discarding(slowness=SLOW) as server, workers(kind, database_url, server.port, "first") as crew:
        joined(server, "first")
        crew.append(Worker(kind, database_url, server.port, "second"))
        joined(server, "second")
        assert crew[0].leave() < 10
        assert account(database, dispatch).uncertain == 0
        crew.append(Worker(kind, database_url, server.port, "third"))
        joined(server, "third")
        crew[1].kill()
        server.slowness = QUICK
        until(finished(database, dispatch), 60)
        assert server.most_lines <= CONNECTIONS  # of all together
        balanced(database, dispatch, server.copies, 900, doubtful=IN_DOUBT)


def test_starting_the_same_sending_from_two_machines_is_one_sending(database, database_url, kind):
    """At the same moment, each with its own connection and its own runner."""
    publication_id = publication(database)
    outbox.readers(database, publication_id, [f"r{one}@example.org" for one in range(100)])
    machines, transport = [Database(database_url), Database(database_url)], ScriptedTransport()
    together = threading.Barrier(2)
    desks = [Desk(kind, machine) for machine in machines]
    ids: list[int] = []

    def begin(machine: Database, desk: Desk) -> None:
        together.wait()
        ids.append(started(machine, publication_id))
        desk.start(transport)

    threads = [threading.Thread(target=begin, args=pair) for pair in zip(machines, desks, strict=True)]
    try:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)
        assert len(ids) == 2
        assert ids[0] == ids[1]
        until(finished(database, ids[0]))
    finally:
        for desk, machine in zip(desks, machines, strict=True):
            desk.stop()
            machine.dispose()
    with database.read() as session:
        assert session.scalar(select(func.count(Dispatch.id))) == 1
    assert sorted(transport.recipients) == sorted(states(database, ids[0]))


@pytest.mark.torture  # how evenly is a measurement, and other tests would disturb it
def test_two_workers_split_a_sending_evenly(database, database_url, kind):
    """Within ten percent, if the mail server treats them alike; one batch of claims at the end is what they differ by."""
    with discarding(slowness=SLOW) as server, workers(kind, database_url, server.port, "a", "b"):
        warming = many(database, 400, "w")
        joined(server, "a", "b")  # both are there before it begins
        server.slowness = QUICK
        until(finished(database, warming), 30)
        server.taken.clear()
        dispatch = many(database, 5000)
        until(finished(database, dispatch), 60)
        shares = Counter(one.helo for one in server.taken)
    assert sum(shares.values()) == 5000
    assert abs(shares["a"] - 2500) <= 250, shares


def test_asked_to_stop_a_worker_drains_even_if_asked_twice(database, database_url, kind):
    """No new claims; what is on the wire ends; nothing in doubt, nothing in hand."""
    dispatch = many(database, 2000)
    with discarding(slowness=0.05) as server, workers(kind, database_url, server.port, "a") as crew:
        until(lambda: len(server.taken) > 20, 30)
        assert crew[0].leave(signals=3) < 10
        left = account(database, dispatch)
        assert (left.in_hand, left.uncertain, left.accepted) == (0, 0, len(server.taken))
        assert left.accepted < 2000


def test_a_mail_server_that_falls_silent_does_not_keep_a_worker_from_ending(database, database_url, kind):
    """RFC 5321 allows it ten minutes after the final dot; we allow less than half of one, and say what is in doubt."""
    assert dispatcher.DRAIN + dispatcher.HURRY + dispatcher.GOODBYE < 30
    dispatch = many(database, 100)
    with discarding() as server, workers(kind, database_url, server.port, "a") as crew:
        server.hold()
        until(lambda: len(server.begun) == CONNECTIONS, 30)
        assert crew[0].leave() < DRAIN + 10
        left = account(database, dispatch)
        assert (left.in_hand, left.uncertain, left.accepted) == (0, CONNECTIONS, 0)
        assert uncertain(database) == set(server.begun)


def balanced(database: Database, dispatch: int, copies: dict[str, int], number: int, *, doubtful: int) -> None:
    """Everybody got it; twice only who is called uncertain, and these are few."""
    ended = account(database, dispatch)
    assert (ended.accepted, ended.total) == (number, number)
    assert len(copies) == number
    doubts = uncertain(database)
    assert {address for address, times in copies.items() if times > 1} <= doubts
    assert len(doubts) <= doubtful


def smtp(port: int) -> Transport:
    """Return a way to a server of the tests."""
    return SmtpTransport(parse_smtp_url(f"smtp://127.0.0.1:{port}?pace=none"), helo_name="here")
