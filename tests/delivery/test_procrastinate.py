"""Procrastinate's jobs are hints: they leave nothing behind, and those of the dead disturb nobody."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from newsletter.delivery.runners import procrastinate
from newsletter.delivery.runners.procrastinate import EVERY_SECOND, ProcrastinateRunner
from newsletter.delivery.states import DispatchState
from newsletter.kit.database import Database
from tests.delivery.outbox import ROUTE, TurnedClock, account, promised, runner, until
from tests.doubles import ScriptedTransport

pytestmark = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)


def jobs(database: Database, *states: str) -> int:
    with database.read() as session:
        query = text("SELECT count(*) FROM procrastinate_jobs WHERE status::text = ANY(:states)")
        return int(session.scalar(query, {"states": list(states)}) or 0)


def test_jobs_that_have_ended_are_deleted(database):
    """A tick a second would be thirty million rows a year."""
    dispatch = promised(database, "ada@example.org")
    desk = ProcrastinateRunner(database.url, runner(database, ScriptedTransport(), TurnedClock()), crew=ROUTE)
    desk.start()
    until(lambda: account(database, dispatch).state is DispatchState.FINISHED)
    desk.stop()
    assert jobs(database, "succeeded", "failed", "aborted", "doing") == 0
    assert jobs(database, "todo") <= 4  # one of each kind may wait for whoever comes next


def test_what_a_dead_worker_had_begun_is_thrown_away(database, monkeypatch):
    """Its deliveries have leases; its jobs need nothing."""
    monkeypatch.setattr(procrastinate, "NOW_AND_THEN", EVERY_SECOND)
    with database.write() as session:
        session.execute(
            text(
                "INSERT INTO procrastinate_jobs (queue_name, task_name, status, queueing_lock, args)"
                " VALUES ('dispatches:test', 'dispatches:test', 'doing', 'dispatches:test', '{}')"
            )
        )
    desk = ProcrastinateRunner(database.url, runner(database, ScriptedTransport(), TurnedClock()), crew=ROUTE)
    desk.start()
    dispatch = promised(database, "ada@example.org")
    until(lambda: account(database, dispatch).state is DispatchState.FINISHED)
    dead = text("SELECT count(*) FROM procrastinate_jobs WHERE queue_name = 'dispatches:test' AND status = 'doing'")
    until(lambda: not count(database, dead))
    desk.stop()


def count(database: Database, query: object) -> int:
    with database.read() as session:
        return int(session.scalar(query) or 0)  # type: ignore[call-overload]


def test_stopping_before_anything_began_is_harmless(database):
    """A service that fails at its start stops what it has hardly begun."""
    desk = ProcrastinateRunner(database.url, runner(database, ScriptedTransport(), TurnedClock()), crew=ROUTE)
    desk.stop()
    desk.start()
    desk.stop()
