"""Pause, resume, cancel and schedules take effect within two seconds, whichever process says so."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import timedelta

import pytest

from newsletter import notices
from newsletter.delivery import progress
from newsletter.delivery.dispatcher import Line
from newsletter.delivery.runners.local import LocalRunner
from newsletter.delivery.states import DispatchState
from newsletter.kit.clock import utc_now
from newsletter.kit.database import Database
from newsletter.mail.envelope import Accepted, Envelope
from tests.delivery.outbox import ROUTE, PlainMessages, account, publication, readers, started, until
from tests.doubles import ScriptedTransport

SOON = 2.0
MANY = [f"r{number:04}@example.org" for number in range(3000)]


class Watched:
    """A server that takes a hundredth of a second for each message, and notes when it took the last."""

    def __init__(self) -> None:
        self.last = 0.0
        self.transport = ScriptedTransport(then=self._take)

    def _take(self, _: Envelope) -> Accepted:
        time.sleep(0.01)
        self.last = time.monotonic()
        return Accepted("250 ok")


@pytest.fixture
def elsewhere(database: Database) -> Iterator[Database]:
    """The database as another process opens it."""
    other = Database(database.url)
    yield other
    other.dispose()


@pytest.fixture
def watched(database: Database) -> Iterator[Watched]:
    """A runner at work in threads of its own, that nobody wakes."""
    server = Watched()
    runner = LocalRunner(database, Line(ROUTE, server.transport, connections=2), PlainMessages(), clock=utc_now)
    runner.start()
    yield server
    runner.stop()


def begun(database: Database, watched: Watched) -> int:
    publication_id = publication(database)
    readers(database, publication_id, MANY)
    dispatch = started(database, publication_id)
    until(lambda: watched.transport.recipients)
    return dispatch


def quiet(watched: Watched, since: float) -> bool:
    """Whether nothing has been handed over for a second, and nothing two seconds after *since*."""
    until(lambda: time.monotonic() - max(watched.last, since) > 1)
    return watched.last - since <= SOON


def test_pause_and_resume_from_another_process(database, elsewhere, watched):
    """Nothing goes two seconds after the one, something goes two seconds after the other."""
    dispatch = begun(database, watched)
    with elsewhere.write() as session:
        progress.pause(session, dispatch, reason="wrong figure", by="eve", now=utc_now())
    assert quiet(watched, time.monotonic())
    reached = len(watched.transport.recipients)
    assert reached < 3000
    with elsewhere.write() as session:
        progress.resume(session, dispatch, by="eve", now=utc_now())
    until(lambda: len(watched.transport.recipients) > reached, seconds=SOON)


def test_cancel_from_another_process(database, elsewhere, watched):
    """What was on the line ends, and everything else never goes."""
    dispatch = begun(database, watched)
    with elsewhere.write() as session:
        progress.cancel(session, dispatch, by="eve", now=utc_now())
    assert quiet(watched, time.monotonic())
    until(lambda: account(database, dispatch).waiting == 0)  # written off slice by slice
    ended = account(database, dispatch)
    assert ended.state is DispatchState.CANCELLED
    assert ended.accepted == len(watched.transport.recipients)
    assert ended.cancelled == 3000 - ended.accepted


def test_what_comes_due_while_another_sending_goes_begins_within_two_seconds(database, watched):
    """The schedule does not wait for the end of the sending before it."""
    first = begun(database, watched)
    ports = publication(database, "ports")
    readers(database, ports, ["ada@example.net"])
    at = utc_now() + timedelta(seconds=1)
    second = started(database, ports, "issue:2:v1", scheduled_for=at)
    until(lambda: account(database, second).state is DispatchState.RUNNING, seconds=1 + SOON)
    assert utc_now() >= at
    until(lambda: "ada@example.net" in watched.transport.recipients)
    assert account(database, first).state is DispatchState.RUNNING


def test_a_confirmation_waits_seconds_behind_an_issue_on_a_slow_route(database):
    """At five a second: not behind everything that would fit a claim, let alone behind three hundred."""
    transport = ScriptedTransport()
    line = Line(ROUTE, transport, connections=2, pace=5)
    runner = LocalRunner(database, line, PlainMessages(), clock=utc_now)
    publication_id = publication(database)
    readers(database, publication_id, MANY[:300])
    started(database, publication_id)
    runner.start()
    try:
        until(lambda: len(transport.recipients) > 3)
        with database.write() as session:
            notices.write(
                session, publication_id=publication_id, purpose="test", address="ada@example.net", subject="Please confirm",
                text="Hello", now=utc_now(),
            )  # fmt: skip
        until(lambda: "ada@example.net" in transport.recipients, seconds=25)
    finally:
        runner.stop()
