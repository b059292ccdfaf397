"""Reviews: who may approve, how many must, and what an edit, a wish for changes or an emergency does to it."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select

from newsletter import publications
from newsletter.issues import approvals, drafts, embargo, reviews, signoff
from newsletter.issues.models import Approval, ApprovalKind, IssueState, StoredEdition
from newsletter.kit.audit import AuditEntry
from newsletter.kit.database import Database
from newsletter.kit.errors import BadInput, Conflict, RenderingError, SignOffRefused
from newsletter.kit.tokens import Keyring
from newsletter.notices import Notice
from newsletter.publications import Profile, checked_profile
from newsletter.rendering.edition import Edition, Medium
from tests.issues.test_signoff import EDITIONS, GOOD

ADA, BOB, EVE = "ada@institute.example", "bob@institute.example", "eve@institute.example"
PROFILE = Profile(name="Notes", label="notes", from_address="notes@institute.example", team_address="team@i.example")
OTHER_LOOK = {medium: Edition(medium, "en", b"another look") for medium in Medium}


def begun(database: Database, now: datetime, **settings: object) -> int:
    """Store a publication with these settings and an issue that Ada wrote; return the issue's id."""
    with database.write() as session:
        publication = publications.add(session, replace(PROFILE, **settings), now=now, by=ADA)  # type: ignore[arg-type]
        return drafts.begin(session, publication, GOOD, remarks=(), pictures={}, by=ADA, now=now).id


def approve(
    database: Database, issue_id: int, keyring: Keyring, now: datetime, by: str, editions=EDITIONS, **how: object
) -> IssueState:
    """Let somebody approve the issue; return where it stands then."""
    with database.write() as session:
        issue = drafts.get(session, issue_id)
        proofs = signoff.proofs_of(session, issue)
        signoff.approve(session, issue, proofs, editions, keyring=keyring, by=by, now=now, **how)  # type: ignore[arg-type]
        return issue.state


def test_nobody_approves_what_he_or_she_edited_last(database: Database, keyring: Keyring, now: datetime):
    """Four eyes, whatever case an address is written in; a colleague may."""
    issue_id = begun(database, now)
    for herself in (ADA, "ADA@Institute.example", f" {ADA} "):
        with pytest.raises(SignOffRefused, match="edited this issue last"):
            approve(database, issue_id, keyring, now, herself)
    assert approve(database, issue_id, keyring, now, BOB) is IssueState.APPROVED


def test_two_approvals_are_two_people(database: Database, keyring: Keyring, now: datetime):
    """The first leaves it in review and unsent; the same person again is refused; the second signs it off."""
    issue_id = begun(database, now, approvals=2)
    assert approve(database, issue_id, keyring, now, BOB) is IssueState.IN_REVIEW
    with database.read() as session, pytest.raises(Conflict, match="not signed off"):
        signoff.approved_editions(session, drafts.get(session, issue_id), keyring=keyring)
    with pytest.raises(SignOffRefused, match="approved this version already"):
        approve(database, issue_id, keyring, now, BOB.upper())
    assert approve(database, issue_id, keyring, now, EVE) is IssueState.APPROVED
    with database.read() as session:
        found = signoff.approved_editions(session, drafts.get(session, issue_id), keyring=keyring)
        assert found.approved_by == f"{BOB} and {EVE}"


def test_two_approvals_sign_the_same_bytes(database: Database, keyring: Keyring, now: datetime):
    """A look that changed in between is not what the first approved; asked for changes, it begins anew with that look."""
    issue_id = begun(database, now, approvals=2)
    approve(database, issue_id, keyring, now, BOB)
    with pytest.raises(Conflict, match="looks different now"):
        approve(database, issue_id, keyring, now, EVE, OTHER_LOOK)
    with database.write() as session:
        reviews.request_changes(session, drafts.get(session, issue_id), note="the new look", by=EVE, now=now)
    approve(database, issue_id, keyring, now, BOB, OTHER_LOOK)
    assert approve(database, issue_id, keyring, now, EVE, OTHER_LOOK) is IssueState.APPROVED
    with database.read() as session:
        assert set(session.scalars(select(StoredEdition.data))) == {b"another look"}


