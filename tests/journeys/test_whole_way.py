"""From a manuscript to a thousand inboxes through a mail server that is not ours, and out again by one click."""

from __future__ import annotations

import email
import email.policy
import re
from pathlib import Path

from fastapi.testclient import TestClient

from newsletter.app import create_app
from newsletter.cli.invented_readers import invented_readers
from newsletter.kit.settings import load_settings
from newsletter.worker import Installation
from tests.journeys.desk import PUBLIC_URL, SECRET, Desk
from tests.smtp_server import Received, receiver

READERS = 1000
STRUCTURED = ("list-", "feedback-id", "message-id", "dkim-signature", "content-type", "mime-version", "precedence")


def test_a_thousand_readers_each_get_their_own_correct_mail(database_url: str, tmp_path: Path):
    """Distinct identities, clean bytes, both unsubscribe headers; then one leaves by POST, and nobody by GET."""
    with receiver() as mail_server:
        desk = Desk(tmp_path, database_url, NEWSLETTER_SMTP_URL=f"smtp://127.0.0.1:{mail_server.port}?pace=none")
        desk.signed_off_issue(readers=READERS)
        account = desk.json("issue", "send", "1", "--yes")
        assert (account["planned"], account["accepted"], account["state"]) == (READERS, READERS, "finished")
        check_every_mail(mail_server.received)
        check_leaving(desk, database_url, mail_server.received[0])
        again = desk.json("issue", "send", "1", "--yes")
        assert again["accepted"] == READERS
        assert len(mail_server.received) == READERS


def check_every_mail(received: list[Received]) -> None:
    """What an independent parser says of the captured bytes."""
    wanted = {row.address for row in invented_readers(READERS, seed=7)}
    assert {message.recipients[0] for message in received} == wanted
    assert len({message.sender for message in received}) == READERS
    identities, unsubscribes = set(), set()
    for message in received:
        lines = message.data.split(b"\r\n")
        assert max(map(len, lines)) <= 998
        assert not any(b"\r" in line or b"\n" in line for line in lines)
        assert message.data.isascii()
        parsed = email.message_from_bytes(message.data, policy=email.policy.compat32)
        for name, value in parsed.items():
            if name.lower().startswith(STRUCTURED):
                assert "=?" not in value, f"{name}: {value}"
        assert parsed["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
        uri = re.fullmatch(r"<(https://\S+)>", parsed["List-Unsubscribe"])
        assert uri, parsed["List-Unsubscribe"]
        assert len(uri[1]) <= 70
        identities.add(parsed["Message-ID"])
        unsubscribes.add(uri[1])
        assert b"slot.invalid" not in message.data
    assert len(identities) == len(unsubscribes) == READERS


def check_leaving(desk: Desk, database_url: str, message: Received) -> None:
    """A foreign client: no cookie, no token, no Accept; the header's URI is all it knows."""
    uri = str(email.message_from_bytes(message.data)["List-Unsubscribe"]).strip("<>").removeprefix(PUBLIC_URL)
    here = Installation.open(
        load_settings(_env_file=None, database_url=database_url, secret_key=SECRET, public_url=PUBLIC_URL,
                      data_dir=desk.folder / "var")
    )  # fmt: skip
    try:
        mail_program = TestClient(create_app(here), base_url=PUBLIC_URL, follow_redirects=False)
        for method in ("GET", "HEAD"):
            assert mail_program.request(method, uri).status_code == 200
        assert desk.json("subscribers", "show", message.recipients[0])["subscriptions"][0]["state"] == "active"
        answer = mail_program.post(uri, data={"List-Unsubscribe": "One-Click"})
        assert answer.status_code == 200
        assert desk.json("subscribers", "show", message.recipients[0])["subscriptions"][0]["state"] == "ended"
        assert desk.json("issue", "report", "1")["unsubscribed"] == 1
    finally:
        here.close()
