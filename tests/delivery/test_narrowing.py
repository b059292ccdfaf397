"""Sendings to a segment and without one: who is planned, what history means, and what stays as it was ordered."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from sqlalchemy import select, update

from newsletter.delivery import audience, narrowing
from newsletter.delivery.models import Delivery, Dispatch, Event
from newsletter.delivery.narrowing import EVERYBODY, Named, Narrowing
from newsletter.delivery.planning import Order, plan, schedule_due, start
from newsletter.delivery.states import DeliveryState, DispatchKind, DispatchState, EventKind
from newsletter.kit.database import Database
from newsletter.kit.errors import BadInput, NotFound
from subscribers import segment_list, segments, subscriptions, tagging
from subscribers.conditions import Condition, Conditions, Group, How, Joined, Subject
from tests.subscribers.readers import add_publication, add_reader

NAMES = ("ada", "bo", "cy")


def of(*wanted: Condition) -> Conditions:
    """One group, of which all must fit."""
    return Conditions(Joined.ALL, (Group(Joined.ALL, wanted),))


class House:
    """Three readers of a newsletter, of whom Ada and Bo are tagged, and a segment of those."""

    def __init__(self, database: Database, now: datetime) -> None:
        self.database, self.now = database, now
        self.notes = add_publication(database, "notes", now=now)
        self.ids = {name: add_reader(database, f"{name}@{name}.example", self.notes, now=now) for name in NAMES}
        with database.write() as session:
            tag = tagging.ensure(session, "Press", now=now).id
            tagging.put(session, tag, [self.ids["ada"], self.ids["bo"]])
            self.press = of(Condition(Subject.TAG, How.HAS, of=tag))
            segment_list.save(session, self.notes, "Press", self.press, by="tests", now=now)

    def planned(self, key: str, narrowed: Narrowing, *, state: DeliveryState = DeliveryState.PLANNED) -> str:
        """Whom a sending ordered so is planned for; their mails then stand in *state*."""
        with self.database.write() as session:
            order = Order(key, DispatchKind.ISSUE, self.notes, "catcher", "tests", self.now, options=narrowed.options)
            dispatch_id = start(session, order, now=self.now).id
            schedule_due(session, now=self.now)
        plan(self.database, dispatch_id, clock=lambda: self.now, batch=2)
        with self.database.write() as session:
            found = set(session.scalars(select(Delivery.subscriber_id).where(Delivery.dispatch_id == dispatch_id)))
            session.execute(update(Delivery).where(Delivery.dispatch_id == dispatch_id).values(state=state))
        return " ".join(name for name, id_ in self.ids.items() if id_ in found)

    def who(self, *wanted: Condition, now: datetime | None = None) -> str:
        """The names of those whom conditions fit."""
        with self.database.read() as session:
            place = narrowing.place(session, self.notes, now=now or self.now)
            found = set(session.scalars(segments.readers(session, place, of(*wanted))))
        return " ".join(name for name, id_ in self.ids.items() if id_ in found)


@pytest.fixture
def house(database: Database, now: datetime) -> House:
    """The readers that these tests are about."""
    return House(database, now)


def test_a_sending_goes_to_a_segment_or_leaves_one_out(house: House):
    """The number that is said beforehand is that of the mails that are planned."""
    press = Named("Press", house.press)
    german = Named("German", of(Condition(Subject.LANGUAGE, How.IS, "de")))
    for at, (narrowed, expected) in enumerate(
        [
            (EVERYBODY, "ada bo cy"), (Narrowing(press), "ada bo"), (Narrowing(without=(press,)), "cy"),
            (Narrowing(press, (press,)), ""), (Narrowing(without=(german,)), "ada bo cy"),
        ]
    ):  # fmt: skip
        with house.database.read() as session:
            count = audience.count(session, house.notes, now=house.now, narrowed=narrowed)
            assert narrowing.of_options(narrowed.options) == narrowed
        assert house.planned(f"issue:{at}", narrowed) == expected
        assert count == len(expected.split())


def test_the_conditions_of_a_sending_are_those_it_was_ordered_with(house: House):
    """Changing the segment, or taking it away, changes nothing that was ordered; who has left gets nothing."""
    with house.database.write() as session:
        narrowed = narrowing.by_names(session, house.notes, "Press", ["Press"])
        assert (narrowed.to, narrowed.without) == (Named("Press", house.press), (Named("Press", house.press),))
        with pytest.raises(NotFound, match="Press"):
            narrowing.by_names(session, house.notes, "Board", [])
        segment_list.remove(session, segment_list.called(session, house.notes, "Press"), by="tests", now=house.now)
        subscriptions.unsubscribe(session, house.ids["bo"], house.notes, now=house.now, reason="page")
    assert house.planned("issue:1", Narrowing(narrowed.to)) == "ada"


def test_a_segment_that_cannot_be_asked_any_more_stops_the_sending(house: House):
    """It waits with the reason, and goes to nobody rather than to more than were meant."""
    with house.database.write() as session:
        tagging.remove(session, house.press.every[0].of, by="tests", now=house.now)
    for key, narrowed in (
        ("issue:1", Narrowing(Named("Press", house.press))),
        ("issue:2", Narrowing(without=(Named("Press", house.press),))),
    ):
        assert house.planned(key, narrowed) == ""
        with house.database.read() as session:
            dispatch = session.scalars(select(Dispatch).where(Dispatch.key == key)).one()
            assert dispatch.state is DispatchState.PAUSED
            assert "a tag that there is no more" in dispatch.pause_reason


def test_history_is_what_was_handed_over_and_what_came_back(house: House):
    """Of issues of this newsletter, in the days that a condition names."""
    mailed, not_mailed = (Condition(Subject.MAILED, how, "30") for how in (How.WITHIN, How.NOT_WITHIN))
    returned = Condition(Subject.RETURNED, How.WITHIN, "30")
    assert (house.who(mailed), house.who(not_mailed), house.who(returned)) == ("", "ada bo cy", "")
    house.planned("issue:1", Narrowing(Named("Press", house.press)), state=DeliveryState.ACCEPTED)
    assert (house.who(mailed), house.who(not_mailed)) == ("ada bo", "cy")
    house.planned("issue:2", Narrowing(without=(Named("Press", house.press),)), state=DeliveryState.REFUSED)
    with house.database.write() as session:
        delivery = session.scalars(select(Delivery).where(Delivery.subscriber_id == house.ids["ada"])).one()
        session.add(Event(delivery_id=delivery.id, kind=EventKind.BOUNCED, at=house.now, details={}))
    assert house.who(returned) == "ada cy"
    later = house.now + timedelta(days=31)
    assert (house.who(mailed, now=later), house.who(returned, now=later)) == ("", "")
    with house.database.write() as session:
        session.execute(update(Dispatch).values(kind=DispatchKind.TEST))
    assert house.who(mailed) == ""


@pytest.mark.parametrize(
    "wrong",
    [Condition(Subject.ISSUE, How.HAS, of=7), Condition(Subject.MAILED, How.WITHIN, "0"),
     Condition(Subject.MAILED, How.WITHIN, "soon"), Condition(Subject.RETURNED, How.WITHIN, "99999")],
)  # fmt: skip
def test_history_that_cannot_be_asked_says_so(house: House, wrong: Condition):
    """Of an issue that there is not, or of no number of days."""
    with pytest.raises(BadInput):
        house.who(wrong)
