"""Previews at the desk: the real pipeline, seen by whom one chooses, with nothing in it that acts."""

from __future__ import annotations

import re
from datetime import datetime

import pytest
from fastapi.testclient import TestClient

from newsletter import publications
from newsletter.issues import drafts
from newsletter.kit.database import Database
from newsletter.publications import Access, Profile
from newsletter.team.roles import Role
from newsletter.web.desk import previews
from newsletter.worker import Installation
from subscribers.models import Format
from tests.factories import sample_document, sample_pictures
from tests.subscribers.readers import add_publication, add_reader
from tests.web.desk import client_as, desk_installation, stranger

PATH = "/desk/p/notes/i/1/preview"
ON_SQLITE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
"""For what is the same on both."""


@pytest.fixture
def here(database: Database, now: datetime) -> Installation:
    """A desk with the sample issue in a newsletter for members, and readers of every kind."""
    made = desk_installation(database, now)
    profile = Profile(
        name="Notes", label="notes", from_address="notes@institute.example", access=Access.MEMBERS, attach_pdf=False
    )
    with database.write() as session:
        publication = publications.add(session, profile, now=now, by="tests")
        drafts.begin(
            session, publication, sample_document(), remarks=(), pictures=sample_pictures(), by="tests", now=now
        )
    for form in Format:
        add_reader(database, f"{form}@readers.example", 1, now=now, name=f"Reader of {form}", preferred=form)
    add_reader(database, "else@readers.example", add_publication(database, "other", now=now), now=now)
    return made


def chosen(browser: TestClient, address: str, medium: str = "html") -> str:
    """Choose a reader by address; return where that leads."""
    answer = browser.post(PATH + "/reader", data={"address": address, "medium": medium, "look": "phone"})
    assert answer.status_code == 303, answer.text
    return answer.headers["location"]


@ON_SQLITE
def test_previews_are_the_real_pipeline_under_a_policy_of_their_own(
    here: Installation, monkeypatch: pytest.MonkeyPatch
):
    """Each medium, on a page and by itself; an unknown one is not there; a mail says its size, and if it is too much."""
    browser = client_as(here, Role.WRITER)
    for medium, kind in {
        "html": "text/html",
        "web": "text/html",
        "text": "text/plain",
        "pdf": "application/pdf",
    }.items():
        answer = browser.get(f"{PATH}/{medium}")
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith(kind)
        assert answer.headers["cache-control"] == "private, no-store"
        assert answer.headers["content-security-policy"].startswith("sandbox") == (medium != "pdf")
        assert f'{PATH}/{medium}?look=desktop"' in browser.get(f"{PATH}?medium={medium}").text
    assert browser.get(PATH + "/poster").status_code == 404
    assert browser.get(PATH + "?medium=poster").status_code == 422
    told = browser.get(PATH + "/size").json()
    assert 0 < told["octets"] < told["limit"] == previews.CLIPPED_AT
    assert told["said"] in browser.get(PATH).text
    assert "Gmail will cut" not in browser.get(PATH).text
    monkeypatch.setattr(previews, "CLIPPED_AT", 1000)
    assert "Gmail will cut this mail off" in browser.get(PATH).text
    assert browser.get(PATH + "/size").json()["clipped"]


@ON_SQLITE
def test_dark_and_light_are_shown_whatever_the_browser_is_set_to(here: Installation):
    """Nothing of the two is left to the browser; without a wish it is. Beside the text the article is in view."""
    browser = client_as(here, Role.WRITER)
    with here.database.read() as session:
        article = drafts.current_revision(session, drafts.get(session, 1)).document.sections[0].entries[1]
    pane = browser.get(f"/desk/p/notes/i/1/editor?at={article.key}").text
    assert f'src="{PATH}/html?look=desktop#item-1-2"' in pane
    for medium in ("html", "web"):
        page = browser.get(f"{PATH}/{medium}").text
        dark = browser.get(f"{PATH}/{medium}?look=phone-dark").text
        light = browser.get(f"{PATH}/{medium}?look=phone").text
        assert "prefers-color-scheme" in page
        assert 'id="item-1-2"' in page
        assert "prefers-color-scheme" not in dark + light
        assert "(min-width: 0px)" in dark
        assert "(max-width: 0px)" in light
        assert "color-scheme: light dark" not in dark + light
        assert dark.partition("</head>")[2] == light.partition("</head>")[2] == page.partition("</head>")[2]


