"""A sending beside others: the command waits for what a worker holds."""

from __future__ import annotations

import signal
from pathlib import Path

from tests.journeys.desk import Desk
from tests.smtp_server import receiver

READERS = 200
PATIENCE = 60.0


def test_a_sending_beside_a_worker_ends_when_both_have(tmp_path: Path):
    """The one command says “finished” and nobody gets two mails; SIGTERM ends the worker cleanly."""
    with receiver() as mail_server:
        url = f"smtp://127.0.0.1:{mail_server.port}?pace=none&connections=4"
        desk = Desk(tmp_path, f"sqlite:///{tmp_path / 'newsletter.db'}", NEWSLETTER_SMTP_URL=url)
        desk.signed_off_issue(readers=READERS)
        worker = desk.start("worker")
        assert worker.stdout is not None
        try:
            assert "Working" in worker.stdout.readline()
            account = desk.json("issue", "send", "1", "--yes")
            assert (account["accepted"], account["state"], account["uncertain"]) == (READERS, "finished", 0)
        finally:
            worker.send_signal(signal.SIGTERM)
            worker.communicate(timeout=PATIENCE)
        assert worker.returncode == 0
        assert len({message.recipients for message in mail_server.received}) == len(mail_server.received) == READERS
