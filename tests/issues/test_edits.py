"""Edits, history, comments and reviewers' links, on both databases."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from newsletter.issues import comments, drafts, edits, history, review_links
from newsletter.issues.comments import Comment, CommentKind
from newsletter.issues.models import Approval, Issue, IssueState, Revision
from newsletter.kit.audit import AuditEntry
from newsletter.kit.database import Database
from newsletter.kit.errors import BadInput, BadToken, Conflict, NotFound
from newsletter.kit.tokens import Keyring
from newsletter.manuscripts.changes import Remove, SetField
from newsletter.manuscripts.document import Article, Document, Entry
from newsletter.manuscripts.keys import key_of, walk
from newsletter.manuscripts.remarks import Place, Remark, Severity
from newsletter.manuscripts.whereabouts import Standing
from newsletter.notices import Notice
from tests.factories import sample_document, sample_pictures
from tests.issues.test_signoff import GOOD, approved, begun

TOKEN = "a-token-that-nobody-guesses-0123456789"


def entry(session: Session, issue: Issue) -> str:
    """The key of the issue's first article."""
    sections = drafts.current_revision(session, issue).document.sections
    return next(one.key for section in sections for one in section.entries if isinstance(one, Article))


def features(document: Document) -> tuple[Entry, ...]:
    """The entries of the section of articles."""
    return next(section.entries for section in document.sections if section.title == "Top 5")


def saved(database: Database, issue_id: int, *changes: SetField | Remove, base: int, by: str, now: datetime):
    """Make *changes* in a request of their own."""
    with database.write() as session:
        return edits.edit(session, drafts.get(session, issue_id), changes, base_number=base, by=by, now=now)


def begun_sample(database: Database, now: datetime) -> int:
    """The sample issue in the database."""
    return begun(database, now, sample_document(), pictures=sample_pictures())


def test_an_edit_is_a_new_revision_and_voids_the_approval(database: Database, keyring: Keyring, now: datetime):
    """By whom, from which; the old one stays as it was."""
    issue_id = begun(database, now)
    approved(database, issue_id, keyring, now)
    with database.read() as session:
        key = entry(session, drafts.get(session, issue_id))
    done = saved(database, issue_id, SetField(key, "title", "Gantries"), base=1, by="eva", now=now)
    assert (done.revision.number, done.revision.author, done.clashes) == (2, "eva", ())
    with database.read() as session:
        issue = drafts.get(session, issue_id)
        assert issue.state is IssueState.DRAFT
        assert session.scalar(select(Approval.voided_at)) == now
        assert edits.of_number(session, issue, 1).document == GOOD


def test_saving_what_is_there_makes_no_revision(database: Database, now: datetime):
    """A pause without a change is none, and voids nothing."""
    issue_id = begun(database, now)
    with database.read() as session:
        key = entry(session, drafts.get(session, issue_id))
    done = saved(database, issue_id, SetField(key, "title", "Cranes"), base=1, by="eva", now=now)
    assert done.revision.number == 1


def test_two_people_in_one_issue_lose_nothing(database: Database, now: datetime):
    """Other fields are merged, the same field is shown in both versions, and choosing mine is one more save."""
    issue_id = begun_sample(database, now)
    with database.read() as session:
        first, second = features(drafts.current_revision(session, drafts.get(session, issue_id)).document)[:2]
    saved(database, issue_id, SetField(first.key, "title", "Ada's"), base=1, by="ada", now=now)
    done = saved(
        database, issue_id, SetField(first.key, "title", "Eva's"), SetField(second.key, "title", "Eva's too"),
        base=1, by="eva", now=now,
    )  # fmt: skip
    assert [(clash.theirs, clash.base) for clash in done.clashes] == [("Ada's", first.title)]
    assert done.theirs == {(first.key, "title"): "Ada's"}
    assert [e.title for e in features(done.revision.document)[:2]] == ["Ada's", "Eva's too"]
    again = saved(
        database, issue_id, SetField(first.key, "title", "Eva's"), base=done.revision.number, by="eva", now=now
    )
    assert features(again.revision.document)[0].title == "Eva's"
    with database.read() as session:
        assert session.scalar(select(func.count()).select_from(Revision)) == 4


def test_saves_at_the_same_moment_come_one_after_the_other(database: Database, now: datetime):
    """Eight people, eight articles' titles, one moment: eight revisions, and every title is there."""
    issue_id = begun_sample(database, now)
    with database.read() as session:
        document = drafts.current_revision(session, drafts.get(session, issue_id)).document
        entries = [e.key for section in document.sections for e in section.entries][:8]
    failures: list[BaseException] = []

    def save(key: str) -> None:
        try:
            saved(database, issue_id, SetField(key, "title", f"Title {key}"), base=1, by=key, now=now)
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=save, args=(key,)) for key in entries]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    with database.read() as session:
        revision = drafts.current_revision(session, drafts.get(session, issue_id))
        assert revision.number == 1 + len(entries)
        titles = {e.title for section in revision.document.sections for e in section.entries}
        assert {f"Title {key}" for key in entries} <= titles


