"""A worker in a process of its own, to be stopped and killed, and the words to start one.

``python -m tests.delivery.worker_process KIND DATABASE HOST:PORT NAME LIMITS``: KIND is ``local`` or ``procrastinate``,
NAME is what it says in EHLO, so that the mail server knows who came, and LIMITS are those of its route's URL.
"""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from newsletter.cli import signals
from newsletter.delivery import dispatcher
from newsletter.delivery.dispatcher import Line
from newsletter.delivery.runners.local import LocalRunner
from newsletter.delivery.runners.port import Runner
from newsletter.delivery.runners.procrastinate import ProcrastinateRunner
from newsletter.kit.clock import utc_now
from newsletter.kit.database import Database
from newsletter.mail.route import parse_smtp_url
from newsletter.mail.smtp import SmtpTransport
from tests.delivery.outbox import ROUTE, PlainMessages

CONNECTIONS = 4
"""Of the route: all workers together."""
LIMITS = f"pace=none&connections={CONNECTIONS}"
GROUP = 16
DRAIN = 3.0
"""Seconds that open transactions have here; tests are in a hurry."""


def runner_of(kind: str, database: Database, hands: LocalRunner) -> Runner:
    """Return the runner of this *kind* over *hands*."""
    return hands if kind == "local" else ProcrastinateRunner(database.url, hands, crew=ROUTE)


def main(kind: str, database_url: str, server: str, name: str, limits: str) -> None:
    """Work until SIGTERM."""
    logging.basicConfig(level=logging.INFO, format=f"%(asctime)s {name} %(levelname)s %(message)s")
    dispatcher.DRAIN = DRAIN
    database = Database(database_url)
    route = parse_smtp_url(f"smtp://{server}?{limits}")
    line = Line(ROUTE, SmtpTransport(route, helo_name=name), connections=route.connections, pace=route.pace)
    hands = LocalRunner(database, line, PlainMessages(), clock=utc_now, commit_group=GROUP)
    runner = runner_of(kind, database, hands)
    with signals.noted() as asked_to_stop:
        runner.start()
        while not asked_to_stop():
            time.sleep(0.05)
        runner.stop()
    database.dispose()


class Worker:
    """A worker process as a test sees it."""

    def __init__(self, kind: str, database_url: str, port: int, name: str, limits: str = LIMITS) -> None:
        self.name = name
        module, server = "tests.delivery.worker_process", f"127.0.0.1:{port}"
        command = [sys.executable, "-m", module, kind, database_url, server, name, limits]
        quiet = None if os.environ.get("SHOW_WORKERS") else subprocess.DEVNULL
        self.process = subprocess.Popen(command, stderr=quiet)

    def kill(self) -> None:
        """End it with kill -9."""
        self.process.kill()
        self.process.wait()

    def leave(self, *, signals: int = 1) -> float:
        """Ask it to end, so many times, wait until it has, with exit code 0; return how many seconds it took."""
        asked = time.monotonic()
        for _ in range(signals):
            self.process.send_signal(signal.SIGTERM)
            time.sleep(0.01)
        assert self.process.wait(40) == 0
        return time.monotonic() - asked


@contextmanager
def workers(kind: str, database_url: str, port: int, *names: str, limits: str = LIMITS) -> Iterator[list[Worker]]:
    """Start a worker for each name; what a test adds to the list is ended with the others."""
    running = [Worker(kind, database_url, port, name, limits) for name in names]
    try:
        yield running
    finally:
        for one in running:
            if one.process.poll() is None:
                one.kill()


if __name__ == "__main__":
    main(*sys.argv[1:])
