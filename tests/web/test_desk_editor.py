"""The editor's pages: saved by forms and by the autosave, nothing lost, nothing injected, nobody in who may not."""

from __future__ import annotations

import json
import re
from datetime import datetime

import html5lib
import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select

from newsletter import publications
from newsletter.issues import drafts, review_links
from newsletter.issues.comments import Comment
from newsletter.issues.models import Waiver
from newsletter.kit.audit import AuditEntry
from newsletter.kit.database import Database
from newsletter.manuscripts.document import Article, Document
from newsletter.manuscripts.fields import NAMES, RICH, blocks_in
from newsletter.manuscripts.keys import key_of, walk
from newsletter.manuscripts.remarks import Place, Remark, Severity
from newsletter.notices import Notice
from newsletter.publications import Profile
from newsletter.team.roles import Role
from newsletter.worker import Installation
from tests.factories import sample_document, sample_pictures
from tests.web.desk import client_as, desk_installation, stranger

PATH = "/desk/p/notes/i/1/"
EVIL = "\"'><script>alert(1)</script><img src=x onerror=alert(1)>"
WARNING = Remark(
    "split-sentence", Severity.WARNING, "A sentence was split.", "Look at it.", (Place(12, "", "Who pays"),)
)


@pytest.fixture
def here(database: Database, now: datetime) -> Installation:
    """A desk with the sample issue in one newsletter, and another newsletter beside it."""
    made = desk_installation(database, now)
    with database.write() as session:
        for label in ("notes", "other"):
            profile = Profile(name="Notes", label=label, from_address=f"{label}@institute.example")
            publication = publications.add(session, profile, now=now, by="tests")
            drafts.begin(
                session,
                publication,
                sample_document(),
                remarks=(WARNING,),
                pictures=sample_pictures(),
                by="tests",
                now=now,
            )
    return made


def document(here: Installation) -> Document:
    """The issue as it is now."""
    with here.database.read() as session:
        return drafts.current_revision(session, drafts.get(session, 1)).document


def article(here: Installation) -> Article:
    """The first article."""
    return next(one for one in walk(document(here)) if isinstance(one, Article))


def saved(browser: TestClient, base: int, *changes: dict[str, str]):
    """Autosave *changes*; return what the server tells."""
    answer = browser.post(PATH + "changes", content=json.dumps({"base": base, "changes": list(changes)}))
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_every_page_of_the_issue_opens_and_says_what_it_holds(here: Installation):
    """The issue itself, sections, articles, briefs, texts, people; German, too."""
    browser = client_as(here, Role.EDITOR)
    for node in walk(document(here)):
        answer = browser.get(f"{PATH}editor?at={key_of(node)}")
        assert answer.status_code == 200
    german = client_as(here, Role.EDITOR, address="eva@desk.example", language="de").get(PATH + "editor").text
    assert "Gliederung" in german
    assert "Alles ist gespeichert" in german


def test_a_form_saves_without_script_and_its_buttons_save_first(here: Installation):
    """Typed words come along with every button: adding, moving, taking out."""
    browser = client_as(here, Role.WRITER)
    key = article(here).key
    form = {"base": "1", "at": key, f"{key}|title": "Gantries", "do": f"add:source:{key}"}
    assert browser.post(PATH + "edit", data=form).status_code == 303
    assert (article(here).title, len(article(here).sources)) == ("Gantries", 2)
    source = article(here).sources[-1].key
    form = {"base": "3", "at": key, f"{source}|url": "https://a.example", "do": f"up:{source}"}
    assert browser.post(PATH + "edit", data=form).status_code == 303
    assert article(here).sources[0].url == "https://a.example"
    form = {"base": "5", "at": key, "do": f"remove:{source}"}
    assert browser.post(PATH + "edit", data=form).status_code == 303
    assert len(article(here).sources) == 1


def test_a_value_that_cannot_be_used_stands_in_the_form_with_the_reason(here: Installation):
    """Nothing of what was typed is lost."""
    browser = client_as(here, Role.WRITER)
    answer = browser.post(PATH + "edit", data={"base": "1", "at": "", "|date": "tomorrow", "|title": "Kept words"})
    assert answer.status_code == 422
    assert "write it as 2026-03-04" in answer.text
    assert "Kept words" in answer.text
    assert document(here) == sample_stored(here)


def sample_stored(here: Installation) -> Document:
    """The issue as it began."""
    with here.database.read() as session:
        from newsletter.issues import edits

        return edits.of_number(session, drafts.get(session, 1), 1).document


