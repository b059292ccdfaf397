"""PostgreSQL itself is killed and comes back while three workers send, and one of them is killed, too."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest
from sqlalchemy.exc import OperationalError

from newsletter.delivery.states import DispatchState
from newsletter.kit.database import Database
from newsletter.kit.migrations import migrate
from tests.delivery.outbox import account, until
from tests.delivery.test_runner_contract import IN_DOUBT, QUICK, SLOW, balanced, joined, many
from tests.delivery.worker_process import workers
from tests.discard_server import discarding
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
