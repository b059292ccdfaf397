"""Sign-off at the desk: approved by another person, as seen, voided by an edit, without a script."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select

from newsletter import publications
from newsletter.issues import drafts
from newsletter.issues.models import Approval, ApprovalKind, Issue, IssueState
from newsletter.kit.database import Database
from newsletter.notices import Notice
from newsletter.publications import Profile
from newsletter.team import people
from newsletter.team.roles import Role
from newsletter.worker import Installation
from tests.issues.test_signoff import GOOD
from tests.web.desk import client_as, desk_installation

WRITER, BOB, EVE = "ada@desk.example", "bob@desk.example", "eve@desk.example"
REVIEW = "/desk/p/notes/i/1/review"
APPROVE = "/desk/p/notes/i/1/approve"
EVIL = "<script>alert(1)</script>{{ 7*7 }}"


@pytest.fixture
def here(database: Database, now: datetime) -> Installation:
    """A desk with one newsletter, and an issue in it that Ada wrote."""
    made = desk_installation(database, now)
    with database.write() as session:
        profile = Profile(
            name="Notes", label="notes", from_address="notes@institute.example", team_address="team@institute.example",
            test_groups={"editors": ("ed@institute.example", "it@institute.example")},
        )  # fmt: skip
        publication = publications.add(session, profile, now=now, by="tests")
        drafts.begin(session, publication, GOOD, remarks=(), pictures={}, by=WRITER, now=now)
    return made


def settings(here: Installation, **changed: object) -> None:
    with here.database.write() as session:
        publication = publications.by_label(session, "notes")
        profile = replace(publication.profile, **changed)  # type: ignore[arg-type]
        publications.change(session, publication, profile, now=here.clock(), by="tests")


def edited(here: Installation, by: str, title: str = "Another title") -> None:
    with here.database.write() as session:
        issue = session.scalars(select(Issue)).one()
        drafts.revise(
            session, issue, replace(GOOD, title=title), remarks=(), pictures={}, by=by, now=here.clock()
        )  # fmt: skip


def state(here: Installation) -> IssueState:
    with here.database.read() as session:
        return session.scalars(select(Issue.state)).one()


def approver(here: Installation, address: str = BOB, **more: object):
    return client_as(here, Role.APPROVER, address=address, **more)


def test_another_person_approves_with_one_press(here: Installation):
    """The page says who and when; the hashes stand under details."""
    browser = approver(here)
    page = browser.get(REVIEW).text
    assert "Approve version 1" in page
    done = browser.post(APPROVE, data={"revision": "1"})
    assert (done.status_code, done.headers["location"]) == (303, REVIEW)
    assert state(here) is IssueState.APPROVED
    page = browser.get(REVIEW).text
    assert "Approved version 1, Wednesday 10:00, by bob" in page
    assert len(re.findall(r"<code>[0-9a-f]{64}</code>", page)) == 4
    assert browser.post(APPROVE, data={"revision": "1"}).status_code == 303  # a double click
    with here.database.read() as session:
        assert len(session.scalars(select(Approval)).all()) == 1


def test_whoever_edited_last_is_refused(here: Installation):
    """On the page there is no button, and pressing what is not there changes nothing."""
    browser = approver(here, WRITER)
    page = browser.get(REVIEW).text
    assert "edited this issue last" in page
    assert "Approve version 1" not in page
    assert browser.post(APPROVE, data={"revision": "1"}).status_code == 422
    assert state(here) is IssueState.DRAFT


def test_two_approvals_are_shown_one_by_one(here: Installation):
    """After the first it is in review; the same person has no button any more."""
    settings(here, approvals=2)
    bob, eve = approver(here), approver(here, EVE)
    assert "yours is the first" in bob.get(REVIEW).text
    bob.post(APPROVE, data={"revision": "1"})
    assert state(here) is IssueState.IN_REVIEW
    assert "has approved this version already" in bob.get(REVIEW).text
    assert bob.post(APPROVE, data={"revision": "1"}).status_code == 422
    eve.post(APPROVE, data={"revision": "1"})
    assert state(here) is IssueState.APPROVED


def test_an_edit_voids_visibly_and_the_page_shows_just_the_difference(here: Installation):
    """One press approves again; what did not change is not on it."""
    browser = approver(here)
    browser.post(APPROVE, data={"revision": "1"})
    edited(here, WRITER, "Tides & Waves")
    page = browser.get(REVIEW).text
    assert "Edited since version 1 was approved" in page
    assert "<ins> &amp; Waves</ins>" in page
    assert "Words enough" not in page  # stands in an article that is as it was
    assert "Approve again" in page
    browser.post(APPROVE, data={"revision": "2"})
    assert state(here) is IssueState.APPROVED


def test_only_what_was_seen_is_approved(here: Installation):
    """Somebody saved while the approver read: the difference is shown first."""
    browser = approver(here)
    edited(here, WRITER)
    answer = browser.post(APPROVE, data={"revision": "1"})
    assert (answer.status_code, state(here)) == (303, IssueState.DRAFT)
    assert "while you read it" in browser.get(REVIEW).text


def test_changes_are_asked_for_with_a_note(here: Installation):
    """An empty note comes back with its sentence; what was typed elsewhere is text."""
    ada = client_as(here, Role.WRITER, address=WRITER)
    bob = approver(here)
    ada.post(REVIEW + "/ask", data={"note": EVIL, "person": [BOB, "stranger@elsewhere.example"]})
    assert state(here) is IssueState.IN_REVIEW
    answer = bob.post(REVIEW + "/changes", data={"note": "  "})
    assert answer.status_code == 422
    assert "Say what should be changed" in answer.text
    bob.post(REVIEW + "/changes", data={"note": EVIL})
    assert state(here) is IssueState.CHANGES_REQUESTED
    page = ada.get(REVIEW).text
    assert "<script>alert" not in page
    assert page.count("{{ 7*7 }}") == 2
    with here.database.read() as session:
        told = session.execute(select(Notice.address, Notice.text)).all()
    assert [row.address for row in told] == [BOB, WRITER]  # nobody who may not approve is asked
    assert "/desk/p/notes/i/1/review" in told[0].text


def test_a_deputy_approves_and_a_colleague_does_not(here: Installation):
    """The newsletter names the deputy; the role alone is not enough."""
    editor = client_as(here, Role.EDITOR, address=EVE)
    assert editor.post(APPROVE, data={"revision": "1"}).status_code == 403
    settings(here, deputies=(EVE,))
    assert "as a deputy" in editor.get(REVIEW).text
    editor.post(APPROVE, data={"revision": "1"})
    with here.database.read() as session:
        assert session.scalars(select(Approval.kind)).all() == [ApprovalKind.DEPUTY]
    assert editor.post(APPROVE, data={"revision": "1", "release": "yes", "reason": "x"}).status_code == 403


def test_an_emergency_release_needs_its_reason(here: Installation):
    """Kept with the issue, shown on its page, sent to the team."""
    browser = approver(here, WRITER)
    answer = browser.post(APPROVE, data={"revision": "1", "release": "yes", "reason": ""})
    assert answer.status_code == 422
    assert "Say why it cannot wait" in answer.text
    browser.post(APPROVE, data={"revision": "1", "release": "yes", "reason": "Flood in the office"})
    assert state(here) is IssueState.APPROVED
    assert "Flood in the office" in browser.get(REVIEW).text
    with here.database.read() as session:
        assert "team@institute.example" in session.scalars(select(Notice.address)).all()


def test_an_embargo_is_laid_and_lifted(here: Installation):
    """On the newsletter's clocks; a time past comes back with its sentence."""
    browser = approver(here)
    path = "/desk/p/notes/i/1/embargo"
    assert browser.post(path, data={"until": "2020-01-01T09:00"}).status_code == 422
    browser.post(path, data={"until": "2026-03-05T09:00"})
    with here.database.read() as session:
        assert session.scalars(select(Issue.embargo_until)).one() == here.clock() + timedelta(hours=23)
    assert "Nobody gets it before 5 March 2026, 09:00" in browser.get(REVIEW).text
    browser.post(path, data={"lift": "yes"})
    with here.database.read() as session:
        assert session.scalars(select(Issue.embargo_until)).one() is None


def test_a_test_goes_to_oneself_and_to_named_groups(here: Installation):
    """Each address once; one that is none is named and nothing goes."""
    from newsletter.delivery.models import Dispatch

    editor = client_as(here, Role.EDITOR, address=EVE)
    path = "/desk/p/notes/i/1/tests"
    editor.post(path, data={"myself": "yes", "group": "editors", "addresses": f"{EVE.upper()}, x@y.example"})
    for bad in ({"addresses": "nobody"}, {"group": "strangers"}, {}):
        editor.post(path, data=bad)
    with here.database.read() as session:
        (dispatch,) = session.scalars(select(Dispatch)).all()
        assert len(dispatch.options["addresses"]) == 4
    assert client_as(here, Role.WRITER).post(path, data={"myself": "yes"}).status_code == 403


def test_the_page_speaks_german(here: Installation):
    """To whoever wants it."""
    with here.database.write() as session:
        people.add(session, "uli@desk.example", name="Uli", language="de", now=here.clock(), by="tests")
    page = approver(here, "uli@desk.example").get(REVIEW).text
    assert "Version 1 freigeben" in page
