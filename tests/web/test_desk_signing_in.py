"""Coming in with a password and a code: who knows both, who guesses, who forgot."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from sqlalchemy import select

from newsletter.kit.audit import AuditEntry
from newsletter.kit.database import Database
from newsletter.team import sessions
from newsletter.team.models import DeskSession
from tests.web.desk import stranger
from tests.web.people_at_the_desk import ADA, PASSWORD, House, hidden, is_in, sign_in


@pytest.fixture
def house(database: Database) -> House:
    """A house in which nobody works yet."""
    return House(database)


def test_address_and_password_open_the_desk(house: House):
    """However the address is written; the page asked for comes next."""
    house.add()
    browser = stranger(house.here)
    answer = sign_in(browser, " ADA@Desk.Example ", next="/desk/account?x=1")
    assert (answer.status_code, answer.headers["location"]) == (303, "/desk/account?x=1")
    assert is_in(browser)


@pytest.mark.parametrize("elsewhere", [
    "https://evil.example/", "//evil.example/desk/", "/\\evil.example", "/desk/../n/", "/desk//evil.example", "desk/",
    "javascript:alert(1)", "/desk/\nSet-Cookie: x=1", "/deskevil", "/desk@evil.example", "", "/u/token",
])  # fmt: skip
def test_no_way_out_leads_through_the_door(house: House, elsewhere: str):
    """Whatever ``next`` says, one lands at the desk."""
    house.add()
    assert sign_in(stranger(house.here), next=elsewhere).headers["location"] == "/desk/"
    browser = stranger(house.here)
    assert hidden(browser.get("/desk/sign-in", params={"next": elsewhere}), "next") == "/desk/"


def test_a_wrong_password_and_an_unknown_address_get_the_same_answer(house: House):
    """Nobody learns who works here."""
    house.add()
    wrong = sign_in(stranger(house.here), ADA, "not the password at all")
    unknown = sign_in(stranger(house.here), "eve@desk.example", "not the password at all")
    assert wrong.status_code == unknown.status_code == 422
    assert wrong.text.replace(ADA, "") == unknown.text.replace("eve@desk.example", "")
    assert "do not belong together" in wrong.text


def test_the_cookie_is_for_this_host_alone_and_out_of_reach_of_scripts(database: Database):
    """Over https with the prefix that browsers enforce; on loopback without, since http has no Secure."""
    for url, name, secure in (
        ("https://news.example.org", "__Host-desk", True),
        ("http://127.0.0.1:8000", "desk", False),
    ):
        house = House(database)
        house.settings = house.settings.model_copy(update={"public_url": url})
        if not secure:
            house.add("bo@desk.example")
        else:
            house.add()
        browser = stranger(house.here)
        browser.base_url = url
        browser.headers["Origin"] = url
        cookie = sign_in(browser, ADA if secure else "bo@desk.example").headers["set-cookie"]
        assert cookie.startswith(f"{name}=")
        for part in ("HttpOnly", "Path=/", "SameSite=lax"):
            assert part in cookie
        assert ("Secure" in cookie) is secure
        assert "Domain" not in cookie


def test_the_table_of_sessions_signs_nobody_in(house: House):
    """It holds hashes; the cookie's value is nowhere in it."""
    house.add()
    browser = stranger(house.here)
    sign_in(browser)
    with house.database.read() as session:
        kept = session.scalars(select(DeskSession.token_hash)).one()
    assert browser.cookies["desk"] != kept
    thief = stranger(house.here)
    thief.cookies.set("desk", kept)
    assert not is_in(thief)


def test_a_session_that_somebody_planted_is_not_gone_on_with(house: House):
    """Signing in makes a new one and ends the one the browser came with (session fixation)."""
    house.add()
    house.add("eve@desk.example")
    eve = stranger(house.here)
    sign_in(eve, "eve@desk.example")
    planted = eve.cookies["desk"]
    victim = stranger(house.here)
    victim.cookies.set("desk", planted, domain="127.0.0.1")
    sign_in(victim)
    assert victim.cookies["desk"] != planted
    assert not is_in(eve)


