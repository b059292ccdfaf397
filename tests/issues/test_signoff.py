"""Sign-off: what is approved is what is sent, byte for byte, and any edit voids it."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import pytest
from sqlalchemy import select, update

from newsletter import publications
from newsletter.issues import drafts, findings, signoff
from newsletter.issues.models import Approval, Issue, IssueState, Revision, StoredEdition
from newsletter.kit.audit import AuditEntry
from newsletter.kit.database import Database
from newsletter.kit.errors import BadInput, Conflict, NotFound, SignOffRefused
from newsletter.kit.tokens import Keyring
from newsletter.manuscripts.document import Article, Document, Part, Section, Source
from newsletter.manuscripts.remarks import Place, Remark, Severity
from newsletter.manuscripts.richtext import Figure, Link, Paragraph, Text
from newsletter.publications import Profile
from newsletter.rendering.edition import Edition, Medium
from tests.factories import chart

GOOD = Document(
    "Tides",
    sections=(
        Section("Features", (Article("Cranes", parts=(Part((Paragraph((Text("Words enough to be read."),)),)),)),)),
    ),
)
PLACEHOLDER = Document(
    "Tides",
    sections=(Section("Features", (Article("Cranes", parts=(Part((Paragraph((Link("#", (Text("a link"),)),)),)),)),)),),
)
REPAIR = Remark("split-sentence", Severity.WARNING, "A sentence was split.", "Look at it.", (Place(12, "", "words"),))
EDITIONS = {medium: Edition(medium, "en", f"the {medium} edition".encode()) for medium in Medium}
"""Sign-off does not care how editions were made; real ones are made in the journeys."""


def begun(
    database: Database, now: datetime, document: Document = GOOD, remarks: tuple[Remark, ...] = (), **pictures: object
) -> int:
    """Store a publication with one issue; return the issue's id."""
    with database.write() as session:
        profile = Profile(name="Notes", label="notes", from_address="notes@institute.example")
        publication = publications.add(session, profile, now=now, by="ada")
        issue = drafts.begin(
            session, publication, document, remarks=remarks, pictures=pictures.get("pictures", {}), by="ada", now=now
        )
        return issue.id


def approved(database: Database, issue_id: int, keyring: Keyring, now: datetime) -> int:
    """Sign the issue off; return the approval's id."""
    with database.write() as session:
        issue = drafts.get(session, issue_id)
        proofs = signoff.proofs_of(session, issue)
        return signoff.approve(session, issue, proofs, EDITIONS, keyring=keyring, by="bob", now=now).id


def test_what_was_signed_off_comes_back_byte_for_byte(database: Database, keyring: Keyring, now: datetime):
    """Sending is given exactly the frozen bytes, with subject and format."""
    issue_id = begun(database, now)
    approved(database, issue_id, keyring, now)
    with database.read() as session:
        found = signoff.approved_editions(session, drafts.get(session, issue_id), keyring=keyring)
        assert {medium: found.data(medium) for medium in Medium} == {m: e.data for m, e in EDITIONS.items()}
        assert found.approved_by == "bob"
        assert found.subject
        assert drafts.get(session, issue_id).state is IssueState.APPROVED


def test_a_blocker_stops_the_sign_off_and_is_named(database: Database, keyring: Keyring, now: datetime):
    """A link that leads nowhere does not go to thirty thousand readers."""
    issue_id = begun(database, now, PLACEHOLDER)
    with pytest.raises(SignOffRefused, match="link"):
        approved(database, issue_id, keyring, now)
    with database.read() as session:
        assert session.scalars(select(StoredEdition)).all() == []


def test_a_warning_needs_a_reason_and_an_error_cannot_have_one(database: Database, keyring: Keyring, now: datetime):
    """Left as it is, with who and why; an error must be mended."""
    issue_id = begun(database, now, GOOD, (REPAIR,))
    with pytest.raises(SignOffRefused, match=r"line 12: A sentence was split\."):
        approved(database, issue_id, keyring, now)
    with database.write() as session:
        issue = drafts.get(session, issue_id)
        profile = drafts.publication_of(session, issue).profile
        found = findings.of_revision(session, drafts.current_revision(session, issue), profile)
        with pytest.raises(BadInput, match="Say why"):
            findings.waive(session, issue, remark_key=REPAIR.key, reason=" ", findings=found, by="bob", now=now)
        with pytest.raises(NotFound, match="nothing"):
            findings.waive(session, issue, remark_key="nothing", reason="so", findings=found, by="bob", now=now)
        error = replace(REPAIR, severity=Severity.ERROR)
        with pytest.raises(BadInput, match="must be mended"):
            findings.waive(
                session, issue, remark_key=error.key, reason="so", by="bob", now=now,
                findings=findings.Findings((error,), {}),
            )  # fmt: skip
        findings.waive(session, issue, remark_key=REPAIR.key, reason="as meant", findings=found, by="bob", now=now)
    approved(database, issue_id, keyring, now)
    with database.read() as session:
        assert "finding.waive" in session.scalars(select(AuditEntry.deed)).all()