def test_what_has_gone_out_is_not_edited(database: Database, now: datetime):
    """A correction begins with a draft."""
    issue_id = begun(database, now)
    with database.write() as session:
        drafts.get(session, issue_id).state = IssueState.PUBLISHED
    with pytest.raises(Conflict, match="gone out"):
        saved(database, issue_id, SetField("", "title", "x"), base=1, by="eva", now=now)
    with pytest.raises(NotFound, match="no version 9"):
        saved(database, begun_other(database, now), SetField("", "title", "x"), base=9, by="eva", now=now)


def begun_other(database: Database, now: datetime) -> int:
    """A second issue."""
    with database.write() as session:
        issue = drafts.get(session, 1)
        publication = drafts.publication_of(session, issue)
        return drafts.begin(session, publication, GOOD, remarks=(), pictures={}, by="ada", now=now).id


def test_an_older_version_is_restored_with_its_keys(database: Database, now: datetime):
    """As a new revision; comments find their places again."""
    issue_id = begun_sample(database, now)
    with database.read() as session:
        old = drafts.current_revision(session, drafts.get(session, issue_id)).document
    victim = old.sections[0].entries[0].key
    saved(database, issue_id, Remove(victim), base=1, by="eva", now=now)
    with database.write() as session:
        issue = drafts.get(session, issue_id)
        restored = edits.restore(session, issue, 1, by="bob", now=now)
        assert (restored.number, restored.document) == (3, old)
        assert [key_of(n) for n in walk(restored.document)] == [key_of(n) for n in walk(old)]
        edits.edit(session, issue, [Remove(victim)], base_number=3, by="eva", now=now)
        assert edits.restore_node(session, issue, 3, victim, by="eva", now=now).document == old


def test_history_puts_the_saves_of_one_sitting_together(database: Database, now: datetime):
    """Three saves of Eva's within minutes are one version; Bob's is another; an approved one stands by itself."""
    issue_id = begun(database, now)
    for minute, by in enumerate(["eva", "eva", "eva", "bob"], 1):
        saved(
            database,
            issue_id,
            SetField("", "title", f"T{minute}"),
            base=minute,
            by=by,
            now=now + timedelta(minutes=minute),
        )
    with database.read() as session:
        found = history.versions(session, drafts.get(session, issue_id))
    assert [(v.number, v.author, v.saves, v.before) for v in found] == [
        (5, "bob", 1, 4),
        (4, "eva", 3, 1),
        (1, "ada", 1, 0),
    ]


def test_errors_of_reading_go_when_they_are_mended(database: Database, now: datetime):
    """A manuscript without a title gets one at the desk; a warning stays until somebody says why."""
    error = Remark("title-missing", Severity.ERROR, "No title.", "Write it.", (Place(1),))
    warning = Remark("split-sentence", Severity.WARNING, "Split.", "Look.", (Place(2),))
    issue_id = begun(database, now, replace(GOOD, title=""), (error, warning))
    done = saved(database, issue_id, SetField("", "title", "Tides"), base=1, by="eva", now=now)
    assert [remark["rule"] for remark in done.revision.remarks_json] == ["split-sentence"]


def test_a_comment_stays_with_its_place(database: Database, now: datetime):
    """Until it is resolved; another issue's comments cannot be touched."""
    issue_id = begun_sample(database, now)
    other = begun_other(database, now)
    with database.write() as session:
        issue = drafts.get(session, issue_id)
        revision = drafts.current_revision(session, issue)
        key = entry(session, issue)
        comment = comments.add(
            session, issue, revision, place_key=key, quote="comes with\nmoney", text=" Really? ", by="bob", now=now
        )
        (placed,) = comments.placed(revision.document, comments.of_issue(session, issue))
        assert (placed.standing, placed.entry, comment.text) == (Standing.HERE, key, "Really?")
        with pytest.raises(BadInput, match="Write what"):
            comments.add(session, issue, revision, place_key=key, text=" ", by="bob", now=now)
        with pytest.raises(NotFound):
            comments.add(session, issue, revision, place_key="9-9", text="x", by="bob", now=now)
        with pytest.raises(NotFound):
            comments.resolve(session, drafts.get(session, other), comment.id, by="eva", now=now)
        comments.resolve(session, issue, comment.id, by="eva", now=now)
        comments.resolve(session, issue, comment.id, by="bob", now=now)
        assert session.get_one(Comment, comment.id, populate_existing=True).resolved_by == "eva"
        comments.reopen(session, issue, comment.id, by="eva", now=now)
        assert comment.resolved_at is None
        deeds = session.scalars(select(AuditEntry.deed).where(AuditEntry.deed.like("comment.%"))).all()
        assert deeds == ["comment.remark", "comment.resolve", "comment.reopen"]


