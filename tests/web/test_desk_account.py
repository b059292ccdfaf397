"""One's own account: password, second factor, browsers; and the links that let somebody in."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select

from newsletter import publications
from newsletter.kit.database import Database
from newsletter.kit.errors import SettingsError
from newsletter.kit.settings import Settings
from newsletter.notices import Notice
from newsletter.publications import Profile
from newsletter.team import passes, people, roles
from newsletter.team.models import PassKind
from newsletter.team.roles import Role
from tests.web.desk import SECRET, stranger
from tests.web.people_at_the_desk import ADA, PASSWORD, House, hidden, is_in, sign_in

NEW = "seven green kettles sing"


@pytest.fixture
def house(database: Database) -> House:
    """A house with one newsletter and Ada in it."""
    house = House(database)
    with database.write() as session:
        profile = Profile(name="Notes", label="notes", from_address="notes@institute.example")
        publications.add(session, profile, now=house.clock(), by="tests")
    return house


def signed_in(house: House) -> TestClient:
    """A browser in which Ada is signed in."""
    browser = stranger(house.here)
    assert sign_in(browser).status_code == 303
    return browser


def mailed(house: House, purpose: str) -> list[Notice]:
    """The mails that the desk has written for a purpose."""
    with house.database.read() as session:
        return list(session.scalars(select(Notice).where(Notice.purpose == purpose).order_by(Notice.id)))


def link_in(notice: Notice) -> str:
    """The path of the one link in a mail."""
    found = re.search(r"http://127\.0\.0\.1:8000(/desk/welcome/\S+)", notice.text)
    assert found
    return found.group(1)


def test_a_changed_password_ends_all_other_sessions(house: House):
    """This browser stays; the old password is worth nothing, Ada is told, and argon2id keeps the new one."""
    house.add()
    here, elsewhere = signed_in(house), signed_in(house)
    answer = here.post("/desk/account/password", data={"password": PASSWORD, "new-password": NEW})
    assert answer.headers["location"] == "/desk/account"
    assert is_in(here)
    assert not is_in(elsewhere)
    assert (house.person().password_hash or "").startswith("$argon2id$")
    assert sign_in(stranger(house.here)).status_code == 422
    assert sign_in(stranger(house.here), password=NEW).status_code == 303
    assert [notice.address for notice in mailed(house, "desk-password-changed")] == [ADA]


@pytest.mark.parametrize("weak", ["short", "aaaaaaaaaaaaaaaa", "ada.ada.ada.a", "x" * 201, ""])
def test_a_weak_password_is_not_taken(house: House, weak: str):
    """The form says why and nothing changes."""
    house.add()
    browser = signed_in(house)
    answer = browser.post("/desk/account/password", data={"password": PASSWORD, "new-password": weak})
    assert answer.status_code == 422
    assert sign_in(stranger(house.here)).status_code == 303


def test_weighty_changes_ask_for_the_password(house: House):
    """A browser left open is not enough to keep its owner out; guesses there are throttled, too."""
    house.add(second=True)
    browser = stranger(house.here)
    sign_in(browser)
    browser.post("/desk/sign-in/code", data={"code": house.codes[0]})
    assert is_in(browser)
    for path, name in (
        ("password", "password"),
        ("second-factor/off", "factor-password"),
        ("recovery-codes", "factor-password"),
    ):
        answer = browser.post(f"/desk/account/{path}", data={name: "not it, not it", "new-password": NEW})
        assert answer.status_code == 422
        assert "not your password" in answer.text
    assert house.person().totp_secret is not None
    answers = [
        browser.post("/desk/account/second-factor/off", data={"factor-password": "no no no no"}) for _ in range(6)
    ]
    assert answers[-1].status_code == 429


def test_the_second_factor_is_set_up_with_a_code_that_proves_it(house: House):
    """Picture and letters are the same secret; ten codes for paper are shown, once."""
    house.add()
    browser, elsewhere = signed_in(house), signed_in(house)
    page = browser.get("/desk/account/second-factor")
    assert "<svg" in page.text
    secret = re.sub(r"\s", "", re.search(r'class="secret">([^<]+)<', page.text).group(1))  # type: ignore[union-attr]
    sealed = hidden(page, "secret")
    assert secret not in sealed
    wrong = browser.post("/desk/account/second-factor", data={"secret": sealed, "code": "123", "password": PASSWORD})
    assert wrong.status_code == 422
    assert house.person().totp_secret is None
    proof = {"secret": hidden(wrong, "secret"), "code": house.code(secret), "password": PASSWORD}
    done = browser.post("/desk/account/second-factor", data=proof)
    codes = re.findall(r"<code>([a-z0-9]{5}-[a-z0-9]{5})</code>", done.text)
    assert len(set(codes)) == 10
    assert not is_in(elsewhere)
    again = stranger(house.here)
    sign_in(again)
    assert not is_in(again)
    assert (
        again.post("/desk/sign-in/code", data={"code": house.code(secret)}).status_code == 422
    )  # proved with it before
    assert again.post("/desk/sign-in/code", data={"code": codes[3]}).status_code == 303


@pytest.mark.parametrize("wanted", ["all", "approver, editor"])
def test_where_a_second_factor_is_demanded_the_desk_opens_with_it_alone(database: Database, wanted: str):
    """Whoever comes in with a password sets it up first; nothing else answers, neither page nor script."""
    house = House(database, settings=Settings(_env_file=None, secret_key=SECRET, second_factor=wanted))  # type: ignore[call-arg]
    house.add()
    browser = signed_in(house)
    for path in ("/desk/", "/desk/account", "/desk/people"):
        answer = browser.get(path)
        assert (answer.status_code, answer.headers["location"]) == (303, "/desk/account/second-factor"), path
    assert browser.post("/desk/account", data={"name": "X", "language": "de"}).status_code == 303
    assert house.person().name == "Ada"
    script = browser.get("/desk/", headers={"HX-Request": "true"})
    assert (script.status_code, script.headers["hx-redirect"]) == (401, "/desk/account/second-factor")
    page = browser.get("/desk/account/second-factor")
    assert "Your role at this desk asks" in page.text
    secret = re.sub(r"\s", "", re.search(r'class="secret">([^<]+)<', page.text).group(1))  # type: ignore[union-attr]
    proof = {"secret": hidden(page, "secret"), "code": house.code(secret), "password": PASSWORD}
    assert browser.post("/desk/account/second-factor", data=proof).status_code == 200
    assert is_in(browser)
    assert browser.post("/desk/account/second-factor/off", data={"factor-password": PASSWORD}).status_code == 303
    assert not is_in(browser)
    assert browser.post("/desk/sign-out").headers["location"] == "/desk/sign-in"


def test_a_second_factor_is_demanded_of_the_roles_named_alone(database: Database):
    """And a role that there is not is named at the start."""
    settings = Settings(_env_file=None, secret_key=SECRET, second_factor="administrator,approver")  # type: ignore[call-arg]
    house = House(database, settings=settings)
    house.add()
    house.add("root@desk.example", role=Role.ADMINISTRATOR)
    assert is_in(signed_in(house))
    root = stranger(house.here)
    sign_in(root, "root@desk.example")
    assert not is_in(root)
    with pytest.raises(SettingsError, match="NEWSLETTER_SECOND_FACTOR names boss"):
        roles.named("approver,boss")


def test_a_secret_sealed_for_somebody_else_is_not_taken(house: House):
    """Nobody can have another's telephone made theirs."""
    house.add()
    house.add("eve@desk.example")
    eve = stranger(house.here)
    sign_in(eve, "eve@desk.example")
    page = eve.get("/desk/account/second-factor")
    secret = re.sub(r"\s", "", re.search(r'class="secret">([^<]+)<', page.text).group(1))  # type: ignore[union-attr]
    given = {"secret": hidden(page, "secret"), "code": house.code(secret), "password": PASSWORD}
    assert signed_in(house).post("/desk/account/second-factor", data=given).status_code == 422
    assert house.person().totp_secret is None


