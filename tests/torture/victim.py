"""A process that sends what is due, to be killed: ``python -m tests.torture.victim DB PORT``. SIGTERM drains it."""

from __future__ import annotations

import signal
import sys
import threading

from newsletter.delivery.dispatcher import Line
from newsletter.delivery.runners.local import LocalRunner
from newsletter.kit.clock import utc_now
from newsletter.kit.database import Database
from newsletter.mail.route import parse_smtp_url
from newsletter.mail.smtp import SmtpTransport
from tests.delivery.outbox import ROUTE, PlainMessages

CONNECTIONS = 3
GROUP = 8


def main(database_url: str, port: str) -> None:
    """Send until idle."""
    database = Database(database_url)
    route = parse_smtp_url(f"smtp://127.0.0.1:{port}?pace=none&per_connection=none")
    line = Line(ROUTE, SmtpTransport(route, helo_name="localhost"), connections=CONNECTIONS)
    runner = LocalRunner(database, line, PlainMessages(), clock=utc_now, commit_group=GROUP)
    # In a thread: a handler runs between any two steps of this one, perhaps while it holds a lock.
    signal.signal(signal.SIGTERM, lambda *_: threading.Thread(target=runner.stop).start())
    print("ready", flush=True)
    runner.run_until_idle()
    signal.signal(signal.SIGTERM, signal.SIG_IGN)  # all is done; the interpreter's end must not be hurried
    database.dispose()


if __name__ == "__main__":
    main(*sys.argv[1:])
