"""Answering the receivers: one that asks us to slow down rests and comes back gently, the others go on."""

from __future__ import annotations

import threading
from collections import Counter
from datetime import timedelta

import pytest
from sqlalchemy import select

from newsletter.delivery import alarms, claims, destinations
from newsletter.delivery.breaker import AT_LEAST, Breaker
from newsletter.delivery.models import Delivery, Destination, Dispatch
from newsletter.delivery.receivers import Receivers, read_receivers
from newsletter.delivery.retry import GIVE_UP
from newsletter.delivery.settlement import Settlement
from newsletter.delivery.states import DeliveryState, DispatchKind, DispatchState
from newsletter.delivery.verdicts import asks_to_slow_down
from newsletter.kit.errors import SettingsError
from newsletter.mail.envelope import Accepted, Deferred, Envelope, Refused
from newsletter.notices import Notice
from tests.conftest import NINE_OCLOCK
from tests.delivery.outbox import ROUTE, TurnedClock, account, counted, promised, runner, states
from tests.doubles import ScriptedTransport

RATE = Deferred(421, "4.7.28 unusual rate of mail from your network", "4.7.28")


def people(domain: str, number: int) -> list[str]:
    """Addresses at one domain."""
    return [f"r{n}@{domain}" for n in range(number)]


class Strict:
    """Receivers that object to everything at *domains* as long as they are told to, and count who writes at once."""

    def __init__(self, *domains: str) -> None:
        self.objecting = set(domains)
        self.mutex = threading.Lock()
        self.now: Counter[str] = Counter()
        self.most: Counter[str] = Counter()

    def __call__(self, envelope: Envelope) -> Accepted | Deferred:
        domain = envelope.recipient.partition("@")[2]
        with self.mutex:
            self.now[domain] += 1
            self.most[domain] = max(self.most[domain], self.now[domain])
        threading.Event().wait(0.002)
        with self.mutex:
            self.now[domain] -= 1
        return RATE if domain in self.objecting else Accepted("250 ok")


def test_one_receiver_asks_to_slow_down_and_the_others_go_on(database):
    """Its deliveries wait for the end of the rest, unattempted; everybody else has the issue."""
    dispatch = promised(database, *people("gmail.com", 60), *people("example.org", 60))
    strict, clock = Strict("gmail.com"), TurnedClock()
    transport = ScriptedTransport(then=strict)
    runner(database, transport, clock, connections=4).run_until_idle()
    assert counted(database, dispatch) == {"accepted": 60, "planned": 60}
    tried = [recipient for recipient in transport.recipients if recipient.endswith("gmail.com")]
    assert len(tried) <= 4 + 64
    with database.read() as session:
        waiting = session.scalars(select(Delivery).where(Delivery.state == DeliveryState.PLANNED)).all()
        assert all(one.not_before >= NINE_OCLOCK + timedelta(minutes=5) for one in waiting)
        assert all(one.not_before == NINE_OCLOCK + destinations.REST for one in waiting if not one.attempts)
        (row,) = session.scalars(select(Destination)).all()
        assert (row.name, row.room, row.code, row.enhanced) == ("google", 1, 421, "4.7.28")


def test_after_its_rest_it_has_one_connection_and_then_one_more_at_a_time(database):
    """Until it is as wide as the route and forgotten; nobody is lost on the way."""
    dispatch = promised(database, *people("gmail.com", 80))
    strict, clock = Strict("gmail.com"), TurnedClock()
    transport = ScriptedTransport(then=strict)
    desk = runner(database, transport, clock, connections=3)
    desk.run_until_idle()
    before = len(transport.recipients)
    clock.turn(minutes=5)
    desk.run_until_idle()
    assert len(transport.recipients) == before, "it rests"
    strict.objecting.clear()
    strict.most.clear()
    clock.turn(minutes=5)
    desk.run_until_idle()
    assert strict.most["gmail.com"] == 1
    assert set(counted(database, dispatch)) <= {"accepted", "planned"}
    for _ in range(10):
        clock.turn(hours=1)
        desk.run_until_idle()
    assert counted(database, dispatch) == {"accepted": 80}


def test_room_grows_by_one_a_minute_and_the_row_goes_at_the_end(database):
    """However many workers ask at the same moment, and never while it rests."""
    said = Settlement(1, 1, DeliveryState.PLANNED, NINE_OCLOCK, 421, "4.7.28 slow", "4.7.28", slow_down=True)
    rested = NINE_OCLOCK + destinations.REST

    def grown(at):
        with database.write() as session:
            return destinations.grow(session, "google", route=ROUTE, most=3, now=at)

    def standing():
        with database.read() as session:
            return {name: one.room for name, one in destinations.slowed(session, route=ROUTE, now=rested).items()}

    with database.write() as session:
        destinations.slow_down(session, "google", said, route=ROUTE)
        destinations.slow_down(session, "google", said, route=ROUTE)
    assert not grown(rested - timedelta(seconds=1))
    assert not grown(rested)
    minute = destinations.GROWS_AFTER
    assert [grown(rested + minute), grown(rested + minute), standing()] == [True, False, {"google": 2}]
    assert grown(rested + 2 * minute)
    assert standing() == {}