def test_what_was_signed_off_once_keeps_its_bytes(database: Database, keyring: Keyring, now: datetime):
    """A sending may hold them; another look needs another version."""
    issue_id = begun(database, now)
    approve(database, issue_id, keyring, now, BOB)
    with database.write() as session:
        reviews.request_changes(session, drafts.get(session, issue_id), note="after all", by=BOB, now=now)
    with pytest.raises(RenderingError, match="save the issue once more"):
        approve(database, issue_id, keyring, now, BOB, OTHER_LOOK)
    assert approve(database, issue_id, keyring, now, BOB) is IssueState.APPROVED


def test_a_newsletter_may_ask_for_no_approval(database: Database, keyring: Keyring, now: datetime):
    """Then whoever wrote it signs it off."""
    assert approve(database, begun(database, now, approvals=0), keyring, now, ADA) is IssueState.APPROVED


@pytest.mark.parametrize("number", [1, 2])
def test_an_edit_voids_every_approval(database: Database, keyring: Keyring, now: datetime, number: int):
    """And whoever made it cannot approve it, though he approved the version before."""
    issue_id = begun(database, now, approvals=number)
    approve(database, issue_id, keyring, now, BOB)
    with database.write() as session:
        issue = drafts.get(session, issue_id)
        drafts.revise(session, issue, replace(GOOD, title="Ebbs"), remarks=(), pictures={}, by=BOB, now=now)
        assert approvals.given(session, issue) == []
        assert issue.state is IssueState.DRAFT
        assert session.scalars(select(Approval.voided_at)).all() == [now]
    with pytest.raises(SignOffRefused, match="edited this issue last"):
        approve(database, issue_id, keyring, now, BOB)


def test_a_deputy_is_one_whom_the_newsletter_names(database: Database, keyring: Keyring, now: datetime):
    """In an approver's stead, and never over his own words."""
    issue_id = begun(database, now, deputies=(EVE, ADA))
    with pytest.raises(SignOffRefused, match="no deputy"):
        approve(database, issue_id, keyring, now, BOB, kind=ApprovalKind.DEPUTY)
    with pytest.raises(SignOffRefused, match="edited this issue last"):
        approve(database, issue_id, keyring, now, ADA, kind=ApprovalKind.DEPUTY)
    assert approve(database, issue_id, keyring, now, EVE, kind=ApprovalKind.DEPUTY) is IssueState.APPROVED


def test_an_emergency_release_has_its_reason_and_the_team_knows(database: Database, keyring: Keyring, now: datetime):
    """One person is enough, the last editor too; it is on record and in the team's mailbox."""
    issue_id = begun(database, now, approvals=2)
    with pytest.raises(BadInput, match="Say why"):
        approve(database, issue_id, keyring, now, ADA, kind=ApprovalKind.RELEASE, reason=" ")
    state = approve(database, issue_id, keyring, now, ADA, kind=ApprovalKind.RELEASE, reason="{title} the {flood}")
    assert state is IssueState.APPROVED
    with database.read() as session:
        notice = session.scalars(select(Notice)).one()
        assert notice.address == "team@i.example"
        assert "{title} the {flood}" in notice.text
        assert ADA in notice.text
        entry = session.scalars(select(AuditEntry).where(AuditEntry.deed == "issue.approve")).one()
        assert (entry.actor, entry.details["kind"], entry.details["reason"]) == (ADA, "release", "{title} the {flood}")


def test_no_approval_gets_round_the_blockers(database: Database, keyring: Keyring, now: datetime):
    """An emergency does not mend a link that leads nowhere."""
    from tests.issues.test_signoff import PLACEHOLDER

    issue_id = begun(database, now)
    with database.write() as session:
        drafts.revise(session, drafts.get(session, issue_id), PLACEHOLDER, remarks=(), pictures={}, by=ADA, now=now)
    with pytest.raises(SignOffRefused, match="link"):
        approve(database, issue_id, keyring, now, BOB, kind=ApprovalKind.RELEASE, reason="flood")


