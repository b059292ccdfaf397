"""The catcher: a strict SMTP server on loopback that keeps what it is given, octet for octet."""

from __future__ import annotations

import smtplib
import socket
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from email.message import EmailMessage
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from newsletter.kit.errors import NotFound, SettingsError
from newsletter.mail import conversation
from newsletter.mail.catcher import Catcher
from newsletter.mail.conversation import Conversation
from newsletter.mail.maildir import Maildir

NINE = datetime(2026, 3, 4, 9, tzinfo=UTC)


@pytest.fixture
def catcher(tmp_path: Path) -> Iterator[Catcher]:
    """A catcher that listens."""
    with Catcher(tmp_path / "box") as catcher:
        yield catcher


@pytest.fixture
def talk(tmp_path: Path) -> Conversation:
    """A conversation without a socket, past EHLO."""
    maildir = Maildir(tmp_path)
    maildir.create()
    conversation = Conversation(maildir, clock=lambda: NINE)
    conversation.hear(b"EHLO client.test\r\n")
    return conversation


def codes(answers: bytes) -> list[str]:
    return [line[:3].decode() for line in answers.split(b"\r\n") if line[3:4] == b" "]


def test_the_standard_librarys_client_is_served(catcher: Catcher):
    """Somebody else's SMTP client, several recipients, dots and all."""
    message = b"Subject: t\r\n\r\n.\r\n..\r\n.x\r\n"
    with smtplib.SMTP("127.0.0.1", catcher.port, local_hostname="client.test") as client:
        client.ehlo()
        assert {"pipelining", "size", "8bitmime", "enhancedstatuscodes"} <= set(client.esmtp_features)
        client.sendmail("a@example.org", ["b@example.net", "c@example.net"], message)
        client.sendmail("a@example.org", ["d@example.net"], message)
    newest, oldest = catcher.maildir.newest()
    assert (newest.recipients, oldest.recipients) == (("d@example.net",), ("b@example.net", "c@example.net"))
    assert oldest.sender == "a@example.org"
    assert oldest.size == len(message)
    assert catcher.maildir.read(oldest.key).source == message


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "example.org", ""])
def test_it_listens_on_this_machine_alone(tmp_path: Path, host: str):
    """Whoever can reach it can read what is caught."""
    with pytest.raises(SettingsError, match="this machine alone"):
        Catcher(tmp_path, host)


def test_a_port_that_is_taken_is_named(catcher: Catcher, tmp_path: Path):
    """One sentence at start."""
    with pytest.raises(SettingsError, match=str(catcher.port)):
        Catcher(tmp_path, port=catcher.port).start()


def test_stop_ends_every_line_and_may_be_said_twice(tmp_path: Path):
    """An open client does not keep the machine running."""
    catcher = Catcher(tmp_path).start()
    with socket.create_connection(("127.0.0.1", catcher.port)) as client:
        assert client.recv(100).startswith(b"220 ")
        catcher.stop()
        assert client.recv(100) == b""
    catcher.stop()
    assert "catcher" not in {thread.name for thread in threading.enumerate()}


def test_a_group_of_commands_is_answered_in_one_go(talk: Conversation):
    """RFC 2920: the whole transaction in one packet, in order."""
    group = b"MAIL FROM:<a@example.org>\r\nRCPT TO:<b@example.net>\r\nDATA\r\nHello\r\n.\r\nNOOP\r\nQUIT\r\n"
    assert codes(talk.hear(group)) == ["250", "250", "354", "250", "250", "221"]
    assert talk.over


def test_it_makes_no_difference_how_the_octets_are_cut(tmp_path: Path):
    """One by one, as the network likes."""
    maildir = Maildir(tmp_path)
    maildir.create()
    talk = Conversation(maildir, clock=lambda: NINE)
    whole = b"EHLO x\r\nMAIL FROM:<>\r\nRCPT TO:<b@example.net>\r\nDATA\r\n..\r\nx\r\n.\r\nQUIT\r\n"
    answers = b"".join(talk.hear(whole[n : n + 1]) for n in range(len(whole)))
    assert codes(answers) == ["250", "250", "250", "354", "250", "221"]
    (key,) = maildir.keys()
    assert maildir.read(key).source == b".\r\nx\r\n"


