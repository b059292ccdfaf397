"""Compiled messages through real SMTP servers: one message in, one message out, signed, the same octets."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from email import message_from_bytes
from email.policy import default
from pathlib import Path

import dkim
import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from newsletter.delivery.message import CompiledMessage, ListId, MessageSlots, MessageSource, compile_message
from newsletter.mail.catcher import Catcher
from newsletter.mail.dkim import DkimSigner
from newsletter.mail.envelope import Accepted, Envelope
from newsletter.mail.smtp import SmtpConnection, SmtpRoute, SmtpTransport
from newsletter.rendering.slots import Slot
from tests.smtp_server import Receiver, receiver

SOURCE = MessageSource(
    from_name="Institut für Industrie",
    from_address="news@example.org",
    subject="工业和信息化部 und die Folgen",
    text=f"Hello\n.\n工业和信息化部\n{Slot.WEB_URL}\n{Slot.UNSUBSCRIBE_URL}\n",
    html=f'<p>Hello 工业</p><a href="{Slot.WEB_URL}#a">Web</a> <a href="{Slot.UNSUBSCRIBE_URL}">Leave</a>\n',
    list_id=ListId("industry", "example.org", "Industry Weekly"),
    bulk=True,
)


def slots(number: int) -> MessageSlots:
    return MessageSlots(
        to_address=f"reader{number}@example.net",
        to_name=f"Leser {number} Ä",
        message_id=f"d.{number}",
        date=datetime(2026, 3, 4, 9, tzinfo=UTC),
        one_click_url=f"https://n.example.org/u/{number:036d}",
        unsubscribe_url=f"https://n.example.org/u/{number:036d}",
        web_url="https://n.example.org/w/1",
    )


def compiled(**changes: object) -> CompiledMessage:
    return compile_message(dataclasses.replace(SOURCE, **changes), message_id_domain="example.org")  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def signer() -> DkimSigner:
    """An RSA signer."""
    key = generate_private_key(65537, 2048)
    return DkimSigner("example.org", "news", key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))


@pytest.fixture(scope="module")
def foreign_box() -> Iterator[Receiver]:
    """A receiver that is not ours."""
    with receiver() as box:
        yield box


@pytest.fixture(scope="module")
def foreign_line(foreign_box: Receiver) -> Iterator[SmtpConnection]:
    """A line to it."""
    route = SmtpRoute("127.0.0.1", foreign_box.port, messages_per_connection=None)
    connection = SmtpTransport(route, helo_name="desk.test").connect()
    yield connection
    connection.close()


def believed(message: bytes, signer: DkimSigner) -> bool:
    try:
        return bool(dkim.verify(message, dnsfunc=lambda name, timeout=5: signer.public_record().encode()))
    except dkim.DKIMException:
        return False


def test_every_copy_is_signed_over_its_own_links(signer: DkimSigner):
    """The body hash goes on from the common part; dkimpy believes each copy and no mixture of two."""
    message = compiled()
    ada, bob = message.fill(slots(1), sign=signer), message.fill(slots(2), sign=signer)
    assert believed(ada, signer)
    assert believed(bob, signer)
    assert not believed(ada.replace(b"1=\r\n", b"2=\r\n"), signer)
    assert ada.endswith(message.fill(slots(1)))
    signature = message_from_bytes(ada, policy=default)["DKIM-Signature"]
    assert "list-unsubscribe-post" in signature
    assert "=?" not in signature


@pytest.mark.parametrize(
    "text", ["", "\n\n\n", "x", f"x\n{Slot.WEB_URL}", f"{Slot.WEB_URL}\n\n\n", "trailing blanks  \n \n"]
)
def test_bodies_that_end_oddly_are_signed_soundly(signer: DkimSigner, text: str):
    """Plain text alone, whatever its last lines."""
    assert believed(compiled(text=text, html=None).fill(slots(1), sign=signer), signer)


def test_a_thousand_copies_differ_where_they_must_and_nowhere_else():
    """1,000 Message-IDs, recipients and links; one set of other bytes."""
    message = compiled()
    copies = [message.fill(dataclasses.replace(slots(number), to_name="")) for number in range(1000)]
    assert len({re.search(rb"\r\nMessage-ID: (<[^>]+>)\r\n", copy)[1] for copy in copies}) == 1000  # type: ignore[index]
    alike = set()
    for number, copy in enumerate(copies):
        assert copy.count(b"%036d" % number) == 3
        alike.add(
            copy.replace(b"%036d" % number, b"").replace(b"reader%d@" % number, b"").replace(b"<d.%d@" % number, b"")
        )
    assert len(alike) == 1


@pytest.mark.parametrize("extensions", [("PIPELINING", "SIZE 1000000"), ()], ids=["pipelined", "one by one"])
def test_signed_copies_come_through_our_own_servers(tmp_path: Path, signer: DkimSigner, extensions: tuple[str, ...]):
    """From compiler to maildir, opened as the outbox shows it."""
    message = compiled()
    with Catcher(tmp_path, extensions=extensions) as catcher:
        line = SmtpTransport(SmtpRoute("127.0.0.1", catcher.port), helo_name="desk.test").connect()
        for number in range(5):
            octets = message.fill(slots(number), sign=signer)
            envelope = Envelope(f"b+{number}@example.org", slots(number).to_address, octets)
            assert isinstance(line.send(envelope), Accepted)
        line.close()
        caught = [catcher.maildir.read(key) for key in reversed(catcher.maildir.keys())]
    assert len(caught) == 5
    for number, one in enumerate(caught):
        assert one.source == message.fill(slots(number), sign=signer)
        assert believed(one.source, signer)
        assert one.summary.subject == SOURCE.subject
        assert one.summary.to == f"Leser {number} Ä <reader{number}@example.net>"
        assert f"{number:036d}" in (one.html or "")
        assert f"{number:036d}" in (one.text or "")


SMUGGLING = [
    "\r\n.\r\nMAIL FROM:<evil@example.org>\r\nRCPT TO:<victim@example.net>\r\nDATA\r\nSubject: evil\r\n\r\nx\r\n.\r\n",
    "\n.\nMAIL FROM:<evil@example.org>\n",
    "\r.\rMAIL FROM:<evil@example.org>\r",
    "\n.\r\nMAIL FROM:<evil@example.org>",
    "\r\n.\nMAIL FROM:<evil@example.org>",
    "\r\n.\rMAIL FROM:<evil@example.org>",
    "\0\r\n.\r\n\0",
    ".\r\n",
    "..",
    "\x85.\x85",
    "\u2028.\u2028",
]


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.one_of(st.sampled_from(SMUGGLING), st.text(st.characters(exclude_categories=["Cs"]), max_size=40)),
        max_size=6,
    )
)
@example(SMUGGLING)
@example(["x" * 5000, *SMUGGLING])
def test_whatever_stands_in_a_body_arrives_as_one_message(
    foreign_box: Receiver, foreign_line: SmtpConnection, parts: list[str]
):
    """Every way to end a message early, in text and HTML, through a server that is not ours."""
    body = "".join(parts)
    octets = compiled(text=body, html=f"<p>{body}</p>").fill(slots(1))
    before = len(foreign_box.received)
    assert isinstance(foreign_line.send(Envelope("b@example.org", "ada@example.net", octets)), Accepted)
    (received,) = foreign_box.received[before:]
    assert received.data == octets
    assert received.recipients == ("ada@example.net",)
    plain = message_from_bytes(received.data, policy=default).get_body(("plain",))
    assert plain is not None
    expected = body.replace("\r\n", "\n").replace("\r", "\n").rstrip("\n") + "\n"
    assert plain.get_content().replace("\r\n", "\n") == expected
