"""Coming in through the house's identity provider: whom it vouches for, and every way of lying about it."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from fastapi.testclient import TestClient
from httpx import Response
from joserfc import jwt
from joserfc.jwk import OctKey, RSAKey

from newsletter import publications
from newsletter.kit.database import Database
from newsletter.kit.errors import SettingsError
from newsletter.kit.settings import load_settings
from newsletter.publications import Profile
from newsletter.team import passes, people
from newsletter.team.models import PassKind
from newsletter.worker import Installation
from tests.identity_provider import CLIENT, SECRET, LittleProvider
from tests.web.desk import stranger
from tests.web.people_at_the_desk import ADA, House, MovingClock, is_in, sign_in


@pytest.fixture
def provider() -> Iterator[LittleProvider]:
    """The provider, on the house's clock."""
    with LittleProvider(MovingClock()) as provider:
        yield provider


@pytest.fixture
def house(database: Database, provider: LittleProvider) -> House:
    """A house that trusts the provider, with Ada invited."""
    house = House(database)
    told = {"oidc_issuer": provider.issuer, "oidc_client_id": CLIENT, "oidc_client_secret": SECRET}
    house.settings = house.settings.model_copy(update=told)
    provider.clock = house.clock
    with database.write() as session:
        profile = Profile(name="Notes", label="notes", from_address="notes@institute.example")
        publications.add(session, profile, now=house.clock(), by="tests")
        people.add(session, ADA, name="Ada", now=house.clock(), by="tests")
    return house


def way_back(there: str) -> str:
    """Follow the browser to the provider; return the path that it comes back by."""
    return httpx.get(there, follow_redirects=False).headers["location"].removeprefix("http://127.0.0.1:8000")


def come_in(browser: TestClient, **asked: str) -> Response:
    """Go all the way: there, yes, and back."""
    return browser.get(way_back(browser.get("/desk/sign-in/there", params=asked).headers["location"]))


def test_whoever_was_invited_comes_in_by_a_verified_address(house: House, provider: LittleProvider):
    """Asked with PKCE, state and nonce; the page wanted comes next."""
    browser = stranger(house.here)
    there = browser.get("/desk/sign-in/there", params={"next": "/desk/account"}).headers["location"]
    asked = parse_qs(urlsplit(there).query)
    assert asked["code_challenge_method"] == ["S256"]
    assert len(asked["state"][0]) >= 32
    assert len(asked["nonce"][0]) >= 32
    back = browser.get(way_back(there))
    assert (back.status_code, back.headers["location"]) == (303, "/desk/account")
    assert is_in(browser)
    assert house.person().identity == f"{provider.issuer} 7"


def test_afterwards_the_subject_counts_and_not_the_address(house: House, provider: LittleProvider):
    """Ada marries and keeps her account; who gets her old address at the provider does not get it."""
    come_in(stranger(house.here))
    provider.claims = {"sub": "7", "email": "ada.new@desk.example", "email_verified": True}
    assert come_in(stranger(house.here)).status_code == 303
    provider.claims = {"sub": "8", "email": ADA, "email_verified": True}
    browser = stranger(house.here)
    assert come_in(browser).status_code == 403
    assert not is_in(browser)


@pytest.mark.parametrize("claims", [
    {"sub": "7", "email": "eve@desk.example", "email_verified": True}, {"sub": "7", "email": ADA}, {"sub": "7"},
    {"sub": "7", "email": ADA, "email_verified": False}, {"sub": "7", "email": ADA, "email_verified": "true"},
    {"sub": "7", "preferred_username": ADA}, {"sub": "7", "email": ["x"], "email_verified": True},
    {"sub": "7", "email": ADA, "xms_edov": 0},
])  # fmt: skip
def test_a_stranger_and_an_address_that_nobody_verified_stay_out(
    house: House, provider: LittleProvider, claims: dict[str, Any]
):
    """The page says that one has to be invited, and nothing is tied."""
    provider.claims = claims
    browser = stranger(house.here)
    answer = come_in(browser)
    assert answer.status_code == 403
    assert "invite" in answer.text
    assert not is_in(browser)
    assert house.person().identity is None


def test_microsoft_says_in_its_own_words_that_an_address_is_verified(house: House, provider: LittleProvider):
    """``xms_edov``: the domain is the tenant's."""
    provider.claims = {"sub": "7", "email": ADA, "xms_edov": True}
    assert come_in(stranger(house.here)).status_code == 303


def _unsigned(claims: dict[str, Any]) -> str:
    parts = ({"alg": "none", "typ": "JWT"}, claims)
    return ".".join(base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in parts) + "."


