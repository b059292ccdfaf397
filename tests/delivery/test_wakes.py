"""Whoever writes work down need not say so: after the commit the crew is awake, with no tick in between."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest

from newsletter import notices
from newsletter.delivery import deeds, progress, schedules
from newsletter.delivery.line import Line
from newsletter.delivery.models import Dispatch
from newsletter.delivery.runners import local, procrastinate
from newsletter.delivery.runners.local import LocalRunner
from newsletter.delivery.runners.procrastinate import CrewCaller
from newsletter.delivery.states import DispatchState
from newsletter.kit.clock import utc_now
from newsletter.kit.database import Database, announce_work
from newsletter.worker import Installation
from tests.delivery.outbox import ROUTE, PlainMessages, account, promised, publication, readers, started, until
from tests.delivery.worker_process import runner_of
from tests.doubles import ScriptedTransport

EVERY_RUNNER = pytest.mark.parametrize(
    ("database_url", "kind"),
    [("sqlite", "local"), ("postgresql", "local"), ("postgresql", "procrastinate")],
    indirect=["database_url"],
)


@pytest.fixture
def crew(database: Database, kind: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[ScriptedTransport]:
    """A runner whose ticks come once a year, awake only by what verbs announce."""
    monkeypatch.setattr(local, "TICK", 3600.0)
    for name in ("EVERY_SECOND", "NOW_AND_THEN"):
        monkeypatch.setattr(procrastinate, name, "0 0 1 1 *")
    transport = ScriptedTransport()
    runner_ = runner_of(kind, database, hands(database, transport))
    runner_.start()
    database.on_work = runner_.wake
    yield transport
    runner_.stop()


def hands(database: Database, transport: ScriptedTransport) -> LocalRunner:
    return LocalRunner(database, Line(ROUTE, transport), PlainMessages(), clock=utc_now)


def finished(database: Database, dispatch: int) -> bool:
    return account(database, dispatch).state is DispatchState.FINISHED


@EVERY_RUNNER
def test_a_start_a_resume_and_a_notice_are_taken_up_without_a_tick(database, crew):
    """Each is announced by the verb that writes it down."""
    dispatch = promised(database, "ada@example.org")
    until(lambda: finished(database, dispatch))
    paused = started(database, publication(database, "other"), "issue:2:v1")
    until(lambda: finished(database, paused))  # nobody reads it
    with database.write() as session:
        row = session.get_one(Dispatch, dispatch)
        row.state, row.finished_at = DispatchState.PAUSED, None
    with database.write() as session:
        progress.resume(session, dispatch, by="eve", now=utc_now())
    until(lambda: finished(database, dispatch))
    with database.write() as session:
        notices.write(
            session, publication_id=1, purpose="confirm", address="eve@example.org", subject="s", text="t",
            now=utc_now(),
        )  # fmt: skip
    until(lambda: "eve@example.org" in crew.recipients)


@EVERY_RUNNER
def test_what_was_missed_or_held_goes_on_when_a_person_says_so(database, crew):
    """Sending it after all, giving it a time that has come, ending its hold."""
    publication_id = publication(database)
    readers(database, publication_id, ["ada@example.org"])
    past = utc_now() - timedelta(hours=5)
    with database.write() as session:
        missed = Dispatch(
            key="m", kind="issue", state=DispatchState.MISSED, publication_id=publication_id, route=ROUTE,
            created_by="t", created_at=past, scheduled_for=past, options={},
        )  # fmt: skip
        session.add(missed)
    with database.write() as session:
        schedules.send_missed(session, missed.id, by="eve", now=utc_now())
    until(lambda: finished(database, missed.id))
    held = started(database, publication_id, "issue:9:v1", hold=timedelta(hours=1), scheduled_for=utc_now())
    until(lambda: account(database, held).state is DispatchState.COOLING)
    with database.write() as session:
        deeds.end_hold(session, held, by="eve", now=utc_now())
    until(lambda: finished(database, held))


def test_what_is_rolled_back_wakes_nobody(database):
    """And what is committed wakes once, after the commit, when another may write again."""
    calls: list[bool] = []

    def on_work() -> None:
        with database.write() as session:  # would wait for ever if we still stood in the way
            calls.append(session.get(Dispatch, 1) is not None)

    database.on_work = on_work
    publication_id = publication(database)
    with pytest.raises(ZeroDivisionError), database.write() as session:
        announce_work(session)
        1 / 0  # noqa: B018
    assert calls == []
    started(database, publication_id)
    assert calls == [True]
    started(database, publication_id)  # stands already
    assert calls == [True]


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_a_command_on_another_machine_wakes_the_crew(database, database_url, monkeypatch):
    """It has no runner; it calls by the database."""
    for name in ("EVERY_SECOND", "NOW_AND_THEN"):
        monkeypatch.setattr(procrastinate, name, "0 0 1 1 *")
    transport = ScriptedTransport()
    crew = runner_of("procrastinate", database, hands(database, transport))
    crew.start()
    elsewhere, caller = Database(database_url), CrewCaller(database.url, crew=ROUTE)
    elsewhere.on_work = caller.wake
    dispatch = promised(elsewhere, "ada@example.org")
    until(lambda: finished(database, dispatch))
    with elsewhere.write() as session:
        assert progress.get(session, dispatch).state is DispatchState.FINISHED
    caller.close()
    caller.close()
    crew.stop()
    elsewhere.dispose()


def test_a_crew_that_cannot_be_called_is_no_error():
    """What was announced is committed; the next tick finds it."""
    caller = CrewCaller(Database("postgresql://nobody@127.0.0.1:1/none").url, crew="x")
    caller.wake()
    caller.close()


def test_installations_wake_their_own_runner_while_they_work(tmp_path):
    """And the roof is what ties the two together."""
    from newsletter.kit.migrations import migrate
    from newsletter.kit.settings import load_settings

    here = Installation.open(load_settings(_env_file=None, data_dir=tmp_path, secret_key="x" * 32, smtp_url=""))
    migrate(here.database)
    with here.working() as running:
        assert here.database.on_work == running.wake
    assert here.database.on_work == here.wake
    here.close()
