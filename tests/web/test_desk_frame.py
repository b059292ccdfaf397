"""The frame of the desk: assets that may be kept, messages said once, the person's language, problems in its look."""

from __future__ import annotations

import base64
import json
import re
from datetime import datetime

import pytest
from fastapi import Request
from fastapi.testclient import TestClient

from newsletter import publications
from newsletter.kit.database import Database
from newsletter.publications import Profile
from newsletter.team.roles import Role
from newsletter.web.desk import assets, back_to
from newsletter.worker import Installation
from tests.web.desk import client_as, desk_installation, stranger


@pytest.fixture
def here(database: Database, now: datetime) -> Installation:
    """A desk with one newsletter."""
    made = desk_installation(database, now)
    with database.write() as session:
        profile = Profile(name="Notes & <b>Queries</b>", label="notes", from_address="notes@institute.example")
        publications.add(session, profile, now=now, by="tests")
    return made


def test_every_asset_a_page_names_is_there_and_may_be_kept_for_ever(here: Installation):
    """Style sheets, scripts, icon, and the fonts that the style sheets name."""
    browser = client_as(here, Role.EDITOR)
    html = browser.get("/desk/").text
    named = re.findall(r'(?:href|src)="(/desk/assets/[^"]+)"', html)
    assert {re.sub(r".*/|\?.*", "", name) for name in named} == {
        "icon.svg",
        "fonts.css",
        "desk.css",
        "home.css",
        "desk.js",
    }
    for name in named:
        answer = browser.get(name)
        assert answer.status_code == 200, name
        assert "immutable" in answer.headers["cache-control"], name
    fonts = re.findall(r'url\("?\./([^")]+)', browser.get("/desk/assets/fonts.css").text)
    assert len(fonts) >= 5
    for font in fonts:
        answer = browser.get(f"/desk/assets/{font}")
        assert (answer.status_code, answer.headers["content-type"]) == (200, "font/woff2")
        assert "immutable" in answer.headers["cache-control"]


