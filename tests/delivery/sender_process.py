"""A process of its own that sends what is due, to be killed; SIGTERM drains it.

``python -m tests.delivery.sender_process DB HOST:PORT [AGENTS]``
"""

from __future__ import annotations

import signal
import sys
import threading

from newsletter.delivery import agents
from newsletter.delivery.line import Line
from newsletter.delivery.runners.local import LocalRunner
from newsletter.kit.clock import utc_now
from newsletter.kit.database import Database
from newsletter.mail.route import parse_smtp_url
from newsletter.mail.smtp import SmtpTransport
from tests.delivery.outbox import ROUTE, PlainMessages

CONNECTIONS = 4
GROUP = 16


def main(database_url: str, server: str, processes: str = "0") -> None:
    """Send until idle, over lines in so many processes."""
    agents.WORTHWHILE = 1
    database = Database(database_url)
    transport = SmtpTransport(parse_smtp_url(f"smtp://{server}?pace=none"), helo_name="localhost")
    line = Line(ROUTE, transport, connections=CONNECTIONS, agents=int(processes))
    runner = LocalRunner(database, line, PlainMessages(), clock=utc_now, commit_group=GROUP)
    # In a thread: a handler runs between any two steps of this one, perhaps while it holds a lock.
    signal.signal(signal.SIGTERM, lambda *_: threading.Thread(target=runner.stop).start())
    runner.run_until_idle()
    database.dispose()


if __name__ == "__main__":
    main(*sys.argv[1:])
