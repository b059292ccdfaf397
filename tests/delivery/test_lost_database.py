"""PostgreSQL itself is killed and comes back while three workers send, and one of them is killed, too."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from newsletter.delivery.dispatcher import Line
from newsletter.delivery.models import Delivery
from newsletter.delivery.runners.local import LocalRunner
from newsletter.delivery.states import DeliveryState, DispatchState
from newsletter.kit.clock import utc_now
from newsletter.kit.database import Database
from newsletter.kit.migrations import migrate
from tests.delivery.outbox import ROUTE, PlainMessages, account, runner, states, until
from tests.delivery.test_runner_contract import IN_DOUBT, QUICK, SLOW, balanced, joined, many, smtp
from tests.delivery.worker_process import workers
from tests.discard_server import discarding
from tests.doubles import ScriptedTransport
from tests.postgres import PostgresServer

AWAY = 3.0
"""Seconds without a database."""


@pytest.fixture
def server() -> Iterator[PostgresServer]:
    """A PostgreSQL server of the test's own, to be killed."""
    server = PostgresServer()
    try:
        server.start()
        yield server
    finally:
        server.stop()


class LosesAnswers(Database):
    """Commits, and then does not hear of it: every other time, once it is told to, ten times in all."""

    losing = False
    lost = 0
    _turn = 0

    @contextmanager
    def write(self) -> Iterator[Session]:
        with super().write() as session:
            yield session
            marking = session.scalar(select(func.count(Delivery.id)).where(Delivery.state == DeliveryState.SENDING))
        if self.losing and marking and self.lost < 10:
            self._turn += 1
            if self._turn % 2:
                self.lost += 1
                raise OperationalError("COMMIT", {}, Exception("the line broke"))


def test_a_commit_whose_answer_is_lost_leaves_nothing_in_doubt(database_url):
    """What was marked so is known to lie on no line: it goes back, is marked anew and sent once."""
    database = LosesAnswers(database_url)
    dispatch, transport = many(database, 200), ScriptedTransport()
    hands = runner(database, transport, connections=2, commit_group=4)
    hands._prepare(None)
    database.losing = True
    hands.run_until_idle()
    assert database.lost == 10
    assert sorted(transport.recipients) == sorted(states(database, dispatch))
    ended = account(database, dispatch)
    assert (ended.accepted, ended.uncertain, ended.state) == (200, 0, DispatchState.FINISHED)
    database.dispose()


def test_a_sending_by_hand_outlives_the_database_going_away(server):
    """``issue send`` waits for it, records what it knows, and goes on."""
    database = Database(server.url)
    migrate(database)
    dispatch = many(database, 600)
    with discarding(slowness=0.01) as mail:
        line = Line(ROUTE, smtp(mail.port), connections=4)
        hands = LocalRunner(database, line, PlainMessages(), clock=utc_now, commit_group=16)
        sending = threading.Thread(target=hands.run_until_idle, args=(dispatch,))
        sending.start()
        until(lambda: len(mail.taken) > 100)
        server.kill()
        time.sleep(1)
        server.start()
        sending.join(60)
        assert max(mail.copies.values()) == 1
    ended = account(database, dispatch)
    assert (ended.accepted, ended.uncertain, ended.state) == (600, 0, DispatchState.FINISHED)
    database.dispose()


@pytest.mark.parametrize("kind", ["local", "procrastinate"])
@pytest.mark.parametrize("number", [2_000, pytest.param(20_000, marks=pytest.mark.torture)])
def test_the_account_balances_after_losing_a_worker_and_the_database(server, kind, number):
    """Kill -9 for both: everybody has it, and whoever has it twice is called uncertain."""
    database = Database(server.url)
    migrate(database)
    dispatch = many(database, number)
    with discarding(slowness=SLOW) as mail, workers(kind, server.url, mail.port, "a", "b", "c") as crew:
        joined(mail, "a", "b", "c")
        mail.slowness = 2 * QUICK
        until(lambda: len(mail.taken) > number // 10)
        crew[0].kill()
        until(lambda: len(mail.taken) > number // 4)
        server.kill()
        time.sleep(AWAY)
        server.start()
        taken = len(mail.taken)
        until(lambda: len(mail.taken) > taken + number // 10, 30)  # they go on at once, not after a lease
        until(lambda: done(database, dispatch), 100)
        # Each of three may have had that much on its lines when something died.
        balanced(database, dispatch, mail.copies, number, doubtful=3 * IN_DOUBT)
        assert [one.leave() < 10 for one in crew[1:]] == [True, True]
    print(f"\n{kind}, {number} planned: {account(database, dispatch)}")
    database.dispose()


def done(database: Database, dispatch: int) -> bool:
    """Tell whether the sending is finished; our own connection may have died with the server."""
    try:
        return account(database, dispatch).state is DispatchState.FINISHED
    except OperationalError:
        return False
