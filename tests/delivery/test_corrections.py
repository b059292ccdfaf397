"""Corrections: version 2 goes to exactly those who got the first, which stays readable."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select, update

from newsletter import publications
from newsletter.app import create_app
from newsletter.delivery import corrected, orders, planning, report
from newsletter.delivery.messages import OutgoingMessages
from newsletter.delivery.models import Delivery, Dispatch
from newsletter.delivery.stages import Staging
from newsletter.delivery.states import DeliveryState, DispatchKind
from newsletter.issues import corrections, drafts, embargo, signoff
from newsletter.issues.models import IssueState
from newsletter.kit.errors import BadInput, Conflict, DispatchRefused
from newsletter.kit.settings import Settings
from newsletter.publications import Access, Profile
from newsletter.rendering.edition import Edition, Medium
from newsletter.worker import Installation
from subscribers.links import ReaderLinks
from subscribers.models import Subscription, SubscriptionState
from tests.conftest import NINE_OCLOCK
from tests.delivery.outbox import ROUTE, TurnedClock, readers, runner
from tests.doubles import ScriptedTransport
from tests.issues.test_signoff import GOOD

LATER = NINE_OCLOCK + timedelta(days=1)
READERS = ["ada@a.example", "bob@b.example", "cy@c.example", "dee@d.example", "eve@e.example"]


def editions(version: int) -> dict[Medium, Edition]:
    return {medium: Edition(medium, "en", f"{medium} of version {version}".encode()) for medium in Medium}


def sign_off(session, issue, keyring, now, version):
    proofs = signoff.proofs_of(session, issue)
    signoff.approve(session, issue, proofs, editions(version), keyring=keyring, by="bob", now=now)


def send(database, issue_id, keyring, now, **more) -> int:
    with database.write() as session:
        issue = drafts.get(session, issue_id)
        return orders.send_issue(session, issue, keyring=keyring, route=ROUTE, by="bob", now=now, **more).id


def planned(database, dispatch_id, now):
    with database.write() as session:
        planning.schedule_due(session, now=now)
    planning.plan(database, dispatch_id, clock=TurnedClock(now))


@pytest.fixture
def issue_id(database, keyring) -> int:
    """An issue that has gone out: to ada, bob and the team for certain, to cy perhaps, to dee not at all."""
    with database.write() as session:
        profile = Profile(name="Notes", label="notes", from_address="notes@institute.example")
        publication = publications.add(session, profile, now=NINE_OCLOCK, by="ada")
        issue = drafts.begin(session, publication, GOOD, remarks=(), pictures={}, by="ada", now=NINE_OCLOCK)
        sign_off(session, issue, keyring, NINE_OCLOCK, 1)
        issue_id, publication_id = issue.id, publication.id
    readers(database, publication_id, READERS[:4])
    first = send(database, issue_id, keyring, NINE_OCLOCK, staging=Staging(team=("team@institute.example",)))
    planned(database, first, NINE_OCLOCK)
    with database.write() as session:
        for address, values in {
            "team@institute.example": {"state": DeliveryState.ACCEPTED},
            "ada@a.example": {"state": DeliveryState.ACCEPTED},
            "bob@b.example": {"state": DeliveryState.ACCEPTED},
            "cy@c.example": {"state": DeliveryState.EXPIRED, "uncertain": 1},
            "dee@d.example": {"state": DeliveryState.REFUSED},
        }.items():
            session.execute(update(Delivery).where(Delivery.address == address).values(**values))
    readers(database, publication_id, READERS[4:])  # eve came after the first had gone out
    return issue_id


def correct(database, issue_id, keyring, *, approved=True):
    with database.write() as session:
        issue = drafts.get(session, issue_id)
        corrections.begin(session, issue, note="Table 2\n gave the sums in dollars.", by="ada", now=LATER)
        if approved:
            sign_off(session, issue, keyring, LATER, 2)


def test_a_correction_goes_to_exactly_those_who_got_the_first(database, keyring, issue_id):
    """Accepted or in doubt, minus who has left since; not to those it never reached, nor to those who came later."""
    correct(database, issue_id, keyring)
    with database.write() as session:
        bob = select(Delivery.subscriber_id).where(Delivery.address == "bob@b.example").scalar_subquery()
        session.execute(
            update(Subscription).where(Subscription.subscriber_id == bob).values(state=SubscriptionState.ENDED)
        )
        assert orders.readers_of(session, drafts.get(session, issue_id), route=ROUTE, now=LATER) == 3
    second = send(database, issue_id, keyring, LATER)
    assert send(database, issue_id, keyring, LATER) == second  # pressed twice
    planned(database, second, LATER)
    with database.read() as session:
        dispatch = session.get_one(Dispatch, second)
        assert (dispatch.kind, dispatch.planned_count) == (DispatchKind.CORRECTION, 3)
        got = session.scalars(select(Delivery.address).where(Delivery.dispatch_id == second)).all()
        assert sorted(got) == ["ada@a.example", "cy@c.example", "team@institute.example"]


def test_a_correction_in_stages_is_refused(database, keyring, issue_id):
    """Everybody it concerns has the mistake already."""
    correct(database, issue_id, keyring)
    with pytest.raises(DispatchRefused, match="in no stages"):
        send(database, issue_id, keyring, LATER, staging=Staging(share=5))


def test_the_mail_of_a_correction_says_so(database, keyring, issue_id):
    """In its subject, from the signed manifest."""
    correct(database, issue_id, keyring)
    send(database, issue_id, keyring, LATER)
    transport = ScriptedTransport()
    messages = OutgoingMessages(
        database, keyring=keyring, links=ReaderLinks("https://n.example", keyring), public_url="https://n.example"
    )
    runner(database, transport, TurnedClock(LATER), messages=messages).run_until_idle()
    subjects = {envelope.data.partition(b"Subject: ")[2].partition(b"\r\n")[0] for envelope in transport.envelopes}
    assert subjects == {b"Correction: Tides: Cranes"}
    assert len(transport.envelopes) == 4


def test_the_first_version_stays_readable(database, keyring, issue_id):
    """At an address of its own; the issue's own address shows the correction, once it is out and not before."""
    here = Installation(
        Settings(_env_file=None, secret_key="a secret that only the tests know"), database, lambda: LATER
    )
    browser = TestClient(create_app(here))
    correct(database, issue_id, keyring)
    assert browser.get("/n/notes/1/").text == "web of version 1"
    assert browser.get("/n/notes/1/versions/2/").status_code == 404
    planned(database, send(database, issue_id, keyring, LATER), LATER)
    assert browser.get("/n/notes/1/").text == "web of version 2"
    assert browser.get("/n/notes/1/versions/1/").text == "web of version 1"
    assert browser.get("/n/notes/1/versions/1/issue.pdf").text == "pdf of version 1"
    assert browser.get("/n/notes/1/versions/2/").text == "web of version 2"
    # The corrected page links to versions/1/ relative to itself, wherever it is read.
    beside = browser.get("/n/notes/1/versions/2/versions/1/", follow_redirects=False)
    assert (beside.status_code, beside.headers["location"]) == (308, "/n/notes/1/versions/1/")
    for nothing in ("versions/3/", "versions/0/", "versions/x/", "versions/3/issue.pdf"):
        assert browser.get(f"/n/notes/1/{nothing}").status_code == 404


