"""Every route of the desk says whom it lets in, and lets nobody else in."""

from __future__ import annotations

from datetime import datetime

import pytest

from newsletter import publications
from newsletter.kit.database import Database
from newsletter.publications import Profile
from newsletter.team.roles import Role
from newsletter.worker import Installation
from tests.web.desk import client_as, desk_installation, stranger


@pytest.fixture
def here(database: Database, now: datetime) -> Installation:
    """An installation with two newsletters."""
    here = desk_installation(database, now)
    with here.database.write() as session:
        for label in ("notes", "letters"):
            profile = Profile(name=label.title(), label=label, from_address=f"{label}@institute.example")
            publications.add(session, profile, now=now, by="tests")
    return here


def test_a_stranger_is_led_to_the_door_and_back(here: Installation):
    """The page asked for is remembered."""
    answer = stranger(here).get("/desk/p/notes/?page=2")
    assert answer.status_code == 303
    assert answer.headers["location"] == "/desk/sign-in?next=%2Fdesk%2Fp%2Fnotes%2F%3Fpage%3D2"


def test_a_program_is_told_that_it_is_a_stranger(here: Installation):
    """JSON and htmx cannot follow a redirect to a page for people."""
    for headers in ({"Accept": "application/json"}, {"HX-Request": "true"}):
        answer = stranger(here).get("/desk/", headers=headers)
        assert (answer.status_code, answer.headers["hx-redirect"]) == (401, "/desk/sign-in")


def test_who_has_a_role_in_one_newsletter_does_not_see_that_there_is_another(here: Installation):
    """The other one answers as one that does not exist."""
    writer = client_as(here, Role.WRITER, "notes")
    assert writer.get("/desk/p/notes/").status_code == 200
    other, none = writer.get("/desk/p/letters/"), writer.get("/desk/p/nowhere/")
    assert (other.status_code, none.status_code) == (404, 404)
    assert other.text == none.text
    assert "Letters" not in writer.get("/desk/").text


def test_a_role_in_all_newsletters_holds_for_each(here: Installation):
    """Those to come, too."""
    assert client_as(here, Role.WRITER).get("/desk/p/letters/").status_code == 200


def test_signing_out_ends_the_session(here: Installation):
    """The cookie is worth nothing afterwards, even if somebody kept it."""
    writer = client_as(here, Role.WRITER)
    kept = dict(writer.cookies)
    assert writer.post("/desk/sign-out").status_code == 303
    for name, value in kept.items():
        writer.cookies.set(name, value)
    assert writer.get("/desk/").status_code == 303