def test_an_edit_voids_the_sign_off(database: Database, keyring: Keyring, now: datetime):
    """The newest words have not been approved by anybody."""
    issue_id = begun(database, now)
    approved(database, issue_id, keyring, now)
    with database.write() as session:
        issue = drafts.get(session, issue_id)
        drafts.revise(session, issue, replace(GOOD, title="Ebbs"), remarks=(), pictures={}, by="ada", now=now)
    with database.read() as session:
        issue = drafts.get(session, issue_id)
        assert (issue.state, issue.title) == (IssueState.DRAFT, "Ebbs")
        with pytest.raises(Conflict, match="not signed off"):
            signoff.approved_editions(session, issue, keyring=keyring)
        assert session.scalar(select(Approval.voided_at)) == now


def test_an_issue_revised_while_its_editions_were_made_is_not_signed_off(
    database: Database, keyring: Keyring, now: datetime
):
    """Rendering takes a second; somebody may save in it."""
    issue_id = begun(database, now)
    with database.read() as session:
        proofs = signoff.proofs_of(session, drafts.get(session, issue_id))
    with database.write() as session:
        drafts.revise(session, drafts.get(session, issue_id), GOOD, remarks=(), pictures={}, by="ada", now=now)
    with pytest.raises(Conflict, match="revised while"), database.write() as session:
        signoff.approve(session, drafts.get(session, issue_id), proofs, EDITIONS, keyring=keyring, by="bob", now=now)


def test_signing_off_twice_is_one_sign_off(database: Database, keyring: Keyring, now: datetime):
    """A double click changes nothing."""
    issue_id = begun(database, now)
    assert approved(database, issue_id, keyring, now) == approved(database, issue_id, keyring, now)


@pytest.mark.parametrize("tampering", ["edition", "manifest", "other secret"])
def test_tampered_editions_are_not_sent(database: Database, keyring: Keyring, now: datetime, tampering: str):
    """Whoever changes bytes in the database changes what was signed, and it shows."""
    issue_id = begun(database, now)
    approved(database, issue_id, keyring, now)
    with database.write() as session:
        if tampering == "edition":
            session.execute(
                update(StoredEdition).where(StoredEdition.medium == Medium.HTML).values(data=b"other words")
            )
        if tampering == "manifest":
            approval = session.scalars(select(Approval)).one()
            approval.manifest_json = approval.manifest_json.replace('"subject":"', '"subject":"Win a prize! ')
    ring = Keyring(["a secret that is not the one used"]) if tampering == "other secret" else keyring
    with database.read() as session, pytest.raises(Conflict, match="approve it again"):
        signoff.approved_editions(session, drafts.get(session, issue_id), keyring=ring)


def test_two_editors_never_overwrite_each_other(database: Database, now: datetime):
    """The second to save is told of the first and loses nothing."""
    issue_id = begun(database, now)
    with database.write() as session:
        issue = drafts.get(session, issue_id)
        drafts.revise(session, issue, GOOD, remarks=(), pictures={}, by="ada", now=now, parent_number=1)
    with pytest.raises(Conflict, match="you started from 1"), database.write() as session:
        issue = drafts.get(session, issue_id)
        drafts.revise(session, issue, GOOD, remarks=(), pictures={}, by="bob", now=now, parent_number=1)
    with database.read() as session:
        assert session.scalars(select(Revision.number).order_by(Revision.number)).all() == [1, 2]


def test_pictures_are_kept_once_and_named_by_their_hash(database: Database, now: datetime):
    """The same chart in two issues is one asset, and it comes back with the document."""
    picture = chart()
    document = Document(
        "Tides", sections=(Section("S", (Article("A", parts=(Part((Figure("chart.png", "A chart"),)),)),)),)
    )
    issue_id = begun(database, now, document, pictures={"chart.png": picture})
    with database.write() as session:
        issue = drafts.get(session, issue_id)
        drafts.revise(session, issue, document, remarks=(), pictures={"chart.png": picture}, by="ada", now=now)
    with database.read() as session:
        proofs = signoff.proofs_of(session, drafts.get(session, issue_id))
        assert proofs.pictures == {f"asset:{picture.sha256}": picture}


def test_numbers_count_within_a_publication(database: Database, now: datetime):
    """Issue 2 follows issue 1, whatever other newsletters do."""
    issue_id = begun(database, now)
    with database.write() as session:
        first = drafts.get(session, issue_id)
        publication = drafts.publication_of(session, first)
        second = drafts.begin(session, publication, GOOD, remarks=(), pictures={}, by="ada", now=now)
        assert (first.number, second.number) == (1, 2)
        assert session.scalars(select(Issue.version)).all() == [1, 1]


def test_a_source_is_part_of_what_is_signed(database: Database, keyring: Keyring, now: datetime):
    """The signature covers the whole Document by its hash."""
    article = Article("Cranes", sources=(Source("Plan", url="https://example.org/plan"),))
    issue_id = begun(database, now, Document("Tides", sections=(Section("S", (article,)),)))
    with database.read() as session:
        revision = drafts.current_revision(session, drafts.get(session, issue_id))
        assert '"https://example.org/plan"' in revision.document_json
