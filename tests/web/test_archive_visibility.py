"""Visibility: an issue may be open to others than its newsletter is, in every place that shows or names it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest
from sqlalchemy import select

from newsletter.issues import drafts, visibility
from newsletter.issues.models import Visibility
from newsletter.kit.audit import AuditEntry
from newsletter.kit.database import Database
from newsletter.kit.settings import Settings
from newsletter.publications import Access
from newsletter.team.roles import Role
from newsletter.worker import Installation
from tests.town import PUBLIC_URL, Town, body_of, town
from tests.web.desk import client_as
from tests.web.test_archive import SECRET, published

ADA = "ada@example.org"


@pytest.fixture
def place(database_url: str, tmp_path: Path) -> Iterator[Town]:
    """A town on each database whose reader has one issue already."""
    with town(database_url, tmp_path) as made:
        made.reader(ADA)
        made.issue("weekly")
        made.deliver()
        yield made


def show(place: Town, issue_id: int, whom: Visibility | None) -> bool:
    """Say who may open it."""
    with place.database.write() as session:
        return visibility.show_to(session, drafts.get(session, issue_id), whom, by="ann", now=place.now)


def found(place: Town, path: str) -> list[str]:
    """The issues of the weekly that a page names."""
    return sorted(set(re.findall(r"/n/weekly/(\d+)/", place.client.get(path).text)))


LISTS = (
    "/",
    "/n/weekly/",
    "/n/weekly/feed.rss",
    "/n/weekly/feed.atom",
    "/n/weekly/feed.json",
    "/sitemap.xml",
    "/search?q=storage",
)


@pytest.mark.parametrize("whom", [Visibility.READERS, Visibility.HIDDEN])
def test_an_issue_for_readers_is_nowhere_but_behind_their_links(place: Town, whom: Visibility):
    """Its mail carries a signed link that opens it; no list, feed, search, neighbour or bare address does."""
    second = place.issue("weekly")
    show(place, second, whom)
    (mail,) = place.deliver()
    own = re.search(rf"{PUBLIC_URL}(/n/weekly/2/([\w-]{{36}})/)\s", body_of(mail))
    assert own
    assert place.client.get(own[1]).status_code == place.client.get(own[1] + "issue.pdf").status_code == 200
    assert "noindex" in place.client.get(own[1]).headers["x-robots-tag"]
    assert place.client.get("/n/weekly/2/").status_code == place.client.get("/n/weekly/2/issue.pdf").status_code == 404
    for path in LISTS:
        assert found(place, path) == ["1"], path
    assert 'rel="next"' not in place.client.get("/n/weekly/1/").headers["link"]
    shelf = place.client.get(f"/n/weekly/r/{own[2]}/").text
    assert ("/n/weekly/2/" in shelf) is (whom is Visibility.READERS)
    assert show(place, second, None)
    assert place.client.get("/n/weekly/2/").status_code == 200
    assert place.client.get(own[1]).status_code == 200


def test_one_issue_of_a_closed_newsletter_may_be_for_all(place: Town):
    """A specimen: its bare address opens, and the newsletter stays out of the lists."""
    place.publish("circle", access=Access.INVITED)
    issue = place.issue("circle")
    place.deliver()
    assert place.client.get("/n/circle/1/").status_code == 404
    show(place, issue, Visibility.PUBLIC)
    assert place.client.get("/n/circle/1/").headers["cache-control"].startswith("public")
    assert "circle" not in place.client.get("/").text.lower()


def test_the_desk_says_who_may_open_an_issue(database: Database, now: datetime):
    """A choice on the overview, kept in the audit trail; only whoever may send has it, and only what is offered."""
    here = Installation(Settings(_env_file=None, secret_key=SECRET), database, lambda: now)
    published(here)
    approver, writer = client_as(here, Role.APPROVER, "notes"), client_as(here, Role.WRITER, "notes")
    page, choose = "/desk/p/notes/i/1/", "/desk/p/notes/i/1/visibility"
    assert 'name="whom"' in approver.get(page).text
    assert 'name="whom"' not in writer.get(page).text
    assert writer.post(choose, data={"whom": "hidden"}).status_code == 403
    assert approver.post(choose, data={"whom": "everybody"}).status_code == 400
    assert approver.get("/n/notes/1/").status_code == 200
    assert approver.post(choose, data={"whom": "hidden"}).headers["location"] == page
    assert '<option value="hidden" selected>' in approver.get(page).text
    assert approver.get("/n/notes/1/").status_code == 404
    with database.read() as session:
        (entry,) = session.scalars(select(AuditEntry).where(AuditEntry.deed == "issue.show_to"))
        assert entry.details == {"to": "hidden"}