@pytest.mark.parametrize(
    ("command", "code"),
    [
        (b"MAIL FROM:<a b@example.org>\r\n", "553"),
        (b"MAIL FROM: a@example.org\r\n", "501"),
        (b"MAIL TO:<a@example.org>\r\n", "501"),
        (b"MAIL FROM:<a@example.org> FLY=yes\r\n", "555"),
        (b"MAIL FROM:<a@example.org> SIZE=99999999999\r\n", "552"),
        (b"RCPT TO:<b@example.net>\r\n", "503"),
        (b"DATA\r\n", "503"),
        (b"EXPN x\r\n", "500"),
        (b"NOOP\n", "500"),
        (b"NO\rOP\r\n", "500"),
        (b"NOOP\0\r\n", "500"),
        (b"\xff\xfe\r\n", "500"),
        (b"\r\n", "500"),
        (b"VRFY ada\r\n", "252"),
        (b"noop\r\n", "250"),
        (b"EHLO\r\n", "501"),
    ],
)
def test_what_is_out_of_order_is_said(talk: Conversation, command: bytes, code: str):
    """Strict, so that what passes here passes elsewhere."""
    assert codes(talk.hear(command)) == [code]
    assert codes(talk.hear(b"MAIL FROM:<a@example.org>\r\n")) == ["503" if command == b"EHLO\r\n" else "250"]


def test_mail_before_ehlo_is_refused(tmp_path: Path):
    """RFC 5321 §4.1.4."""
    talk = Conversation(Maildir(tmp_path), clock=lambda: NINE)
    assert talk.greeting().startswith(b"220 ")
    assert codes(talk.hear(b"MAIL FROM:<a@example.org>\r\n")) == ["503"]


def test_a_line_without_end_is_cut_off(talk: Conversation):
    """Nobody fills our memory with a command."""
    assert codes(talk.hear(b"x" * 10_000)) == ["500"]
    assert talk.over


def test_a_message_too_big_is_refused_and_the_line_goes_on(talk: Conversation, monkeypatch: pytest.MonkeyPatch):
    """Read to its end and forgotten."""
    monkeypatch.setattr(conversation, "MESSAGE_LIMIT", 1000)
    start = b"MAIL FROM:<>\r\nRCPT TO:<b@example.net>\r\nDATA\r\n"
    assert codes(talk.hear(start)) == ["250", "250", "354"]
    for _ in range(100):
        assert talk.hear(b"x" * 98 + b"\r\n") == b""
    assert codes(talk.hear(b".\r\n")) == ["552"]
    assert codes(talk.hear(start + b"x\r\n.\r\n")) == ["250", "250", "354", "250"]


SMUGGLED = [
    b"a\n.\nMAIL FROM:<evil@example.org>\r\n",
    b"a\n.\r\nMAIL FROM:<evil@example.org>\r\n",
    b"a\r\n.\nMAIL FROM:<evil@example.org>\r\n",
    b"a\r.\rMAIL FROM:<evil@example.org>\r\n",
    b"a\r\n.\rMAIL FROM:<evil@example.org>\r\n",
    b"a\r.\r\nMAIL FROM:<evil@example.org>\r\n",
    b"a\n\n.\r\n\n",
    b"a\r\r\n.\r\r\n",
]


@pytest.mark.parametrize("body", SMUGGLED)
def test_a_smuggled_end_is_no_end_and_the_message_is_refused(talk: Conversation, body: bytes):
    """Only CRLF.CRLF ends a message; one with bare CR or LF is refused as a whole."""
    talk.hear(b"MAIL FROM:<a@example.org>\r\nRCPT TO:<b@example.net>\r\nDATA\r\n")
    answers = talk.hear(body + b"\r\n.\r\n")
    assert codes(answers) == ["554"]


@settings(deadline=None)  # a busy machine is no fault
@given(st.lists(st.sampled_from([b".", b"..", b"x", b"", b"MAIL FROM:<e@example.org>", b"QUIT", b"DATA"]), max_size=12))
@example([b".", b"MAIL FROM:<e@example.org>"])
@example([])
def test_dot_stuffed_lines_come_out_as_they_went_in(tmp_path_factory: pytest.TempPathFactory, lines: list[bytes]):
    """Stuffed by the RFC's rule here, unstuffed by the catcher."""
    maildir = Maildir(tmp_path_factory.mktemp("box"))
    maildir.create()
    talk = Conversation(maildir, clock=lambda: NINE)
    wire = b"".join((b"." if line.startswith(b".") else b"") + line + b"\r\n" for line in lines) + b".\r\n"
    start = b"EHLO x\r\nMAIL FROM:<>\r\nRCPT TO:<b@example.net>\r\nDATA\r\n"
    assert codes(talk.hear(start + wire)) == ["250", "250", "250", "354", "250"]
    (key,) = maildir.keys()
    assert maildir.read(key).source == b"".join(line + b"\r\n" for line in lines)