def test_browsers_are_listed_and_signed_out_one_by_one(house: House):
    """Each by its name; one's own only."""
    house.add()
    house.add("eve@desk.example")
    here = signed_in(house)
    elsewhere = stranger(house.here)
    elsewhere.headers["User-Agent"] = (
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/140 Safari/537.36 Edg/140"
    )
    sign_in(elsewhere)
    page = here.get("/desk/account").text
    assert "Edge, Windows" in page
    ends = re.findall(r"/desk/account/sessions/(\d+)/end", page)
    assert len(ends) == 1
    eve = stranger(house.here)
    sign_in(eve, "eve@desk.example")
    eve.post(f"/desk/account/sessions/{ends[0]}/end")
    assert is_in(elsewhere)
    here.post(f"/desk/account/sessions/{ends[0]}/end")
    assert not is_in(elsewhere)
    assert is_in(here)
    third = signed_in(house)
    here.post("/desk/account/sessions/others/end")
    assert not is_in(third)
    assert is_in(here)


def test_name_and_language_are_ones_own(house: House):
    """The pages speak it at once."""
    house.add()
    browser = signed_in(house)
    assert browser.post("/desk/account", data={"name": "Ada L.", "language": "de"}).status_code == 303
    assert "Ihr Konto" in browser.get("/desk/account").text
    for bad in ({"name": "", "language": "de"}, {"name": "A\nB", "language": "de"}, {"name": "Ada", "language": "tlh"}):
        assert browser.post("/desk/account", data=bad).status_code == 422
    assert house.person().name == "Ada L."


