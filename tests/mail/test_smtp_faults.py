"""What becomes of a message when the server or the network fails, at every point of the transaction."""

from __future__ import annotations

from contextlib import contextmanager

import pytest

from newsletter.kit.errors import SettingsError
from newsletter.mail.envelope import Accepted, Deferred, Envelope, InDoubt, Outcome, Refused, TransportUnavailable
from newsletter.mail.smtp import SmtpConnection, SmtpRoute, SmtpTimeouts, SmtpTransport
from tests.smtp_server import DROP, RESET, STALL, TRICKLE, ScriptedSmtpServer

MESSAGE = b"From: a@example.org\r\nSubject: t\r\n\r\nHello\r\n"
HURRY = SmtpTimeouts(5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.3)
PIPELINED = ("PIPELINING",)
PLAIN = ("ENHANCEDSTATUSCODES",)

both = pytest.mark.parametrize("extensions", [PIPELINED, PLAIN], ids=["pipelined", "one by one"])


def connect(server: ScriptedSmtpServer, **options: object) -> SmtpConnection:
    """Open a line; impatient only where the server falls silent, since a busy machine is no fault."""
    silent = server.body_words == STALL or {STALL, TRICKLE} & {
        str(one) for answers in server.script.values() for one in answers
    }
    route = SmtpRoute("127.0.0.1", server.port, timeouts=HURRY if silent else SmtpTimeouts(quit=2), **options)  # type: ignore[arg-type]
    return SmtpTransport(route, helo_name="desk.test").connect()


def send(connection: SmtpConnection, data: bytes = MESSAGE, to: str = "b@example.net") -> Outcome:
    return connection.send(Envelope("bounce@example.org", to, data))


@contextmanager
def line_to(server: ScriptedSmtpServer, **options: object):
    with server:
        connection = connect(server, **options)
        try:
            yield connection
        finally:
            connection.close()


# --- before the final dot: never in doubt ---


@both
@pytest.mark.parametrize("verb", ["MAIL", "RCPT", "DATA"])
@pytest.mark.parametrize("fault", [DROP, RESET, STALL, TRICKLE, "nonsense", "600 what", "25", "334 go on", "ÿ\0"])
def test_whatever_fails_before_data_is_deferred(extensions: tuple[str, ...], verb: str, fault: str):
    """A lost, silent or raving server has not got the message: it may be sent again."""
    with line_to(ScriptedSmtpServer({verb: [fault]}, extensions)) as connection:
        outcome = send(connection)
        assert isinstance(outcome, Deferred)
        assert (outcome.code, outcome.enhanced, outcome.lost) == (421, "4.4.2", True)
        assert not connection.usable


@both
@pytest.mark.parametrize("verb", ["MAIL", "RCPT", "DATA", "END"])
def test_a_421_that_is_followed_by_a_close_stays_a_421(extensions: tuple[str, ...], verb: str):
    """What the server said tells the dispatcher to slow down; a bare disconnect would not."""
    script = {verb: [["421 4.7.28 too fast", DROP]]}
    with line_to(ScriptedSmtpServer(script, extensions)) as connection:
        assert send(connection) == Deferred(421, "4.7.28 too fast", "4.7.28")
        assert not connection.usable


@both
def test_a_refusal_holds_even_if_the_line_breaks_right_after(extensions: tuple[str, ...]):
    """A 550 followed by a close is a 550."""
    script = {"RCPT": [["550 5.7.1 go away", DROP]]}
    with line_to(ScriptedSmtpServer(script, extensions)) as connection:
        assert send(connection) == Refused(550, "5.7.1 go away", "5.7.1")


def test_a_line_that_dies_in_the_middle_of_the_body_is_deferred_or_in_doubt_never_accepted():
    """If the octets no longer fit the network's buffers we know that the dot has not left."""
    with line_to(ScriptedSmtpServer(body_limit=1000)) as connection:
        outcome = send(connection, MESSAGE + b"x" * 70 + b"\r\n" + (b"y" * 76 + b"\r\n") * 400_000)
        assert isinstance(outcome, Deferred)
        assert outcome.lost
        assert not connection.usable


def test_last_words_in_the_middle_of_the_body_are_heard():
    """A server that says why and closes while we write is quoted."""
    with line_to(ScriptedSmtpServer(body_limit=1000, body_words="552 5.3.4 enough")) as connection:
        outcome = send(connection, MESSAGE + (b"y" * 76 + b"\r\n") * 400_000)
        assert not connection.usable
        # Linux may discard the words with the line; then we know no more than that it broke.
        assert outcome == Refused(552, "5.3.4 enough", "5.3.4") or (isinstance(outcome, Deferred) and outcome.lost)


