"""Crashes: kill -9 in the middle, leases, fences; nothing lost, twice only what is counted as uncertain."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from datetime import timedelta

from sqlalchemy import func, insert, select, update

from newsletter.delivery import claims, ledger, owners
from newsletter.delivery.models import Delivery
from newsletter.delivery.progress import DELIVERIES
from newsletter.delivery.settlement import Settlement
from newsletter.delivery.states import DeliveryState, DispatchState
from newsletter.kit.clock import utc_now
from newsletter.kit.database import Database
from newsletter.mail.envelope import Accepted, Envelope
from subscribers.models import Subscriber
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
from tests.delivery.sender_process import CONNECTIONS, GROUP
from tests.doubles import ScriptedTransport
from tests.smtp_server import receiver

ADA = "ada@example.org"


def claimed(database: Database, dispatch: int, owner: str, *, sending: bool = False, limit: int = 1000) -> list:
    """Claim deliveries by hand and perhaps mark them."""
    with database.write() as session:
        promises = claims.claim(session, dispatch, owner=owner, limit=limit, now=NINE_OCLOCK).promises
        if sending:
            claims.mark_sending(session, promises, owner=owner, now=NINE_OCLOCK)
    return promises


def planned(database: Database, *addresses: str) -> int:
    """Promise and plan, so that claims can be made by hand."""
    dispatch = promised(database, *addresses)
    runner(database, ScriptedTransport())._prepare(None)
    return dispatch


def test_kill_minus_nine_in_the_middle_loses_nobody(database, database_url):
    """Killed, started again: at once everybody has it; twice only those that the report calls uncertain."""
    addresses = [f"r{number}@example.org" for number in range(300)]
    dispatch = promised(database, *addresses)
    with receiver() as server:
        command = [sys.executable, "-m", "tests.delivery.sender_process", database_url, f"127.0.0.1:{server.port}"]
        first = subprocess.Popen(command)
        until(lambda: len(server.received) >= 80, 30)
        first.send_signal(signal.SIGKILL)
        # Not waited for yet: a zombie is as dead as can be, and no lease has run out.
        until(lambda: owners._start_of(first.pid) is None)
        with database.read() as session:
            in_doubt = session.scalar(select(func.count(Delivery.id)).where(Delivery.state == DeliveryState.SENDING))
        assert in_doubt <= CONNECTIONS + GROUP
        assert counted(database, dispatch)["accepted"] < 300
        started_again = time.monotonic()
        subprocess.run(command, check=True, timeout=50)
        assert time.monotonic() - started_again < claims.LEASE.total_seconds()
        first.wait()
        messages = list(server.received)
    result = account(database, dispatch)
    assert (result.accepted, result.planned, result.state) == (300, 300, DispatchState.FINISHED)
    assert result.uncertain <= CONNECTIONS + GROUP
    copies = Counter(message.recipients[0] for message in messages)
    assert set(copies) == set(addresses)
    with database.read() as session:
        uncertain = set(session.scalars(select(Delivery.address).where(Delivery.uncertain > 0)))
    assert {address for address, number in copies.items() if number > 1} <= uncertain
    ids = {(message.recipients[0], re.search(rb"Message-ID: (<.*>)", message.data)[1]) for message in messages}
    assert len(ids) == 300


def test_two_dispatchers_on_one_dispatch_never_send_twice(database, database_url):
    """Each with its own engine, as two processes have."""
    addresses = [f"r{number}@example.org" for number in range(300)]
    dispatch = promised(database, *addresses)
    runner(database, ScriptedTransport())._prepare(None)
    transport, other = ScriptedTransport(), Database(database_url)
    desks = [runner(one, transport, connections=2, commit_group=8) for one in (database, other)]
    threads = [threading.Thread(target=desk.run_until_idle) for desk in desks]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    other.dispose()
    assert sorted(transport.recipients) == sorted(addresses)
    assert counted(database, dispatch) == {"accepted": 300}


def test_what_a_dead_worker_had_only_claimed_is_simply_sent(database):
    """No attempt, no doubt."""
    dispatch = planned(database, ADA)
    claimed(database, dispatch, dead_owner())
    transport = ScriptedTransport()
    runner(database, transport).run_until_idle()
    assert (account(database, dispatch).accepted, account(database, dispatch).uncertain) == (1, 0)


def test_what_a_dead_worker_was_sending_is_in_doubt_and_sent_again(database):
    """At once, since its process is known to be gone."""
    dispatch = planned(database, ADA)
    claimed(database, dispatch, dead_owner(), sending=True)
    runner(database, ScriptedTransport()).run_until_idle()
    assert (account(database, dispatch).accepted, account(database, dispatch).uncertain) == (1, 1)


def test_with_hold_it_waits_for_a_person_instead(database):
    """And the dispatch is not finished."""
    dispatch = planned(database, ADA)
    claimed(database, dispatch, dead_owner(), sending=True)
    transport = ScriptedTransport()
    runner(database, transport, on_doubt="hold").run_until_idle()
    assert transport.recipients == []
    assert (account(database, dispatch).held, account(database, dispatch).state) == (1, DispatchState.RUNNING)


def test_another_machines_claim_stands_until_its_lease_runs_out(database):
    """Nobody here can know whether it lives."""
    dispatch, clock = planned(database, ADA), TurnedClock()
    claimed(database, dispatch, "elsewhere000:1:1:aaaa", sending=True)
    transport = ScriptedTransport()
    desk = runner(database, transport, clock)
    desk.run_until_idle()
    assert transport.recipients == []
    clock.turn(seconds=61)
    desk.run_until_idle()
    assert transport.recipients == [ADA]
    assert account(database, dispatch).uncertain == 1


def test_a_worker_that_lost_its_lease_cannot_record(database):
    """The fence: owner and state must still be its own."""
    dispatch = planned(database, ADA)
    (promise,) = claimed(database, dispatch, "elsewhere000:1:1:aaaa", sending=True)
    late = Settlement(promise.id, dispatch, DeliveryState.REFUSED, NINE_OCLOCK, 550, "no")
    with database.write() as session:
        ledger.reap(session, now=NINE_OCLOCK + timedelta(minutes=2), on_doubt="resend", is_dead=owners.is_dead)
        assert ledger.record(session, [late], owner="elsewhere000:1:1:aaaa") == 0
    assert states(database, dispatch) == {ADA: "planned"}


def test_a_living_owner_is_not_dead_and_a_used_pid_is():
    """A pid alone says little: its start time must fit."""
    mine = owners.new_owner()
    assert not owners.is_dead(mine)
    assert owners.new_owner() != mine
    assert len(mine) <= 80
    assert owners.is_dead(dead_owner())
    assert not owners.is_dead("")
    assert not owners.is_dead("elsewhere000:1:1:aaaa")


def test_what_comes_back_to_a_cancelled_dispatch_is_cancelled(database):
    """A crash and a cancellation together leave nothing open."""
    from newsletter.delivery import progress

    dispatch = planned(database, ADA)
    claimed(database, dispatch, dead_owner(), sending=True)
    with database.write() as session:
        progress.cancel(session, dispatch, by="eve", now=NINE_OCLOCK)
    runner(database, ScriptedTransport()).run_until_idle()
    assert states(database, dispatch) == {ADA: "cancelled"}


def test_other_writers_get_their_turn_while_a_dispatch_runs(database):
    """Between commit groups the queue of writers moves: an unsubscribe does not wait for the end."""
    dispatch = promised(database, *(f"r{number}@example.org" for number in range(400)))
    written: list[int] = []

    def write(_: Envelope) -> Accepted:
        if len(written) < 20:
            with database.write() as session:
                session.execute(update(Subscriber).where(Subscriber.id == 1).values(name="Ada"))
            written.append(1)
        return Accepted("250 ok")

    runner(database, ScriptedTransport(then=write), connections=4).run_until_idle()
    assert len(written) >= 20
    assert counted(database, dispatch) == {"accepted": 400}


def test_the_account_balances_in_every_mixture_of_states(database):
    """The sum equals the plan whatever the rows are."""
    publication_id = publication(database)
    readers(database, publication_id, [ADA])
    dispatch = started(database, publication_id)
    with database.write() as session:
        for number, state in enumerate(DeliveryState):
            session.execute(
                insert(DELIVERIES).values(
                    dispatch_id=dispatch, recipient_key=f"{number}@x.org", address=f"{number}@x.org", domain="x.org", name="",
                    variant="html", language="", stage=0, state=state, attempts=number % 2, uncertain=number % 2, owner="",
                    not_before=utc_now(), enhanced="", reply="",
                    skip_reason="paused" if state is DeliveryState.SKIPPED else None,
                )
            )  # fmt: skip
        from newsletter.delivery.models import Dispatch

        session.get_one(Dispatch, dispatch).planned_count = len(DeliveryState)
    assert account(database, dispatch).total == len(DeliveryState)


def dead_owner() -> str:
    """Return the owner name of a process of this machine that runs no more."""
    host, _, _, _ = owners.new_owner().split(":")
    return f"{host}:{os.getpid()}:1:aaaa"  # this pid, started at another time
