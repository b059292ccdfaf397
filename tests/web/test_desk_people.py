"""The people of the desk: invited, given roles, shut out; and what they did stands in the audit trail."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import select

from newsletter import publications
from newsletter.kit.database import Database
from newsletter.kit.errors import Conflict
from newsletter.notices import Notice
from newsletter.publications import Profile
from newsletter.team import people
from newsletter.team.roles import GRANTS, Permission, Role, may
from tests.web.desk import client_as, stranger
from tests.web.people_at_the_desk import PASSWORD, House, is_in, sign_in
from tests.web.test_desk_account import link_in

BO = "bo@desk.example"
INVITED = {"name": "Bo", "address": BO, "language": "de", "role": "writer", "publication": "notes"}


@pytest.fixture
def house(database: Database) -> House:
    """A house with two newsletters."""
    house = House(database)
    with database.write() as session:
        for label in ("notes", "letters"):
            profile = Profile(name=label.title(), label=label, from_address=f"{label}@institute.example")
            publications.add(session, profile, now=house.clock(), by="tests")
    return house


def test_an_invited_person_comes_in_by_the_mailed_link(house: House):
    """In their language, with the role that was chosen, and no more."""
    root = client_as(house.here, Role.ADMINISTRATOR)
    assert root.post("/desk/people", data=INVITED).headers["location"] == "/desk/people"
    with house.database.read() as session:
        notice = session.scalars(select(Notice)).one()
    assert (notice.address, notice.language) == (BO, "de")
    assert "lädt Sie ein" in notice.text
    bo = stranger(house.here)
    assert bo.post(link_in(notice), data={"name": "Bo B.", "language": "de", "password": PASSWORD}).status_code == 303
    assert bo.get("/desk/p/notes/").status_code == 200
    assert bo.get("/desk/p/letters/").status_code == 404
    assert bo.get("/desk/people").status_code == 403
    assert sign_in(stranger(house.here), BO).status_code == 303


def test_without_a_newsletter_the_link_is_shown(database: Database):
    """There is no address yet from which the desk could write."""
    house = House(database)
    root = client_as(house.here, Role.ADMINISTRATOR)
    page = root.post("/desk/people", data={**INVITED, "publication": "*"})
    path = re.search(r"http://127\.0\.0\.1:8000(/desk/welcome/[\w-]+)", page.text)
    assert path
    assert stranger(house.here).get(path.group(1)).status_code == 200


@pytest.mark.parametrize("wrong", [
    {"address": "no address"}, {"name": ""}, {"name": "x\r\nBcc: y"}, {"language": "xx"}, {"role": "god"}, {"role": ""},
    {"publication": "nowhere"}, {"publication": ""}, {"address": "administrator.everywhere@desk.example"},
])  # fmt: skip
def test_a_bad_invitation_is_said_to_be_bad_and_changes_nothing(house: House, wrong: dict[str, str]):
    """What was typed stands in the form again."""
    root = client_as(house.here, Role.ADMINISTRATOR)
    answer = root.post("/desk/people", data={**INVITED, **wrong})
    assert answer.status_code == 422
    assert 'role="alert"' in answer.text
    with house.database.read() as session:
        assert len(people.every(session)) == 1
        assert session.scalars(select(Notice)).all() == []


def test_a_name_with_markup_is_shown_as_it_is(house: House):
    """In the list, on the page, in the audit trail, in what the form says."""
    root = client_as(house.here, Role.ADMINISTRATOR)
    nasty = '<script>alert("x")</script>'
    root.post("/desk/people", data={**INVITED, "name": nasty})
    for path in ("/desk/people", "/desk/people/2", "/desk/audit"):
        assert "<script>alert" not in root.get(path).text
    assert "&lt;script&gt;" in root.get("/desk/people").text


def test_inviting_again_ends_the_first_link(house: House):
    """A mail that went to the wrong place is worth nothing afterwards."""
    root = client_as(house.here, Role.ADMINISTRATOR)
    root.post("/desk/people", data=INVITED)
    root.post("/desk/people/2/invite")
    with house.database.read() as session:
        first, second = map(link_in, session.scalars(select(Notice).order_by(Notice.id)))
    assert stranger(house.here).get(first).status_code == 404
    bo = stranger(house.here)
    assert bo.post(second, data={"password": PASSWORD}).status_code == 303
    assert root.post("/desk/people/2/invite").status_code == 409


def test_a_role_that_is_taken_holds_from_the_next_page_on(house: House):
    """No session remembers what one may do."""
    root, writer = client_as(house.here, Role.ADMINISTRATOR), client_as(house.here, Role.WRITER, "notes")
    assert writer.get("/desk/p/notes/").status_code == 200
    root.post("/desk/people/2/roles/take", data={"role": "writer", "publication": "notes"})
    assert writer.get("/desk/p/notes/").status_code == 404
    root.post("/desk/people/2/roles", data={"role": "editor", "publication": "*"})
    assert writer.get("/desk/p/notes/").status_code == 200


def test_whoever_is_shut_out_is_out_at_once(house: House):
    """And comes back with the roles they had."""
    root = client_as(house.here, Role.ADMINISTRATOR)
    house.add()
    ada = stranger(house.here)
    sign_in(ada)
    number = house.person().id
    root.post(f"/desk/people/{number}/deactivate")
    assert not is_in(ada)
    assert sign_in(ada).status_code == 422
    root.post(f"/desk/people/{number}/reactivate")
    assert sign_in(ada).status_code == 303
    assert ada.get("/desk/p/notes/").status_code == 200


def test_the_last_administrator_cannot_be_lost(house: House):
    """Neither shut out nor stripped of the role; a second one makes both possible."""
    root = client_as(house.here, Role.ADMINISTRATOR)
    give = {"role": "administrator", "publication": "*"}
    assert root.post("/desk/people/1/deactivate").status_code == 409
    assert root.post("/desk/people/1/roles/take", data=give).status_code == 409
    assert root.get("/desk/people").status_code == 200
    client_as(house.here, Role.ADMINISTRATOR, address="two@desk.example")
    assert root.post("/desk/people/2/deactivate").status_code == 303
    assert root.post("/desk/people/1/deactivate").status_code == 409  # the second does not count, shut out
    with house.database.write() as session, pytest.raises(Conflict):
        people.take(session, people.get(session, 1), Role.ADMINISTRATOR, None, now=house.clock(), by="tests")


def test_an_administrator_of_one_newsletter_does_not_administer_the_people(house: House):
    """People are of the whole house."""
    local = client_as(house.here, Role.ADMINISTRATOR, "notes")
    for path in ("/desk/people", "/desk/audit"):
        assert local.get(path).status_code == 403
    assert local.post("/desk/people/1/roles", data={"role": "administrator", "publication": "*"}).status_code == 403


def test_every_role_says_what_it_may_and_all_may_read():
    """One table; the roles of writing grow, each with all of the one before."""
    assert set(GRANTS) == set(Role)
    assert all(Permission.READ in GRANTS[role] for role in Role)
    assert GRANTS[Role.WRITER] < GRANTS[Role.EDITOR] < GRANTS[Role.APPROVER]
    assert {role for role in Role if Permission.SEND in GRANTS[role]} == {Role.APPROVER}
    assert {role for role in Role if Permission.ADMINISTER in GRANTS[role]} == {Role.ADMINISTRATOR}
    assert not may({(Role.WRITER, 1)}, Permission.READ, 2)
    assert not may({(Role.ADMINISTRATOR, 1)}, Permission.ADMINISTER, None)
    assert may({(Role.WRITER, None)}, Permission.READ, 2)
