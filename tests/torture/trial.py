"""A trial: one mode, one seed, a sending from beginning to end, and its account against what the server saw."""

from __future__ import annotations

import random
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.exc import OperationalError

from newsletter.delivery import progress, report
from newsletter.delivery.dispatcher import Line
from newsletter.delivery.models import Delivery
from newsletter.delivery.runners.local import LocalRunner
from newsletter.delivery.states import FINAL, DeliveryState, DispatchState
from newsletter.kit.clock import utc_now
from newsletter.kit.database import Database
from newsletter.mail.route import SmtpRoute, SmtpTimeouts
from newsletter.mail.smtp import SmtpTransport
from tests.delivery.outbox import ROUTE, PlainMessages, TurnedClock, promised
from tests.torture import accidents
from tests.torture.modes import Mode
from tests.torture.server import TorturingServer
from tests.torture.victim import CONNECTIONS, GROUP

IMPATIENT = SmtpTimeouts(5, 0.7, 0.7, 0.7, 0.7, 0.7, 0.3)
PATIENT = SmtpTimeouts(quit=2)
ROUNDS = 200


@dataclass(frozen=True)
class Verdict:
    """What came out of a trial."""

    mode: str
    planned: int
    accepted: int
    refused: int
    expired: int
    uncertain: int
    lost: int
    """Deliveries still open, or called accepted although the server never had them."""
    doubled: int
    """Copies beyond the first that no doubt explains."""
    faults: tuple[str, ...] = ()
    """Other promises that were broken."""

    @property
    def sound(self) -> bool:
        """Whether every promise was kept."""
        return not (self.lost or self.doubled or self.faults)


def run(mode: Mode, database: Database, *, seed: int, readers: int) -> Verdict:
    """Send to *readers* readers under *mode*, until every delivery has ended, and hold the account against the server."""
    dice = random.Random(f"{seed}:{mode.name}")
    readers = readers // 10 if mode.heavy else readers
    dispatch_id = promised(database, *(f"r{number}@d{number % 7}.example.org" for number in range(readers)))
    server = TorturingServer(extensions=mode.extensions, faults=mode.faults, seed=f"{seed}:{mode.name}")
    with server:
        if mode.accident in accidents.OF_PROCESSES:
            accidents.OF_PROCESSES[mode.accident](database, server, dice)
        server.slowness = 0.0
        with accidents.busy(database, dice) if mode.accident == "busy" else nullcontext():
            drive(mode, database, server, dispatch_id)
    return account(mode, database, server, dispatch_id)


def drive(mode: Mode, database: Database, server: TorturingServer, dispatch_id: int) -> None:
    """Send as a worker would that is started again whenever it fails, turning the clock to whatever is due next."""
    clock = TurnedClock(utc_now() + timedelta(hours=1))
    route = SmtpRoute("127.0.0.1", server.port, pace=None, timeouts=IMPATIENT if mode.impatient else PATIENT)
    line = Line(ROUTE, SmtpTransport(route, helo_name="localhost"), connections=CONNECTIONS)
    for _ in range(ROUNDS):
        runner = LocalRunner(
            database, line, PlainMessages(mode.size), clock=clock, commit_group=GROUP, wait=clock.wait,
            dice=lambda: 0.5,
        )  # fmt: skip
        try:
            idle = runner.run_until_idle()
            with database.write() as session:
                dispatch = progress.get(session, dispatch_id)
                if dispatch.state is DispatchState.PAUSED:
                    progress.resume(session, dispatch_id, by="torture", now=clock.now)
                elif dispatch.state is DispatchState.FINISHED:
                    return
        except OperationalError:  # the service goes on with its next tick
            clock.turn(minutes=2)
            continue
        if idle.next_due is not None:
            clock.now = max(clock.now, idle.next_due)
        clock.turn(seconds=1)


def account(mode: Mode, database: Database, server: TorturingServer, dispatch_id: int) -> Verdict:
    """Hold our books against the server's."""
    with database.read() as session:
        rows = session.scalars(select(Delivery).where(Delivery.dispatch_id == dispatch_id)).all()
        books = report.report(session, dispatch_id)
        state = progress.get(session, dispatch_id).state
    lost = sum(
        1
        for row in rows
        if row.state not in FINAL or (row.state is DeliveryState.ACCEPTED and not server.copies[row.address])
    )
    doubled = sum(max(0, server.copies[row.address] - 1 - row.uncertain) for row in rows)
    broken = {
        "the sum is not the plan": books.total != books.planned or books.planned != len(rows),
        "not finished": state is not DispatchState.FINISHED,
        "in doubt without need": mode.certain and books.uncertain > 0,
        "two Message-IDs": any(len(server.message_ids.get(row.address, ())) > 1 for row in rows),
        "more in doubt than promised": mode.accident in {"killed", "killed_early"}
        and not mode.faults
        and books.uncertain > accidents.KILLS * (CONNECTIONS + GROUP),
    }
    return Verdict(
        mode.name, books.planned, books.accepted, books.refused, books.expired, books.uncertain, lost, doubled,
        tuple(words for words, broke in broken.items() if broke),
    )  # fmt: skip
