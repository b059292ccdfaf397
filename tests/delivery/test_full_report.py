"""The full report adds up: every part to the plan, every bounce under its reason, nobody's reply as markup or formula."""

from __future__ import annotations

import csv
import io
import json
from datetime import timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select, update

from newsletter.delivery import bounces, feedback, planning
from newsletter.delivery.bounces import Reason
from newsletter.delivery.curve import MOST_STEPS
from newsletter.delivery.full_report import full_report
from newsletter.delivery.models import Delivery, Dispatch
from newsletter.delivery.receivers import Receivers
from newsletter.delivery.states import DeliveryState, SkipReason
from newsletter.kit.errors import NotFound
from subscribers.models import Subscription, SubscriptionState
from tests.conftest import NINE_OCLOCK
from tests.delivery.outbox import TurnedClock, publication, readers, started

EVIL = '=HYPERLINK("http://evil.example") <script>alert(1)</script>'
FATES = {
    "ada@ministry.example": {"state": DeliveryState.ACCEPTED, "minutes": 0},
    "bob@ministry.example": {"state": DeliveryState.ACCEPTED, "minutes": 1},
    "cy@gmail.com": {"state": DeliveryState.ACCEPTED, "minutes": 1},
    "dee@googlemail.com": {"state": DeliveryState.ACCEPTED, "minutes": 90},
    "eve@bank.example": {"state": DeliveryState.REFUSED, "code": 550, "enhanced": "5.1.1", "reply": EVIL},
    "fay@bank.example": {"state": DeliveryState.REFUSED, "code": 552, "enhanced": "5.2.2", "reply": "full"},
    "gus@bank.example": {"state": DeliveryState.REFUSED, "code": 550, "enhanced": "5.7.1", "reply": "members only"},
    "hal@press.example": {"state": DeliveryState.EXPIRED, "code": 451, "reply": "later"},
    "ida@press.example": {"state": DeliveryState.SKIPPED, "skip_reason": SkipReason.UNSUBSCRIBED},
    "jon@press.example": {"state": DeliveryState.CANCELLED},
    "kim@press.example": {"state": DeliveryState.PLANNED},
}


@pytest.fixture
def dispatch_id(database) -> int:
    """A sending in whose middle everything that can happen has happened."""
    publication_id = publication(database)
    readers(database, publication_id, list(FATES))
    dispatch_id = started(database, publication_id)
    with database.write() as session:
        planning.schedule_due(session, now=NINE_OCLOCK)
    planning.plan(database, dispatch_id, clock=TurnedClock())
    with database.write() as session:
        for address, fate in FATES.items():
            values = dict(fate)
            ended = NINE_OCLOCK + timedelta(minutes=values.pop("minutes", 0))
            if values["state"] is not DeliveryState.PLANNED:
                values |= {"ended_at": ended, "attempts": 1}
            session.execute(update(Delivery).where(Delivery.address == address).values(**values))
        dee = session.scalar(select(Delivery.id).where(Delivery.address == "dee@googlemail.com"))
        ada = session.scalar(select(Delivery.id).where(Delivery.address == "ada@ministry.example"))
        feedback.record_bounced(session, dee, now=NINE_OCLOCK, enhanced="5.1.1", reply="nobody there")
        feedback.record_complained(session, ada, now=NINE_OCLOCK)
    return dispatch_id


def whole(database, dispatch_id):
    with database.read() as session:
        return full_report(session, dispatch_id, receivers=Receivers(), now=NINE_OCLOCK + timedelta(days=1))


def test_every_part_adds_up_to_the_plan(database, dispatch_id):
    """Receivers, curve, organisations and the account tell one story."""
    seen = whole(database, dispatch_id)
    assert seen.account.planned == sum(row.planned for row in seen.receivers) == len(FATES)
    for row in seen.receivers:
        assert row.planned == row.accepted + row.deferred + row.returned + row.others
    assert sum(row.accepted for row in seen.receivers) == seen.account.accepted == 4
    assert sum(row.returned for row in seen.receivers) == seen.account.refused + seen.account.expired
    assert seen.curve[-1].altogether == sum(step.handed_over for step in seen.curve) == seen.account.accepted
    found = seen.organisations
    assert sum(number for _, number in found.named) + found.others + found.private == seen.account.accepted
    assert sum(one.number - one.later for one in seen.bounces) == seen.account.refused + seen.account.expired
    assert seen.complained == 1


def test_receivers_are_grouped_and_organisations_are_no_mailbox_providers(database, dispatch_id):
    """Both names of one provider are one receiver; who reads there works for nobody we know."""
    seen = whole(database, dispatch_id)
    assert {row.name: row.planned for row in seen.receivers}["google"] == 2
    assert seen.organisations.named == (("ministry.example", 2),)
    assert seen.organisations.private == 2


