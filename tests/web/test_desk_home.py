"""The first page of the desk: dropped files become an issue, and the list finds it again."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from sqlalchemy import select

from newsletter import publications
from newsletter.issues import drafts, findings, listing
from newsletter.issues.models import Issue, IssueState, Revision
from newsletter.kit.database import Database
from newsletter.manuscripts.house_style import HouseStyle
from newsletter.manuscripts.remarks import Severity
from newsletter.publications import Profile
from newsletter.team.roles import Role
from newsletter.web.desk import handing_in
from newsletter.worker import Installation
from tests.factories import CHART, chart, sample_document, sample_pictures, with_entries
from tests.web.desk import client_as, desk_installation

TEXT = """---
title: Grid Notes
date: 2026-03-04
---

# Top stories

## 1. Storage first

### At a glance

Provinces race to firm up wind and sun.

![A chart](grid-storage.png)
"""


@pytest.fixture
def here(database: Database, now: datetime) -> Installation:
    """A desk with two newsletters."""
    made = desk_installation(database, now)
    with database.write() as session:
        for label, name in (("grid", "Grid Notes"), ("ports", "Port Notes")):
            profile = Profile(name=name, label=label, from_address=f"{label}@institute.example")
            publications.add(session, profile, now=now, by="tests")
    return made


def begun(here: Installation, label: str, title: str, *, hours: int = 0, by: str = "jo@desk.example") -> None:
    """Begin an issue so many hours after the desk's clock."""
    with here.database.write() as session:
        drafts.begin(
            session, publications.by_label(session, label), with_entries(title=title), remarks=(), pictures={},
            by=by, now=here.clock() + timedelta(hours=hours),
        )  # fmt: skip


def dropped(*files: tuple[str, bytes]) -> list[tuple[str, tuple[str, bytes, str]]]:
    """Return files as a browser sends them."""
    return [("files", (name, data, "application/octet-stream")) for name, data in files]


def test_a_dropped_manuscript_is_an_issue_with_mail_pdf_and_findings(here: Installation):
    """File and picture in, the issue's page out; its editions are really made, and every edition has its own policy."""
    browser = client_as(here, Role.WRITER, "grid")
    answer = browser.post(
        "/desk/issues", data={"publication": "grid"}, files=dropped(("notes.md", TEXT.encode()), (CHART, chart().data))
    )
    assert (answer.status_code, answer.headers["location"]) == (303, "/desk/p/grid/i/1/")
    html = browser.get("/desk/p/grid/i/1/").text
    assert "Grid Notes" in html
    assert "Issue 1 is begun." in html
    for medium, kind in (
        ("html", "text/html"),
        ("text", "text/plain"),
        ("web", "text/html"),
        ("pdf", "application/pdf"),
    ):
        edition = browser.get(f"/desk/p/grid/i/1/preview/{medium}")
        assert edition.status_code == 200
        assert edition.headers["content-type"].startswith(kind)
        assert ("sandbox" in edition.headers["content-security-policy"]) == (medium != "pdf")
    assert "data:image/png;base64" in browser.get("/desk/p/grid/i/1/preview/html").text
    with here.database.read() as session:
        assert session.scalars(select(Revision.author)).one() == "writer.grid@desk.example"


def test_a_pasted_text_needs_no_file(here: Installation):
    """Without JavaScript and without files; the newsletter's own page knows which newsletter it is."""
    browser = client_as(here, Role.WRITER, "grid")
    answer = browser.post(
        "/desk/p/grid/issues", data={"text": TEXT.replace("![A chart](grid-storage.png)", "")}, files=dropped(("", b""))
    )
    assert answer.headers["location"] == "/desk/p/grid/i/1/"


def test_a_picture_that_is_missing_is_a_finding(here: Installation):
    """The issue is begun all the same, and says what it lacks."""
    browser = client_as(here, Role.WRITER, "grid")
    browser.post("/desk/issues", data={"publication": "grid"}, files=dropped(("notes.md", TEXT.encode())))
    assert "grid-storage.png" in browser.get("/desk/p/grid/i/1/").text


@pytest.mark.parametrize(
    ("files", "text", "sentence"),
    [
        ([], "", "There is no manuscript yet"),
        ([(CHART, chart().data)], "", "These are pictures alone"),
        ([("a.md", b"\x00\x01\x02" * 900)], "", "a.md"),
        ([("..", b"# A")], "", "give it an ordinary name"),
    ],
)  # fmt: skip
def test_what_is_no_manuscript_is_said_at_the_drop_area(here: Installation, files, text, sentence):
    """One sentence, the page as it was, and no issue."""
    browser = client_as(here, Role.WRITER, "grid")
    answer = browser.post(
        "/desk/issues", data={"publication": "grid", "text": text}, files=dropped(*files) or dropped(("", b""))
    )
    assert answer.status_code == 422
    assert sentence in answer.text
    assert 'role="alert"' in answer.text
    with here.database.read() as session:
        assert session.scalars(select(Issue)).all() == []