def test_a_full_disk_is_said_and_nothing_half_written_stays(talk: Conversation, tmp_path: Path):
    """452: try again later."""
    for folder in ("new", "cur"):
        (tmp_path / folder).rmdir()
    answers = talk.hear(b"MAIL FROM:<>\r\nRCPT TO:<b@example.net>\r\nDATA\r\nx\r\n.\r\n")
    assert codes(answers)[-1] == "452"
    assert list((tmp_path / "tmp").iterdir()) == []


# --- the maildir and what a page shows ---


def kept(maildir: Maildir, data: bytes) -> str:
    maildir.create()
    return maildir.add(data, sender="a@example.org", recipients=["b@example.net"], at=NINE)


@pytest.mark.parametrize(
    "key", ["", "..", "../new/x", "/etc/passwd", "1.eml", "1772614800000000.1_000000000.eml/../x", "a\0b", "x" * 300]
)
def test_no_key_leads_out_of_the_folder(tmp_path: Path, key: str):
    """A key is exactly what ``add`` returns."""
    kept(Maildir(tmp_path), b"x\r\n")
    with pytest.raises(NotFound):
        Maildir(tmp_path).read(key)


def test_messages_are_listed_newest_first_and_page_by_page(tmp_path: Path):
    """Also those of one and the same moment."""
    maildir = Maildir(tmp_path)
    keys = [kept(maildir, f"Subject: {n}\r\n\r\n".encode()) for n in range(12)]
    assert maildir.keys() == keys[::-1]
    assert [one.subject for one in maildir.newest(3, skip=2)] == ["9", "8", "7"]
    assert maildir.newest(3, skip=50) == []
    assert Maildir(tmp_path / "nowhere").newest() == []


def test_a_message_is_opened_for_display(tmp_path: Path):
    """Headers decoded, pictures as data URIs, attachments with their names; foreign envelope lines stay its own."""
    mail = EmailMessage()
    mail["Subject"] = "Grüße 工业"
    mail["From"] = "Ada Löve <a@example.org>"
    mail["To"] = "b@example.net"
    mail["X-Catcher-Sender"] = "forged@example.net"
    mail.set_content("Hällo\n")
    mail.add_alternative('<p>Hällo</p><img src="cid:pic@example.org"><img src="cid:unknown">', subtype="html")
    html = mail.get_payload()[1]  # type: ignore[index]
    html.add_related(b"\x89PNG", "image", "png", cid="<pic@example.org>", filename="pic.png")  # type: ignore[union-attr]
    mail.add_attachment(b"%PDF", "application", "pdf", filename="Ausgabe 工.pdf")
    maildir = Maildir(tmp_path)
    key = kept(maildir, mail.as_bytes().replace(b"\n", b"\r\n"))
    opened = maildir.read(key)
    assert opened.summary.subject == "Grüße 工业"
    assert opened.summary.from_ == "Ada Löve <a@example.org>"
    assert opened.summary.sender == "a@example.org"
    assert opened.summary.received == NINE
    assert dict(opened.headers)["X-Catcher-Sender"] == "forged@example.net"
    assert opened.text == "Hällo\r\n"
    assert opened.html is not None
    assert 'src="data:image/png;base64,iVBORw=="' in opened.html
    assert "cid:unknown" in opened.html
    assert [(one.file_name, one.media_type, one.data) for one in opened.attachments] == [
        ("Ausgabe 工.pdf", "application/pdf", b"%PDF")
    ]


@settings(deadline=None)  # a busy machine is no fault
@given(st.binary(max_size=300))
@example(b"Content-Type: text/html; charset=nonsense\r\n\r\n\xff")
@example(b"Content-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\n--x--")
@example(b"Subject: =?utf-8?b?!?=\r\nFrom: =?x-none?q?a?=\r\n\r\n")
@example(b"Content-Disposition: attachment; filename*=nonsense''%FF\r\nContent-Transfer-Encoding: base64\r\n\r\n!\"")
@example(b"Content-Type: message/rfc822\r\n\r\nSubject: inner\r\n\r\nx")
def test_whatever_was_caught_can_be_shown(tmp_path_factory: pytest.TempPathFactory, data: bytes):
    """Malformed mail is what one looks into an outbox for."""
    maildir = Maildir(tmp_path_factory.mktemp("box"))
    opened = maildir.read(kept(maildir, data))
    assert opened.source == data
    assert opened.summary.size == len(data)
