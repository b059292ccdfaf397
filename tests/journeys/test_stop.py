"""A sending is asked to stop in the middle; the workers, and then the server, take it over and are asked to stop, too."""

from __future__ import annotations

import signal
import socket
import subprocess
import time
from pathlib import Path

from tests.delivery.outbox import until
from tests.discard_server import discarding
from tests.journeys.desk import Desk

READERS = 300


def test_whatever_sends_stops_when_asked_to_with_nothing_in_doubt(database_url: str, tmp_path: Path):
    """SIGTERM, twice: exit code 0 within seconds, nothing in hand, nothing uncertain; the next one goes on."""
    with discarding(slowness=0.1) as mail:
        desk = Desk(tmp_path, database_url, NEWSLETTER_SMTP_URL=f"smtp://127.0.0.1:{mail.port}?pace=none")
        desk.signed_off_issue(readers=READERS)
        for command in (("issue", "send", "1", "--yes"), ("worker",), ("serve", "--port", str(free_port()))):
            before = len(mail.taken)
            sending = desk.start(*command)
            until(lambda: len(mail.taken) > before + 20, 30)  # noqa: B023  # asked within this round
            assert stopped(sending) == 0
            account = desk.json("issue", "report", "1")
            assert (account["accepted"], account["uncertain"]) == (len(mail.taken), 0)
            assert account["accepted"] + account["waiting"] == READERS
        mail.slowness = 0.0
        last = desk.start("worker")
        until(lambda: len(mail.taken) == READERS, 30)
        assert stopped(last) == 0
        assert max(mail.copies.values()) == 1


def stopped(process: subprocess.Popen[str]) -> int:
    """Ask twice, quickly, and return the exit code."""
    asked = time.monotonic()
    process.send_signal(signal.SIGTERM)
    time.sleep(0.01)
    process.send_signal(signal.SIGTERM)
    said = process.communicate(timeout=40)
    assert time.monotonic() - asked < 30, said
    return process.returncode


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])