def test_earlier_versions_are_as_closed_as_the_issue(database, keyring, issue_id):
    """A newsletter for members shows none of them without a reader's link."""
    here = Installation(
        Settings(_env_file=None, secret_key="a secret that only the tests know"), database, lambda: LATER
    )
    with database.write() as session:
        publication = publications.by_label(session, "notes")
        profile = replace(publication.profile, access=Access.MEMBERS)
        publications.change(session, publication, profile, now=LATER, by="ada")
    browser = TestClient(create_app(here))
    assert browser.get("/n/notes/1/versions/1/").status_code == 404
    assert browser.get("/n/notes/1/forged/versions/1/").status_code == 404


def test_a_correction_may_go_out_without_mail(database, keyring, issue_id):
    """On the web and in the PDF alone; before the sign-off, under an embargo or for a first version it is refused."""
    with database.write() as session, pytest.raises(Conflict, match="no correction"):
        corrected.publish_without_mail(session, drafts.get(session, issue_id), keyring=keyring, by="bob", now=LATER)
    correct(database, issue_id, keyring, approved=False)
    with database.write() as session:
        issue = drafts.get(session, issue_id)
        with pytest.raises(Conflict, match="not signed off"):
            corrected.publish_without_mail(session, issue, keyring=keyring, by="bob", now=LATER)
        sign_off(session, issue, keyring, LATER, 2)
        issue.embargo_until = LATER + timedelta(hours=1)
        with pytest.raises(DispatchRefused, match="embargo"):
            corrected.publish_without_mail(session, issue, keyring=keyring, by="bob", now=LATER)
        embargo.lift(session, issue, by="bob", now=LATER)
        corrected.publish_without_mail(session, issue, keyring=keyring, by="bob", now=LATER)
        assert (issue.state, issue.version) == (IssueState.PUBLISHED, 2)
        assert session.scalars(select(Dispatch.kind)).all() == [DispatchKind.ISSUE]


def test_a_correction_begins_once_with_a_note_and_only_after_the_first(database, keyring, issue_id):
    """Nothing empty, nothing twice, nothing over a draft."""
    with database.write() as session:
        issue = drafts.get(session, issue_id)
        with pytest.raises(BadInput, match="Say what was wrong"):
            corrections.begin(session, issue, note=" \n", by="ada", now=LATER)
        revision = corrections.begin(session, issue, note="The sums.", by="ada", now=LATER)
        (note,) = revision.document.corrections
        assert (note.text, note.date, issue.version) == ("The sums.", LATER.date(), 2)
        with pytest.raises(Conflict, match="begun already"):
            corrections.begin(session, issue, note="Again.", by="ada", now=LATER)
        publication = publications.by_label(session, "notes")
        draft = drafts.begin(session, publication, GOOD, remarks=(), pictures={}, by="ada", now=LATER)
        with pytest.raises(Conflict, match="not out yet"):
            corrections.begin(session, draft, note="Too early.", by="ada", now=LATER)


def test_a_third_version_concerns_the_same_readers(database, keyring, issue_id):
    """Those who got the first, whether or not the second reached them."""
    correct(database, issue_id, keyring)
    second = send(database, issue_id, keyring, LATER)
    planned(database, second, LATER)
    with database.write() as session:
        issue = drafts.get(session, issue_id)
        corrections.begin(session, issue, note="And the year.", by="ada", now=LATER)
        sign_off(session, issue, keyring, LATER, 3)
    third = send(database, issue_id, keyring, LATER)
    planned(database, third, LATER)
    with database.read() as session:
        assert report.report(session, third).planned == report.report(session, second).planned == 4
