"""A mail server that sends us away at its door asks the whole route to slow down: it rests, and comes back gently."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from sqlalchemy import select

from newsletter.delivery import deeds, destinations, progress
from newsletter.delivery.deeds import Waiting, WaitsFor
from newsletter.delivery.line import Line
from newsletter.delivery.models import Destination
from newsletter.delivery.route_report import route_accounts
from newsletter.delivery.routes import Route, Routes
from newsletter.delivery.runners.local import LocalRunner
from newsletter.delivery.states import DispatchState
from newsletter.kit.database import Database
from newsletter.mail.envelope import Accepted, Deferred, Envelope, TransportUnavailable
from newsletter.mail.route import SmtpRoute
from newsletter.mail.smtp import SmtpTransport
from tests.conftest import NINE_OCLOCK
from tests.delivery.outbox import (
    ROUTE,
    PlainMessages,
    TurnedClock,
    account,
    counted,
    promised,
    publication,
    readers,
    runner,
    started,
    until,
)
from tests.doubles import ScriptedConnection, ScriptedTransport
from tests.smtp_server import DROP, ScriptedSmtpServer

RATE = "4.7.28 unusual rate of mail from your network"
SENT_AWAY = TransportUnavailable(f"the server greets with 421 {RATE}", said=Deferred(421, RATE, "4.7.28"))
ROUTES = Routes([Route(ROUTE, SmtpRoute("127.0.0.1", 25, connections=3))])
REST_ENDS = NINE_OCLOCK + destinations.REST


def people(number: int) -> list[str]:
    """Readers at as many places."""
    return [f"r{n}@d{n}.example.org" for n in range(number)]


class Door:
    """Counts how many messages are on its lines at once."""

    def __init__(self) -> None:
        self.mutex, self.now, self.most = threading.Lock(), 0, 0

    def __call__(self, _: Envelope) -> Accepted:
        with self.mutex:
            self.now += 1
            self.most = max(self.most, self.now)
        threading.Event().wait(0.005)
        with self.mutex:
            self.now -= 1
        return Accepted("250 ok")


def test_the_whole_route_rests_and_everybody_can_see_it(database: Database):
    """Nothing is tried for ten minutes, nothing is paused, and the report of the routes says what the server said."""
    dispatch, clock = promised(database, *people(30)), TurnedClock()
    transport = ScriptedTransport(then=SENT_AWAY)
    desk = runner(database, transport, clock, connections=3)
    idle = desk.run_until_idle()
    assert idle.next_due is not None
    assert timedelta(0) <= idle.next_due - REST_ENDS < timedelta(minutes=5)
    assert counted(database, dispatch) == {"planned": 30}
    assert account(database, dispatch).state is DispatchState.RUNNING
    with database.read() as session:
        row = session.scalars(select(Destination)).one()
        assert (row.name, row.code, row.enhanced) == (destinations.WHOLE_ROUTE, 421, "4.7.28")
        [seen] = route_accounts(session, ROUTES, dispatch, now=clock())
        assert seen.state == f"rests until {row.resting_until:%H:%M} UTC: {RATE}"
        assert destinations.WHOLE_ROUTE not in seen.destinations
        standing = deeds.waiting(session, progress.get(session, dispatch), ROUTES, now=clock())
        assert standing == Waiting(WaitsFor.REST, row.resting_until)
    transport._then = Accepted("250 ok")
    desk.run_until_idle()
    assert transport.recipients == [], "it rests"


def test_after_its_rest_the_route_has_one_connection_and_one_more_for_every_minute(database: Database):
    """All workers together, until it has what it had before and the row is gone."""
    dispatch, clock, door = promised(database, *people(60)), TurnedClock(), Door()
    desk = runner(database, ScriptedTransport(SENT_AWAY, then=door), clock, connections=3)
    idle = desk.run_until_idle()
    clock.now, door.most = max(idle.next_due or clock.now, clock.now), 0
    desk.run_until_idle()
    assert (counted(database, dispatch), door.most) == ({"accepted": 60}, 1)
    room = 1
    for number in (2, 3):
        clock.turn(minutes=1, seconds=1)
        with database.write() as session:
            destinations.grow(session, destinations.WHOLE_ROUTE, route=ROUTE, most=3, now=clock())
            room = destinations.room_of(session, ROUTE, most=3, now=clock())
        assert room == number
    with database.read() as session:
        assert session.scalars(select(Destination)).all() == []


def test_a_sending_that_has_another_route_goes_on_by_it(database: Database):
    """Ten minutes are longer than fail-over waits."""
    publication_id, clock = publication(database), TurnedClock()
    readers(database, publication_id, people(20))
    dispatch = started(database, publication_id, route="office", fallbacks=("relay",))
    office, relay = ScriptedTransport(then=SENT_AWAY), ScriptedTransport()
    LocalRunner(
        database, Line("office", office, connections=2), PlainMessages(), clock=clock, dice=lambda: 0.0,
        wait=clock.wait, further=[Line("relay", relay, connections=2)],
    ).run_until_idle()  # fmt: skip
    assert counted(database, dispatch) == {"accepted": 20}
    assert len(relay.recipients) == 20


@pytest.mark.parametrize(
    ("script", "slow"),
    [
        ({"GREETING": [[f"421 {RATE}", DROP]]}, True),
        ({"EHLO": [[f"421 {RATE}", DROP]]}, True),
        ({"EHLO": [f"451 {RATE}"]}, True),
        ({"GREETING": [["421 4.3.2 busy", DROP]]}, False),
    ],
)
def test_a_421_at_the_door_is_kept_with_its_code(script, slow):
    """So that whoever asks knows what it is about."""
    with ScriptedSmtpServer(extensions=("ENHANCEDSTATUSCODES",), script=script) as server:
        route = SmtpRoute("127.0.0.1", server.port)
        with pytest.raises(TransportUnavailable) as caught:
            SmtpTransport(route, helo_name="here.example").connect()
    assert caught.value.said is not None
    assert (caught.value.said.enhanced == "4.7.28") is slow
    assert not caught.value.permanent


class OneLine(ScriptedTransport):
    """Lets one line in and sends every other away; what is on the one takes its time."""

    def __init__(self) -> None:
        super().__init__(then=self.slow)
        self._door = iter([True])

    def slow(self, _: Envelope) -> Accepted:
        threading.Event().wait(0.5)
        return Accepted("250 ok")

    def connect(self) -> ScriptedConnection:
        """Open the first line only; the other is sent away while a message is on the first."""
        if not next(self._door, False):
            until(lambda: bool(self.envelopes))
            raise SENT_AWAY
        return super().connect()


def test_the_rest_is_written_down_once_while_other_lines_end(database: Database, caplog: pytest.LogCaptureFixture):
    """What a line still carries does not make the rest begin anew, again and again."""
    dispatch = promised(database, *people(9))
    runner(database, OneLine(), connections=2).run_until_idle()
    assert counted(database, dispatch)["planned"] > 0
    assert caplog.text.count("resting, then slower") == 1