def test_an_asset_of_another_version_is_asked_for_again(here: Installation):
    """A page from before an update must not keep new content under its old name."""
    browser = stranger(here)
    answer = browser.get("/desk/assets/desk.css?v=000000000000")
    assert answer.headers["cache-control"] == "no-cache"
    again = browser.get("/desk/assets/desk.css", headers={"If-None-Match": answer.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


@pytest.mark.parametrize(
    "name", ["..%2f..%2fpublications.py", "%2e%2e", "home.html", ".env", "nothing.css", "desk.css%00", "_base.html"]
)
def test_nothing_else_is_served_as_an_asset(here: Installation, name: str):
    """Neither templates nor whatever lies elsewhere."""
    answer = stranger(here).get(f"/desk/assets/{name}")
    assert answer.status_code == 404


def test_a_file_that_changes_gets_another_address(tmp_path, monkeypatch):
    """Browsers keep what is at an address for ever."""
    monkeypatch.setattr(assets, "BUNDLE", tmp_path)
    (tmp_path / "x.js").write_text("1")
    first = assets.path_of("x.js")
    (tmp_path / "x.js").write_text("22")
    assert assets.path_of("x.js") != first
    assert assets.path_of("gone.js") == "/desk/assets/gone.js"


def test_the_policy_lets_nothing_in_from_elsewhere_and_no_script_from_the_page(here: Installation):
    """No inline script or style, no other origin, on pages, problems and the sign-in."""
    browser = client_as(here, Role.EDITOR)
    for path in ("/desk/", "/desk/p/notes/", "/desk/nowhere", "/desk/p/none/"):
        answer = browser.get(path)
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy, path
        assert "unsafe" not in policy, path
        assert "http" not in policy.replace("upgrade-insecure-requests", ""), path
        assert not re.search(r"<style|\sstyle=|\son\w+=|<script(?![^>]*\ssrc=)", answer.text), path


def test_a_name_is_text_wherever_it_stands(here: Installation):
    """A newsletter's name with markup in it shows the markup."""
    text = client_as(here, Role.EDITOR).get("/desk/p/notes/").text
    assert "Notes &amp; &lt;b&gt;Queries&lt;/b&gt;" in text
    assert "<b>Queries" not in text


def test_a_message_is_said_on_the_next_page_and_not_again(here: Installation):
    """What was done is said once, as text."""
    browser = client_as(here, Role.EDITOR)
    app = browser.app

    @app.post("/desk/test-flash")
    def say(request: Request):
        return back_to(request, "/desk/", "Saved <b>Grüße</b>.")

    answer = browser.post("/desk/test-flash")
    assert (answer.status_code, answer.headers["location"]) == (303, "/desk/")
    assert "httponly" in answer.headers["set-cookie"].lower()
    shown = browser.get("/desk/").text
    assert '<div class="flash notice done" role="status">Saved &lt;b&gt;Grüße&lt;/b&gt;.</div>' in shown
    assert "Grüße" not in browser.get("/desk/").text


def test_the_longest_message_still_fits_into_a_cookie(here: Installation):
    """Browsers drop cookies of more than 4,096 bytes without a word."""
    browser = client_as(here, Role.EDITOR)

    @browser.app.post("/desk/test-flash")
    def say(request: Request):
        return back_to(request, "/desk/", "港" * 5000, kind="wrong")

    assert len(browser.post("/desk/test-flash").headers["set-cookie"]) < 4096


@pytest.mark.parametrize(
    "cookie",
    ["", "x", "%%%", base64.urlsafe_b64encode(b"[1]").decode(), base64.urlsafe_b64encode(b'{"a":1}').decode(),
     base64.urlsafe_b64encode(json.dumps(["x", "evil"]).encode()).decode(),
     base64.urlsafe_b64encode(json.dumps([1, "done"]).encode()).decode(),
     base64.urlsafe_b64encode(b"\xff\xfe").decode(), base64.urlsafe_b64encode(b"[" * 900).decode()],
)  # fmt: skip
def test_a_message_that_we_did_not_write_is_not_said(here: Installation, cookie: str):
    """A cookie is anybody's to write."""
    browser = client_as(here, Role.EDITOR)
    browser.cookies.set("desk-said", cookie)
    answer = browser.get("/desk/")
    assert answer.status_code == 200
    assert 'class="flash' not in answer.text


def test_the_desk_speaks_the_persons_language_and_to_strangers_the_browsers(here: Installation):
    """German and English, in the words and in the page's own tag."""
    german = client_as(here, Role.EDITOR, language="de", address="eva@desk.example").get("/desk/").text
    assert '<html lang="de">' in german
    assert "Zum Inhalt springen" in german
    asked = stranger(here).get("/desk/sign-in", headers={"Accept-Language": "de-DE,de;q=0.9,en;q=0.8"}).text
    assert '<html lang="de">' in asked
    assert '<html lang="en">' in stranger(here).get("/desk/sign-in").text


def test_problems_look_like_the_desk_and_to_its_scripts_are_one_sentence(here: Installation):
    """A page for people, a paragraph for htmx, JSON for programs."""
    browser = client_as(here, Role.EDITOR)
    page = browser.get("/desk/p/none/")
    assert (page.status_code, "desk.css" in page.text) == (404, True)
    part = browser.get("/desk/p/none/", headers={"HX-Request": "true"})
    assert part.text == '<p class="notice wrong" role="alert">There is no page at this address.</p>'
    data = browser.get("/desk/p/none/", headers={"Accept": "application/json"})
    assert data.json()["error"]["status"] == 404


def test_the_desk_works_below_a_path(database: Database, now: datetime):
    """Assets and ways lead back below the public URL's path."""
    here = desk_installation(database, now, public_url="https://example.org/news")
    html = TestClient(client_as(here, None).app, base_url="https://example.org").get("/desk/sign-in").text
    places = re.findall(r'(?:href|src|action)="(/[^"]*)"', html)
    assert places
    assert all(place.startswith("/news/desk/") for place in places)