def test_bounces_stand_under_their_reasons(database, dispatch_id):
    """A report that came later counts with the refusals of the same reason."""
    assert {one.reason: (one.number, one.later) for one in whole(database, dispatch_id).bounces} == {
        Reason.NO_MAILBOX: (2, 1), Reason.FULL: (1, 0), Reason.RETURNED: (1, 0), Reason.GIVEN_UP: (1, 0),
    }  # fmt: skip


def test_the_unreached_are_named_with_the_reason(database, dispatch_id):
    """All who did not get it, those whose mail came back among them, and none who did."""
    with database.read() as session:
        rows = {row.address: row.reason for row in bounces.unreached(session, dispatch_id)}
        assert [row.address for row in bounces.unreached(session, dispatch_id, limit=2)] == list(rows)[:2]
    assert rows == {
        "dee@googlemail.com": Reason.NO_MAILBOX, "eve@bank.example": Reason.NO_MAILBOX,
        "fay@bank.example": Reason.FULL, "gus@bank.example": Reason.RETURNED, "hal@press.example": Reason.GIVEN_UP,
        "ida@press.example": Reason.UNSUBSCRIBED, "jon@press.example": Reason.CANCELLED,
    }  # fmt: skip
    assert whole(database, dispatch_id).unreached == len(rows)


def test_no_reply_of_a_server_runs_in_a_spreadsheet(database, dispatch_id):
    """The list for spreadsheets holds the words and an apostrophe."""
    with database.write() as session:
        session.execute(update(Delivery).where(Delivery.address == "gus@bank.example").values(code=None, enhanced="", reply=EVIL))  # fmt: skip
    with database.read() as session:
        lines = "".join(bounces.csv_lines(bounces.unreached(session, dispatch_id)))
    cells = [cell for row in csv.reader(io.StringIO(lines)) for cell in row]
    assert f"'{EVIL}" in cells
    assert not any(cell.startswith(("=", "+", "-", "@")) for cell in cells)


def test_the_figures_as_data_name_nobody(database, dispatch_id):
    """What is taken away for a board meeting holds no address."""
    text = json.dumps(whole(database, dispatch_id).to_json())
    assert "@" not in text
    assert json.loads(text)["account"]["planned"] == len(FATES)


def test_growth_is_what_came_and_went_since_the_issue_before(database, dispatch_id):
    """Counted by the reason that stands at each end; the first issue counts from the beginning."""
    with database.write() as session:
        ends = dict(zip(list(FATES), ["one_click", "lapsed", "complaint", "team"], strict=False))
        for address, reason in ends.items():
            person = select(Delivery.subscriber_id).where(Delivery.address == address).scalar_subquery()
            session.execute(
                update(Subscription)
                .where(Subscription.subscriber_id == person)
                .values(state=SubscriptionState.ENDED, ended_at=NINE_OCLOCK + timedelta(hours=2), end_reason=reason)
            )
        publication_id = session.get_one(Dispatch, dispatch_id).publication_id
    seen = whole(database, dispatch_id).growth
    assert (seen.since, seen.readers) == (None, len(FATES) - 4)
    assert (seen.joined, seen.left, seen.lapsed, seen.complained, seen.removed) == (len(FATES), 1, 1, 1, 1)
    second = started(database, publication_id, key="issue:2:v1")
    after = whole(database, second).growth
    assert (after.since, after.joined, after.left, after.change) == (NINE_OCLOCK, 0, 1, -4)


def test_a_sending_that_has_not_begun_has_an_empty_report(database):
    """No division by nothing, no curve of nobody."""
    seen = whole(database, started(database, publication(database)))
    assert (seen.curve, seen.bounces, seen.receivers, seen.unreached) == ((), (), (), 0)
    with database.read() as session, pytest.raises(NotFound):
        full_report(session, 999, receivers=Receivers(), now=NINE_OCLOCK)


@pytest.mark.parametrize("minutes", [0, 1, 50, 60 * 24 * 4, 60 * 24 * 365])
def test_a_curve_is_never_longer_than_a_page_is_wide(database, dispatch_id, minutes):
    """From a second to a year."""
    with database.write() as session:
        session.execute(
            update(Delivery)
            .where(Delivery.address == "dee@googlemail.com")
            .values(ended_at=NINE_OCLOCK + timedelta(minutes=minutes, seconds=0.4))
        )
    steps = whole(database, dispatch_id).curve
    assert 1 <= len(steps) <= MOST_STEPS + 6
    assert steps[-1].altogether == 4
    assert all(one.ends_at < other.ends_at for one, other in pairwise(steps))


@given(st.sampled_from(DeliveryState), st.none() | st.integers(400, 599), st.text(max_size=12), st.text(max_size=80))
def test_whatever_a_server_says_has_a_reason(state, code, enhanced, reply):
    """Codes that are none, words in any script."""
    assert bounces._reason(state, None, code, enhanced if enhanced.count(".") == 2 else "", reply) in Reason
