"""A revised file on the desk: every change is seen before it is taken in, and it replaces its own article alone."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import select

from newsletter import publications
from newsletter.issues import drafts, intake, received
from newsletter.issues.models import Issue, IssueState
from newsletter.issues.received import FileState, ReceivedFile
from newsletter.manuscripts.files import read_files
from newsletter.manuscripts.house_style import HouseStyle
from newsletter.publications import Profile
from newsletter.team.roles import Role
from tests.issues.test_intake import CRATES, FILES, article
from tests.manuscripts.word_files import bold, comment, commented, comments, deleted, heading, ins, p, word_file
from tests.web.desk import client_as, desk_installation

PATH = "/desk/p/trades/i/1/manuscripts"
WORD = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
REVISED = word_file(
    heading(CRATES, 1),
    p(bold("At a glance:"), " Wooden crates are to be made of ", deleted("beech"), ins("birch"), ", says a rule ",
      commented("from Oslo"), ".", ins(" It is new.", "Ben Ode")),
    p("Article: Plan (https://example.org/plan)"),
    p("Issuing body: MPIS"),
    parts={"word/comments.xml": comments(comment(0, "Or <b>Bergen</b>?"))},
)  # fmt: skip


@pytest.fixture
def here(database, now):
    """A desk with an issue made of five files."""
    made = desk_installation(database, now)
    readings = read_files(FILES, house_style=HouseStyle())
    with database.write() as session:
        owner = publications.add(
            session, Profile(label="trades", from_address="desk@haldis.example"), now=now, by="tests"
        )
        intake.take_in(session, owner, readings, by="tests", now=now)
    return made


def upload(client, name="2 crates v2.docx", data=REVISED):
    return client.post(PATH, files=[("files", (name, data, WORD))])


def words(here) -> str:
    with here.database.read() as session:
        issue = session.scalars(select(Issue)).one()
        return drafts.current_revision(session, issue).document_json


def fields(html: str) -> dict[str, str]:
    """What the page's form would post as it stands."""
    chosen = dict(re.findall(r'type="radio" name="([\w-]+)" value="(\w*)" checked', html))
    return {"base": re.search(r'name="base" value="(\d+)"', html).group(1), **chosen}


def test_a_revised_file_is_looked_at_decided_on_and_taken_in(here):
    """Upload, see the words, reject one change, settle the comment, take it in: one article is another."""
    client = client_as(here, Role.EDITOR, "trades")
    sent = upload(client)
    assert sent.status_code == 303
    screen = client.get(sent.headers["location"]).text
    assert "<del>beech</del><ins>birch</ins>" in screen
    assert "be made of birch, says a rule from Oslo.<ins> It is new.</ins>" in screen  # words are not cut
    assert "2 tracked changes" in screen
    assert "Or &lt;b&gt;Bergen&lt;/b&gt;?" in screen
    assert '<q lang="en">from Oslo</q>' in screen
    assert "Nine icebreakers" not in screen
    assert "beech" in words(here)  # nothing is taken in yet
    form = fields(screen) | {"change-1": "reject", "comment-1": "accept"}
    decided = client.post(sent.headers["location"] + "/decide", data=form)
    assert decided.status_code == 303
    screen = client.get(decided.headers["location"]).text
    assert "<ins>birch</ins>" not in screen.partition("What it would change")[2]
    taken = client.post(sent.headers["location"] + "/take", data=fields(screen))
    assert taken.headers["location"] == PATH
    assert "made of beech" in words(here)
    assert "It is new." in words(here)
    assert "Ben Ode inserted" in client.get("/desk/p/trades/i/1/").text  # left open: a finding
    with here.database.read() as session:
        states = dict(session.execute(select(ReceivedFile.name, ReceivedFile.state)).all())
        assert (states["2 crates v1.docx"], states["2 crates v2.docx"]) == (FileState.SUPERSEDED, FileState.TAKEN)


def test_all_changes_at_once(here):
    """One press accepts or rejects every change; the comment stays open."""
    client = client_as(here, Role.EDITOR, "trades")
    there = upload(client).headers["location"]
    form = fields(client.get(there).text) | {"all": "reject"}
    client.post(there + "/decide", data=form)
    with here.database.read() as session:
        row = received.waiting(session, session.scalars(select(Issue)).one())[0]
        assert row.decisions_json == {"change-1": "reject", "change-2": "reject"}