def test_a_server_that_stops_reading_is_given_up():
    """The network takes no more; the dot has not left, so the message may be sent again."""
    with line_to(ScriptedSmtpServer(body_limit=1000, body_words=STALL)) as connection:
        outcome = send(connection, MESSAGE + (b"y" * 76 + b"\r\n") * 400_000)
        assert isinstance(outcome, Deferred)
        assert outcome.lost
        assert not connection.usable


# --- after the final dot: in doubt unless the server spoke ---


@both
@pytest.mark.parametrize("fault", [DROP, RESET, STALL, TRICKLE, "nonsense", "354 go on", "999 what"])
def test_whatever_fails_after_the_final_dot_is_in_doubt(extensions: tuple[str, ...], fault: str):
    """The server may have taken it (RFC 1047): nobody may say accepted, nobody may say lost."""
    with line_to(ScriptedSmtpServer({"END": [fault]}, extensions)) as connection:
        assert isinstance(send(connection), InDoubt)
        assert not connection.usable


@both
def test_a_refusal_after_the_final_dot_is_a_refusal_and_the_line_goes_on(extensions: tuple[str, ...]):
    """A content filter speaks here; the next message starts clean."""
    server = ScriptedSmtpServer({"END": ["554 5.7.1 spam", "452 4.2.2 full"]}, extensions)
    with line_to(server) as connection:
        assert send(connection) == Refused(554, "5.7.1 spam", "5.7.1")
        assert send(connection) == Deferred(452, "4.2.2 full", "4.2.2")
        assert send(connection) == Accepted("250 2.0.0 queued")


@both
def test_a_server_that_closes_silently_loses_and_doubles_nothing(extensions: tuple[str, ...]):
    """Some close after so many messages: the next one is deferred, and a new line takes it."""
    with ScriptedSmtpServer({"END": ["250 ok", ["250 ok", DROP]]}, extensions) as server:
        connection = connect(server)
        assert [send(connection), send(connection)] == [Accepted("250 ok"), Accepted("250 ok")]
        third = send(connection)
        assert isinstance(third, Deferred)
        assert third.lost
        again = connect(server)
        assert isinstance(send(again), Accepted)
        again.close()
        connection.close()
    assert len(server.messages) == 3


# --- PIPELINING's own traps ---


def test_a_354_after_a_refused_recipient_is_answered_with_a_lone_dot():
    """RFC 2920 §3.1: the message itself must not be sent, and the line stays in step."""
    server = ScriptedSmtpServer({"RCPT": ["550 5.1.1 unknown"], "END": ["554 5.5.1 no recipients"]})
    with line_to(server) as connection:
        assert send(connection) == Refused(550, "5.1.1 unknown", "5.1.1")
        assert connection.usable
        assert send(connection) == Accepted("250 2.0.0 queued")
    assert server.messages[0] == b".\r\n"
    assert server.messages[1] == MESSAGE + b".\r\n"
    assert len(server.messages) == 2


def test_a_354_after_a_refused_sender_and_recipient_is_answered_with_a_lone_dot():
    """The sender's refusal is the reason that is told."""
    server = ScriptedSmtpServer({"MAIL": ["553 5.1.8 bad sender"], "RCPT": ["503 5.5.1 MAIL first"]})
    with line_to(server) as connection:
        assert send(connection) == Refused(553, "5.1.8 bad sender", "5.1.8")
    assert server.messages == [b".\r\n"]


def test_an_emptiness_is_never_delivered():
    """A server that refuses the sender and takes the recipient gets no dot at all: it would deliver nothing to somebody."""
    server = ScriptedSmtpServer({"MAIL": ["553 5.1.8 bad sender"]})
    with line_to(server) as connection:
        assert send(connection) == Refused(553, "5.1.8 bad sender", "5.1.8")
        assert not connection.usable
    assert server.messages == []


def test_a_transaction_left_half_done_is_reset_before_the_next():
    """RSET goes ahead of the next MAIL, in the same group."""
    server = ScriptedSmtpServer({"RCPT": ["450 4.2.0 later"], "DATA": ["503 5.5.1 no recipients"]})
    with line_to(server) as connection:
        assert isinstance(send(connection), Deferred)
        assert isinstance(send(connection), Accepted)
        assert isinstance(send(connection), Accepted)
    words = [command.split(" ")[0].upper() for command in server.commands]
    assert words == ["EHLO", "MAIL", "RCPT", "DATA", "RSET", "MAIL", "RCPT", "DATA", "MAIL", "RCPT", "DATA", "QUIT"]


def test_answers_that_nobody_asked_for_end_the_line():
    """One reply too many would be taken for the next message's, and a refused reader counted as reached."""
    with line_to(ScriptedSmtpServer({"END": [["250 ok", "250 ok"]], "MAIL": ["250 ok"]}, PLAIN)) as connection:
        assert isinstance(send(connection), Accepted)
        outcome = send(connection)
        assert isinstance(outcome, Deferred)
        assert not connection.usable


