"""Several mail servers: chosen per publication, with fail-over, and never given more than a day allows."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import event, select, update

from newsletter import notices
from newsletter.delivery import allowance, progress
from newsletter.delivery.line import FAIL_OVER, Line
from newsletter.delivery.models import Delivery, Dispatch
from newsletter.delivery.routes import Route, Routes, read_routes
from newsletter.delivery.runners.local import LocalRunner
from newsletter.delivery.states import DispatchState
from newsletter.kit.database import Database
from newsletter.kit.errors import DispatchRefused, SettingsError
from newsletter.mail.envelope import Accepted, Refused, TransportUnavailable
from newsletter.mail.route import SmtpRoute, parse_smtp_url
from newsletter.mail.route_profiles import RouteProfile
from tests.conftest import NINE_OCLOCK
from tests.delivery.outbox import (
    PlainMessages,
    TurnedClock,
    account,
    counted,
    publication,
    readers,
    started,
    until,
)
from tests.doubles import ScriptedTransport

MANY = [f"r{number:03}@example.org" for number in range(100)]
BLOCKED = Refused(550, "blocked: see spamhaus", "5.7.1")
AWAY = TransportUnavailable("connection refused")


def route(name: str, **server: object) -> Route:
    return Route(name, SmtpRoute("mail.example.org", **server))  # type: ignore[arg-type]


def line(name: str, transport: ScriptedTransport, limit: int | None = None, connections: int = 1) -> Line:
    return Line(name, transport, connections=connections, daily_limit=lambda at: limit, patience=FAIL_OVER)


def desk(database: Database, *lines: Line, clock: TurnedClock | None = None) -> LocalRunner:
    clock = clock or TurnedClock()
    first, *further = lines
    return LocalRunner(
        database, first, PlainMessages(), clock=clock, dice=lambda: 0.0, wait=clock.wait, further=further
    )


def sending(
    database: Database, *, route: str = "office", fallbacks: tuple[str, ...] = (), to: list[str] | None = None
) -> int:
    publication_id = publication(database)
    readers(database, publication_id, to or MANY)
    return started(database, publication_id, route=route, fallbacks=fallbacks)


# --- fail-over ---


@pytest.mark.parametrize("fault", [BLOCKED, AWAY, TransportUnavailable("535 no", permanent=True)])
def test_a_sending_goes_on_by_the_next_route_when_one_will_not_have_it(database, fault):
    """Refused for our fault, unreachable for a minute, or signed out: nobody is lost, nobody gets it twice."""
    dispatch, clock = sending(database, fallbacks=("backup",)), TurnedClock()
    office, backup = ScriptedTransport(then=fault), ScriptedTransport()

    def two_minutes_at_most(event: threading.Event, seconds: float) -> object:
        clock.now = min(clock.now + timedelta(seconds=seconds), NINE_OCLOCK + timedelta(minutes=2))
        return event.wait(0.01)

    clock.wait = two_minutes_at_most  # type: ignore[method-assign]
    desk(database, line("office", office), line("backup", backup), clock=clock).run_until_idle()
    assert counted(database, dispatch) == {"accepted": 100}
    assert sorted(backup.recipients) == MANY
    with database.read() as session:
        moved = session.get_one(Dispatch, dispatch)
        assert moved.route == "backup"
        assert [failure["route"] for failure in moved.options["route_failures"]] == ["office"]
        assert set(session.scalars(select(Delivery.route))) == {"backup"}


def test_when_no_route_is_left_the_sending_stops_and_begins_again_with_the_first(database):
    """Resumed, it asks the first again: perhaps that one has been mended."""
    dispatch = sending(database, fallbacks=("backup",))
    office, backup = ScriptedTransport(BLOCKED), ScriptedTransport(BLOCKED)
    team = desk(database, line("office", office), line("backup", backup))
    team.run_until_idle(dispatch)
    stopped = account(database, dispatch)
    assert stopped.state is DispatchState.PAUSED
    assert "spamhaus" in stopped.pause_reason
    assert stopped.in_hand == 0
    with database.write() as session:
        progress.resume(session, dispatch, by="eve", now=NINE_OCLOCK)
    team.run_until_idle(dispatch)
    assert counted(database, dispatch) == {"accepted": 100}
    assert len(office.recipients) > 50


def test_a_refusal_that_comes_late_from_the_old_route_moves_nothing(database):
    """Two lanes are refused at once: the second does not push the sending past the new route."""
    dispatch = sending(database, fallbacks=("backup", "last"))
    both = threading.Barrier(2)

    def refuse_together(_: object) -> Refused:
        both.wait(10)
        return BLOCKED

    office = ScriptedTransport(refuse_together, refuse_together)
    lines = (
        line("office", office, connections=2),
        line("backup", ScriptedTransport()),
        line("last", ScriptedTransport()),
    )
    desk(database, *lines).run_until_idle()
    with database.read() as session:
        assert session.get_one(Dispatch, dispatch).route == "backup"
    assert counted(database, dispatch) == {"accepted": 100}


def test_a_route_that_is_away_keeps_no_other_waiting(database):
    """Two newsletters, two servers: one is down, the other sends."""
    first, second = publication(database), publication(database, "ports")
    readers(database, first, MANY[:50])
    readers(database, second, [f"p{number}@example.net" for number in range(50)])
    stuck, goes = started(database, first, route="office"), started(database, second, "issue:2:v1", route="other")
    office, other = ScriptedTransport(then=AWAY), ScriptedTransport()
    clock = TurnedClock()
    clock.wait = lambda event, _: event.wait(0.05)  # type: ignore[method-assign]
    team = desk(database, line("office", office), line("other", other), clock=clock)
    team.start()
    try:
        until(lambda: account(database, goes).state is DispatchState.FINISHED)
        assert account(database, stuck).accepted == 0
    finally:
        team.stop()


def test_while_one_sending_goes_for_hours_another_is_planned_and_finished(database):
    """The planner does not wait for the dispatcher."""
    first, go_on = publication(database), threading.Event()
    readers(database, first, MANY)

    def slow(_: object) -> Accepted:
        go_on.wait(20)
        return Accepted("250 ok")

    slowly = started(database, first, route="office")
    office, other = ScriptedTransport(then=slow), ScriptedTransport()
    team = desk(database, line("office", office), line("other", other))
    team.start()
    try:
        until(lambda: office.recipients)
        second = publication(database, "ports")
        readers(database, second, ["ada@example.org"])
        quick = started(database, second, "issue:2:v1", route="other")
        until(lambda: account(database, quick).state is DispatchState.FINISHED)
        assert account(database, slowly).accepted == 0
    finally:
        go_on.set()
        team.stop()


def test_a_notice_goes_by_the_routes_of_its_publication(database):
    """And on by the next when the first is away."""
    publication_id = publication(database)
    with database.write() as session:
        notices.write(
            session, publication_id=publication_id, purpose="test", address="ada@example.org", subject="Hello",
            text="Hello", now=NINE_OCLOCK,
        )  # fmt: skip
    office, backup, clock = ScriptedTransport(then=AWAY), ScriptedTransport(), TurnedClock()
    team = LocalRunner(
        database, line("office", office), PlainMessages(), clock=clock, wait=clock.wait,
        further=[line("backup", backup)], routes_of=lambda profile: ["office", "backup"],
    )  # fmt: skip
    team.run_until_idle()
    assert backup.recipients == ["ada@example.org"]


# --- daily limits ---


def test_a_route_is_given_no_more_than_its_daily_limit(database):
    """What is left waits, and goes once the first are more than a day ago."""
    dispatch, clock, office = sending(database), TurnedClock(), ScriptedTransport()
    team = desk(database, line("office", office, limit=30), clock=clock)
    team.run_until_idle()
    assert len(office.recipients) == 30
    assert (account(database, dispatch).in_hand, account(database, dispatch).waiting) == (0, 70)
    clock.turn(hours=23)
    team.run_until_idle()
    assert len(office.recipients) == 30
    clock.turn(hours=1, seconds=1)
    team.run_until_idle()
    assert len(office.recipients) == 60


def test_several_processes_share_the_daily_limit(database):
    """Each counts what all have been given; together they never exceed it."""
    sending(database)
    offices = [ScriptedTransport(), ScriptedTransport()]
    databases = [database, Database(database.url)]
    teams = [
        desk(one, line("office", office, limit=40, connections=3))
        for one, office in zip(databases, offices, strict=True)
    ]
    teams[0]._prepare(None)
    threads = [threading.Thread(target=team.run_until_idle) for team in teams]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    databases[1].dispose()
    assert sum(len(office.recipients) for office in offices) == 40


def test_a_sending_that_cannot_finish_within_the_day_is_refused_with_the_numbers(database):
    """What was sent before and what other sendings still need counts; the next route is asked as well."""
    dispatch, office = sending(database), ScriptedTransport()
    desk(database, line("office", office, limit=30)).run_until_idle()
    small, large = route("office", daily_limit=150), route("relay", daily_limit=1000)
    with database.read() as session:
        ask = {"at": NINE_OCLOCK, "now": NINE_OCLOCK}
        assert allowance.choose(session, [small], messages=50, **ask).route is small
        with pytest.raises(
            DispatchRefused, match=r"51 mails.*takes 150 a day, 30 of them are used, 70 are promised.*leaves 50"
        ):
            allowance.choose(session, [small], messages=51, **ask)
        chosen = allowance.choose(session, [small, large, route("last")], messages=51, **ask)
        assert (chosen.route, chosen.fallbacks) == (large, ("last",))
        tomorrow = {"at": NINE_OCLOCK + timedelta(days=1, seconds=1), "now": NINE_OCLOCK}
        assert allowance.choose(session, [small], messages=80, **tomorrow).route is small
    assert account(database, dispatch).waiting == 70


def test_a_warm_up_allows_a_little_more_each_day():
    """After its last day the ordinary limit holds."""
    young = Route("new", SmtpRoute("mail.example.org", daily_limit=400), (50, 200, 800), date(2026, 3, 4))
    assert [young.daily_limit(datetime(2026, 3, day, 12, tzinfo=UTC)) for day in (3, 4, 5, 6, 7)] == [
        50,
        50,
        200,
        400,
        400,
    ]
    free = replace(young, server=SmtpRoute("mail.example.org"))
    assert free.daily_limit(datetime(2026, 3, 7, tzinfo=UTC)) is None


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_what_a_route_took_today_is_counted_by_index(database: Database):
    """However many deliveries there are."""
    sending(database)
    desk(database, line("office", ScriptedTransport()))._prepare(None)
    with database.write() as session:
        session.execute(update(Delivery).values(route="office", state="accepted", ended_at=NINE_OCLOCK))
    seen: list[tuple[str, object]] = []

    @event.listens_for(database._reader, "before_cursor_execute")
    def keep(_connection, _cursor, statement, parameters, *_rest):
        seen.append((statement, parameters))

    with database.read() as session:
        assert allowance.used(session, "office", since=NINE_OCLOCK - timedelta(hours=1)) == 100
        plans = [
            row[3]
            for statement, parameters in list(seen)
            for row in session.connection().exec_driver_sql("EXPLAIN QUERY PLAN " + statement, parameters)
        ]
    assert any("ix_deliveries_accepted" in step for step in plans)
    assert all("ix_deliveries" in step for step in plans), plans


# --- the file of routes ---

FILE = """
[[route]]
name = "office"
url = "smtp://smtp.office365.com:587"
[route.oauth]
user = "news@example.org"
token_url = "https://login.example.org/token"
client_id = "desk"
client_secret = "secret"
scope = "https://outlook.office365.com/.default"