def test_two_workers_share_the_one_connection(database):
    """What one is sending counts for the other, in the transaction that marks."""
    dispatch = promised(database, *people("gmail.com", 4))
    runner(database, ScriptedTransport())._prepare(None)
    said = Settlement(1, 1, DeliveryState.PLANNED, NINE_OCLOCK, 421, "4.7.28 slow", "4.7.28", slow_down=True)
    later = NINE_OCLOCK + destinations.REST
    from newsletter.delivery.gate import Gate

    with database.write() as session:
        destinations.slow_down(session, "google", said, route=ROUTE)
    gates = {owner: Gate(Receivers(), route=ROUTE, most=4, owner=owner) for owner in ("one", "two")}
    sent = {}
    for owner, gate in gates.items():
        with database.write() as session:
            gate.look(session, now=later)
            promises = claims.claim(session, dispatch, owner=owner, limit=2, now=later).promises
            admitted = gate.admitted(session, promises, [], now=later)
            chosen = [promise for promise in promises if promise.id in admitted]
            sent[owner] = claims.mark_sending(session, chosen, owner=owner, now=later) if chosen else set()
    assert [len(sent["one"]), len(sent["two"])] == [1, 0]


def test_a_crowd_at_one_slow_receiver_keeps_nobody_else_waiting(database):
    """A thousand for the slow one come first in the table; the others are through before its second minute."""
    dispatch = promised(database, *people("gmail.com", 300), *people("example.org", 20))
    strict, clock = Strict("gmail.com"), TurnedClock()
    transport = ScriptedTransport(then=strict)
    runner(database, transport, clock, connections=2).run_until_idle()
    assert {state for address, state in states(database, dispatch).items() if "example.org" in address} == {"accepted"}


def test_greylisting_is_no_complaint_about_our_rate():
    """It often bears a 4.7.1; the ladder alone has the patience it asks for."""
    assert asks_to_slow_down(RATE)
    assert asks_to_slow_down(Deferred(451, "4.7.0 too much mail", "4.7.0"))
    assert not asks_to_slow_down(Deferred(451, "4.7.1 Greylisted, come back", "4.7.1"))
    assert not asks_to_slow_down(Deferred(450, "4.2.0 busy", "4.2.0"))
    assert not asks_to_slow_down(Deferred(421, "gone", "4.4.2", lost=True))


def test_four_days_of_later_end_as_expired(database):
    """The ladder by the clock: the last attempt comes four days after the first, and nothing is open then."""
    dispatch, clock = promised(database, "ada@example.org"), TurnedClock()
    transport = ScriptedTransport(then=Deferred(450, "4.2.0 busy", "4.2.0"))
    desk = runner(database, transport, clock)
    attempts = []
    while (idle := desk.run_until_idle()).next_due is not None:
        attempts.append(clock.now)
        clock.now = idle.next_due
    assert counted(database, dispatch) == {"expired": 1}
    assert clock.now - NINE_OCLOCK == GIVE_UP
    assert len(transport.recipients) == len(attempts) + 1 == 13
    assert account(database, dispatch).state is DispatchState.FINISHED


def test_a_bad_list_stops_the_sending_and_the_team_is_told(database):
    """More than five in a hundred dead mailboxes: paused, in words; let go on, it counts anew."""
    dispatch = promised(database, *people("example.org", 400))

    def every_tenth(envelope: Envelope) -> Accepted | Refused:
        number = int(envelope.recipient.partition("@")[0][1:])
        return Refused(550, "no such user", "5.1.1") if number % 10 == 0 else Accepted("250 ok")

    runner(database, ScriptedTransport(then=every_tenth)).run_until_idle()
    result = account(database, dispatch)
    assert result.state is DispatchState.PAUSED
    assert "mailboxes do not exist" in result.pause_reason
    assert AT_LEAST <= result.accepted + result.refused <= AT_LEAST + 80
    with database.read() as session:
        (notice,) = session.scalars(select(Notice)).all()
        assert (notice.purpose, notice.address) == (alarms.PURPOSE, "grids@example.org")
        assert "mailboxes do not exist" in notice.text


def test_a_good_list_with_a_few_dead_addresses_is_not_stopped():
    """Five in a hundred are what a year does to any list."""
    breaker = Breaker()
    for number in range(1000):
        dead = number % 20 == 19
        state = DeliveryState.REFUSED if dead else DeliveryState.ACCEPTED
        heard = breaker.heed(Settlement(number, 1, state, NINE_OCLOCK, 250, "", dead_mailbox=dead))
        assert not heard.pause_reason


def test_word_that_a_notice_was_refused_is_not_sent_as_a_notice(database):
    """Or it would go round in circles."""
    promised(database, "ada@example.org")
    transport = ScriptedTransport(then=Refused(550, "blocked", "5.7.1"))
    desk = runner(database, transport)
    for _ in range(5):
        desk.run_until_idle()
    with database.read() as session:
        assert len(session.scalars(select(Notice)).all()) == 1
        kinds = Counter(session.scalars(select(Dispatch.kind)))
    assert kinds == {DispatchKind.ISSUE: 1, DispatchKind.NOTICE: 1}


def test_domains_behind_the_same_servers_are_one_destination(tmp_path):
    """The usual ones, and what the operator's file says on top."""
    assert Receivers().of("googlemail.com") == Receivers().of("gmail.com") == "google"
    assert Receivers().of("example.org") == "example.org"
    assert Receivers().domains("example.org") == {"example.org"}
    file = tmp_path / "destinations.toml"
    file.write_text('campus = ["a.example", "Bücher.example"]\nmine = ["gmail.com"]\n', encoding="utf-8")
    receivers = read_receivers(file)
    assert receivers.of("xn--bcher-kva.example") == "campus"
    assert (receivers.of("gmail.com"), receivers.of("googlemail.com")) == ("mine", "google")


@pytest.mark.parametrize("text", ["x", 'a = "b.example"', "a = []", 'a = ["no domain"]', 'a = ["x.de"]\nb = ["x.de"]'])
def test_a_bad_file_of_destinations_is_named(tmp_path, text):
    """At the start, in one sentence."""
    file = tmp_path / "destinations.toml"
    file.write_text(text)
    with pytest.raises(SettingsError, match=r"NEWSLETTER_DESTINATIONS_FILE.*destinations\.toml"):
        read_receivers(file)