def test_a_refused_text_is_not_lost(here: Installation):
    """Whoever pasted an hour's work finds it in its field."""
    browser = client_as(here, Role.WRITER, "grid")
    answer = browser.post(
        "/desk/issues", data={"publication": "nowhere", "text": "Mein <b>Text</b>"}, files=dropped(("", b""))
    )
    assert answer.status_code == 422
    assert "Mein &lt;b&gt;Text&lt;/b&gt;</textarea>" in answer.text


def test_nobody_begins_an_issue_of_a_newsletter_they_do_not_write_for(here: Installation):
    """A newsletter named in the form is judged like one in the path."""
    for role in (Role.REPORT_READER, Role.ADMINISTRATOR):
        answer = client_as(here, role).post(
            "/desk/issues", data={"publication": "grid", "text": TEXT}, files=dropped(("", b""))
        )
        assert answer.status_code == 422
    writer = client_as(here, Role.WRITER, "ports")
    assert (
        writer.post("/desk/issues", data={"publication": "grid", "text": TEXT}, files=dropped(("", b""))).status_code
        == 422
    )
    assert writer.post("/desk/p/grid/issues", data={"text": TEXT}, files=dropped(("", b""))).status_code == 404
    with here.database.read() as session:
        assert session.scalars(select(Issue)).all() == []


def test_too_much_is_refused_before_it_is_taken_in(here: Installation, monkeypatch: pytest.MonkeyPatch):
    """413, with what to do about it."""
    monkeypatch.setattr(handing_in, "MOST_BYTES", 1000)
    browser = client_as(here, Role.WRITER, "grid")
    answer = browser.post("/desk/issues", data={"publication": "grid"}, files=dropped(("a.md", b"x" * 1001)))
    assert answer.status_code == 413
    assert "save the pictures smaller" in answer.text


def test_a_file_name_with_folders_stays_in_its_own(here: Installation, tmp_path):
    """Neither slashes nor backslashes lead anywhere."""
    browser = client_as(here, Role.WRITER, "grid")
    for name in ("../../../tmp/evil.md", "..\\..\\evil.md", "/etc/evil.md"):
        assert (
            browser.post("/desk/issues", data={"publication": "grid"}, files=dropped((name, TEXT.encode()))).status_code
            == 303
        )


def test_the_list_is_of_the_newsletters_one_may_see(here: Installation):
    """Nothing of another newsletter, neither its name nor its issues nor how many there are."""
    begun(here, "grid", "Storage")
    begun(here, "ports", "Cranes")
    html = client_as(here, Role.WRITER, "grid").get("/desk/").text
    assert "Storage" in html
    assert "Cranes" not in html
    assert "Port Notes" not in html
    assert "Cranes" not in client_as(here, Role.WRITER, "grid").get("/desk/?newsletter=ports").text


def test_the_last_edited_stands_first_and_says_who_edited_it(here: Installation):
    """People by name, whoever else as written down."""
    begun(here, "grid", "Older", hours=1)
    begun(here, "ports", "Newer", hours=2, by="editor.everywhere@desk.example")
    html = client_as(here, Role.EDITOR).get("/desk/").text
    assert html.index("Newer") < html.index("Older")
    assert "jo@desk.example" in html
    assert '<span class="muted">editor.everywhere</span>' in html


def test_the_list_is_searched_by_words_state_and_newsletter(here: Installation):
    """All words must be there; a percent sign is a percent sign; a state that does not exist asks for nothing."""
    begun(here, "grid", "Storage first: 100% of it")
    begun(here, "grid", "Heat below the city")
    begun(here, "ports", "Storage of cranes")
    with here.database.write() as session:
        drafts.move(
            session, session.scalars(select(Issue).where(Issue.title.startswith("Heat"))).one(), IssueState.IN_REVIEW
        )
    browser = client_as(here, Role.EDITOR)

    def found(query: str) -> set[str]:
        html = browser.get(f"/desk/{query}").text
        return {word for word in ("first", "Heat", "cranes") if word in html}

    assert found("") == {"first", "Heat", "cranes"}
    assert found("?q=storage") == {"first", "cranes"}
    assert found("?q=of+STORAGE") == {"first", "cranes"}
    assert found("?q=100%25") == {"first"}
    assert found("?q=%25") == {"first"}
    assert found("?state=in_review") == {"Heat"}
    assert found("?state=nonsense") == {"first", "Heat", "cranes"}
    assert found("?newsletter=ports") == {"cranes"}
    assert found("?q=%00") == set()  # a NUL is a letter that no title has
    assert "No issue fits" in browser.get("/desk/?q=zzz").text