[[route]]
name = "relay"
url = "smtps://user:secret@relay.example.org"
profile = "provider"
pace = 25.5
connections = 6
daily_limit = 50000
warm_up = [100, 500]
warm_up_from = 2026-03-04
"""


def test_a_file_of_routes_is_read(tmp_path: Path):
    """Well-known servers bring their limits; what the file says goes first."""
    path = tmp_path / "routes.toml"
    path.write_text(FILE)
    office, relay = read_routes(path)
    assert (office.server.profile, office.server.daily_limit, office.server.pace) == (
        RouteProfile.MICROSOFT365,
        10_000,
        0.5,
    )
    assert (office.server.connections, office.server.username) == (3, "news@example.org")
    assert office.server.tokens is not None
    assert (relay.server.pace, relay.server.connections, relay.server.messages_per_connection) == (25.5, 6, 100)
    assert (relay.server.daily_limit, relay.warm_up, relay.warm_up_from) == (50_000, (100, 500), date(2026, 3, 4))


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ("[[route]]", "route"),
        (FILE.replace('name = "relay"', 'name = "office"'), "twice"),
        (FILE.replace('"provider"', '"postman"'), "profile"),
        (FILE.replace("25.5", "0"), "pace"),
        (FILE.replace("50000", "0"), "daily_limit"),
        (FILE.replace("smtps://user", "http://user"), "relay.*smtp://"),
        (FILE.replace("https://login", "http://login"), "office.*https://"),
        (FILE.replace("warm_up_from = 2026-03-04", ""), "warm_up_from"),
        (FILE.replace("pace", "speed"), "speed"),
        ("route = [", "cannot be read"),
    ],
)
def test_a_bad_file_of_routes_is_named_with_its_bad_part(tmp_path: Path, change: str, named: str):
    """And no secret is shown."""
    path = tmp_path / "routes.toml"
    path.write_text(change)
    with pytest.raises(SettingsError, match=named) as caught:
        Routes(read_routes(path))
    assert "NEWSLETTER_SMTP_ROUTES" in str(caught.value)
    assert "secret" not in str(caught.value).replace("client_secret", "")


def test_a_newsletter_that_names_an_unknown_route_is_told_which_there_are():
    """Before anything is written down; a notice takes what there is."""
    routes = Routes([route("smtp"), route("relay")])
    assert [one.name for one in routes.chosen(["relay", "smtp"])] == ["relay", "smtp"]
    assert [one.name for one in routes.chosen([])] == ["smtp"]
    with pytest.raises(DispatchRefused, match=r"'post'.*smtp, relay"):
        routes.chosen(["post"])
    assert [one.name for one in routes.usable(["post", "relay"])] == ["relay"]


def test_the_url_alone_names_profile_and_daily_limit():
    """One ordinary setting is enough for a small team."""
    office = parse_smtp_url("smtp://u:p@smtp.office365.com")
    assert (office.pace, office.connections, office.daily_limit) == (0.5, 3, 10_000)
    mine = parse_smtp_url("smtp://u:p@smtp.office365.com?profile=own_relay&daily=500")
    assert (mine.pace, mine.connections, mine.daily_limit) == (10.0, 4, 500)
    with pytest.raises(SettingsError, match="profile=post"):
        parse_smtp_url("smtp://mail.example.org?profile=post")