def test_a_forgotten_password_is_mended_by_a_mailed_link_once(house: House):
    """Opening the link uses nothing up, mail gateways do that; every session ends."""
    house.add()
    thief, browser = signed_in(house), stranger(house.here)
    assert browser.post("/desk/forgotten", data={"address": ADA}).status_code == 200
    path = link_in(mailed(house, "desk-password")[0])
    for _ in range(2):
        assert browser.get(path).status_code == 200
    assert browser.head(path).status_code in {200, 405}
    assert browser.post(path, data={"password": NEW}).status_code == 303
    assert is_in(browser)
    assert not is_in(thief)
    assert browser.post(path, data={"password": PASSWORD}).status_code == 404
    assert sign_in(stranger(house.here), password=NEW).status_code == 303


def test_a_mailed_link_is_no_second_factor(house: House):
    """Who reads another's mail still needs the telephone."""
    house.add(second=True)
    browser = stranger(house.here)
    browser.post("/desk/forgotten", data={"address": ADA})
    answer = browser.post(link_in(mailed(house, "desk-password")[0]), data={"password": NEW})
    assert answer.headers["location"] == "/desk/sign-in"
    assert not is_in(browser)
    assert sign_in(browser, password=NEW).headers["location"].startswith("/desk/sign-in/code")


def test_asking_for_a_link_tells_nobody_who_works_here(house: House):
    """The same answer for an address that nobody has; three an hour for each."""
    house.add()
    browser = stranger(house.here)
    known = browser.post("/desk/forgotten", data={"address": ADA})
    unknown = browser.post("/desk/forgotten", data={"address": "eve@desk.example"})
    assert (known.status_code, known.text) == (unknown.status_code, unknown.text)
    assert [browser.post("/desk/forgotten", data={"address": ADA}).status_code for _ in range(3)] == [200, 200, 429]
    assert len(mailed(house, "desk-password")) == 3


def test_a_newer_link_ends_the_older_and_an_hour_ends_both(house: House):
    """One link is good at a time."""
    house.add()
    browser = stranger(house.here)
    for _ in range(2):
        browser.post("/desk/forgotten", data={"address": ADA})
    older, newer = map(link_in, mailed(house, "desk-password"))
    assert browser.get(older).status_code == 404
    assert browser.get(newer).status_code == 200
    house.clock.forward(timedelta(minutes=61))
    assert browser.post(newer, data={"password": NEW}).status_code == 404


def test_the_first_administrator_is_made_by_the_printed_link_and_by_nobody_after(house: House):
    """Of two links at once, one."""
    with house.database.write() as session:
        first, second = (passes.issue(session, PassKind.FIRST_ADMINISTRATOR, None, now=house.clock()) for _ in range(2))
    browser = stranger(house.here)
    assert "administrator" in browser.get(f"/desk/welcome/{first}").text
    given = {"name": "Ada", "address": ADA, "language": "en", "password": PASSWORD}
    assert browser.post(f"/desk/welcome/{first}", data={**given, "address": "no address"}).status_code == 422
    assert browser.post(f"/desk/welcome/{first}", data=given).status_code == 303
    assert browser.get("/desk/people").status_code == 200
    eve = {**given, "address": "eve@desk.example"}
    for token in (first, second, "x" * 43):
        assert stranger(house.here).post(f"/desk/welcome/{token}", data=eve).status_code == 404
    with house.database.read() as session:
        assert people.roles_of(session, house.person().id) == {(Role.ADMINISTRATOR, None), (Role.APPROVER, None)}
        assert len(people.every(session)) == 1


def test_a_link_is_not_spent_by_a_password_that_was_not_taken(house: House):
    """Whoever mistypes may try again."""
    house.add()
    browser = stranger(house.here)
    browser.post("/desk/forgotten", data={"address": ADA})
    path = link_in(mailed(house, "desk-password")[0])
    assert browser.post(path, data={"password": "short"}).status_code == 422
    assert browser.post(path, data={"password": NEW}).status_code == 303
