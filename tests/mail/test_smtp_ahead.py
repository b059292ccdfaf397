"""The next message's commands travel with the end of the one before, and change nothing of what becomes of either."""

from __future__ import annotations

from itertools import pairwise

import pytest

from newsletter.mail.envelope import Accepted, Deferred, Envelope, InDoubt, Outcome, Refused
from newsletter.mail.smtp import SmtpConnection, SmtpRoute, SmtpTimeouts, SmtpTransport
from tests.smtp_server import DROP, RESET, ScriptedSmtpServer

FIRST, SECOND, THIRD = (
    Envelope("bounce@example.org", f"r{number}@example.net", b"Subject: %d\r\n\r\n.Hello\r\n" % number)
    for number in (1, 2, 3)
)
ON_THE_WIRE = [b"Subject: %d\r\n\r\n..Hello\r\n.\r\n" % number for number in (1, 2, 3)]
GONE = Deferred(421, "the line was promised to another message", "4.4.2", lost=True)


def line_to(server: ScriptedSmtpServer, **options: int) -> SmtpConnection:
    route = SmtpRoute("127.0.0.1", server.port, timeouts=SmtpTimeouts(quit=2), **options)  # type: ignore[arg-type]
    return SmtpTransport(route, helo_name="desk.test").connect()


def hand_over(connection: SmtpConnection, *envelopes: Envelope, ahead: bool) -> list[Outcome]:
    following = [*(after for _, after in pairwise(envelopes)), None]
    return [
        connection.send(envelope, then=then if ahead else None)
        for envelope, then in zip(envelopes, following, strict=True)
    ]


@pytest.mark.parametrize("extensions", [("PIPELINING",), ()], ids=["pipelined", "one by one"])
def test_each_message_arrives_as_itself(extensions: tuple[str, ...]):
    """Octet for octet, to its own recipient, also where the server does not pipeline."""
    with ScriptedSmtpServer(extensions=extensions) as server:
        connection = line_to(server)
        outcomes = hand_over(connection, FIRST, SECOND, THIRD, ahead=True)
        connection.close()
    assert outcomes == [Accepted("250 2.0.0 queued")] * 3
    assert server.messages == ON_THE_WIRE
    assert [line for line in server.commands if line.startswith("RCPT")] == [
        f"RCPT TO:<r{number}@example.net>" for number in (1, 2, 3)
    ]
    assert server.commands[-1] == "QUIT"


@pytest.mark.parametrize("verb", ["MAIL", "RCPT", "DATA", "END"])
@pytest.mark.parametrize("which", [0, 1, 2])
@pytest.mark.parametrize("answer", ["451 4.3.0 later", "550 5.1.1 no such user", "552 5.2.2 full"])
def test_what_is_said_to_one_message_is_said_to_that_one(verb: str, which: int, answer: str):
    """A refusal at any point of any of three has the same outcomes as when each waits for its answers."""
    found = []
    for ahead in (True, False):
        usual = {"MAIL": "250 2.1.0 Ok", "RCPT": "250 2.1.5 Ok", "DATA": "354 go on", "END": "250 2.0.0 queued"}[verb]
        script: dict[str, list[str | list[str]]] = {verb: [*[usual] * which, answer]}
        if verb in {"MAIL", "RCPT"}:
            script["DATA"] = [*["354 go on"] * which, "503 5.5.1 no recipient"]
        with ScriptedSmtpServer(script) as server:
            connection = line_to(server)
            found.append(hand_over(connection, FIRST, SECOND, THIRD, ahead=ahead))
            assert connection.usable
            connection.close()
        assert len(server.messages) == (3 if verb == "END" else 2)
    assert found[0] == found[1]
    assert [isinstance(outcome, Accepted) for outcome in found[0]].count(False) == 1


@pytest.mark.parametrize(
    ("end", "kind"), [([DROP], InDoubt), ([RESET], InDoubt), (["421 4.3.2 going down", DROP], Deferred)]
)
def test_a_line_that_ends_takes_only_the_first_message_with_it(end: list[str], kind: type[Outcome]):
    """What was proposed behind it has had no byte of its message sent, and goes out by another line."""
    with ScriptedSmtpServer({"END": [end]}) as server:
        connection = line_to(server)
        assert isinstance(connection.send(FIRST, then=SECOND), kind)
        assert not connection.usable
        connection.close()
        again = line_to(server)
        assert isinstance(again.send(SECOND), Accepted)
        again.close()
    assert server.messages == ON_THE_WIRE[:2]


def test_a_server_that_still_thinks_of_the_refused_message_is_left():
    """It says 503 to the next MAIL; that is no verdict on the next message, which takes another line."""
    with ScriptedSmtpServer({"END": ["550 5.7.1 no"], "MAIL": ["250 ok", "503 5.5.1 one sender at a time"]}) as server:
        connection = line_to(server)
        assert connection.send(FIRST, then=SECOND) == Refused(550, "5.7.1 no", "5.7.1")
        outcome = connection.send(SECOND)
        assert isinstance(outcome, Deferred)
        assert outcome.lost
        assert not connection.usable
        assert server.messages == ON_THE_WIRE[:1]


def test_a_promised_line_takes_no_other_message():
    """The server has been told one recipient; nobody else's mail may go there."""
    with ScriptedSmtpServer() as server:
        connection = line_to(server)
        assert isinstance(connection.send(FIRST, then=SECOND), Accepted)
        assert connection.send(THIRD) == GONE
        assert not connection.usable
        assert server.messages == ON_THE_WIRE[:1]


def test_closing_a_promised_line_delivers_nothing():
    """A QUIT would be read as the beginning of a message, and a dot as its end."""
    with ScriptedSmtpServer() as server:
        connection = line_to(server)
        connection.send(FIRST, then=SECOND)
        connection.close()
        again = line_to(server)
        assert isinstance(again.send(THIRD), Accepted)
        again.close()
        assert server.messages == [ON_THE_WIRE[0], ON_THE_WIRE[2]]


def test_a_line_proposes_nothing_beyond_its_share():
    """After the last message it carries it says QUIT, as without."""
    with ScriptedSmtpServer() as server:
        connection = line_to(server, messages_per_connection=1)
        assert isinstance(connection.send(FIRST, then=SECOND), Accepted)
        assert not connection.usable
        connection.close()
    assert [line.split(" ")[0] for line in server.commands].count("MAIL") == 1
    assert server.commands[-1] == "QUIT"


def test_a_message_that_cannot_go_is_not_proposed():
    """Its own turn says why, and the line goes on."""
    bad = Envelope("bounce@example.org", "b@example.net", b"Subject: t\r\n\r\nbare\nfeed\r\n")
    with ScriptedSmtpServer() as server:
        connection = line_to(server)
        outcomes = hand_over(connection, FIRST, bad, THIRD, ahead=True)
        connection.close()
    assert [type(outcome) for outcome in outcomes] == [Accepted, Refused, Accepted]
    assert server.messages == [ON_THE_WIRE[0], ON_THE_WIRE[2]]
