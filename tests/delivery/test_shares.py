"""The connections and the pace of a route belong to all its workers together, however many there are."""

from __future__ import annotations

import random
from collections import Counter
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from newsletter.delivery.models import RoutePace, RouteShare
from newsletter.delivery.pace import Pace
from newsletter.delivery.shares import LEASE, STUCK, Share
from newsletter.delivery.states import DispatchState
from newsletter.kit.database import Database
from tests.delivery.outbox import ROUTE, TurnedClock, account, runner, until
from tests.delivery.test_crashes import dead_owner
from tests.delivery.test_runner_contract import many
from tests.delivery.worker_process import workers
from tests.discard_server import discarding
from tests.doubles import ScriptedTransport


class Crew:
    """Workers on one route of three connections, and a clock that runs two seconds ahead at each look."""

    def __init__(self, database: Database, connections: int = 3) -> None:
        self.database, self.connections = database, connections
        self.clock, self.seconds = TurnedClock(), 0.0

    def worker(self) -> Share:
        return Share(
            self.database, route=ROUTE, connections=lambda *_: self.connections, clock=self.clock, monotonic=self.tick
        )

    def tick(self) -> float:
        self.seconds += 2
        self.clock.turn(seconds=2)
        return self.seconds


def test_workers_divide_the_connections_and_a_newcomer_waits_until_some_are_closed(database):
    """The first gives some up at its next look; one more than there are connections is not needed."""
    crew = Crew(database)
    one, two, three, four = (crew.worker() for _ in range(4))
    assert one.take() == 3
    assert not one.changed()
    assert two.take() == 0
    assert one.changed()
    assert (one.take(), two.take(), three.take()) == (2, 1, 0)
    assert not two.changed()
    assert one.changed()
    assert (one.take(), three.take(), four.take()) == (1, 1, None)
    three.leave()
    assert one.changed()
    assert (one.take(), two.changed()) == (2, False)


def test_whoever_joins_leaves_or_dies_no_more_lines_are_open_than_the_route_allows(database):
    """A walk by lot; at its end one worker has them all again."""
    crew, dice, lines = Crew(database), random.Random(7), Counter[int]()
    shares = [crew.worker() for _ in range(5)]
    for _ in range(250):
        at, lot = dice.randrange(5), dice.random()
        if lines[at] and lot < 0.1:
            shares[at].leave()
            lines[at] = 0
        elif lines[at] and lot < 0.2:
            shares[at], lines[at] = crew.worker(), 0  # killed: its lines are gone, its row stands until the lease ends
        elif not lines[at] or shares[at].changed():
            lines[at] = 0  # closed before any other number is written down
            lines[at] = shares[at].take() or 0
        assert lines.total() <= 3
    for share in shares[1:]:
        share.leave()
    crew.clock.turn(minutes=10)
    assert (shares[0].changed(), shares[0].take()) == (lines[0] != 3, 3)


def test_the_share_of_a_dead_worker_is_free_at_once_on_its_machine_and_after_its_lease_elsewhere(database):
    """Whoever dies with lines open on another machine keeps them that long."""
    crew = Crew(database)
    gone, one = crew.worker(), crew.worker()
    assert gone.take() == 3

    def belongs_to(owner: str) -> None:
        with database.write() as session:
            session.execute(update(RouteShare).values(worker=owner))

    belongs_to("elsewhere000:1:1:aaaa")
    assert one.take() == 0
    crew.clock.turn(seconds=LEASE.total_seconds())
    assert one.take() == 3
    one.leave()
    assert gone.take() == 3
    belongs_to(dead_owner())
    assert one.take() == 3


def test_a_line_that_knocks_at_a_silent_server_counts_although_its_worker_has_left(database):
    """For as long as it may knock."""
    crew = Crew(database)
    one = crew.worker()
    assert one.take() == 3
    one.leave(stuck=2)
    assert one.take() == 1
    one.leave()
    crew.clock.turn(seconds=STUCK.total_seconds() + 1)
    assert one.take() == 3


def test_a_sending_leaves_no_share_behind(database):
    """And waits for none that others have."""
    dispatch = many(database, 20)
    runner(database, ScriptedTransport(), connections=2).run_until_idle()
    assert account(database, dispatch).state is DispatchState.FINISHED
    with database.read() as session:
        assert session.scalars(select(RouteShare)).all() == []
        assert session.scalars(select(RoutePace)).all() == [], "an unlimited route asks nobody"


def test_workers_reserve_moments_in_turn(database):
    """Each begins where the last one ended; whoever lets a moment pass does not make up for it."""
    now = [100.0]
    paces = [Pace(0.5, monotonic=lambda: now[0]) for _ in range(3)]
    standing = []
    for pace in paces:
        assert pace.short
        with database.write() as session:
            pace.reserve(session, ROUTE)
        pace.committed()
        assert not pace.short
        with database.read() as session:
            standing.append(session.scalar(select(RoutePace.next_at)))
    assert standing[2] - standing[0] >= timedelta(seconds=4)
    assert [pace.allowed(9) for pace in paces] == [1, 0, 0]
    assert 0 < paces[1].seconds_to_next() <= 2 < paces[2].seconds_to_next() <= 4
    paces[0].spend(1)
    assert (paces[0].allowed(9), paces[0].short) == (0, True)
    now[0] += 60
    assert [pace.allowed(9) for pace in paces] == [0, 0, 0]
    assert Pace(None).allowed(72) == 72


@pytest.mark.parametrize(
    ("database_url", "kind"), [("sqlite", "local"), ("postgresql", "procrastinate")], indirect=["database_url"]
)
def test_two_processes_are_no_faster_than_one(database, database_url, kind):
    """Ten a second and three connections, for both together: thirty mails take three seconds, however many workers."""
    dispatch = many(database, 30)
    limits = "pace=10&connections=3"
    with discarding() as mail, workers(kind, database_url, mail.port, "a", "b", limits=limits):
        until(lambda: account(database, dispatch).state is DispatchState.FINISHED, 60)
        assert mail.most_lines <= 3
        assert mail.times[-1] - mail.times[0] > 2.5
