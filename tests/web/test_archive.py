"""The archive shows what was signed off and sent, byte for byte, to whom it may."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from urllib.parse import urljoin

import pytest
from fastapi.testclient import TestClient

from newsletter import publications
from newsletter.app import create_app
from newsletter.delivery import orders, planning
from newsletter.issues import drafts, signoff
from newsletter.kit.database import Database
from newsletter.kit.settings import Settings
from newsletter.kit.tokens import LinkClaims, Purpose
from newsletter.publications import Access, Profile
from newsletter.rendering.edition import Medium
from newsletter.worker import Installation
from tests.issues.test_signoff import EDITIONS, GOOD
from tests.subscribers.readers import add_reader

SECRET = "a secret that only the tests know"


@pytest.fixture
def here(database: Database, now: datetime) -> Installation:
    """An installation over the test's database."""
    return Installation(Settings(_env_file=None, secret_key=SECRET), database, lambda: now)


@pytest.fixture
def browser(here: Installation) -> TestClient:
    """A reader's browser."""
    return TestClient(create_app(here))


def published(here: Installation, *, access: Access = Access.OPEN, started: bool = True) -> int:
    """Store a publication whose first issue has gone out; return the issue's id."""
    now = here.clock()
    with here.database.write() as session:
        profile = Profile(name="Notes", label="notes", from_address="notes@institute.example", access=access)
        publication = publications.add(session, profile, now=now, by="ada")
        issue = drafts.begin(session, publication, GOOD, remarks=(), pictures={}, by="ada", now=now)
        proofs = signoff.proofs_of(session, issue)
        signoff.approve(session, issue, proofs, EDITIONS, keyring=here.settings.keyring, by="bob", now=now)
        dispatch = orders.send_issue(session, issue, keyring=here.settings.keyring, route="smtp", by="bob", now=now)
        issue_id, dispatch_id = issue.id, dispatch.id
    if started:
        with here.database.write() as session:
            planning.schedule_due(session, now=now)
        planning.plan(here.database, dispatch_id, clock=here.clock)
    return issue_id


def test_readers_see_the_signed_bytes(here: Installation, browser: TestClient):
    """The web page and the PDF are the frozen editions; a second visit costs nothing."""
    published(here)
    page = browser.get("/n/notes/1/")
    assert page.content == EDITIONS[Medium.WEB].data
    assert browser.get("/n/notes/1/issue.pdf").content == EDITIONS[Medium.PDF].data
    assert "sandbox" in page.headers["content-security-policy"]
    again = browser.get("/n/notes/1/", headers={"If-None-Match": page.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    for held in (f"W/{page.headers['etag']}", f'"older", {page.headers["etag"]}', "*"):
        assert browser.get("/n/notes/1/", headers={"If-None-Match": held}).status_code == 304
    for other in (f'"x{page.headers["etag"][1:-1]}"', page.headers["etag"][1:-1], '"*"', ""):
        assert browser.get("/n/notes/1/", headers={"If-None-Match": other}).status_code == 200
    assert "/n/notes/1/" in browser.get("/").text
    assert "Cranes" in browser.get("/n/notes/").text


def test_nothing_is_public_before_it_is_sent(here: Installation, browser: TestClient):
    """Signed off is not yet published."""
    published(here, started=False)
    assert browser.get("/n/notes/1/").status_code == 404
    assert "No issue yet" in browser.get("/n/notes/").text


def test_a_draft_begun_since_does_not_change_what_readers_see(here: Installation, browser: TestClient):
    """The team works on; the published edition stands."""
    issue_id = published(here)
    with here.database.write() as session:
        issue = drafts.get(session, issue_id)
        drafts.revise(session, issue, replace(GOOD, title="Next"), remarks=(), pictures={}, by="ada", now=here.clock())
    assert browser.get("/n/notes/1/").content == EDITIONS[Medium.WEB].data
    assert "Next" not in browser.get("/n/notes/").text


@pytest.mark.parametrize("access", [Access.MEMBERS, Access.INVITED])
def test_a_closed_newsletter_opens_only_with_a_readers_link(here: Installation, browser: TestClient, access: Access):
    """No list, no guess, no link of another newsletter or another purpose."""
    published(here, access=access)
    ring = here.settings.keyring
    assert "notes" not in browser.get("/").text
    assert browser.get("/n/notes/").status_code == 404
    for token in ("", "x", ring.link(Purpose.READ, LinkClaims(2, 1)), ring.link(Purpose.PREFERENCES, LinkClaims(1, 1))):
        assert browser.get(f"/n/notes/1/{token}{token and '/'}").status_code == 404
    stranger = ring.link(Purpose.READ, LinkClaims(1, 1))
    assert browser.get(f"/n/notes/1/{stranger}/").status_code == 404
    token = ring.link(Purpose.READ, LinkClaims(1, add_reader(here.database, "ada@example.org", 1, now=here.clock())))
    opened = browser.get(f"/n/notes/1/{token}/")
    assert opened.content == EDITIONS[Medium.WEB].data
    assert opened.headers["cache-control"].startswith("private")
    assert opened.headers["x-robots-tag"] == "noindex"
    beside = urljoin(str(opened.url), "issue.pdf")  # as the web edition links to it
    assert browser.get(beside).content == EDITIONS[Medium.PDF].data


@pytest.mark.parametrize(
    "path", ["/n/none/", "/n/notes/2/", "/n/notes/0/", "/n/notes/x/", "/n/notes/99999999999999999999/"]
)
def test_what_is_not_there_is_a_page_that_says_so(here: Installation, browser: TestClient, path: str):
    """Never an error page of a program."""
    published(here)
    assert browser.get(path).status_code in {404, 422}