@pytest.fixture
def invited(database: Database, now: datetime) -> Callable[[], int]:
    """An issue with a link mailed to a reviewer."""
    issue_id = begun_sample(database, now)
    with database.write() as session:
        issue = drafts.get(session, issue_id)
        review_links.invite(
            session, issue, entry_key=entry(session, issue), address="rita@example.org", message="The second\nparagraph.",
            by="eva@example.org", by_name="Eva", url=f"https://desk.example/v/{TOKEN}", token=TOKEN, now=now,
        )  # fmt: skip
    return lambda: issue_id


def test_a_reviewer_is_mailed_a_link_to_one_article(database: Database, invited: Callable[[], int], now: datetime):
    """The mail waits in the one outbox; the token itself is not in the table."""
    with database.read() as session:
        notice = session.scalars(select(Notice)).one()
        assert (notice.address, notice.purpose) == ("rita@example.org", "review")
        assert f"https://desk.example/v/{TOKEN}" in notice.text
        assert "> The second\n> paragraph." in notice.text
        shown = review_links.opened(session, TOKEN, now=now)
        assert TOKEN not in str(shown.link.__dict__)
        assert [len(section.entries) for section in shown.document.sections] == [1]
        assert shown.document.people == ()


def test_a_reviewers_word_lands_in_the_margin_and_in_the_audit_trail(
    database: Database, invited: Callable[[], int], now: datetime
):
    """For the revision that was shown, under the address that was invited."""
    saved(database, invited(), SetField("", "title", "Later"), base=1, by="eva", now=now)
    with database.write() as session:
        said = review_links.answer(
            session, TOKEN, kind=CommentKind.CORRECT, text="", quote="", revision_number=1, now=now
        )
        assert (said.author, session.get_one(Revision, said.revision_id).number) == ("rita@example.org", 1)
        assert [c.kind for c in comments.of_issue(session, drafts.get(session, invited()))] == [CommentKind.CORRECT]
        deed = session.scalars(select(AuditEntry).where(AuditEntry.deed == "comment.correct")).one()
        assert (deed.actor, deed.details["revision"]) == ("rita@example.org", 1)


def test_a_link_ends(database: Database, invited: Callable[[], int], now: datetime, monkeypatch: pytest.MonkeyPatch):
    """By its time, by the team, by the article going; and no link opens another's."""
    with database.write() as session:
        for token in ("", "x", TOKEN[:-1], TOKEN + "x", TOKEN.upper()):
            with pytest.raises(BadToken):
                review_links.opened(session, token, now=now)
        with pytest.raises(BadToken):
            review_links.opened(session, TOKEN, now=now + review_links.LIFETIME)
        issue = drafts.get(session, invited())
        key = entry(session, issue)
        edits.edit(session, issue, [Remove(key)], base_number=1, by="eva", now=now)
        with pytest.raises(BadToken):
            review_links.opened(session, TOKEN, now=now)
        edits.restore(session, issue, 1, by="eva", now=now)
        assert review_links.opened(session, TOKEN, now=now)
        (link,) = review_links.of_issue(session, issue)
        review_links.take_back(session, issue, link.id, by="eva", now=now)
        with pytest.raises(BadToken):
            review_links.answer(session, TOKEN, kind=CommentKind.REMARK, text="x", quote="", revision_number=1, now=now)


def test_a_forwarded_link_is_no_door_to_fill_the_database_through(
    database: Database, invited: Callable[[], int], now: datetime, monkeypatch: pytest.MonkeyPatch
):
    """Enough is enough, and an address that is none gets no mail."""
    monkeypatch.setattr(review_links, "MOST_ANSWERS", 2)
    with database.write() as session:
        for _ in range(2):
            review_links.answer(session, TOKEN, kind=CommentKind.REMARK, text="x", quote="", revision_number=1, now=now)
        with pytest.raises(Conflict, match="2 comments"):
            review_links.answer(session, TOKEN, kind=CommentKind.REMARK, text="x", quote="", revision_number=1, now=now)
        issue = drafts.get(session, invited())
        for address in ("rita", "rita@example.org\nBcc: all@example.org", "a@b@c"):
            with pytest.raises(BadInput):
                review_links.invite(
                    session, issue, entry_key=entry(session, issue), address=address, message="", by="eva", by_name="",
                    url="u", token="t", now=now,
                )  # fmt: skip


def test_documents_written_before_keys_are_read_and_get_them(database: Database, now: datetime):
    """An installation that is updated in the middle of an issue goes on."""
    issue_id = begun(database, now)
    with database.write() as session:
        revision = drafts.current_revision(session, drafts.get(session, issue_id))
        revision.document_json = re.sub(r',"key":"[^"]*"', "", revision.document_json)
        key = entry(session, drafts.get(session, issue_id))
    assert key
    done = saved(database, issue_id, SetField(key, "title", "Gantries"), base=1, by="eva", now=now)
    assert done.revision.document.sections[0].entries[0].title == "Gantries"
    assert all(key_of(node) for node in list(walk(done.revision.document))[1:])
