"""What every Transport promises: the scripted one of the tests and the real one, with and without PIPELINING."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from newsletter.mail.catcher import Catcher
from newsletter.mail.envelope import Accepted, Deferred, Envelope, Refused, Transport
from newsletter.mail.smtp import SmtpRoute, SmtpTransport
from tests.doubles import ScriptedTransport
from tests.smtp_server import ScriptedSmtpServer, receiver

MESSAGE = b"From: a@example.org\r\nTo: b@example.net\r\nSubject: t\r\n\r\nHello\r\n"

Answers = list[str]
Make = Callable[[Answers], Transport]
"""Given the answers to RCPT, one a message, return a transport to a server that gives them."""


def scripted(stack: ExitStack, answers: Answers) -> Transport:
    outcomes = []
    for answer in answers:
        code, text = int(answer[:3]), answer[4:]
        enhanced = text.split(" ")[0]
        if code < 300:
            outcomes.append(Accepted("250 2.0.0 queued"))
        else:
            outcomes.append((Refused if code >= 500 else Deferred)(code, text, enhanced))
    return ScriptedTransport(*outcomes)


def real(*extensions: str) -> Callable[[ExitStack, Answers], Transport]:
    def make(stack: ExitStack, answers: Answers) -> Transport:
        server = stack.enter_context(ScriptedSmtpServer({"RCPT": list(answers)}, extensions=extensions))
        return SmtpTransport(SmtpRoute("127.0.0.1", server.port), helo_name="desk.test")

    return make


@pytest.fixture(
    params=[scripted, real("PIPELINING", "SIZE 0"), real("SIZE 1000000")], ids=["scripted", "pipelined", "one by one"]
)
def make(request: pytest.FixtureRequest) -> Iterator[Make]:
    """A maker of transports of each kind."""
    with ExitStack() as stack:
        yield lambda answers: request.param(stack, answers)


def envelope(recipient: str = "b@example.net", data: bytes = MESSAGE) -> Envelope:
    return Envelope("bounce@example.org", recipient, data)


def test_a_message_that_is_taken_is_accepted_with_the_servers_words(make: Make):
    """The reply is kept whole, for the report."""
    connection = make(["250 2.1.5 ok"]).connect()
    assert connection.send(envelope()) == Accepted("250 2.0.0 queued")
    assert connection.usable
    connection.close()


def test_a_refusal_is_a_value_and_the_line_goes_on(make: Make):
    """One dead mailbox must not cost the next reader the mail."""
    connection = make(["550 5.1.1 no such user", "250 2.1.5 ok"]).connect()
    assert connection.send(envelope("dead@example.net")) == Refused(550, "5.1.1 no such user", "5.1.1")
    assert connection.usable
    assert isinstance(connection.send(envelope()), Accepted)
    connection.close()


def test_a_deferral_is_a_value_and_the_line_goes_on(make: Make):
    """Greylisting concerns one recipient."""
    connection = make(["451 4.7.1 come back later", "250 2.1.5 ok"]).connect()
    assert connection.send(envelope()) == Deferred(451, "4.7.1 come back later", "4.7.1")
    assert isinstance(connection.send(envelope()), Accepted)
    connection.close()


def test_after_a_421_the_line_is_unusable_and_says_so(make: Make):
    """The dispatcher reopens; a send on the old line is harmless and deferred."""
    connection = make(["421 4.3.2 going down"]).connect()
    first = connection.send(envelope())
    assert isinstance(first, Deferred)
    assert (first.code, first.enhanced, first.lost) == (421, "4.3.2", False)
    assert not connection.usable
    second = connection.send(envelope())
    assert isinstance(second, Deferred)
    assert (second.code, second.lost) == (421, True)
    connection.close()


def test_closing_twice_is_allowed(make: Make):
    """``close`` never raises, whatever happened before."""
    connection = make([]).connect()
    connection.close()
    connection.close()
    assert not connection.usable


# --- arriving, at our catcher and at a receiver that is not ours ---


@pytest.mark.parametrize("extensions", [("PIPELINING", "SIZE 50000000", "SMTPUTF8"), ("ENHANCEDSTATUSCODES",)])
def test_the_catcher_gets_what_was_sent(tmp_path: Path, extensions: tuple[str, ...]):
    """Octet for octet, with its envelope, with and without PIPELINING."""
    with Catcher(tmp_path / "box", extensions=extensions) as catcher:
        connection = SmtpTransport(SmtpRoute("127.0.0.1", catcher.port), helo_name="desk.test").connect()
        for number in range(3):
            outcome = connection.send(envelope(f"r{number}@example.net", MESSAGE + b"..\r\n.\r\n.x\r\n" * number))
            assert isinstance(outcome, Accepted)
        connection.close()
        caught = [catcher.maildir.read(key) for key in reversed(catcher.maildir.keys())]
    assert [message.summary.recipients for message in caught] == [(f"r{n}@example.net",) for n in range(3)]
    assert {message.summary.sender for message in caught} == {"bounce@example.org"}
    assert [message.source for message in caught] == [MESSAGE + b"..\r\n.\r\n.x\r\n" * n for n in range(3)]


def test_a_foreign_server_gets_what_was_sent():
    """aiosmtpd, which offers no PIPELINING, reads the same octets."""
    with receiver(enable_SMTPUTF8=True) as box:
        connection = SmtpTransport(SmtpRoute("127.0.0.1", box.port), helo_name="desk.test").connect()
        for data in (MESSAGE, b".\r\n" + MESSAGE, MESSAGE + b"\r\n.\r\n..\r\n"):
            assert isinstance(connection.send(envelope(data=data)), Accepted)
        connection.close()
    assert [one.data for one in box.received] == [MESSAGE, b".\r\n" + MESSAGE, MESSAGE + b"\r\n.\r\n..\r\n"]
    assert {one.recipients for one in box.received} == {("b@example.net",)}


@pytest.mark.parametrize(
    "address", ["jürgen@example.org", "李@example.net", "ada@bücher.example", "o'hara+news@example.org"]
)
def test_addresses_of_all_letters_arrive(tmp_path: Path, address: str):
    """A non-ASCII domain travels as A-labels; a non-ASCII local part by SMTPUTF8."""
    with Catcher(tmp_path) as catcher:
        connection = SmtpTransport(SmtpRoute("127.0.0.1", catcher.port), helo_name="desk.test").connect()
        assert isinstance(connection.send(envelope(address)), Accepted)
        connection.close()
        caught = catcher.maildir.newest()
    assert caught[0].recipients == (address.replace("bücher", "xn--bcher-kva"),)
