"""The link check at the desk: pressed, written down, and said at the places where the links stand."""

from __future__ import annotations

from datetime import datetime, timedelta
from ipaddress import ip_network

import pytest
from fastapi.testclient import TestClient

from newsletter import publications
from newsletter.app import create_app
from newsletter.issues import drafts, findings, links
from newsletter.issues.link_hosts import Reach
from newsletter.issues.link_probe import Verdict
from newsletter.kit.database import Database
from newsletter.manuscripts.document import Article, Document, Note, Section, Source
from newsletter.manuscripts.fields import blocks_in
from newsletter.manuscripts.remarks import Remark
from newsletter.publications import Profile
from newsletter.team.roles import Role
from newsletter.worker import Installation
from tests.issues.test_link_check import dispatch, site
from tests.web.desk import ORIGIN, client_as, desk_installation

PATH = "/desk/p/notes/i/1/"
ON_SQLITE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
"""For what is the same on both."""
ONLY = Reach(ports=None, allowed=(ip_network("127.0.0.1/32"),))


def begun(here: Installation, url: str, now: datetime) -> None:
    """Begin an issue with a link of every kind, one of them twice."""
    text = (
        f"See [the page]({url}/fine), [nothing]({url}/gone), [nothing again]({url}/gone), [elsewhere]({url}/moved), "
        "[inside](http://127.0.0.2/admin) and [us](mailto:us@institute.example)."
    )
    source = Source("An Act", url=f"{url}/closed")
    document = Document(
        "Notes", sections=(Section("News", (Note(blocks_in(text), "First"), Article("Second", sources=(source,)))),)
    )
    with here.database.write() as session:
        profile = Profile(name="Notes", label="notes", from_address="notes@institute.example")
        publication = publications.add(session, profile, now=now, by="tests")
        drafts.begin(session, publication, document, remarks=(), pictures={}, by="tests", now=now)


def said(here: Installation) -> dict[str, Remark]:
    """The findings of the link check, by the last word of the address they are about."""
    with here.database.read() as session:
        revision = drafts.current_revision(session, drafts.get(session, 1))
        found = findings.of_revision(session, revision, Profile()).remarks
    return {remark.message.split(" ")[0].rpartition("/")[2]: remark for remark in found if remark.rule == links.RULE}


def test_a_check_stands_as_findings_at_its_places(database: Database, now: datetime):
    """Nothing before; then each bad link once with all its places, redirects shown, inside not asked, time kept."""
    here = desk_installation(database, now)
    with site(dispatch) as there:
        begun(here, there.url, now)
        browser = client_as(here, Role.WRITER)
        browser = TestClient(
            create_app(here, reach=ONLY), base_url=ORIGIN, headers={"Origin": ORIGIN}, cookies=browser.cookies,
            follow_redirects=False,
        )  # fmt: skip
        assert "Nobody has checked them yet." in browser.get(PATH + "links").text
        assert said(here) == {}
        answer = browser.post(PATH + "links")
        assert (answer.status_code, answer.headers["location"]) == (303, PATH + "links")
        asked = list(there.asked)
        found = said(here)
        assert {name: remark.severity.value for name, remark in found.items()} == {
            "gone": "warning", "moved": "notice", "admin": "warning", "closed": "notice",
        }  # fmt: skip
        assert [place.quote for place in found["gone"].places] == ["nothing", "nothing again"]
        assert found["closed"].places[0].path == "News › Second › Article"
        assert f"for good to {there.url}/fine" in found["moved"].message
        page = browser.get(PATH + "links").text
        assert "301 " + there.url + "/moved" in page
        assert "not on the public web; not asked" in page
        assert "Last checked 4 March 2026" in page
        # Pressed again at once: what was fine is let alone, what was not is asked again.
        browser.post(PATH + "links")
        again = there.asked[len(asked) :]
        assert sorted(again) == ["GET /closed", "GET /gone", "HEAD /closed", "HEAD /gone"]
    with database.read() as session:
        revision = drafts.current_revision(session, drafts.get(session, 1))
        later = links.due(session, 1, revision.document, now=now + timedelta(minutes=11))
        assert len(later) == 5
        every = links.checked(session, 1, revision.document)
        assert {one.result.verdict for one in every if one.result} == {
            Verdict.FINE, Verdict.GONE, Verdict.MOVED, Verdict.FORBIDDEN, Verdict.CLOSED,
        }  # fmt: skip


@ON_SQLITE
def test_a_dead_link_can_be_left_with_a_reason_and_ends_with_its_address(database: Database, now: datetime):
    """The finding is a warning like any other; another address takes it away, and the reason stays with the old one."""
    here = desk_installation(database, now)
    with site(dispatch) as there:
        begun(here, there.url, now)
        client = client_as(here, Role.EDITOR)
        browser = TestClient(
            create_app(here, reach=ONLY), base_url=ORIGIN, headers={"Origin": ORIGIN}, cookies=client.cookies,
            follow_redirects=False,
        )  # fmt: skip
        browser.post(PATH + "links")
    dead = said(here)["gone"]
    browser.post(PATH + "findings", data={"finding": dead.key, "reason": "It comes tomorrow."})
    with database.read() as session:
        revision = drafts.current_revision(session, drafts.get(session, 1))
        assert dead.key in findings.of_revision(session, revision, Profile()).waived
        text = revision.document.sections[0].entries[0]
    browser.post(PATH + "edit", data={"base": "1", "at": text.key, f"{text.key}|text": "No link at all.", "do": "save"})
    assert set(said(here)) == {"closed"}