def _by_another(claims: dict[str, Any]) -> str:
    return jwt.encode({"alg": "RS256", "kid": "one"}, claims, RSAKey.generate_key(2048))


def _by_the_secret(claims: dict[str, Any]) -> str:
    return jwt.encode({"alg": "HS256", "kid": "one"}, claims, OctKey.import_key(SECRET * 2), algorithms=["HS256"])


@pytest.mark.parametrize("sign", [_unsigned, _by_another, _by_the_secret, lambda _: "x.y.z", lambda _: ""])
def test_a_token_that_the_provider_did_not_sign_is_refused(
    house: House, provider: LittleProvider, sign: Callable[[dict[str, Any]], str]
):
    """Unsigned, by another key of the same name, by a shared secret, no token at all."""
    provider.sign = sign
    browser = stranger(house.here)
    assert come_in(browser).status_code == 403
    assert not is_in(browser)


@pytest.mark.parametrize("lies", [
    {"iss": "https://evil.example"}, {"iss": None}, {"aud": "somebody else"}, {"aud": None}, {"aud": []},
    {"aud": [CLIENT, "somebody else"]}, {"aud": [CLIENT, "somebody else"], "azp": "somebody else"}, {"azp": "else"},
    {"nonce": "another"}, {"nonce": None}, {"exp": 1}, {"exp": None}, {"iat": None}, {"sub": None}, {"sub": ""},
    {"nbf": 4_000_000_000}, {"iat": 4_000_000_000}, {"exp": "never"},
])  # fmt: skip
def test_a_token_that_is_not_for_us_not_now_or_not_an_answer_is_refused(
    house: House, provider: LittleProvider, lies: dict[str, Any]
):
    """Each check of OpenID Connect Core §3.1.3.7."""
    provider.lies = lies
    browser = stranger(house.here)
    assert come_in(browser).status_code == 403
    assert not is_in(browser)


def test_a_token_for_several_is_taken_if_we_asked_for_it(house: House, provider: LittleProvider):
    """``azp`` says so."""
    provider.lies = {"aud": [CLIENT, "somebody else"], "azp": CLIENT}
    assert come_in(stranger(house.here)).status_code == 303


def test_an_expired_token_is_refused_and_a_minute_is_forgiven(house: House, provider: LittleProvider):
    """Clocks differ a little."""
    now = int(house.clock().timestamp())
    provider.lies = {"exp": now - 30}
    assert come_in(stranger(house.here)).status_code == 303
    provider.lies = {"exp": now - 120}
    assert come_in(stranger(house.here)).status_code == 403


def test_the_answer_is_good_for_the_browser_that_was_sent_and_only_once(house: House, provider: LittleProvider):
    """Another browser, another state, a second time, too late, a cookie that was tampered with."""
    here = house.here
    sent = stranger(here)
    back = way_back(sent.get("/desk/sign-in/there").headers["location"])
    assert stranger(here).get(back).status_code == 403
    other = stranger(here)
    other.get("/desk/sign-in/there")
    assert other.get(back).status_code == 403
    assert provider.redeemed == 0
    assert sent.get(back).status_code == 303
    assert sent.get(back).status_code == 403
    late = stranger(here)
    back = way_back(late.get("/desk/sign-in/there").headers["location"])
    house.clock.forward(timedelta(minutes=11))
    assert late.get(back).status_code == 403
    bent = stranger(here)
    back = way_back(bent.get("/desk/sign-in/there").headers["location"])
    sealed = bent.cookies["desk-errand"].strip('"')
    bent.cookies.clear()
    bent.cookies.set("desk-errand", sealed[:-8] + ("A" if sealed[-8] != "A" else "B") + sealed[-7:])
    assert bent.get(back).status_code == 403


@pytest.mark.parametrize("answer", ["error=access_denied", "code=stolen", "", "code=x&iss=https://evil.example"])
def test_a_no_and_a_code_that_is_not_ours_let_nobody_in(house: House, answer: str):
    """The code is redeemed by the provider, with our secret and the browser's verifier."""
    browser = stranger(house.here)
    there = browser.get("/desk/sign-in/there").headers["location"]
    state = parse_qs(urlsplit(there).query)["state"][0]
    assert browser.get(f"/desk/sign-in/back?state={state}&{answer}").status_code == 403
    assert not is_in(browser)


def test_a_new_key_of_the_provider_is_found(house: House, provider: LittleProvider):
    """Keys are changed now and then; an old one is believed no longer."""
    here = house.here
    assert come_in(stranger(here)).status_code == 303
    provider.key = RSAKey.generate_key(2048, {"kid": "two", "use": "sig"})
    provider.published = [provider.key]
    browser = stranger(here)
    assert come_in(browser).status_code == 303


