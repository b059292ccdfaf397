"""Pictures at the desk: handed in, encoded anew, put into a text, described; and everything that is no picture."""

from __future__ import annotations

import io
from datetime import datetime

import html5lib
import pytest
from fastapi.testclient import TestClient
from PIL import Image
from sqlalchemy import func, select

from newsletter import publications
from newsletter.issues import drafts
from newsletter.issues.models import Asset, IssueState
from newsletter.kit.database import Database
from newsletter.manuscripts.document import Document, figures_of
from newsletter.manuscripts.richtext import Figure
from newsletter.publications import Profile
from newsletter.team.roles import Role
from newsletter.worker import Installation
from tests.factories import sample_document, sample_pictures
from tests.manuscripts.test_picture_files import REFUSED, file
from tests.web.desk import client_as, desk_installation

PATH = "/desk/p/notes/i/1/"
ON_SQLITE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
"""For what is the same on both."""


@pytest.fixture
def here(database: Database, now: datetime) -> Installation:
    """A desk with the sample issue."""
    made = desk_installation(database, now)
    with database.write() as session:
        publication = publications.add(
            session, Profile(name="Notes", label="notes", from_address="notes@institute.example"), now=now, by="tests"
        )
        drafts.begin(
            session, publication, sample_document(), remarks=(), pictures=sample_pictures(), by="tests", now=now
        )
    return made


def document(here: Installation) -> Document:
    """The issue as it is now."""
    with here.database.read() as session:
        return drafts.current_revision(session, drafts.get(session, 1)).document


def last_figure(here: Installation) -> Figure:
    """The figure at the end of the editorial, which comes first."""
    return figures_of(document(here))[0]


def editorial(here: Installation) -> str:
    """The key of a text without pictures."""
    return document(here).sections[0].entries[0].key


def handed_in(browser: TestClient, data: bytes, name: str = "chart.png", **fields: str):
    """Send the form as a browser does."""
    return browser.post(PATH + "pictures", data=fields, files={"picture": (name, data, "image/png")})


def photograph() -> bytes:
    """A picture twice as wide as a mail's column, lying on its side, with a camera's notes in it."""
    exif = Image.Exif()
    exif[0x0112], exif[0x010F] = 6, "SECRET camera"
    return file("JPEG", Image.new("RGB", (800, 1120), "#456789"), exif=exif)


def test_a_picture_that_is_handed_in_stands_in_every_edition(here: Installation):
    """Upright, without the camera's notes, twice as fine as it is wide in the mail; with alt text and caption."""
    browser = client_as(here, Role.WRITER)
    answer = handed_in(
        browser, photograph(), "C:\\holiday.jpg", key=editorial(here), alt='A [blue] "wall"', caption="By *us*."
    )
    assert (answer.status_code, answer.headers["location"]) == (303, PATH + "pictures")
    figure = last_figure(here)
    assert figure.alt == 'A [blue] "wall"'
    mail = html5lib.parse(browser.get(PATH + "preview/html").text, namespaceHTMLElements=False)
    shown = next(image for image in mail.iter("img") if image.get("alt") == 'A [blue] "wall"')
    assert (shown.get("width"), shown.get("height")) == ("560", "400")
    sent = browser.get(f"{PATH}pictures/{figure.source.removeprefix('asset:')}")
    assert sent.headers["content-type"] == "image/jpeg"
    assert "sandbox" in sent.headers["content-security-policy"]
    assert b"SECRET" not in sent.content
    assert Image.open(io.BytesIO(sent.content)).size == (1120, 800)
    assert "By <em>us</em>." in browser.get(PATH + "preview/web").text
    assert b"/Subtype/Image" in browser.get(PATH + "preview/pdf").content.replace(b" ", b"")


@ON_SQLITE
def test_the_editor_gets_name_and_size_and_puts_it_in_itself(here: Installation):
    """Asked for JSON, nothing is changed in the issue; what is refused is said in the same way."""
    browser = client_as(here, Role.WRITER)
    browser.headers["Accept"] = "application/json"
    before = document(here)
    told = handed_in(browser, file("WEBP")).json()
    assert (told["width"], told["height"]) == (20, 10)
    assert browser.get(told["url"]).status_code == 200
    assert told["source"].startswith("asset:")
    assert document(here) == before
    refused = handed_in(browser, REFUSED["svg"])
    assert refused.status_code == 422
    assert "SVG" in refused.json()["error"]["message"]


@ON_SQLITE
def test_what_is_no_picture_comes_back_with_a_sentence_and_what_was_typed(here: Installation):
    """At the field, with the alt text kept; nothing is stored."""
    browser = client_as(here, Role.WRITER)
    key = editorial(here)
    for kind in ("svg", "html", "bomb of pixels", "bomb of text", "half a JPEG", "nothing"):
        answer = handed_in(browser, REFUSED[kind], "<b>.png", key=key, alt="What <i>was</i> typed")
        assert answer.status_code == 422, kind
        assert "What &lt;i&gt;was&lt;/i&gt; typed" in answer.text
        assert 'id="wrong-picture"' in answer.text
        assert "<b>" not in answer.text
    with here.database.read() as session:
        assert session.scalar(select(func.count()).select_from(Asset)) == 1


def test_a_picture_without_alt_text_is_a_finding_until_it_is_described(here: Installation):
    """The page says so at the picture; a description there ends it."""
    browser = client_as(here, Role.EDITOR)
    key = editorial(here)
    handed_in(browser, file("PNG"), key=key)
    assert "A picture has no alternative text." in browser.get(PATH).text
    assert "A picture has no alternative text." in browser.get(f"{PATH}editor?at={key}").text
    assert "missing" in browser.get(PATH + "pictures").text
    said = {"key": key, "source": last_figure(here).source, "alt": "A wall", "caption": ""}
    assert browser.post(PATH + "pictures/described", data=said).status_code == 303
    assert last_figure(here).alt == "A wall"
    assert "A picture has no alternative text." not in browser.get(PATH).text
    assert browser.post(PATH + "pictures/described", data=said | {"source": "asset:" + "0" * 64}).status_code == 404
    assert browser.post(PATH + "pictures/described", data=said | {"alt": "x" * 1001}).status_code == 422


@ON_SQLITE
def test_what_has_gone_out_takes_no_picture_and_no_issue_takes_a_file_too_large(
    here: Installation, monkeypatch: pytest.MonkeyPatch
):
    """Neither a new one nor a new description; and a long file is refused by its length, before it is read."""
    browser = client_as(here, Role.EDITOR)
    key = editorial(here)
    assert browser.get(PATH + "pictures/" + "0" * 64).status_code == 404
    with here.database.write() as session:
        drafts.get(session, 1).state = IssueState.PUBLISHED
    assert handed_in(browser, file("PNG"), key=key).status_code == 409
    assert 'type="file"' not in browser.get(PATH + "pictures").text
    monkeypatch.setattr("newsletter.web.desk.pictures.MAX_BYTES", 10)
    monkeypatch.setattr("newsletter.web.desk.pictures.AROUND", 10)
    assert handed_in(browser, file("PNG"), key=key).status_code == 413
