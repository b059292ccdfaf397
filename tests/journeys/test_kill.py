"""The machine dies in the middle of a sending; the same command goes on within seconds and the account balances."""

from __future__ import annotations

import email
import time
from collections import Counter
from pathlib import Path

from newsletter.delivery.scribe import COMMIT_GROUP
from tests.journeys.desk import Desk
from tests.smtp_server import receiver

READERS = 400
CONNECTIONS = 4
LEASE_SECONDS = 60


def test_a_killed_sending_goes_on_and_reaches_everybody(database_url: str, tmp_path: Path):
    """``kill -9``, the same command again: nobody is missed, and twice only those named uncertain."""
    with receiver() as mail_server:
        url = f"smtp://127.0.0.1:{mail_server.port}?pace=none&connections={CONNECTIONS}"
        desk = Desk(tmp_path, database_url, NEWSLETTER_SMTP_URL=url)
        desk.signed_off_issue(readers=READERS)
        sending = desk.start("issue", "send", "1", "--yes")
        while len(mail_server.received) < READERS // 4:
            assert sending.poll() is None, sending.communicate()
            time.sleep(0.01)
        sending.kill()
        sending.communicate()
        before = len(mail_server.received)
        assert before < READERS

        began = time.monotonic()
        account = desk.json("issue", "send", "1", "--yes")
        assert time.monotonic() - began < LEASE_SECONDS  # it did not wait for the dead one's lease
        assert (account["planned"], account["accepted"], account["state"]) == (READERS, READERS, "finished")

        got = Counter(message.recipients[0] for message in mail_server.received)
        assert len(got) == READERS
        twice = {recipient for recipient, times in got.items() if times > 1}
        assert len(twice) <= account["uncertain"] <= CONNECTIONS + COMMIT_GROUP
        for recipient in twice:
            same = {
                email.message_from_bytes(message.data)["Message-ID"]
                for message in mail_server.received
                if message.recipients[0] == recipient
            }
            assert len(same) == 1  # a mail program shows such a pair as one