def test_a_chosen_reader_gets_the_form_they_want(here: Installation):
    """Found by address, shown by number: the head of their mail and the form of it; samples need no permission."""
    browser = client_as(here, Role.EDITOR)
    place = chosen(browser, " TEXT@readers.example ")
    assert "readers.example" not in place
    page = browser.get(place).text
    assert "Reader of text &lt;text@readers.example&gt;" in page
    assert "This reader gets text only" in page
    source = re.search(r'<iframe[^>]* src="([^"]+)"', page)
    assert source
    assert browser.get(source[1].replace("&amp;", "&")).headers["content-type"].startswith("text/plain")
    notice = browser.get(PATH + "/html?reader=notice").text
    assert len(notice) < 1200
    assert "<dd>the PDF</dd>" in browser.get(chosen(browser, "pdf@readers.example")).text
    assert "<dd>nothing</dd>" in browser.get(chosen(browser, "html@readers.example")).text
    for address in ("nobody@readers.example", "else@readers.example", "no address"):
        answer = browser.post(PATH + "/reader", data={"address": address})
        assert answer.status_code == 422
        assert f'value="{address}"' in answer.text


def test_real_readers_are_for_those_who_may_see_them(here: Installation):
    """Neither by number nor by address; a number of another newsletter's reader finds nobody."""
    writer, editor = client_as(here, Role.WRITER), client_as(here, Role.EDITOR)
    number = chosen(editor, "html@readers.example").rpartition("=")[2]
    assert writer.post(PATH + "/reader", data={"address": "html@readers.example"}).status_code == 403
    for path in (PATH, PATH + "/html"):
        assert writer.get(f"{path}?reader={number}").status_code == 403
        for wrong in ("999", "5", "-1", "²", "9" * 20):  # 5: reads the other newsletter alone
            assert editor.get(f"{path}?reader={wrong}").status_code == 404
    assert "html@readers.example" not in writer.get(PATH).text


@ON_SQLITE
def test_the_links_in_a_preview_open_nothing(here: Installation):
    """As long as a reader's own, under a token that every page of readers turns away, on GET and on POST."""
    browser = client_as(here, Role.EDITOR)
    place = chosen(browser, "html@readers.example", medium="text")
    text = browser.get(place.replace("preview?medium=text", "preview/text?")).text
    tokens = re.findall(r"https?://\S+/(u|p|n)/(\S+)", text)
    assert {kind for kind, _ in tokens} >= {"u", "p", "n"}
    anybody = stranger(here)
    for kind, rest in tokens:
        for answer in (
            anybody.get(f"/{kind}/{rest}"),
            anybody.post(f"/{kind}/{rest}", data={"List-Unsubscribe": "One-Click"}),
        ):
            assert answer.status_code in {404, 405}
    html = browser.get(PATH + "/html").text
    assert "slot.invalid" not in html + text
    assert {url for url in re.findall(r'href="([^"]+)"', html) if "/n/" in url} == set()


@ON_SQLITE
def test_what_cannot_be_rendered_is_said_in_the_frame(here: Installation, database: Database, now: datetime):
    """A figure without its picture: one sentence instead of the mail, and no size."""
    with database.write() as session:
        publication = publications.by_label(session, "notes")
        drafts.begin(session, publication, sample_document(), remarks=(), pictures={}, by="tests", now=now)
    browser = client_as(here, Role.WRITER)
    answer = browser.get("/desk/p/notes/i/2/preview/html")
    assert answer.status_code == 422
    assert "is missing" in answer.text
    assert browser.get("/desk/p/notes/i/2/preview").status_code == 200