def test_which_article_it_is_is_asked_and_answered(here):
    """A file with a new name and new words waits until somebody says what it is."""
    client = client_as(here, Role.EDITOR, "trades")
    there = upload(client, "herring.docx", article("Herring", "Herring has become dear in Esbjerg.")).headers[
        "location"
    ]
    screen = client.get(there).text
    assert "Which article is this?" in screen
    refused = client.post(there + "/take", data=fields(screen))
    assert refused.status_code == 303
    assert refused.headers["location"] == there
    assert "It is not certain" in client.get(there).text
    shown = client.post(there + "/decide", data=fields(screen) | {"place-0": "new"})
    assert "new</span>" in client.get(shown.headers["location"]).text
    client.post(there + "/take", data=fields(screen) | {"place-0": "new"})
    assert "Herring has become dear" in words(here)
    assert "icebreakers" in words(here)


def test_somebody_changed_the_issue_meanwhile(here, now):
    """What was looked at is what is taken in, or nothing."""
    client = client_as(here, Role.EDITOR, "trades")
    there = upload(client).headers["location"]
    form = fields(client.get(there).text)
    with here.database.write() as session:
        issue = session.scalars(select(Issue)).one()
        document = drafts.current_revision(session, issue).document
        drafts.revise(session, issue, document, remarks=(), pictures={}, by="eva@desk.example", now=now)
    client.post(there + "/take", data=form)
    assert "has changed the issue since you looked" in client.get(there).text
    assert "birch" not in words(here)


def test_a_file_is_set_aside(here):
    """Nothing is changed and it no longer waits."""
    client = client_as(here, Role.EDITOR, "trades")
    there = upload(client).headers["location"]
    assert client.post(there + "/set-aside").headers["location"] == PATH
    assert "Set aside" in client.get(PATH).text
    assert "birch" not in words(here)
    assert client.post(there + "/take", data={"base": "1"}).status_code == 409


@pytest.mark.parametrize(
    ("name", "data", "said"),
    [
        ("a.doc", b"\xd0\xcf\x11\xe0" + bytes(600), "is an old Word file"),
        ("a.png", b"\x89PNG\r\n\x1a\n" + bytes(50), "That is a picture"),
        ("<img src=x onerror=alert(1)>.docx", b"PK\x03\x04" + bytes(300), "damaged Word file"),
    ],
)
def test_what_cannot_be_read_is_said_at_the_field(here, name, data, said):
    """The page again with the sentence, and no markup of a file's name."""
    answer = upload(client_as(here, Role.EDITOR, "trades"), name, data)
    assert answer.status_code == 422
    assert said in answer.text
    assert "<img src=x" not in answer.text


def test_names_and_words_of_files_are_never_markup(here):
    """A name and a comment are what a stranger wrote."""
    client = client_as(here, Role.EDITOR, "trades")
    there = upload(client, "<script>alert(1)<!--.docx").headers["location"]
    for page in (client.get(there).text, client.get(PATH).text):
        assert "<script>alert" not in page
        assert "&lt;script&gt;alert(1)" in page


def test_who_may_only_read_sees_no_button(here):
    """Report readers look; the server refuses what the page does not offer."""
    there = upload(client_as(here, Role.EDITOR, "trades")).headers["location"]
    reader = client_as(here, Role.REPORT_READER, "trades")
    assert "Take it in" not in reader.get(there).text
    assert 'type="file"' not in reader.get(PATH).text
    for path in (PATH, there + "/take", there + "/decide", there + "/set-aside"):
        assert reader.post(path, data={"base": "1"}).status_code == 403


def test_a_file_of_another_newsletter_is_not_there(here, now):
    """Files are looked up within their issue, and issues within their newsletter."""
    with here.database.write() as session:
        other = publications.add(session, Profile(label="ports", from_address="p@haldis.example"), now=now, by="tests")
        intake.take_in(session, other, read_files(FILES[:1], house_style=HouseStyle()), by="tests", now=now)
    there = upload(client_as(here, Role.EDITOR, "trades")).headers["location"]
    client = client_as(here, Role.EDITOR, "ports")
    assert client.get(there.replace("/trades/", "/ports/")).status_code == 404
    assert client.get(there).status_code == 404


def test_an_issue_that_went_out_takes_no_file(here):
    """A correction comes first."""
    client = client_as(here, Role.EDITOR, "trades")
    with here.database.write() as session:
        session.scalars(select(Issue)).one().state = IssueState.PUBLISHED
    assert 'type="file"' not in client.get(PATH).text
    answer = upload(client)
    assert answer.status_code == 422
    assert "has gone out" in answer.text


def test_the_pages_are_german_for_germans(here):
    """Every word of them."""
    client = client_as(here, Role.EDITOR, "trades", address="uta@desk.example", language="de")
    there = upload(client).headers["location"]
    assert "2 nachverfolgte Änderungen" in client.get(there).text
    assert "Überarbeitete Datei abgeben" in client.get(PATH).text