def test_an_idle_session_and_a_long_one_end(house: House):
    """After twelve hours without a page; after a week even if it was busy."""
    house.add()
    browser = stranger(house.here)
    sign_in(browser)
    house.clock.forward(sessions.IDLE - timedelta(minutes=1))
    assert is_in(browser)
    house.clock.forward(sessions.IDLE - timedelta(minutes=1))
    assert is_in(browser)
    house.clock.forward(sessions.IDLE)
    assert not is_in(browser)
    sign_in(browser)
    for _ in range(13):
        house.clock.forward(sessions.IDLE + timedelta(minutes=-1))
        assert is_in(browser)
    house.clock.forward(sessions.IDLE + timedelta(minutes=-1))
    house.clock.forward(timedelta(minutes=14))
    assert not is_in(browser)


def test_guessing_passwords_ends_soon(house: House):
    """Eight tries a quarter of an hour; then even the right one is not heard, until time has passed."""
    house.add()
    browser = stranger(house.here)
    for _ in range(8):
        assert sign_in(browser, password="wrong wrong wrong").status_code == 422
    refused = sign_in(browser)
    assert refused.status_code == 429
    assert int(refused.headers["retry-after"]) > 0
    assert not is_in(browser)
    house.clock.forward(timedelta(minutes=16))
    assert sign_in(browser).status_code == 303


def test_an_address_that_nobody_has_is_throttled_like_any_other(house: House):
    """The limit tells nothing either."""
    browser = stranger(house.here)
    answers = [sign_in(browser, "nobody@desk.example").status_code for _ in range(9)]
    assert answers == [422] * 8 + [429]


def test_who_signs_in_often_is_not_locked_out(house: House):
    """Only failures count."""
    house.add()
    browser = stranger(house.here)
    for _ in range(12):
        assert sign_in(browser).status_code == 303


