"""A sending beside others and under signals: it waits for what `serve` holds, drains when asked, goes when told twice."""

from __future__ import annotations

import signal
from pathlib import Path

from tests.journeys.desk import Desk
from tests.smtp_server import STALL, ScriptedSmtpServer, receiver, wait_for

READERS = 200
PATIENCE = 60.0


def test_a_sending_beside_a_worker_ends_when_both_have(tmp_path: Path):
    """The one command says “finished” and nobody gets two mails; SIGTERM ends the worker cleanly."""
    with receiver() as mail_server:
        url = f"smtp://127.0.0.1:{mail_server.port}?pace=none&connections=4"
        desk = Desk(tmp_path, f"sqlite:///{tmp_path / 'newsletter.db'}", NEWSLETTER_SMTP_URL=url)
        desk.signed_off_issue(readers=READERS)
        worker = desk.start("worker")
        try:
            account = desk.json("issue", "send", "1", "--yes")
            assert (account["accepted"], account["state"], account["uncertain"]) == (READERS, "finished", 0)
        finally:
            worker.send_signal(signal.SIGTERM)
            worker.communicate(timeout=PATIENCE)
        assert worker.returncode == 0
        assert len({message.recipients for message in mail_server.received}) == len(mail_server.received) == READERS


def test_a_sending_that_is_asked_to_stop_leaves_nothing_in_doubt(tmp_path: Path):
    """SIGTERM in the middle: exit code 1 and an account without doubt; the same command sends the rest."""
    with receiver() as mail_server:
        url = f"smtp://127.0.0.1:{mail_server.port}?pace=50&connections=4"
        desk = Desk(tmp_path, f"sqlite:///{tmp_path / 'newsletter.db'}", NEWSLETTER_SMTP_URL=url)
        desk.signed_off_issue(readers=READERS)
        sending = desk.start("issue", "send", "1", "--yes")
        wait_for(lambda: len(mail_server.received) > 20, seconds=PATIENCE)
        sending.send_signal(signal.SIGTERM)
        out, error = sending.communicate(timeout=PATIENCE)
        assert sending.returncode == 1, out + error
        assert "once more stops now" in error
        assert len(mail_server.received) < READERS
        account = desk.json("issue", "send", "1", "--yes")
        assert (account["accepted"], account["state"], account["uncertain"]) == (READERS, "finished", 0)
        assert len(mail_server.received) == READERS


def test_a_second_signal_ends_at_once_what_waits_for_a_silent_server(tmp_path: Path):
    """The server says nothing after the final dot for ten minutes; nobody should have to look for `kill -9`."""
    with ScriptedSmtpServer(script={"END": [STALL]}) as mail_server:
        url = f"smtp://127.0.0.1:{mail_server.port}?pace=none&connections=1"
        desk = Desk(tmp_path, f"sqlite:///{tmp_path / 'newsletter.db'}", NEWSLETTER_SMTP_URL=url)
        desk.signed_off_issue(readers=3)
        sending = desk.start("issue", "send", "1", "--yes")
        wait_for(lambda: bool(mail_server.messages), seconds=PATIENCE)
        sending.send_signal(signal.SIGINT)
        assert sending.stderr is not None
        assert "once more" in sending.stderr.readline()
        sending.send_signal(signal.SIGINT)
        assert sending.wait(timeout=10) == -signal.SIGINT
        sending.communicate()
        account = desk.json("issue", "report", "1")
        assert account["planned"] == account["in_hand"] + account["waiting"] == 3