def test_two_browsers_in_one_issue_lose_nothing(here: Installation):
    """Other fields are merged and told; the same field comes back in both versions, by script and by form."""
    ada, eva = (
        client_as(here, Role.WRITER, address="ada@x.example"),
        client_as(here, Role.EDITOR, address="eva@x.example"),
    )
    key = article(here).key
    part = article(here).parts[0].key
    saved(ada, 1, {"do": "set", "key": key, "name": "title", "value": "Ada's"})
    told = saved(
        eva, 1,
        {"do": "set", "key": key, "name": "title", "value": "Eva's"},
        {"do": "set", "key": part, "name": "label", "value": "In short"},
    )  # fmt: skip
    assert told["clashes"][0] | {"label": ""} == {
        "field": f"{key}|title", "name": "Title", "mine": "Eva's", "base": sample_title(here), "theirs": "Ada's",
        "gone": False, "label": "",
    }  # fmt: skip
    assert told["fields"] == {f"{key}|title": "Ada's"}
    assert (article(here).title, article(here).parts[0].label) == ("Ada's", "In short")
    page = eva.post(PATH + "edit", data={"base": "1", "at": key, f"{key}|title": "Eva's"})
    assert page.status_code == 409
    assert all(words in page.text for words in ("Ada&#39;s", "Eva&#39;s", "Keep mine"))
    state = ada.get(PATH + "state?since=2").json()
    assert (state["version"], state["by"], state["fields"]) == (3, "eva@x.example", {f"{part}|label": "In short"})


def sample_title(here: Installation) -> str:
    """The first article's title as it began."""
    return next(one for one in walk(sample_stored(here)) if isinstance(one, Article)).title


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"base":1}', b'{"base":true,"changes":[]}', b'{"base":1,"changes":[1]}', b'{"base":1,"changes":[{"do":"set"}]}', b'{"base":1,"changes":[{"do":"drop"}]}', b"\xff", b"[" * 100_000])  # fmt: skip
def test_what_no_page_sends_is_refused_in_a_sentence(here: Installation, body: bytes):
    """No crash, and nothing saved."""
    answer = client_as(here, Role.WRITER).post(PATH + "changes", content=body)
    assert answer.status_code == 400
    assert document(here) == sample_stored(here)


def test_a_body_without_end_is_not_read_to_its_end(here: Installation):
    """Two megabytes are more than any page sends."""
    assert client_as(here, Role.WRITER).post(PATH + "changes", content=b" " * 2_000_001).status_code == 413


def test_who_may_not_write_may_look_and_who_may_not_look_sees_nothing(here: Installation):
    """Report readers look on; another newsletter's writer does not learn that there is an issue."""
    looker = client_as(here, Role.REPORT_READER)
    assert "disabled" in looker.get(PATH + "editor").text
    key = article(here).key
    form = {"base": "1", "at": key, f"{key}|title": "x"}
    other = client_as(here, Role.EDITOR, "other")
    posts = [
        "edit",
        "changes",
        "comments",
        "comments/1/resolve",
        "findings",
        "reviewers",
        "reviewers/end",
        "history/restore",
    ]
    for path in posts:
        assert looker.post(PATH + path, data=form).status_code == 403, path
        assert other.post(PATH + path, data=form).status_code == 404, path
        assert stranger(here).post(PATH + path, data=form).status_code in {303, 401}, path
        assert client_as(here, Role.EDITOR).post(PATH + path, data=form, headers={"Origin": "https://evil.example"}).status_code == 403, path  # fmt: skip
    for path in ("editor", "state?since=1", "history", "reviewers", "preview", "preview/html", "preview/size"):
        assert looker.get(PATH + path).status_code == 200, path
        assert other.get(PATH + path).status_code == 404, path
    assert document(here) == sample_stored(here)


def test_stored_markup_stays_words_in_every_field_and_page(here: Installation):
    """Through every field into editor, history, previews, reviewers' page: never a tag of theirs."""
    browser = client_as(here, Role.EDITOR)
    skip = {"date", "period_first", "period_last", "number", "format", "language", "original_language"}
    changes = [
        {"do": "set", "key": key_of(node), "name": name, "value": EVIL + ("" if (type(node), name) in RICH else " x")}
        for node in walk(document(here))
        for name in NAMES[type(node)]
        if name not in skip
    ]
    saved(browser, 1, *changes)
    key = article(here).key
    browser.post(PATH + "comments", data={"at": key, "text": EVIL, "quote": EVIL})
    invited(browser, here, key, message=EVIL)
    pages = [PATH + "editor", *(f"{PATH}editor?at={key_of(node)}" for node in walk(document(here)))]
    pages += [
        PATH + "history?a=1&b=2",
        PATH + "reviewers",
        PATH + "preview",
        *(PATH + "preview/" + m for m in ("html", "web")),
    ]
    pages += [mailed(here), mailed(here) + "/html"]
    for path in pages:
        answer = browser.get(path)
        assert answer.status_code == 200, path
        for element in html5lib.parse(answer.text, namespaceHTMLElements=False).iter():
            if not isinstance(element.tag, str):
                continue  # a comment
            assert not any(name.startswith("on") for name in element.attrib), path
            assert element.tag != "script" or element.get("src", "").startswith("/desk/assets/"), path
            assert element.get("src") != "x", path
            assert not element.get("href", "").startswith(("javascript:", "data:")), path
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert not re.search(r"script-src[^;]*unsafe", policy)


def invited(browser: TestClient, here: Installation, key: str, message: str = "") -> None:
    """Ask Rita to look at an entry."""
    answer = browser.post(PATH + "reviewers", data={"entry": key, "address": "rita@example.org", "message": message})
    assert answer.status_code == 303, answer.text