def test_a_burst_of_guesses_gets_no_further_than_one_after_the_other(house: House):
    """Each is written down before it is judged."""
    house.add()
    here = house.here
    answers: list[int] = []

    def guess() -> None:
        answers.append(sign_in(stranger(here), password="wrong wrong wrong").status_code)

    threads = [threading.Thread(target=guess) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(answers) <= {422, 429}
    assert answers.count(422) <= 8


def test_a_second_factor_is_asked_for_and_the_half_session_opens_nothing(house: House):
    """The password alone shows one page: the one that asks for the code."""
    secret = house.add(second=True)
    browser = stranger(house.here)
    halfway = sign_in(browser, next="/desk/account")
    assert halfway.headers["location"].startswith("/desk/sign-in/code?next=")
    assert not is_in(browser)
    half_token = browser.cookies["desk"]
    answer = browser.post("/desk/sign-in/code", data={"code": house.code(secret), "next": "/desk/account"})
    assert answer.headers["location"] == "/desk/account"
    assert is_in(browser)
    assert browser.cookies["desk"] != half_token


@pytest.mark.parametrize(("steps", "good"), [(-2, False), (-1, True), (0, True), (1, True), (2, False)])
def test_a_telephone_may_be_half_a_minute_off(house: House, steps: int, good: bool):
    """And no more."""
    secret = house.add(second=True)
    browser = stranger(house.here)
    sign_in(browser)
    answer = browser.post("/desk/sign-in/code", data={"code": house.code(secret, steps=steps)})
    assert (answer.status_code == 303) is good


def test_a_code_is_good_once(house: House):
    """Whoever looked over the shoulder comes too late, with an older code too (RFC 6238 §5.2)."""
    secret = house.add(second=True)
    code, older = house.code(secret), house.code(secret, steps=-1)
    first, second = stranger(house.here), stranger(house.here)
    sign_in(first)
    sign_in(second)
    assert first.post("/desk/sign-in/code", data={"code": code}).status_code == 303
    assert second.post("/desk/sign-in/code", data={"code": code}).status_code == 422
    assert second.post("/desk/sign-in/code", data={"code": older}).status_code == 422


def test_guessing_codes_ends_soon(house: House):
    """Five tries a quarter of an hour over all browsers, thirty a day, though the password is known."""
    secret = house.add(second=True)
    wrong = "000000" if house.code(secret) != "000000" else "111111"
    heard = 0
    for _ in range(9):
        browser = stranger(house.here)
        sign_in(browser)
        while browser.post("/desk/sign-in/code", data={"code": wrong}).status_code == 422:
            heard += 1
            assert heard <= 30
        assert browser.post("/desk/sign-in/code", data={"code": house.code(secret)}).status_code == 429
        house.clock.forward(timedelta(minutes=16))
    assert heard == 30


def test_a_half_session_is_soon_over(house: House):
    """Ten minutes to find the telephone."""
    secret = house.add(second=True)
    browser = stranger(house.here)
    sign_in(browser)
    house.clock.forward(timedelta(minutes=11))
    answer = browser.post("/desk/sign-in/code", data={"code": house.code(secret)})
    assert answer.headers["location"] == "/desk/sign-in"
    assert not is_in(browser)


def test_each_recovery_code_is_good_once(house: House):
    """Typed with or without hyphen, in capitals; never a second time, and never for somebody else."""
    house.add(second=True)
    code, another = house.codes[0], house.codes[1]
    browser = stranger(house.here)
    sign_in(browser)
    assert browser.post("/desk/sign-in/code", data={"code": code.upper().replace("-", " ")}).status_code == 303
    again = stranger(house.here)
    sign_in(again)
    assert again.post("/desk/sign-in/code", data={"code": code}).status_code == 422
    assert again.post("/desk/sign-in/code", data={"code": another}).status_code == 303
    house.add("bo@desk.example", second=True)
    bo = stranger(house.here)
    sign_in(bo, "bo@desk.example")
    house.codes.clear()
    assert bo.post("/desk/sign-in/code", data={"code": another}).status_code == 422


def test_two_browsers_cannot_use_one_recovery_code_at_the_same_moment(house: House):
    """The database is the referee."""
    house.add(second=True)
    here, code = house.here, house.codes[0]
    browsers = [stranger(here) for _ in range(4)]
    for browser in browsers:
        sign_in(browser)
    answers: list[int] = []
    threads = [
        threading.Thread(
            target=lambda b=browser: answers.append(b.post("/desk/sign-in/code", data={"code": code}).status_code)
        )
        for browser in browsers
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers.count(303) == 1


def test_the_database_alone_gives_no_codes_away(house: House):
    """The telephone's secret is sealed, the codes on paper are hashed under a key."""
    secret = house.add(second=True)
    with house.database.engine.connect() as connection:
        tables = ("people", "recovery_codes")
        raw = "".join(str(connection.exec_driver_sql(f"SELECT * FROM {table}").all()) for table in tables)
    assert secret not in raw
    assert house.codes[0] not in raw
    assert PASSWORD not in raw


def test_signing_in_is_on_record(house: House):
    """Who and by which way; of a wrong password nothing is said, since nobody is known to have typed it."""
    house.add()
    browser = stranger(house.here)
    sign_in(browser, password="wrong wrong wrong")
    sign_in(browser)
    with house.database.read() as session:
        deeds = session.scalars(select(AuditEntry).where(AuditEntry.deed == "person.sign_in")).all()
    assert [(deed.actor, deed.details) for deed in deeds] == [(ADA, {"way": "password"})]


def test_somebody_who_was_shut_out_stays_out(house: House):
    """With the right password, and in a browser that was signed in."""
    from newsletter.team import people

    house.add()
    house.add("root@desk.example")
    browser = stranger(house.here)
    sign_in(browser)
    with house.database.write() as session:
        people.deactivate(session, people.by_address(session, ADA), now=house.clock(), by="tests")
    assert not is_in(browser)
    assert sign_in(browser).status_code == 422
