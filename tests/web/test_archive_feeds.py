"""Feeds, sitemap and search show what is open, and nothing else."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime
from xml.etree import ElementTree as ET

import pytest
from fastapi.testclient import TestClient
from hypothesis import given
from hypothesis import strategies as st

from newsletter import publications
from newsletter.delivery import orders, planning
from newsletter.issues import drafts, signoff
from newsletter.manuscripts.document import Document, Section
from newsletter.publications import Access, Profile, by_label
from newsletter.rendering.edition import Medium
from newsletter.web import feeds, searching
from newsletter.web.shelves import Listed, Shelf
from newsletter.worker import Installation
from tests.factories import paragraph, sample_document, with_blocks
from tests.issues.test_signoff import EDITIONS, GOOD
from tests.web.test_archive import browser, here, published

__all__ = ["browser", "here"]
A = f"{{{feeds.ATOM}}}"
HOST = "http://127.0.0.1:8000"


def publish_another(here: Installation, document: Document, *, label: str = "notes") -> int:
    """Send *document* as the next issue of a publication that is there; return its number."""
    now = here.clock()
    with here.database.write() as session:
        publication = by_label(session, label)
        issue = drafts.begin(session, publication, document, remarks=(), pictures={}, by="ada", now=now)
        proofs = signoff.proofs_of(session, issue)
        signoff.approve(session, issue, proofs, EDITIONS, keyring=here.settings.keyring, by="bob", now=now)
        dispatch = orders.send_issue(session, issue, keyring=here.settings.keyring, route="smtp", by="bob", now=now)
        dispatch_id, number = dispatch.id, issue.number
    with here.database.write() as session:
        planning.schedule_due(session, now=now)
    planning.plan(here.database, dispatch_id, clock=here.clock)
    return number


def test_every_feed_lists_what_has_gone_out_newest_first(here: Installation, browser: TestClient):
    """Whole addresses, the PDF with its size, and the same order in all three."""
    published(here)
    publish_another(here, replace(GOOD, title="Tides & <currents>"))
    size = str(len(EDITIONS[Medium.PDF].data))
    rss = ET.fromstring(browser.get("/n/notes/feed.rss").content)
    items = rss.findall("channel/item")
    assert [item.findtext("link") for item in items] == [f"{HOST}/n/notes/2/", f"{HOST}/n/notes/1/"]
    assert "Tides & <currents>" in (items[0].findtext("title") or "")
    enclosure = items[0].find("enclosure")
    assert enclosure is not None
    assert enclosure.attrib == {"url": f"{HOST}/n/notes/2/issue.pdf", "length": size, "type": "application/pdf"}
    atom = ET.fromstring(browser.get("/n/notes/feed.atom").content)
    assert [one.findtext(f"{A}id") for one in atom.findall(f"{A}entry")] == [f"{HOST}/n/notes/2/", f"{HOST}/n/notes/1/"]
    assert datetime.fromisoformat(atom.findtext(f"{A}updated") or "") == here.clock()
    answer = browser.get("/n/notes/feed.json")
    assert answer.headers["content-type"].startswith("application/feed+json")
    feed = json.loads(answer.content)
    assert [item["url"] for item in feed["items"]] == [f"{HOST}/n/notes/2/", f"{HOST}/n/notes/1/"]
    assert feed["items"][0]["attachments"][0]["size_in_bytes"] == int(size)


def test_a_feed_that_has_not_changed_costs_nothing(here: Installation, browser: TestClient):
    """Feed readers ask every hour; most of the time the answer is 304."""
    published(here)
    for kind in feeds.FEEDS:
        first = browser.get(f"/n/notes/{kind.name}")
        again = browser.get(f"/n/notes/{kind.name}", headers={"If-None-Match": first.headers["etag"]})
        assert (again.status_code, again.content) == (304, b"")
        assert browser.head(f"/n/notes/{kind.name}").content == b""
    publish_another(here, replace(GOOD, title="Tides"))
    changed = browser.get("/n/notes/feed.json", headers={"If-None-Match": first.headers["etag"]})
    assert changed.status_code == 200


@pytest.mark.parametrize("access", [Access.MEMBERS, Access.INVITED])
def test_a_closed_newsletter_has_no_feed_and_is_not_found(here: Installation, browser: TestClient, access: Access):
    """What opens with a reader's own link is not told to everybody by another door."""
    published(here, access=access)
    for kind in feeds.FEEDS:
        assert browser.get(f"/n/notes/{kind.name}").status_code == 404
    assert "notes" not in browser.get("/sitemap.xml").text
    for question in ("/search?q=Cranes", "/search?q=Cranes&in=notes"):
        page = browser.get(question).text
        assert "/n/notes/" not in page
        assert "<mark>" not in page


