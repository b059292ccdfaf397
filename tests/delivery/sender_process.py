"""A process of its own that sends what is due, to be killed: ``python -m tests.delivery.sender_process DB HOST:PORT``."""

from __future__ import annotations

import sys

from newsletter.delivery.dispatcher import Line
from newsletter.delivery.runners.local import LocalRunner
from newsletter.kit.clock import utc_now
from newsletter.kit.database import Database
from newsletter.mail.route import parse_smtp_url
from newsletter.mail.smtp import SmtpTransport
from tests.delivery.outbox import ROUTE, PlainMessages

CONNECTIONS = 4
GROUP = 16


def main(database_url: str, server: str) -> None:
    """Send until idle."""
    database = Database(database_url)
    transport = SmtpTransport(parse_smtp_url(f"smtp://{server}?pace=none"), helo_name="localhost")
    line = Line(ROUTE, transport, connections=CONNECTIONS)
    LocalRunner(database, line, PlainMessages(), clock=utc_now, commit_group=GROUP).run_until_idle()
    database.dispose()


if __name__ == "__main__":
    main(*sys.argv[1:])