def test_long_lists_have_pages(here: Installation, monkeypatch: pytest.MonkeyPatch):
    """A page beyond the last is the last."""
    monkeypatch.setattr(listing, "PAGE_SIZE", 2)
    for number in range(5):
        begun(here, "grid", f"Issue-{number}", hours=number)
    browser = client_as(here, Role.EDITOR)
    assert "Page 1 of 3" in browser.get("/desk/").text
    assert "Issue-0" in browser.get("/desk/?page=3").text
    assert browser.get("/desk/?page=99").text.count("Issue-0") == 1
    assert browser.get("/desk/?page=0").status_code == 422


def test_findings_follow_the_house_style_and_what_is_left_as_it_is(here: Installation, now: datetime):
    """The number in the list is what would stop the sign-off, also after the house style has changed."""
    with here.database.write() as session:
        publication = publications.by_label(session, "grid")
        issue = drafts.begin(
            session, publication, sample_document(), remarks=(), pictures=sample_pictures(), by="jo", now=now
        )
        stops = findings.of_revision(session, drafts.current_revision(session, issue), publication.profile)
        before = len(stops.blockers)
        assert listing.listed(session, [publication.id]).issues[0].open_findings == before
        changed = Profile(name="Grid Notes", label="grid", from_address="grid@institute.example",
                          house_style=HouseStyle(preferred=("QingHai",), severities={"two-spellings": Severity.WARNING}))  # fmt: skip
        publications.change(session, publication, changed, now=now, by="tests")
        after = listing.listed(session, [publication.id]).issues[0].open_findings
        assert after == len(findings.of_revision(session, drafts.current_revision(session, issue), changed).blockers)
        assert after == before + 1
        stops = findings.of_revision(session, drafts.current_revision(session, issue), changed)
        warning = next(remark for remark in stops.blockers if remark.severity is Severity.WARNING)
        findings.waive(session, issue, remark_key=warning.key, reason="So be it.", findings=stops, by="jo", now=now)
        assert listing.listed(session, [publication.id]).issues[0].open_findings == after - 1
        drafts.move(session, issue, IssueState.WITHDRAWN)
        assert listing.listed(session, [publication.id]).issues[0].open_findings is None


def test_several_authors_files_become_one_ordered_issue(here: Installation):
    """By the numbers in their names, whatever order they were dropped in."""
    files = [(f"{number} {word}.md", f"## {number}. {word} first\n\nA sentence about {word}.\n".encode())
             for number, word in ((3, "Heat"), (1, "Storage"), (2, "Cables"))]  # fmt: skip
    browser = client_as(here, Role.WRITER, "grid")
    answer = browser.post("/desk/issues", data={"publication": "grid"}, files=dropped(*files))
    assert answer.headers["location"] == "/desk/p/grid/i/1/"
    assert "Issue 1 is begun from 3 files." in browser.get("/desk/p/grid/i/1/").text
    mail = browser.get("/desk/p/grid/i/1/preview/text").text
    assert mail.index("about Storage") < mail.index("about Cables") < mail.index("about Heat")


def test_the_next_issue_is_begun_like_the_last(here: Installation):
    """Its sections, none of its words; without a last one the desk says what to do."""
    browser = client_as(here, Role.WRITER, "grid")
    for path, form in (("/desk/issues/next", {"publication": "grid"}), ("/desk/p/grid/issues/next", {})):
        answer = browser.post(path, data=form)
        assert answer.headers["location"] == "/desk/p/grid/"
        assert "no issue yet" in browser.get("/desk/p/grid/").text
    browser.post("/desk/issues", data={"publication": "grid", "text": TEXT}, files=dropped(("", b"")))
    answer = browser.post("/desk/issues/next", data={"publication": "grid"})
    assert answer.headers["location"] == "/desk/p/grid/i/2/"
    mail = browser.get("/desk/p/grid/i/2/preview/text").text
    assert "TOP STORIES" in mail.upper()
    assert "race to firm up" not in mail
    assert browser.post("/desk/issues/next", data={"publication": "ports"}).status_code == 422
    assert browser.post("/desk/p/ports/issues/next").status_code == 404