def test_the_sitemap_and_the_robots_file_name_what_may_be_found(here: Installation, browser: TestClient):
    """Readers' own links are not for search engines."""
    published(here)
    places = [one.text for one in ET.fromstring(browser.get("/sitemap.xml").content).iter(f"{{{feeds.SITEMAP}}}loc")]
    assert places == [f"{HOST}/", f"{HOST}/n/notes/", f"{HOST}/n/notes/1/"]
    robots = browser.get("/robots.txt").text.splitlines()
    assert {"Disallow: /u/", "Disallow: /p/", f"Sitemap: {HOST}/sitemap.xml"} <= set(robots)


def test_an_issue_names_its_neighbours(here: Installation, browser: TestClient):
    """RFC 8288: browsers and programs find the way; the signed page itself stays as it was signed."""
    published(here)
    publish_another(here, replace(GOOD, title="Tides"))
    publish_another(here, replace(GOOD, title="Winds"))
    page = browser.get("/n/notes/2/")
    assert page.content == EDITIONS[Medium.WEB].data
    assert page.headers["link"] == '</n/notes/>; rel="up", </n/notes/1/>; rel="prev", </n/notes/3/>; rel="next"'
    assert 'rel="prev"' not in browser.get("/n/notes/1/").headers["link"]
    assert 'rel="next"' not in browser.get("/n/notes/3/").headers["link"]


def test_a_search_finds_all_words_whatever_their_case_and_accents(here: Installation, browser: TestClient):
    """It names the entry, shows the words where they stand, and leads to the place."""
    published(here)
    publish_another(here, with_blocks(paragraph("The Überseehafen of Łódź is an invention."), title="Inland ports"))
    page = browser.get("/search", params={"q": "uberseehafen INVENTION"}).text
    assert "<mark>Überseehafen</mark>" in page
    assert 'href="/n/notes/2/#item-1-1"' in page
    assert "/n/notes/1/" not in page
    assert "No issue holds all these words" in browser.get("/search", params={"q": "Überseehafen Cranes"}).text
    assert "No issue" not in browser.get("/search", params={"q": "   "}).text


def test_a_search_keeps_to_the_newsletter_it_is_asked_in(here: Installation, browser: TestClient):
    """One search field a newsletter, one for all."""
    published(here)
    with here.database.write() as session:
        profile = Profile(name="Other", label="other", from_address="other@institute.example")
        publications.add(session, profile, now=here.clock(), by="ada")
    publish_another(here, with_blocks(paragraph("Cranes fly."), title="Birds"), label="other")
    everywhere = browser.get("/search?q=cranes").text
    assert "/n/notes/1/" in everywhere
    assert "/n/other/1/" in everywhere
    within = browser.get("/search?q=cranes&in=other").text
    assert "/n/notes/1/" not in within
    assert "/n/other/1/" in within


@pytest.mark.parametrize(
    "question", ["<script>alert(1)</script>", '"><img src=x>', "%00\x00", "a" * 5000, "\ud7ff\U0010ffff", "😀 港口"]
)
def test_no_question_breaks_the_page_or_gets_into_it_as_markup(here: Installation, browser: TestClient, question: str):
    """Whatever is asked is text."""
    published(here)
    answer = browser.get("/search", params={"q": question})
    assert answer.status_code == 200
    assert "<script>" not in answer.text
    assert "<img" not in answer.text
    assert answer.headers["cache-control"] == "no-store"


@given(st.text(max_size=300), st.text(max_size=40))
def test_an_excerpt_shows_the_text_and_nothing_but_the_text(text: str, question: str):
    """Put together, the fragments are a stretch of it, with dots where it goes on."""
    words = searching.words_of(question)
    shown = "".join(one.text for one in searching.excerpt(text, words))
    assert shown.removeprefix("…").removesuffix("…").rstrip() in text or shown.strip("…") in text


@given(st.text(min_size=1, max_size=80), st.text(max_size=200))
def test_any_title_makes_sound_feeds(title: str, summary: str):
    """Control characters, markup and lone halves of letters: three parsers that are not ours read it."""
    when = datetime.fromisoformat("2026-03-04T09:00:00+00:00")
    issue = Listed(1, title, "", (title,), "/n/notes/1/", summary, when, when, 10)
    shelf = Shelf("notes", title, summary, "en", (issue,))
    assert ET.fromstring(feeds.rss(shelf, HOST)).find("channel/item") is not None
    assert ET.fromstring(feeds.atom(shelf, HOST)).find(f"{A}entry") is not None
    assert json.loads(feeds.json_feed(shelf, HOST))["items"]
    assert ET.fromstring(feeds.sitemap([shelf], HOST)) is not None


def test_every_entry_of_an_issue_can_be_found():
    """Also the brief, the source's original title and the caption."""
    texts = searching.findable(sample_document())
    for question in ("国家能源局", "Qinghai Daily", "own survey", "electricians"):
        assert searching.hits(texts, searching.words_of(question)), question
    assert searching.findable(Document("Empty", sections=(Section("Nothing"),))) == ()