def test_a_552_to_rcpt_means_too_many():
    """RFC 5321 §4.5.3.1.10; a full mailbox says so by its enhanced code and stays a refusal."""
    script = {"RCPT": ["552 too many recipients", "552 5.2.2 mailbox full"], "DATA": ["503 no", "503 no"]}
    with line_to(ScriptedSmtpServer(script)) as connection:
        assert send(connection) == Deferred(452, "too many recipients", "4.5.3")
        assert send(connection) == Refused(552, "5.2.2 mailbox full", "5.2.2")


# --- replies ---


def test_replies_of_many_lines_are_read_as_one():
    """The enhanced code stands in the first line, the words in all."""
    script = {"RCPT": ["550-5.1.1 The account\r\n550-5.1.1 does not exist\r\n550 5.1.1 https://example.net/?p=1"]}
    with line_to(ScriptedSmtpServer(script, PLAIN)) as connection:
        outcome = send(connection)
    assert outcome == Refused(
        550, "5.1.1 The account 5.1.1 does not exist 5.1.1 https://example.net/?p=1", enhanced="5.1.1"
    )


def test_an_enhanced_code_that_contradicts_the_reply_is_ignored():
    """RFC 2034: the classes must agree, else the basic code is the truth."""
    with line_to(ScriptedSmtpServer({"RCPT": ["550 4.2.1 hm"]}, PLAIN)) as connection:
        assert send(connection) == Refused(550, "4.2.1 hm", "")


def test_a_reply_without_end_is_given_up():
    """A server cannot fill our memory."""
    endless = "\r\n".join(["250-advertising " + "x" * 400] * 400)
    with line_to(ScriptedSmtpServer({"MAIL": [[endless]]}, PLAIN)) as connection:
        outcome = send(connection)
        assert isinstance(outcome, Deferred)
        assert "no end" in outcome.reply


def test_control_characters_of_a_reply_do_not_reach_the_report():
    """A log line stays one line, a terminal keeps its colours."""
    with line_to(ScriptedSmtpServer({"RCPT": ["550 5.1.1 \x1b[31mred\x07 " + "x" * 900]}, PLAIN)) as connection:
        outcome = send(connection)
    assert isinstance(outcome, Refused)
    assert outcome.reply.isprintable()
    assert len(outcome.reply) <= 500


# --- what is refused without asking ---


def test_a_message_beyond_the_announced_size_is_not_sent():
    """552 5.3.4 without a byte on the line; smaller ones are declared by SIZE."""
    server = ScriptedSmtpServer(extensions=("PIPELINING", "SIZE 100"))
    with line_to(server) as connection:
        refused = send(connection, b"Subject: t\r\n\r\n" + b"x" * 90 + b"\r\n")
        assert isinstance(refused, Refused)
        assert (refused.code, refused.enhanced) == (552, "5.3.4")
        assert isinstance(send(connection), Accepted)
    assert [command for command in server.commands if "MAIL" in command] == [
        f"MAIL FROM:<bounce@example.org> SIZE={len(MESSAGE)}"
    ]


def test_an_address_that_needs_smtputf8_is_refused_where_it_is_not_offered():
    """553 5.6.7 concerns this reader alone; the line goes on."""
    server = ScriptedSmtpServer()
    with line_to(server) as connection:
        refused = send(connection, to="jürgen@example.org")
        assert isinstance(refused, Refused)
        assert (refused.code, refused.enhanced) == (553, "5.6.7")
        assert isinstance(send(connection, to="ada@bücher.example"), Accepted)
    assert "RCPT TO:<ada@xn--bcher-kva.example>" in server.commands


@pytest.mark.parametrize(
    "address", ["a@example.org>\r\nRCPT TO:<evil@example.net", "a b@example.org", "", "a@example.org\r\n", "<a@b.org>"]
)
def test_an_address_cannot_smuggle_a_command(address: str):
    """It is refused before a byte leaves."""
    server = ScriptedSmtpServer()
    with line_to(server) as connection:
        outcome = send(connection, to=address)
        assert isinstance(outcome, Refused)
        assert outcome.enhanced == "5.1.3"
        sender = connection.send(Envelope(address or "a b", "b@example.net", MESSAGE))
        assert isinstance(sender, Refused)
        assert sender.enhanced == "5.1.7"
    assert [command for command in server.commands if "evil" in command] == []


@pytest.mark.parametrize(
    "data", [b"a\r\n\n.\n\r\n", b"a\r.\r\n", b"a\nb\r\n", b"a\r\n.\n", b"a\0b\r\n", "ü\r\n".encode()]
)
def test_octets_that_could_be_read_as_two_messages_are_never_handed_over(data: bytes):
    """Bare CR, bare LF, NUL and 8-bit octets are a fault of ours: 5.6.x stops the dispatch."""
    server = ScriptedSmtpServer()
    with line_to(server) as connection:
        outcome = send(connection, data)
        assert isinstance(outcome, Refused)
        assert outcome.enhanced.startswith("5.6.")
    assert server.messages == []