def test_a_review_is_asked_for_by_mail_and_answered(database: Database, keyring: Keyring, now: datetime):
    """Those asked get the link once each; a wish for changes goes back to whoever asked, and all of it is on record."""
    issue_id = begun(database, now, language="de")
    with database.write() as session:
        issue = drafts.get(session, issue_id)
        reviews.ask(
            session, issue, of=[BOB, BOB.upper(), EVE], note="by five", by=ADA, now=now, link="https://desk.example/x"
        )
        assert issue.state is IssueState.IN_REVIEW
    later = now + timedelta(hours=1)
    with database.write() as session:
        issue = drafts.get(session, issue_id)
        with pytest.raises(BadInput, match="what should be changed"):
            reviews.request_changes(session, issue, note=" ", by=BOB, now=later)
        reviews.request_changes(session, issue, note="The <b>title</b>.", by=BOB, now=later)
    with database.read() as session:
        written = session.scalars(select(Notice).order_by(Notice.id)).all()
        assert [notice.address for notice in written] == [BOB.upper(), EVE, ADA]
        assert "bitte „Tides“ prüfen" in written[0].subject
        assert "https://desk.example/x" in written[0].text
        assert "The <b>title</b>." in written[2].text
        issue = drafts.get(session, issue_id)
        assert issue.state is IssueState.CHANGES_REQUESTED
        assert [(step.kind, step.by, step.version) for step in reviews.story(session, issue)] == [
            ("changes_requested", BOB, 1), ("asked", ADA, 1),
        ]  # fmt: skip


def test_a_review_is_not_asked_of_nobodies_or_after_the_fact(database: Database, keyring: Keyring, now: datetime):
    """An address that is none, a crowd, a signed-off issue."""
    issue_id = begun(database, now)
    with database.write() as session:
        issue = drafts.get(session, issue_id)
        with pytest.raises(BadInput):
            reviews.ask(session, issue, of=["nobody"], note="", by=ADA, now=now)
        with pytest.raises(BadInput, match="At most 20"):
            reviews.ask(session, issue, of=[f"p{n}@a.example" for n in range(21)], note="", by=ADA, now=now)
        assert issue.state is IssueState.DRAFT
        with pytest.raises(Conflict):
            reviews.request_changes(session, issue, note="unasked", by=BOB, now=now)
    approve(database, issue_id, keyring, now, BOB)
    with database.write() as session, pytest.raises(Conflict, match="signed off"):
        reviews.ask(session, drafts.get(session, issue_id), of=[], note="", by=ADA, now=now)


def test_an_embargo_ends_in_the_future_and_is_on_record(database: Database, now: datetime):
    """Laid and lifted by name; not over something that is out."""
    issue_id = begun(database, now)
    with database.write() as session:
        issue = drafts.get(session, issue_id)
        with pytest.raises(BadInput, match="past"):
            embargo.lay(session, issue, until=now, by=BOB, now=now)
        embargo.lay(session, issue, until=now + timedelta(hours=1), by=BOB, now=now)
        assert embargo.stands(issue, now=now)
        assert not embargo.stands(issue, now=now + timedelta(hours=1))
        embargo.lift(session, issue, by=EVE, now=now)
        assert not embargo.stands(issue, now=now)
        issue.published_at = now
        with pytest.raises(Conflict, match="out already"):
            embargo.lay(session, issue, until=now + timedelta(hours=1), by=BOB, now=now)
    with database.read() as session:
        deeds = session.scalars(select(AuditEntry).where(AuditEntry.deed == "issue.embargo")).all()
        assert [(entry.actor, bool(entry.details["until"])) for entry in deeds] == [(BOB, True), (EVE, False)]


@pytest.mark.parametrize(
    ("entry", "value", "complaint"),
    [
        ("approvals", 3, "approvals"),
        ("deputies", ["nobody"], "deputies"),
        ("test_groups", {"team": ["nobody"]}, "test_groups.team"),
        ("hold_minutes", -1, "hold_minutes"),
        ("hold_minutes", 100_000, "hold_minutes"),
    ],
)
def test_settings_of_sign_off_that_cannot_be_used_are_named(entry: str, value: object, complaint: str):
    """A publication file says what is wrong with it."""
    with pytest.raises(BadInput, match=complaint):
        checked_profile({"name": "Notes", "label": "notes", entry: value}, named_as="notes.toml")