def mailed(here: Installation) -> str:
    """The path of the last link mailed."""
    with here.database.read() as session:
        text = session.scalars(select(Notice.text).order_by(Notice.id.desc())).first()
    found = re.search(r"/v/[\w-]+", text or "")
    assert found
    return found.group()


def test_a_reviewer_without_an_account_looks_and_answers(here: Installation):
    """One article, in mail and PDF; the word lands in the margin and in the audit trail; looking changes nothing."""
    editor = client_as(here, Role.EDITOR)
    key = article(here).key
    invited(editor, here, key)
    link, rita = mailed(here), stranger(here)
    page = rita.get(link)
    assert page.status_code == 200
    for name, value in {
        "x-robots-tag": "noindex",
        "cache-control": "no-store",
        "referrer-policy": "no-referrer",
    }.items():
        assert page.headers[name] == value
    assert article(here).title.split(":")[0] in rita.get(link + "/html").text
    assert "Ten thousand electricians" not in rita.get(link + "/html").text
    assert rita.get(link + "/pdf").content.startswith(b"%PDF")
    assert rita.head(link).status_code == 200
    with here.database.read() as session:
        assert session.scalars(select(Comment)).all() == []
    assert rita.post(link, data={"version": "1", "say": "correct"}).status_code == 303
    assert (
        rita.post(
            link, data={"version": "1", "say": "remark", "text": "Sixty, not fifty.", "quote": "wish list"}
        ).status_code
        == 303
    )
    margin = editor.get(f"{PATH}editor?at={key}").text
    assert all(words in margin for words in ("rita@example.org", "Sixty, not fifty.", "wish list"))
    with here.database.read() as session:
        deeds = session.scalars(select(AuditEntry.deed).where(AuditEntry.actor == "rita@example.org")).all()
        assert sorted(deeds) == ["comment.correct", "comment.remark"]
        (said,) = review_links.of_issue(session, drafts.get(session, 1))
    assert editor.post(PATH + "reviewers/end", data={"link": str(said.id)}).status_code == 303
    for path in (link, link + "/html", link + "x", "/v/forged", "/v/forged/pdf"):
        assert rita.get(path).status_code == 404, path
    assert rita.post(link, data={"version": "1", "text": "x"}).status_code == 404


def test_comments_are_resolved_and_warnings_left_as_they_are(here: Installation):
    """Each with who, and the warning with why."""
    browser = client_as(here, Role.EDITOR, address="eva@x.example")
    key = article(here).key
    browser.post(PATH + "comments", data={"at": key, "text": "Really?"})
    assert browser.post(PATH + "comments/1/resolve", data={"at": key}).status_code == 303
    finding = WARNING.key
    assert browser.post(PATH + "findings", data={"finding": finding, "reason": "", "at": key}).status_code == 422
    assert (
        browser.post(PATH + "findings", data={"finding": finding, "reason": "It reads well.", "at": key}).status_code
        == 303
    )
    with here.database.read() as session:
        assert session.scalars(select(Comment.resolved_by)).one() == "eva@x.example"
        assert session.scalars(select(Waiver.reason)).one() == "It reads well."


def test_the_history_shows_what_changed_and_leads_back(here: Installation):
    """Word by word; the older version stands again, and none is lost."""
    browser = client_as(here, Role.EDITOR)
    key = article(here).key
    saved(
        browser,
        1,
        {"do": "set", "key": key, "name": "title", "value": "Storage last: provinces race to firm up wind and sun"},
    )
    page = browser.get(PATH + "history?a=1&b=2").text
    assert "<del>first</del>" in page
    assert "<ins>last</ins>" in page
    assert browser.post(PATH + "history/restore", data={"version": "1"}).status_code == 303
    assert document(here) == sample_stored(here)
    assert browser.get(PATH + "history?a=1&b=99").status_code == 404


def test_a_finding_that_a_machine_can_mend_takes_one_press(here: Installation):
    """A word that stands twice: the button says what it does, mends the newest text, and does nothing a second time."""
    browser = client_as(here, Role.WRITER)
    key, part = article(here).key, article(here).parts[0].key
    saved(browser, 1, {"do": "set", "key": part, "name": "text", "value": "Cranes and and **gantries**."})
    screen = browser.get(f"{PATH}editor?at={key}").text
    assert "<del>and and</del> <ins>and</ins>" in screen
    finding = re.search(r'findings/mend".*?name="finding" value="(\w+)"', screen, re.DOTALL).group(1)
    saved(browser, 2, {"do": "set", "key": key, "name": "title", "value": "Written meanwhile"})
    form = {"at": key, "finding": finding}
    assert client_as(here, Role.REPORT_READER).post(PATH + "findings/mend", data=form).status_code == 403
    assert browser.post(PATH + "findings/mend", data=form).status_code == 303
    assert "Mended, as version 4" in browser.get(f"{PATH}editor?at={key}").text
    assert article(here).parts[0].blocks == blocks_in("Cranes and **gantries**.")
    assert article(here).title == "Written meanwhile"
    assert browser.post(PATH + "findings/mend", data=form).status_code == 303
    assert "not there as it was" in browser.get(f"{PATH}editor?at={key}").text
