"""The sample issue to a thousand readers by way of the command line, and what independent witnesses say of it."""

from __future__ import annotations

import csv
import json
import os
import re
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from email.message import Message
from pathlib import Path

import pytest

from newsletter.cli.invented_readers import invented_readers, write_csv
from tests.wire.sink import Sink, free_port, wait_for

pytestmark = pytest.mark.wire
READERS = 1000
PROGRAM = Path(sys.executable).with_name("newsletter")
SAMPLE = Path(__file__).resolve().parents[2] / "newsletter" / "cli" / "sample"
LABEL = "china-ports-power"
STRUCTURED = re.compile(
    r"^(List-.*|Feedback-ID|Message-ID|References|DKIM-Signature|MIME-Version|Date|Return-Path)$", re.IGNORECASE
)


@dataclass
class Sent:
    """A sending that is over: where it was sent from, what the witnesses have."""

    folder: Path
    environment: dict[str, str]
    sink: Sink
    web_port: int
    mails: list[Message] = field(default_factory=list)

    def newsletter(self, *arguments: object) -> str:
        """Run a command and return what it printed; a failure shows what it said."""
        done = subprocess.run(
            [PROGRAM, *map(str, arguments)],
            cwd=self.folder, env=self.environment, capture_output=True, text=True, check=False, timeout=300,
        )  # fmt: skip
        assert done.returncode == 0, f"{arguments}: {done.stdout}{done.stderr}"
        return done.stdout


@pytest.fixture(scope="module")
def sent(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sent]:
    """The sample issue, sent to a thousand readers."""
    folder, sink, web_port = tmp_path_factory.mktemp("desk"), Sink(), free_port()
    environment = {name: value for name, value in os.environ.items() if not name.startswith("NEWSLETTER_")} | {
        "NEWSLETTER_DATA_DIR": str(folder / "data"),
        "NEWSLETTER_PUBLIC_URL": f"http://127.0.0.1:{web_port}",
        "NEWSLETTER_SMTP_URL": f"smtp://127.0.0.1:{sink.port}?pace=none",
    }
    here = Sent(folder, environment, sink, web_port)
    try:
        write_csv(folder / "readers.csv", invented_readers(READERS, seed=1))
        here.newsletter("publication", "add", SAMPLE / "publication.toml")
        here.newsletter("subscribers", "import", "readers.csv", "--publication", LABEL,
                        "--basis", "double_opt_in", "--evidence", "invented")  # fmt: skip
        issue = json.loads(here.newsletter("issue", "import", SAMPLE / "issue.md", "--publication", LABEL, "--json"))[
            "issue"
        ]
        here.newsletter("issue", "approve", issue, "--by", "the tests")
        here.newsletter("issue", "send", issue, "--yes")
        here.mails = sink.mails()
        yield here
    finally:
        sink.stop()


def header(mail: Message, name: str) -> str:
    """The one value of a header, unfolded; there must be exactly one."""
    values = mail.get_all(name, [])
    assert len(values) == 1, (name, values)
    return re.sub(r"\r?\n(?=[ \t])", "", str(values[0])).strip()


def one_click(mail: Message) -> str:
    """The https or http address in List-Unsubscribe."""
    found = re.findall(r"<(https?://[^>]+)>", header(mail, "List-Unsubscribe"))
    assert len(found) == 1
    return str(found[0])


def test_every_reader_gets_one_mail(sent):
    """A thousand readers, a thousand mails, each to one of them."""
    with (sent.folder / "readers.csv").open(encoding="utf-8", newline="") as file:
        wanted = {row["address"] for row in csv.DictReader(file)}
    recipients = [header(mail, "X-Rcpt-Args").split("<")[1].split(">")[0] for mail in sent.mails]
    assert len(recipients) == READERS
    assert set(recipients) == wanted