@pytest.mark.parametrize("metadata", [
    {"issuer": "https://evil.example"}, {"token_endpoint": "http://evil.example/token"}, {"jwks_uri": None},
    {"authorization_endpoint": "javascript:alert(1)"},
])  # fmt: skip
def test_a_provider_that_is_not_what_it_says_is_not_gone_to(
    house: House, provider: LittleProvider, metadata: dict[str, Any]
):
    """Its issuer must be the one we asked for, its addresses https."""
    provider.metadata = metadata
    answer = stranger(house.here).get("/desk/sign-in/there")
    assert answer.status_code == 503
    assert "cannot be reached" in answer.text


def test_a_provider_that_is_away_leaves_the_password(house: House, provider: LittleProvider):
    """The page says so, with the form."""
    house.add("bo@desk.example")
    house.settings = house.settings.model_copy(update={"oidc_issuer": "http://127.0.0.1:9/nobody"})
    browser = stranger(house.here)
    assert browser.get("/desk/sign-in/there").status_code == 503
    assert sign_in(browser, "bo@desk.example").status_code == 303


def test_an_invitation_is_taken_up_at_the_provider(house: House, provider: LittleProvider):
    """Whoever has the mailed link proves the address by it, whatever the provider says of addresses; once."""
    provider.claims = {"sub": "99"}
    with house.database.write() as session:
        ada = people.by_address(session, ADA)
        token = passes.issue(session, PassKind.INVITATION, ada, now=house.clock())
    browser = stranger(house.here)
    page = browser.post(f"/desk/welcome/{token}/provider")
    there = page.text.partition('href="' + provider.issuer)[2].partition('"')[0].replace("&amp;", "&")
    assert browser.get(way_back(provider.issuer + there)).status_code == 303
    assert is_in(browser)
    assert house.person().identity == f"{provider.issuer} 99"
    assert stranger(house.here).post(f"/desk/welcome/{token}/provider").status_code == 404


def test_an_account_is_tied_from_within_by_its_own_session_alone(house: House, provider: LittleProvider):
    """Nobody can be made to tie a stranger's account: it begins with a form of ours, and ends in the same session."""
    house.add("bo@desk.example")
    provider.claims = {"sub": "42"}
    here = house.here
    browser = stranger(here)
    sign_in(browser, "bo@desk.example")
    page = browser.post("/desk/account/provider")
    there = page.text.partition('href="' + provider.issuer)[2].partition('"')[0].replace("&amp;", "&")
    back = way_back(provider.issuer + there)
    browser.cookies.delete("desk", domain="127.0.0.1")
    sign_in(browser, "bo@desk.example")  # another session of the same person
    assert browser.get(back).status_code == 403
    assert browser.post("/desk/account/provider", headers={"Origin": "https://evil.example"}).status_code == 403
    page = browser.post("/desk/account/provider")
    there = page.text.partition('href="' + provider.issuer)[2].partition('"')[0].replace("&amp;", "&")
    assert browser.get(way_back(provider.issuer + there)).status_code == 303
    assert come_in(stranger(here)).status_code == 303
    assert house.person("bo@desk.example").identity == f"{provider.issuer} 42"


def test_whoever_comes_by_the_provider_alone_gets_no_password_by_mail(house: House, provider: LittleProvider):
    """Shut out there is shut out here."""
    from sqlalchemy import select

    from newsletter.notices import Notice

    come_in(stranger(house.here))
    stranger(house.here).post("/desk/forgotten", data={"address": ADA})
    with house.database.read() as session:
        assert session.scalars(select(Notice)).all() == []


def test_a_desk_without_a_provider_has_no_such_pages(database: Database):
    """And its door no such button."""
    browser = stranger(House(database).here)
    assert browser.get("/desk/sign-in/there").status_code == 404
    assert "/desk/sign-in/there" not in browser.get("/desk/sign-in").text


@pytest.mark.parametrize(("given", "named"), [
    ({"oidc_issuer": "https://id.example"}, "CLIENT_ID and NEWSLETTER_OIDC_CLIENT_SECRET"),
    ({"oidc_client_id": "x", "oidc_client_secret": "y"}, "OIDC_ISSUER"),
    ({"oidc_issuer": "http://id.example", "oidc_client_id": "x", "oidc_client_secret": "y"}, "https"),
])  # fmt: skip
def test_half_a_provider_is_named_at_start(tmp_path, given: dict[str, str], named: str):
    """Nothing starts half-wired."""
    with pytest.raises(SettingsError, match=named):
        Installation.open(load_settings(_env_file=None, data_dir=tmp_path, **given))
