"""What the desk and the command line ask of a sending is checked by the verbs themselves."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest

from newsletter import publications
from newsletter.delivery import deeds, progress, wishes
from newsletter.delivery.deeds import Deed, Waiting, WaitsFor
from newsletter.delivery.models import Dispatch
from newsletter.delivery.route_report import route_accounts
from newsletter.delivery.routes import Route, Routes
from newsletter.delivery.stages import Staging
from newsletter.delivery.states import DispatchState
from newsletter.delivery.wishes import Wishes
from newsletter.issues import drafts, signoff
from newsletter.kit.database import Database
from newsletter.kit.errors import BadInput, Conflict, DispatchRefused
from newsletter.mail.envelope import Deferred
from newsletter.mail.route import SmtpRoute
from newsletter.publications import Profile
from tests.conftest import NINE_OCLOCK
from tests.delivery.outbox import KEYRING, TurnedClock, promised, readers, runner
from tests.doubles import ScriptedTransport
from tests.factories import sample_document, sample_pictures

SMALL = Routes([Route("small", replace(SmtpRoute("127.0.0.1"), daily_limit=2, pace=1.0))])
WIDE = Routes([Route("wide", SmtpRoute("127.0.0.1"))])


def approved(database: Database, *addresses: str, windows: tuple[str, ...] = ()) -> int:
    """A signed-off issue with readers; return its id."""
    with database.write() as session:
        profile = Profile(
            name="Pacific Grids", label="grids", from_address="grids@example.org", time_zone="Europe/Berlin",
            send_windows=windows,
        )  # fmt: skip
        publication = publications.add(session, profile, now=NINE_OCLOCK, by="tests")
        issue = drafts.begin(
            session, publication, sample_document(), remarks=(), pictures=sample_pictures(), by="tests", now=NINE_OCLOCK
        )
        proofs = signoff.proofs_of(session, issue)
        issue_id, publication_id = issue.id, publication.id
    readers(database, publication_id, addresses)
    editions = proofs.render()
    with database.write() as session:
        signoff.approve(
            session, drafts.get(session, issue_id), proofs, editions, keyring=KEYRING, by="eve", now=NINE_OCLOCK
        )
    return issue_id


def ordered(database: Database, issue_id: int, wished: Wishes, routes: Routes = WIDE) -> int:
    with database.write() as session:
        return wishes.order(
            session, issue_id, wished, routes=routes, keyring=KEYRING, by="eve", now=NINE_OCLOCK
        ).id  # fmt: skip


def test_the_verb_itself_refuses_what_a_day_does_not_allow(database):
    """Whoever calls it, with the numbers; nothing is written down."""
    issue_id = approved(database, "a@example.org", "b@example.org", "c@example.org")
    with pytest.raises(DispatchRefused, match="takes 2 a day"):
        ordered(database, issue_id, Wishes(), SMALL)
    with database.read() as session:
        assert session.query(Dispatch).count() == 0


def test_the_verb_refuses_a_newsletter_without_readers_and_a_time_that_is_past(database):
    """In one sentence each."""
    issue_id = approved(database)
    with pytest.raises(DispatchRefused, match="no readers yet"):
        ordered(database, issue_id, Wishes())
    with database.read() as session:
        publication_id = drafts.publication_of(session, drafts.get(session, issue_id)).id
    readers(database, publication_id, ["a@example.org"])
    with pytest.raises(BadInput, match="is past"):
        ordered(database, issue_id, Wishes(at="2026-03-04 09:59"))


def test_an_intent_says_when_it_begins_and_ends_on_the_newsletters_clocks(database):
    """At half past nine in Berlin, in a window that opens at ten, after a hold."""
    issue_id = approved(database, "a@example.org", "b@example.org", windows=("Mon-Fri 12:00-18:00",))
    wished = Wishes(at="2026-03-04 10:30", hold=timedelta(minutes=10))
    with database.read() as session:
        meant = wishes.intent(session, issue_id, wished, routes=SMALL, keyring=KEYRING, now=NINE_OCLOCK)
    assert (meant.readers, meant.choice.route.name, meant.approved_by) == (2, "small", "eve")
    assert meant.begins_at == NINE_OCLOCK + timedelta(minutes=30)
    assert meant.window_opens_at == NINE_OCLOCK + timedelta(hours=2)
    assert meant.done_at == NINE_OCLOCK + timedelta(hours=2, seconds=2)


def test_ordering_twice_is_one_sending_and_what_is_wished_later_is_settled(database):
    """Another time can be given; hold and stages cannot be added any more."""
    issue_id = approved(database, "a@example.org")
    first = ordered(database, issue_id, Wishes(at="2026-03-04 12:00"))
    assert ordered(database, issue_id, Wishes(at="2026-03-04 12:00")) == first
    with database.write() as session:
        wishes.settle(session, first, Wishes(at="2026-03-04 13:00"), by="eve", now=NINE_OCLOCK)
        assert progress.get(session, first).scheduled_for == NINE_OCLOCK + timedelta(hours=3)
        with pytest.raises(Conflict, match="were settled when it began"):
            wishes.settle(session, first, Wishes(staging=Staging(share=5)), by="eve", now=NINE_OCLOCK)
        with pytest.raises(Conflict, match="not missed"):
            wishes.settle(session, first, Wishes(missed="now"), by="eve", now=NINE_OCLOCK)


def test_what_can_be_done_is_what_the_verbs_allow(database):
    """From the day it is ordered to its end; pages show no button that answers with an error."""
    issue_id = approved(database, "a@example.org")
    dispatch_id = ordered(database, issue_id, Wishes(at="2026-03-04 12:00", hold=timedelta(minutes=10)))

    def now_possible() -> tuple[frozenset[Deed], Waiting | None]:
        with database.read() as session:
            one = progress.get(session, dispatch_id)
            return deeds.possible(one), deeds.waiting(session, one, WIDE, now=clock())

    clock = TurnedClock()
    noon = NINE_OCLOCK + timedelta(hours=2)
    assert now_possible() == ({Deed.CANCEL, Deed.RESCHEDULE}, Waiting(WaitsFor.TIME, noon))
    hands = runner(database, ScriptedTransport(), clock)
    clock.now = noon
    hands._prepare(None)
    assert now_possible() == ({Deed.CANCEL, Deed.END_HOLD}, Waiting(WaitsFor.HOLD, noon + timedelta(minutes=10)))
    with database.write() as session:
        deeds.end_hold(session, dispatch_id, by="eve", now=clock())
    hands._prepare(None)
    assert now_possible() == ({Deed.CANCEL, Deed.PAUSE}, None)
    with database.write() as session:
        progress.pause(session, dispatch_id, reason="wait", by="eve", now=clock())
    assert now_possible() == ({Deed.CANCEL, Deed.RESUME}, None)
    with database.write() as session, pytest.raises(Conflict, match="no hold of it stands"):
        deeds.end_hold(session, dispatch_id, by="eve", now=clock())
    with database.write() as session:
        progress.cancel(session, dispatch_id, by="eve", now=clock())
    assert now_possible() == (frozenset(), None)


def test_the_hold_of_a_staged_sending_can_be_ended_by_hand(database):
    """The rest goes at once, not before."""
    issue_id = approved(database, "a@example.org")
    staging = Staging(team=("team@example.org",), hold=timedelta(hours=5))
    dispatch_id = ordered(database, issue_id, Wishes(staging=staging), Routes([Route("test", SmtpRoute("127.0.0.1"))]))
    clock, transport = TurnedClock(), ScriptedTransport()
    hands = runner(database, transport, clock)
    hands.run_until_idle()
    assert transport.recipients == ["team@example.org"]
    with database.write() as session:
        one = progress.get(session, dispatch_id)
        assert deeds.waiting(session, one, WIDE, now=clock()).reason is WaitsFor.STAGE_HOLD
        deeds.end_hold(session, dispatch_id, by="eve", now=clock())
    hands.run_until_idle()
    assert transport.recipients == ["team@example.org", "a@example.org"]


def test_a_spent_daily_limit_is_named_as_what_it_waits_for(database):
    """And a route that warms up has that of its day."""
    clock = TurnedClock()
    warming = Route("test", SmtpRoute("127.0.0.1"), warm_up=(2,), warm_up_from=date(2026, 3, 4))
    dispatch_id = promised(database, "a@example.org", "b@example.org", "c@example.org")
    hands = runner(database, ScriptedTransport(), clock)
    hands._prepare(None)
    with database.write() as session:
        two = progress.DELIVERIES.c.id <= 2
        session.execute(
            progress.DELIVERIES.update().where(two).values(state="accepted", route="test", ended_at=clock())
        )  # fmt: skip
        one = progress.get(session, dispatch_id)
        assert one.state is DispatchState.RUNNING
        assert deeds.waiting(session, one, Routes([warming]), now=clock()) == Waiting(WaitsFor.DAILY_LIMIT, None)


def test_a_resting_destination_stands_in_the_account_of_its_mail_server(database):
    """By the name of the group of domains, in words and as JSON, with what it said."""
    clock = TurnedClock()
    dispatch_id = promised(database, "a@gmail.com", "b@googlemail.com", "c@example.org")
    slow = Deferred(421, "4.7.28 unusual rate", "4.7.28")
    runner(database, ScriptedTransport(slow), clock).run_until_idle()
    with database.read() as session:
        [account] = route_accounts(
            session, Routes([Route("test", SmtpRoute("127.0.0.1"))]), dispatch_id, now=clock()
        )  # fmt: skip
    assert account.destinations["google"]["planned"] >= 1
    slowed = account.slowed["google"]
    assert slowed.in_words == "rests until 09:10 UTC: 4.7.28 unusual rate"
    told = account.to_json()["slowed"]["google"]
    assert told == {
        "rests": True, "resting_until": "2026-03-04T09:10:00+00:00", "connections": 1, "reply": "4.7.28 unusual rate",
    }  # fmt: skip