def test_every_mail_has_a_message_id_and_a_return_address_of_its_own(sent):
    """A bounce says whose it is, and no two mails are taken for one."""
    assert len({header(mail, "Message-ID") for mail in sent.mails}) == READERS
    senders = {header(mail, "X-Mail-Args").split("<")[1].split(">")[0] for mail in sent.mails}
    assert len(senders) == READERS
    assert all(re.fullmatch(r"b\+[a-z2-7]+@skerry\.example\.org", sender) for sender in senders), next(iter(senders))
    assert max(len(sender.partition("@")[0]) for sender in senders) <= 64


def test_no_line_is_too_long_and_none_ends_oddly(sent):
    """RFC 5321 §4.5.3.1.6 and §2.3.8, on the bytes as they crossed the wire."""
    stream = b"\r\n".join(map(bytes, sent.sink.streams))
    assert len(re.findall(rb"(?:^|\n)Message-ID:", stream, re.IGNORECASE)) == READERS
    assert max(map(len, stream.split(b"\r\n"))) <= 998
    assert re.findall(rb"(?<!\r)\n|\r(?!\n)", stream) == []
    assert max(stream) < 128  # seven bits, so that no relay has to change a signed body


def test_no_structured_header_has_an_encoded_word(sent):
    """An encoded word in List-Unsubscribe kills one-click unsubscribe without a sound."""
    encoded = [
        (name, value)
        for mail in sent.mails
        for name, value in mail.items()
        if STRUCTURED.match(name) and "=?" in str(value)
    ]
    assert encoded == []


def test_every_mail_can_be_left_with_one_click(sent):
    """RFC 8058 §3: both headers, an address per reader that fits a line."""
    assert {header(mail, "List-Unsubscribe-Post") for mail in sent.mails} == {"List-Unsubscribe=One-Click"}
    links = {one_click(mail) for mail in sent.mails}
    assert len(links) == READERS
    assert max(map(len, links)) <= 70


def test_every_mail_has_what_mail_must_have(sent):
    """From, To, Subject, Date and List-Id, once each (RFC 5322 §3.6); nothing of another reader's."""
    for mail in sent.mails:
        for name in ("From", "To", "Subject", "Date", "MIME-Version", "Content-Type", "List-Id"):
            header(mail, name)
    assert {header(mail, "List-Id").rsplit("<")[1] for mail in sent.mails} == {f"{LABEL}.skerry.example.org>"}
    some = next(mail for mail in sent.mails if mail.get_content_type() != "text/plain")
    others = {one_click(mail).rsplit("/")[-1] for mail in sent.mails} - {one_click(some).rsplit("/")[-1]}
    text = "".join(str(part.get_payload(decode=True)) for part in some.walk() if part.get_content_maintype() == "text")
    assert not any(token in text for token in others)


def test_a_post_to_the_header_unsubscribes_that_reader_and_a_get_nobody(sent):
    """What a mail program does when its button is pressed, and what a scanner does with every link."""
    mail, other = sent.mails[0], sent.mails[1]
    address = header(mail, "X-Rcpt-Args").split("<")[1].split(">")[0]
    neighbour = header(other, "X-Rcpt-Args").split("<")[1].split(">")[0]
    server = subprocess.Popen(
        [PROGRAM, "serve", "--port", str(sent.web_port)],
        cwd=sent.folder, env=sent.environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        wait_for(sent.web_port)
        for method in ("GET", "HEAD"):
            with urllib.request.urlopen(urllib.request.Request(one_click(mail), method=method)) as answer:
                assert answer.status == 200
        assert standing(sent, address) == "active"
        post = urllib.request.Request(one_click(mail), data=b"List-Unsubscribe=One-Click", method="POST")
        with urllib.request.urlopen(post) as answer:
            assert (answer.status, answer.url) == (200, one_click(mail))  # answered there, not elsewhere
    finally:
        server.terminate()
        server.wait(timeout=30)
    assert standing(sent, address) == "ended"
    assert standing(sent, neighbour) == "active"


def standing(sent: Sent, address: str) -> str:
    """Where the reader stands with the newsletter, as the command line tells it."""
    return str(json.loads(sent.newsletter("subscribers", "show", address, "--json"))["subscriptions"][0]["state"])
