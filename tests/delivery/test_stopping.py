"""A stop takes less than 30 seconds, whatever a server does."""

from __future__ import annotations

import threading
import time

import pytest

from newsletter.delivery.line import Line
from newsletter.delivery.runners.local import LocalRunner
from newsletter.kit.clock import utc_now
from newsletter.kit.database import Database
from newsletter.mail.route import SmtpRoute
from newsletter.mail.smtp import SmtpTransport
from tests.delivery.outbox import ROUTE, PlainMessages, account, counted, promised, until
from tests.smtp_server import DROP, STALL, ScriptedSmtpServer


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_message_that_tries_another_line_keeps_no_stop_waiting(database: Database):
    """Its first line broke before a word of it was taken, and at the next door nobody answers."""
    dispatch = promised(database, "a@example.org", "b@example.org")
    script: dict[str, list[str | list[str]]] = {
        "GREETING": ["220 come in", STALL, STALL], "MAIL": ["250 ok", DROP],
    }  # fmt: skip
    with ScriptedSmtpServer(script, extensions=()) as server:
        line = Line(ROUTE, SmtpTransport(SmtpRoute("127.0.0.1", server.port), helo_name="localhost"), connections=1)
        desk = LocalRunner(database, line, PlainMessages(), clock=utc_now)
        thread = threading.Thread(target=desk.run_until_idle)
        thread.start()
        until(lambda: server.connections == 2)
        begun = time.monotonic()
        desk.stop()
        thread.join(30)
        assert time.monotonic() - begun < 10
    assert counted(database, dispatch) == {"accepted": 1, "planned": 1}
    assert account(database, dispatch).uncertain == 0