@pytest.mark.parametrize(
    ("data", "wire"),
    [
        (b"", b".\r\n"),
        (b"x", b"x\r\n.\r\n"),
        (b"x\r\n", b"x\r\n.\r\n"),
        (b"x\r\n\r\n", b"x\r\n\r\n.\r\n"),
        (b".", b"..\r\n.\r\n"),
        (b".\r\n.\r\n..\r\n", b"..\r\n..\r\n...\r\n.\r\n"),
        (b"x\r\n.\r\nQUIT\r\n", b"x\r\n..\r\nQUIT\r\n.\r\n"),
    ],
)
def test_the_end_of_data_is_exactly_crlf_dot_crlf(data: bytes, wire: bytes):
    """No blank line is added, none is lost, every leading dot is doubled."""
    server = ScriptedSmtpServer()
    with line_to(server) as connection:
        assert isinstance(send(connection, data), Accepted)
    assert server.messages == [wire]


def test_the_null_sender_is_allowed():
    """Notices about mail carry MAIL FROM:<> (RFC 5321 §4.5.5)."""
    server = ScriptedSmtpServer()
    with line_to(server) as connection:
        assert isinstance(connection.send(Envelope("", "b@example.net", MESSAGE)), Accepted)
    assert "MAIL FROM:<>" in server.commands


def test_a_line_that_has_carried_its_share_says_so():
    """Gmail likes some fifty messages a connection: the dispatcher then opens another."""
    with line_to(ScriptedSmtpServer(), messages_per_connection=2) as connection:
        send(connection)
        assert connection.usable
        send(connection)
        assert not connection.usable
        assert isinstance(send(connection), Accepted)


# --- opening ---


@pytest.mark.parametrize(
    ("script", "permanent"),
    [
        ({"GREETING": ["554 5.7.1 blocked"]}, True),
        ({"GREETING": ["421 4.3.2 busy"]}, False),
        ({"GREETING": [["421 4.3.2 busy", DROP]]}, False),
        ({"GREETING": [DROP]}, False),
        ({"GREETING": [STALL]}, False),
        ({"GREETING": ["HTTP/1.1 400 Bad Request"]}, False),
        ({"EHLO": ["554 5.7.1 not you"]}, True),
        ({"EHLO": [DROP]}, False),
        ({"EHLO": ["500 what"], "HELO": ["451 later"]}, False),
    ],
)
def test_a_server_that_will_not_talk_is_unavailable(script: dict[str, list[str | list[str]]], permanent: bool):
    """The message says what was heard, and whether trying again is of any use."""
    with ScriptedSmtpServer(script) as server, pytest.raises(TransportUnavailable) as caught:
        connect(server)
    assert caught.value.permanent is permanent
    assert str(caught.value).startswith(f"127.0.0.1:{server.port}: ")


def test_the_servers_words_stand_in_the_message():
    """So that an operator can act on them."""
    with (
        ScriptedSmtpServer({"GREETING": ["554 5.7.1 blocked"]}) as server,
        pytest.raises(TransportUnavailable, match=r"554 5\.7\.1 blocked"),
    ):
        connect(server)


def test_a_server_that_knows_only_helo_is_served_one_by_one():
    """RFC 5321 §3.2."""
    with line_to(ScriptedSmtpServer({"EHLO": ["502 5.5.1 what?"]})) as connection:
        assert isinstance(send(connection), Accepted)


@pytest.mark.parametrize("name", ["", "a b", "x\r\nMAIL FROM:<>", "dësk.test"])
def test_a_name_that_cannot_be_said_to_a_server_is_refused_at_start(name: str):
    """EHLO carries it."""
    with pytest.raises(SettingsError):
        SmtpTransport(SmtpRoute("127.0.0.1"), helo_name=name)


@pytest.mark.parametrize("host", ["ä" * 80, "a..b", "no-such-host.invalid"])
def test_a_host_that_does_not_exist_is_unavailable(host: str):
    """Whatever the resolver makes of it."""
    with pytest.raises(TransportUnavailable):
        SmtpTransport(SmtpRoute(host, 2525, timeouts=HURRY), helo_name="desk.test").connect()


def test_a_port_that_nobody_listens_on_is_unavailable():
    """Not a permanent state: a server may be restarting."""
    with ScriptedSmtpServer() as server:
        port = server.port
    with pytest.raises(TransportUnavailable) as caught:
        SmtpTransport(SmtpRoute("127.0.0.1", port, timeouts=HURRY), helo_name="desk.test").connect()
    assert not caught.value.permanent
