"""The scripted transport does what its script says; the contract suite proves that it does no more."""

from __future__ import annotations

import threading

import pytest

from newsletter.mail.envelope import Accepted, Deferred, Envelope, InDoubt, Refused, TransportUnavailable
from tests.doubles import ScriptedTransport

ENVELOPE = Envelope("b@example.org", "ada@example.org", b"x\r\n")


def test_the_script_is_played_and_then_everything_is_accepted():
    """In order, each envelope kept."""
    transport = ScriptedTransport(Refused(550, "no"), Deferred(451, "later"))
    line = transport.connect()
    outcomes = [line.send(ENVELOPE) for _ in range(3)]
    assert outcomes == [Refused(550, "no"), Deferred(451, "later"), Accepted("250 ok")]
    assert transport.recipients == ["ada@example.org"] * 3


def test_a_connection_can_fail():
    """When its turn in the script has come."""
    transport = ScriptedTransport(Accepted("250 ok"), TransportUnavailable("down"), then=InDoubt("lost"))
    line = transport.connect()
    assert line.send(ENVELOPE) == Accepted("250 ok")
    with pytest.raises(TransportUnavailable, match="down"):
        transport.connect()
    assert transport.connect().send(ENVELOPE) == InDoubt("lost")
    assert transport.connections == 2


def test_an_answer_may_depend_on_the_envelope():
    """For tests in which the order of recipients is free."""
    transport = ScriptedTransport(then=lambda envelope: Refused(550, envelope.recipient))
    assert transport.connect().send(ENVELOPE) == Refused(550, "ada@example.org")


def test_many_threads_share_a_script():
    """Each line of it is played once."""
    transport = ScriptedTransport(*[Refused(550, "no")] * 50)
    found = []

    def work() -> None:
        line = transport.connect()
        found.extend(line.send(ENVELOPE) for _ in range(25))
        line.close()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(isinstance(outcome, Refused) for outcome in found) == 50
    assert (len(transport.envelopes), transport.connections, transport.closed) == (100, 4, 4)
